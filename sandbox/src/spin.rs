//! The Spin entry point: variables in, router called, nothing else.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use axum::Router;
use send_wrapper::SendWrapper;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::sqlite::{Connection, Value};
use spin_sdk::variables;
use tower_service::Service as _;

use crate::app::{self, Dependencies};
use crate::config::Config;
use crate::idp::guesses::{FORGET_S, GuessStore, Guesses};
use crate::notes::{Later, Note, Notes, Topic};

/// Variables do not change while an instance lives, so the router is made once for each instance.
static ROUTER: OnceLock<Router> = OnceLock::new();

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let mut router = match ROUTER.get() {
        Some(router) => router.clone(),
        None => {
            let config = configuration().await;
            ROUTER
                .get_or_init(|| {
                    let dependencies = Dependencies {
                        clock: wall_clock,
                        sleep: |ms| {
                            Box::pin(SendWrapper::new(spin_sdk::time::sleep(
                                Duration::from_millis(ms),
                            )))
                        },
                        guesses: Arc::new(SharedStore),
                        notes: Arc::new(SharedStore),
                    };
                    app::router_with(config, dependencies)
                })
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
    let config = Config::from_variables(&values);
    if let Some(problem) = &config.problem {
        let line = serde_json::json!({ "level": "critical", "event": "start", "problem": problem });
        println!("{line}");
    }
    config
}

/// Wrong passwords in the database of the application, in a table of the sandbox's own: an instance is gone after
/// a second, and there are many of them. The same for the few notes; nothing of the claims is kept.
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

impl Notes for SharedStore {
    fn list(&self, topic: Topic, now: i64) -> Later<'_, Vec<Note>> {
        let rows = async move {
            let sql = "SELECT key, text, until FROM sandbox_note WHERE topic = ? AND until > ? ORDER BY key";
            let rows = run(sql, vec![topic.as_str().into(), now.into()]).await?;
            rows.iter()
                .map(|row| {
                    Some(Note {
                        key: row.get::<&str>(0)?.to_owned(),
                        text: row.get::<&str>(1)?.to_owned(),
                        until: row.get(2)?,
                    })
                })
                .collect::<Option<Vec<_>>>()
        };
        Box::pin(SendWrapper::new(
            async move { rows.await.unwrap_or_default() },
        ))
    }

    fn put(&self, topic: Topic, note: Note, now: i64) -> Later<'_, ()> {
        Box::pin(SendWrapper::new(async move {
            prepare_notes(now).await;
            run(
                "INSERT INTO sandbox_note (topic, key, text, until) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (topic, key) DO UPDATE SET text = excluded.text, until = excluded.until",
                parameters(topic, note),
            )
            .await;
        }))
    }

    fn first(&self, topic: Topic, note: Note, now: i64) -> Later<'_, bool> {
        Box::pin(SendWrapper::new(async move {
            prepare_notes(now).await;
            let rows = run(
                "INSERT INTO sandbox_note (topic, key, text, until) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (topic, key) DO NOTHING RETURNING 1",
                parameters(topic, note),
            )
            .await;
            rows.is_none_or(|rows| !rows.is_empty())
        }))
    }

    fn remove<'a>(&'a self, topic: Topic, key: Option<&'a str>) -> Later<'a, ()> {
        Box::pin(SendWrapper::new(async move {
            run(
                "DELETE FROM sandbox_note WHERE topic = ?1 AND (?2 IS NULL OR key = ?2)",
                vec![
                    topic.as_str().into(),
                    key.map_or(Value::Null, |key| key.into()),
                ],
            )
            .await;
        }))
    }
}

/// Makes the table, and drops what has ended.
async fn prepare_notes(now: i64) {
    run(
        "CREATE TABLE IF NOT EXISTS sandbox_note
         (topic TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL, until INTEGER NOT NULL,
          PRIMARY KEY (topic, key)) STRICT",
        Vec::new(),
    )
    .await;
    let ended = "DELETE FROM sandbox_note WHERE until <= ?";
    run(ended, vec![now.into()]).await;
}

fn parameters(topic: Topic, note: Note) -> Vec<Value> {
    vec![
        topic.as_str().into(),
        note.key.into(),
        note.text.into(),
        note.until.into(),
    ]
}

/// One connection for all requests of an instance: opening one costs more than a read.
static CONNECTION: OnceLock<SendWrapper<Connection>> = OnceLock::new();

async fn run(sql: &str, parameters: Vec<Value>) -> Option<Vec<spin_sdk::sqlite::RowResult>> {
    let connection = match CONNECTION.get() {
        Some(connection) => connection,
        None => {
            let connection = SendWrapper::new(Connection::open_default().await.ok()?);
            CONNECTION.get_or_init(|| connection)
        }
    };
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
