//! The edge gateway.
//!
//! A request comes in through `web`, which finds the route and reads the raw parameters. `policy` decides,
//! without any I/O. `store` keeps what was decided, one statement for each state change. `fhir` carries a
//! call to the claims backend and releases an answer only when the guard has proved whose it is.
//! `ports` are the traits for everything outside; `adapters` implement them for Spin and for native tests.

pub mod adapters;
pub mod app;
pub mod compression;
pub mod config;
pub mod drain;
pub mod fhir;
pub mod heads;
pub mod jwks;
pub mod jwt;
pub mod limits;
pub mod policy;
pub mod ports;
pub mod profile;
pub mod rate;
pub mod secret;
pub mod signature;
pub mod signin;
pub mod store;
pub mod trace;
pub mod upkeep;
pub mod version;
pub mod web;

/// The entry point on Spin. The SDK's own attribute would convert requests and answers to streams first.
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod component {
    use spin_sdk::wasip3::exports::http::handler::Guest;
    use spin_sdk::wasip3::http::types::{ErrorCode, Request, Response};

    struct Component;
    spin_sdk::wasip3::http::service::export!(Component);

    impl Guest for Component {
        async fn handle(request: Request) -> Result<Response, ErrorCode> {
            crate::adapters::spin::serve(request).await
        }
    }
}
