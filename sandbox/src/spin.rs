//! The Spin entry point: variables in, router called, nothing else.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use axum::Router;
use send_wrapper::SendWrapper;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::sqlite::{Connection, Value};
use spin_sdk::variables;
use tower_service::Service as _;

use crate::app;
use crate::config::Config;
use crate::idp::guesses::{FORGET_S, GuessStore, Guesses, Later};

/// Variables do not change while an instance lives, so the router is made once for each instance.
static ROUTER: OnceLock<Router> = OnceLock::new();

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let mut router = match ROUTER.get() {
        Some(router) => router.clone(),
        None => {
            let config = configuration().await;
            ROUTER
                .get_or_init(|| app::router_with(config, wall_clock, Arc::new(SharedStore)))
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

/// Wrong passwords in the database of the application, in a table of the sandbox's own: an instance is gone after
/// a second, and there are many of them. Only this and nothing of the claims is kept.
#[derive(Debug)]
struct SharedStore;

impl GuessStore for SharedStore {
    fn read<'a>(&'a self, username: &'a str) -> Later<'a, Guesses> {
        let row = async move {
            let sql = "SELECT failures, last_at FROM sandbox_guess WHERE username = ?";
            let rows = run(sql, vec![username.into()]).await?;
            let row = rows.first()?;
            Some(Guesses {
                failures: row.get(0)?,
                last_at: row.get(1)?,
            })
        };
        Box::pin(SendWrapper::new(
            async move { row.await.unwrap_or_default() },
        ))
    }

    fn wrong<'a>(&'a self, username: &'a str, now: i64) -> Later<'a, ()> {
        Box::pin(SendWrapper::new(async move {
            run(
                "CREATE TABLE IF NOT EXISTS sandbox_guess
                 (username TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_at INTEGER NOT NULL) STRICT",
                Vec::new(),
            )
            .await;
            run(
                "INSERT INTO sandbox_guess (username, failures, last_at) VALUES (?1, 1, ?2)
                 ON CONFLICT (username) DO UPDATE SET
                     failures = CASE WHEN ?2 - last_at > ?3 THEN 1 ELSE failures + 1 END, last_at = ?2",
                vec![username.into(), now.into(), FORGET_S.into()],
            )
            .await;
        }))
    }

    fn right<'a>(&'a self, username: &'a str) -> Later<'a, ()> {
        Box::pin(SendWrapper::new(async move {
            run(
                "DELETE FROM sandbox_guess WHERE username = ?",
                vec![username.into()],
            )
            .await;
        }))
    }
}

async fn run(sql: &str, parameters: Vec<Value>) -> Option<Vec<spin_sdk::sqlite::RowResult>> {
    let connection = Connection::open_default().await.ok()?;
    connection
        .execute(sql, parameters)
        .await
        .ok()?
        .collect()
        .await
        .ok()
}

fn wall_clock() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}
