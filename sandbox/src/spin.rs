//! The Spin entry point: variables in, router called, nothing else.

use std::sync::OnceLock;
use std::time::SystemTime;

use axum::Router;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::variables;
use tower_service::Service as _;

use crate::app;
use crate::config::Config;

/// Variables do not change while an instance lives, so the router is made once for each instance.
static ROUTER: OnceLock<Router> = OnceLock::new();

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let mut router = match ROUTER.get() {
        Some(router) => router.clone(),
        None => {
            let config = configuration().await;
            ROUTER
                .get_or_init(|| app::router(config, wall_clock))
                .clone()
        }
    };
    router.call(request).await
}

async fn configuration() -> Config {
    let mut values = Vec::with_capacity(Config::VARIABLES.len());
    for name in Config::VARIABLES {
        // An undeclared variable counts as empty: `Config` then decides what that means.
        values.push((name, variables::get(name).await.unwrap_or_default()));
    }
    Config::from_variables(&values)
}

fn wall_clock() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}
