//! The circuit breaker before the claims backend, shared by all instances (docs/contract/07-fhir.md, 7.5).
//!
//! Its state comes with the read that looks up a token. Reports, probes and their outcomes are one relaxed
//! statement each; when the breaker opens is decided by the trigger on `backend_report`, which counts what all
//! instances report, so that it opens once and its audit row is of the same transaction.

use serde_json::json;

use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{Row, StoreError, one};

/// What is known of the breaker.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct State {
    /// Since when it is open, and when the next request may try.
    pub open: Option<Open>,
    /// The last second in which a call failed.
    pub failing_second: Option<i64>,
}

/// An open breaker.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Open {
    /// Since when.
    pub since: UnixMillis,
    /// From when on one request may try.
    pub probe_at: UnixMillis,
}

impl State {
    /// From three columns: `opened_at`, `probe_at`, and the last second with a failure.
    pub(crate) fn from_row(row: &Row, first: usize) -> Result<Self, StoreError> {
        let open = match (
            row.optional_instant(first)?,
            row.optional_instant(first + 1)?,
        ) {
            (Some(since), Some(probe_at)) => Some(Open { since, probe_at }),
            _ => None,
        };
        Ok(Self {
            open,
            failing_second: row.optional_integer(first + 2)?,
        })
    }
}

/// Reads the state by itself, for a caller that looks up no token.
///
/// # Errors
///
/// The store's error; then it is not known whether the backend may be called.
pub async fn state(database: &dyn Database) -> Result<State, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "SELECT (SELECT opened_at FROM breaker WHERE id = 1), (SELECT probe_at FROM breaker WHERE id = 1),
                (SELECT MAX(second) FROM backend_second WHERE failures > 0)",
        Vec::new(),
    )
    .await?
    .ok_or(StoreError::Shape("the state of the breaker"))?;
    State::from_row(&row, 0)
}

/// Calls that ended in one second.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tally {
    /// Unix time in seconds.
    pub second: i64,
    /// All of them.
    pub calls: i64,
    /// Those that failed.
    pub failures: i64,
    /// When the latest of them began: nothing counts that began before the breaker closed.
    pub began_at: UnixMillis,
}

/// Reports what an instance counted; what failed, failed for `who`. `first_second` is the first that still counts, `probe_at` is for the case
/// that the breaker opens now.
///
/// # Errors
///
/// The store's error; what was to be reported is then lost, and only makes the breaker slower.
pub async fn report(
    database: &dyn Database,
    tallies: &[Tally],
    who: &[u8],
    first_second: i64,
    now: UnixMillis,
    probe_at: UnixMillis,
    request_id: &str,
) -> Result<(), StoreError> {
    let rows: Vec<_> = tallies
        .iter()
        .map(|tally| json!([tally.second, tally.calls, tally.failures, tally.began_at.0]))
        .collect();
    one(
        database,
        Durability::Relaxed,
        "INSERT INTO backend_report (second, calls, failures, began_at, first_second, reported_at, probe_at, request_id, who)
         SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
                json_extract(value, '$[3]'), ?2, ?3, ?4, ?5, ?6
         FROM json_each(?1)",
        vec![
            json!(rows).to_string().into(),
            first_second.into(),
            now.into(),
            probe_at.into(),
            request_id.into(),
            who.into(),
        ],
    )
    .await
    .map(drop)
}

/// Lets this request try, if the breaker is open, a try is due, and nobody else has begun one. Nobody else
/// will until `until`.
///
/// # Errors
///
/// The store's error; then it is not known who may try.
pub async fn begin_probe(
    database: &dyn Database,
    now: UnixMillis,
    until: UnixMillis,
    request_id: &str,
) -> Result<bool, StoreError> {
    one(
        database,
        Durability::Relaxed,
        "UPDATE breaker SET probe_at = ?2, request_id = ?3
         WHERE id = 1 AND opened_at IS NOT NULL AND probe_at <= ?1 RETURNING id",
        vec![now.into(), until.into(), request_id.into()],
    )
    .await
    .map(|row| row.is_some())
}

/// The try of [`begin_probe`] with this `until` went well.
///
/// # Errors
///
/// The store's error; the breaker then stays open until another try.
pub async fn close(
    database: &dyn Database,
    until: UnixMillis,
    now: UnixMillis,
    request_id: &str,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "UPDATE breaker SET opened_at = NULL, closed_at = ?2, request_id = ?3
         WHERE id = 1 AND opened_at IS NOT NULL AND probe_at = ?1",
        vec![until.into(), now.into(), request_id.into()],
    )
    .await
    .map(drop)
}

/// The try of [`begin_probe`] with this `until` failed; the next may come at `probe_at`.
///
/// # Errors
///
/// The store's error; the next try is then due at `until`.
pub async fn keep_open(
    database: &dyn Database,
    until: UnixMillis,
    probe_at: UnixMillis,
    request_id: &str,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "UPDATE breaker SET probe_at = ?2, request_id = ?3
         WHERE id = 1 AND opened_at IS NOT NULL AND probe_at = ?1",
        vec![until.into(), probe_at.into(), request_id.into()],
    )
    .await
    .map(drop)
}
