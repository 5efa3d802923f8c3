//! The host from outside: its binary, with small components of `guests/`, over real connections.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

mod instances;
mod outbound;
mod requests;
mod start;
mod store;
mod support;
