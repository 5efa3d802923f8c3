//! The edge gateway.
//!
//! A folder for each feature, with its rules, statements, handlers, page and texts. `app` composes them: it has the
//! routes and the layer around every answer. Below the features is `base`: ports and adapters, configuration,
//! secrets, the store, HTTP, limits. `oauth` decides without any I/O. `fhir` carries a call to the claims backend and
//! releases an answer only when the guard has proved whose it is.

pub mod account;
pub mod app;
pub mod application;
pub mod audit;
pub mod authorize;
pub mod base;
pub mod callback;
pub mod consent;
pub mod developer;
pub mod discovery;
pub mod docs;
pub mod fhir;
pub mod health;
pub mod lock_down;
pub mod maintenance;
pub mod ops;
pub mod par;
pub mod register;
pub mod signin;
pub mod token;
pub mod try_out;
pub mod userinfo;

pub use bluegate_oauth as oauth;

/// The entry point on Spin. The SDK's own attribute would convert requests and answers to streams first.
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod component {
    use spin_sdk::wasip3::exports::http::handler::Guest;
    use spin_sdk::wasip3::http::types::{ErrorCode, Request, Response};

    struct Component;
    spin_sdk::wasip3::http::service::export!(Component);

    impl Guest for Component {
        async fn handle(request: Request) -> Result<Response, ErrorCode> {
            crate::app::spin::serve(request).await
        }
    }
}
