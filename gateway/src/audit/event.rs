//! The API layer of the audit: one row for each action (docs/contract/10-audit.md).
//!
//! A row carries no token, secret, Medicare number, name or FHIR content; people are keyed hashes.

use serde::Serialize;
use serde_json::json;

use crate::base::ports::{self, Database, Durability, UnixMillis};
use crate::base::secret::hex;
use crate::base::store::row::{StoreError, one};

/// How much an operator must care.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// An alert.
    Critical,
    /// The usual course of things, refusals included.
    Info,
    /// Counted and watched.
    Warning,
}

impl Level {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }
}

/// The actor of a request that proves nothing. An application that it names is only named: rules about applications
/// count no such event.
pub const UNPROVED: &str = "unproved";

/// One event.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// When the request arrived.
    pub started_at: UnixMillis,
    /// When its outcome was known.
    pub ended_at: UnixMillis,
    /// Id of the request.
    pub request_id: &'a str,
    /// One id from authorize to token to the last FHIR call; empty where there is none.
    pub flow_id: &'a str,
    /// `beneficiary`, `application`, `developer`, `operator:NAME`, `gateway` or [`UNPROVED`].
    pub actor: &'a str,
    /// The application, or empty.
    pub client_id: &'a str,
    /// Keyed hash of the person, or empty.
    pub person: &'a [u8],
    /// Keyed hash of the account that somebody signed in with, or empty.
    pub account: &'a [u8],
    /// What was attempted: `signin`, `consent`, `token.code`, `token.refresh`, `fhir.read`…
    pub action: &'a str,
    /// `ok`, `refused` or `failed`.
    pub outcome: &'a str,
    /// Machine reason, or empty.
    pub code: &'a str,
    /// Level.
    pub level: Level,
}

impl<'a> Event<'a> {
    /// What the gateway did by itself, and well.
    #[must_use]
    pub const fn of_gateway(
        action: &'a str,
        code: &'a str,
        request_id: &'a str,
        now: UnixMillis,
    ) -> Self {
        Self {
            started_at: now,
            ended_at: now,
            request_id,
            flow_id: "",
            actor: "gateway",
            client_id: "",
            person: &[],
            account: &[],
            action,
            outcome: "ok",
            code,
            level: Level::Info,
        }
    }

    /// The event as a statement carries it to the trigger that writes it: see [`crate::base::store::layers`].
    #[must_use]
    pub fn carried(&self) -> ports::Value {
        let parts = json!([
            self.started_at.0,
            self.ended_at.0,
            self.flow_id,
            self.actor,
            self.client_id,
            hex(self.person),
            self.action,
            self.outcome,
            self.code,
            self.level.as_str(),
            hex(self.account),
        ]);
        ports::Value::Text(parts.to_string())
    }

    /// The event as its log line has it, people as the hexadecimal of their keyed hash.
    #[must_use]
    pub fn line(&self) -> EventLine<'a> {
        EventLine {
            event: "audit",
            level: self.level.as_str(),
            started_at: self.started_at.0,
            ended_at: self.ended_at.0,
            milliseconds: self.ended_at.0 - self.started_at.0,
            request_id: self.request_id,
            flow_id: self.flow_id,
            actor: self.actor,
            client_id: self.client_id,
            person: hex(self.person),
            account: hex(self.account),
            action: self.action,
            outcome: self.outcome,
            code: self.code,
        }
    }
}

/// An event in the log; whoever knows more of it adds members.
#[derive(Clone, Debug, Serialize)]
pub struct EventLine<'a> {
    event: &'static str,
    level: &'static str,
    started_at: i64,
    ended_at: i64,
    milliseconds: i64,
    request_id: &'a str,
    flow_id: &'a str,
    actor: &'a str,
    client_id: &'a str,
    person: String,
    account: String,
    action: &'a str,
    outcome: &'a str,
    code: &'a str,
}

/// Writes the event. Returns when it is on disk: no answer of the life cycle is sent without its event.
///
/// # Errors
///
/// The store's error; the action must then be answered as failed.
pub async fn record(database: &dyn Database, event: &Event<'_>) -> Result<(), StoreError> {
    let parameters: Vec<ports::Value> = vec![
        event.started_at.into(),
        event.ended_at.into(),
        event.request_id.into(),
        event.flow_id.into(),
        event.actor.into(),
        event.client_id.into(),
        event.person.into(),
        event.action.into(),
        event.outcome.into(),
        event.code.into(),
        event.level.as_str().into(),
        event.account.into(),
    ];
    one(
        database,
        Durability::Durable,
        "INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level, account)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        parameters,
    )
    .await
    .map(drop)
}

/// Whether a critical event like this was written since an instant.
///
/// # Errors
///
/// The store's error.
pub async fn told_since(
    database: &dyn Database,
    action: &str,
    code: &str,
    since: UnixMillis,
) -> Result<bool, StoreError> {
    Ok(one(
        database,
        Durability::Relaxed,
        "SELECT 1 FROM audit WHERE level = 'critical' AND action = ? AND code = ? AND ended_at > ? LIMIT 1",
        vec![action.into(), code.into(), since.into()],
    )
    .await?
    .is_some())
}
