//! Work that is no part of an answer: it drains from the store, after an answer, by later requests, and by
//! `POST /ops/tick` (docs/contract/10-audit.md).
//!
//! Nothing is handed over in memory. Whatever an instance does not get done, another one finds in the store.

pub mod alert;
pub mod heads;
pub mod upkeep;
pub mod watch;

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use crate::audit::event::{Event, Level};
use crate::base::clock::rfc3339;
use crate::base::config::rule::{KINDS, Reach};
use crate::base::context::App;
use crate::base::drain::{EVERY_MS, Turn};
use crate::base::ports::{UnixMillis, UpstreamRequest};
use crate::base::secret::hex;
use crate::base::store::StoreError;
use crate::lock_down::{self, Scope};

use alert::Alert;

/// Drains after an answer.
pub async fn take_turn(app: &App, turn: Turn) {
    let now = app.clock.now();
    let since = match turn {
        Turn::Due => UnixMillis(now.0 - EVERY_MS),
        Turn::Urgent => now,
    };
    // Where the store does not say, draining once too often does no harm.
    if watch::take_turn(app.database.as_ref(), now, since)
        .await
        .unwrap_or(true)
    {
        drain(app).await;
    }
}

/// Drains everything that is due. An error of one part keeps no other part from its work.
pub async fn drain(app: &App) {
    note(app, "chain", upkeep::chain(app).await);
    note(app, "watch", watch(app).await);
    note(app, "rules", rules(app).await);
    note(app, "alerts", deliver(app).await);
    note(app, "purge", upkeep::purge(app).await);
}

/// Looks at what is new in the audit.
///
/// # Errors
///
/// The store's error.
pub async fn watch(app: &App) -> Result<(), StoreError> {
    let database = app.database.as_ref();
    for _ in 0..MOST_BATCHES {
        if !watch::advance(database, app.clock.now(), app.config.audit_key.id()).await? {
            break;
        }
        // Those who wait for their turn to write look for it once in a millisecond at first, and ever less often.
        app.clock.sleep(PAUSE).await;
    }
    Ok(())
}

/// Locks down what a rule says, once for each alert.
async fn rules(app: &App) -> Result<(), StoreError> {
    let database = app.database.as_ref();
    for alert in alert::unruled(database).await? {
        let now = app.clock.now();
        for rule in &app.config.lock_down_rules {
            if rule.kind != alert.kind {
                continue;
            }
            let scope = match rule.reach {
                Reach::Application if !alert.client_id.is_empty() => {
                    Scope::Application(alert.client_id.clone())
                }
                // Of whom it is unknown: everything, rather than nothing.
                Reach::Application | Reach::All => Scope::All,
            };
            let reason = format!("rule: alert {}, {}", alert.id, alert.kind);
            let event = Event {
                started_at: now,
                ended_at: now,
                request_id: &alert.request_id,
                flow_id: &alert.flow_id,
                actor: "gateway",
                client_id: &alert.client_id,
                person: &alert.person,
                account: &[],
                action: "lock_down.rule",
                outcome: "ok",
                code: &alert.kind,
                level: Level::Critical,
            };
            if lock_down::begin(database, &scope, &reason, "rule", now, &event)
                .await?
                .1
            {
                app.log.object(&event.line());
            }
        }
        alert::ruled(database, alert.id, now).await?;
    }
    Ok(())
}

/// Sends what is due to the webhook, where there is one.
async fn deliver(app: &App) -> Result<(), StoreError> {
    let Some(target) = &app.config.alerts else {
        return Ok(());
    };
    let database = app.database.as_ref();
    for _ in 0..MOST_SENT {
        let now = app.clock.now();
        let until = UnixMillis(now.0.saturating_add(LEASE_MS));
        let Some(alert) = alert::take_due(database, now, until).await? else {
            break;
        };
        let body = message(app, &alert).to_string();
        // Sent again, it has the same id, so that the receiver can tell.
        let id = format!("alert_{}_{}", alert.id, alert.sent + 1);
        let mut headers = target.secret.headers(&id, now.seconds(), body.as_bytes());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = app
            .upstream
            .send(UpstreamRequest {
                method: Method::POST,
                url: target.url.clone(),
                headers,
                body: Bytes::from(body),
                timeout: TIMEOUT,
                body_limit: 64 * 1024,
            })
            .await;
        let now = app.clock.now();
        let problem = match answer {
            Ok(answer) if answer.status.is_success() => {
                alert::sent(database, alert.id, now, until).await?;
                continue;
            }
            Ok(answer) => format!("it answered {}", answer.status),
            Err(error) => error.to_string(),
        };
        app.log.object(&json!({
            "event": "alert.undelivered", "level": "warning", "at": now.0, "alert": alert.id,
            "attempts": alert.attempts, "problem": problem,
        }));
        let due = UnixMillis(now.0.saturating_add(backoff_ms(alert.attempts)));
        alert::postpone(database, alert.id, due, until).await?;
    }
    Ok(())
}

/// What the webhook gets. Nobody's name or id is in it, only what the audit has.
fn message(app: &App, alert: &Alert) -> Value {
    if alert.kind == heads::KIND {
        return json!({
            "type": "audit.head",
            "timestamp": rfc3339(alert.last_at),
            "data": {
                "gateway": app.config.public_base_url,
                "head": serde_json::from_str(&alert.detail).unwrap_or(Value::Null),
            },
        });
    }
    let meaning = KINDS
        .iter()
        .find(|(kind, _)| *kind == alert.kind)
        .map_or("", |(_, meaning)| meaning);
    json!({
        "type": format!("alert.{}", alert.kind),
        "timestamp": rfc3339(alert.last_at),
        "data": {
            "id": alert.id,
            "kind": alert.kind,
            "meaning": meaning,
            "detail": alert.detail,
            "gateway": app.config.public_base_url,
            "first_at": rfc3339(alert.first_at),
            "last_at": rfc3339(alert.last_at),
            "count": alert.count,
            "client_id": alert.client_id,
            "person": hex(&alert.person),
            "request_id": alert.request_id,
            "flow_id": alert.flow_id,
        },
    })
}

/// One second, two, four, and at most five minutes.
fn backoff_ms(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 10)).unwrap_or(1) - 1;
    (1000 << doublings).min(300_000)
}

fn note(app: &App, part: &str, result: Result<(), StoreError>) {
    if let Err(error) = result {
        app.log.object(&json!({ "event": "drain.error", "level": "warning", "part": part, "error": error.to_string() }));
    }
}

/// Batches of the watch in one go.
const MOST_BATCHES: usize = 200;
/// Between batches of the watch.
const PAUSE: Duration = Duration::from_millis(2);
/// Messages to the webhook in one go.
const MOST_SENT: usize = 20;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than a message may take.
const LEASE_MS: i64 = 15_000;
