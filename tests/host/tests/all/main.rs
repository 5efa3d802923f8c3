//! The host from outside: its binary, with small components of `guests/`, over real connections.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

mod certificates;
mod instances;
mod outbound;
mod requests;
mod runtime_config;
mod start;
mod store;
mod support;
mod tls;
