//! The routes of the component.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};
use http::{StatusCode, Uri};

use crate::claims::index::ClaimCache;
use crate::config::Config;
use crate::date::Day;
use crate::idp::guesses::{self, GuessStore};
use crate::notes::{self, Later, Notes};
use crate::{backend, faults, idp};

/// What the component depends on outside of itself.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Debug)]
pub struct Dependencies {
    /// Seconds since 1970.
    pub clock: fn() -> i64,
    /// Waits for milliseconds.
    pub sleep: fn(u64) -> Later<'static, ()>,
    /// Wrong passwords of each account.
    pub guesses: Arc<dyn GuessStore>,
    /// What is remembered between two requests.
    pub notes: Arc<dyn Notes>,
}

impl Dependencies {
    /// With everything in the memory of this process, and nobody to wait for.
    #[must_use]
    pub fn in_memory(clock: fn() -> i64) -> Self {
        Self {
            clock,
            sleep: |_| Box::pin(async {}),
            guesses: Arc::new(guesses::InMemory::default()),
            notes: Arc::new(notes::InMemory::default()),
        }
    }
}

/// What a handler needs: the settings and the clock.
#[derive(Clone, Debug)]
pub struct Site {
    /// The settings.
    pub config: Arc<Config>,
    /// What it depends on.
    pub dependencies: Dependencies,
    /// Whose claims were asked for last.
    pub claim_cache: Arc<ClaimCache>,
}

impl Site {
    /// Seconds since 1970, moved by `clock_offset_s`.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.dependencies.clock)().saturating_add(self.config.clock_offset_s)
    }

    /// The day up to which claims have been loaded.
    #[must_use]
    pub fn today(&self) -> Day {
        self.config.today.unwrap_or_else(|| Day::at(self.now()))
    }
}

/// The router, with `clock` giving the seconds since 1970 and everything else kept in memory.
pub fn router(config: Config, clock: fn() -> i64) -> Router {
    router_with(config, Dependencies::in_memory(clock))
}

/// The router with what it depends on.
pub fn router_with(config: Config, dependencies: Dependencies) -> Router {
    if !config.enabled {
        return Router::new().fallback(not_found);
    }
    if let Some(problem) = config.problem {
        return Router::new().fallback(move || {
            let problem = problem.clone();
            async move { (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")) }
        });
    }
    Router::new()
        .route(
            "/sandbox/idp/.well-known/openid-configuration",
            get(idp::discovery),
        )
        .route("/sandbox/idp/jwks", get(idp::jwks))
        .route("/sandbox/idp/keys/rotate", post(idp::rotate_keys))
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
        .route("/sandbox/faults", any(faults::control))
        .fallback(not_found)
        .with_state(Site {
            config: Arc::new(config),
            dependencies,
            claim_cache: Arc::default(),
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
            "/sandbox/faults",
            "/sandbox/idp/keys/rotate",
            "/sandbox/claims/v2/fhir/Patient/-20140000008325",
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = futures_executor::block_on(app.call(request)).unwrap();
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
