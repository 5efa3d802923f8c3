//! The routes of the component.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::{StatusCode, Uri};

use crate::config::Config;
use crate::idp::guesses::{GuessStore, InMemory};
use crate::{backend, idp};

/// What a handler needs: the settings and the clock.
#[derive(Clone, Debug)]
pub struct Site {
    /// The settings.
    pub config: Arc<Config>,
    /// Wrong passwords of each account.
    pub guesses: Arc<dyn GuessStore>,
    clock: fn() -> i64,
}

impl Site {
    /// Seconds since 1970, moved by `clock_offset_s`.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.clock)().saturating_add(self.config.clock_offset_s)
    }
}

/// The router, with `clock` giving the seconds since 1970 and wrong passwords kept in memory.
pub fn router(config: Config, clock: fn() -> i64) -> Router {
    router_with(config, clock, Arc::new(InMemory::default()))
}

/// The router with a place for wrong passwords.
pub fn router_with(config: Config, clock: fn() -> i64, guesses: Arc<dyn GuessStore>) -> Router {
    if !config.enabled {
        return Router::new().fallback(not_found);
    }
    Router::new()
        .route(
            "/sandbox/idp/.well-known/openid-configuration",
            get(idp::discovery),
        )
        .route("/sandbox/idp/jwks", get(idp::jwks))
        .route(
            "/sandbox/idp/authorize",
            get(idp::authorize).post(idp::authorize),
        )
        .route("/sandbox/idp/signin", post(idp::signin))
        .route("/sandbox/idp/token", post(idp::token))
        .route(
            "/sandbox/idp/userinfo",
            get(idp::userinfo).post(idp::userinfo),
        )
        .route("/sandbox/idp/logout", get(idp::logout).post(idp::logout))
        .route("/sandbox/idp/style.css", get(idp::style))
        .route(
            "/sandbox/claims/{version}/fhir/{*rest}",
            get(backend::handle).fallback(backend::handle),
        )
        .fallback(not_found)
        .with_state(Site {
            config: Arc::new(config),
            guesses,
            clock,
        })
}

async fn not_found(uri: Uri) -> (StatusCode, String) {
    (
        StatusCode::NOT_FOUND,
        format!("not found: {}\n", uri.path()),
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use tower_service::Service as _;

    use super::*;

    #[test]
    fn outside_the_sandbox_every_route_is_404() {
        let mut app = router(Config::default(), || 0);
        for path in [
            "/sandbox/idp/jwks",
            "/sandbox/idp/authorize",
            "/sandbox/claims/v2/fhir/metadata",
            "/sandbox/claims/v2/fhir/Patient/-20140000008325",
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = futures_executor::block_on(app.call(request)).unwrap();
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
