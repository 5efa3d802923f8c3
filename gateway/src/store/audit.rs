//! The API layer of the audit: one row for each action (wire contract, section 10).
//!
//! A row carries no token, secret, Medicare number, name or FHIR content; people are keyed hashes.

use crate::ports::{Database, Durability, UnixMillis, Value};

use super::row::{StoreError, one};

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
    /// `beneficiary`, `application`, `developer`, `operator:NAME` or `gateway`.
    pub actor: &'a str,
    /// The application, or empty.
    pub client_id: &'a str,
    /// Keyed hash of the person, or empty.
    pub person: &'a [u8],
    /// What was attempted: `signin`, `consent`, `token.code`, `token.refresh`, `fhir.read`…
    pub action: &'a str,
    /// `ok`, `refused` or `failed`.
    pub outcome: &'a str,
    /// Machine reason, or empty.
    pub code: &'a str,
    /// Level.
    pub level: Level,
}

/// Writes the event. Returns when it is on disk: no answer of the life cycle is sent without its event.
///
/// # Errors
///
/// The store's error; the action must then be answered as failed.
pub async fn record(database: &dyn Database, event: &Event<'_>) -> Result<(), StoreError> {
    let parameters: Vec<Value> = vec![
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
    ];
    one(
        database,
        Durability::Durable,
        "INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        parameters,
    )
    .await
    .map(drop)
}
