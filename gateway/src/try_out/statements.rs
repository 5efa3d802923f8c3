//! Ends brought forward, for developers who try what takes months elsewhere (docs/contract/11-sandbox.md). An end
//! only ever moves towards now; what has ended is not touched.

use crate::audit::event::Event;
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{StoreError, one};

/// Lets every access token of a chain that still runs expire now.
///
/// # Errors
///
/// The store's error.
pub async fn access_tokens(
    database: &dyn Database,
    chain_id: i64,
    now: UnixMillis,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Durable,
        "UPDATE access_token SET expires_at = ?1 WHERE chain_id = ?2 AND expires_at > ?1",
        vec![now.into(), chain_id.into()],
    )
    .await
    .map(drop)
}

/// What became of a grant that was to run out.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shortened {
    /// It runs out now.
    Now,
    /// It had run out already.
    Before,
    /// It was ended otherwise.
    Ended,
}

/// Lets a grant run out now.
///
/// # Errors
///
/// The store's error.
pub async fn grant(
    database: &dyn Database,
    grant_id: i64,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<Shortened, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "UPDATE consent_grant SET expires_at = ?1, request_id = ?2, event = ?3
         WHERE id = ?4 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)
         RETURNING 1",
        vec![
            now.into(),
            event.request_id.into(),
            event.carried(),
            grant_id.into(),
        ],
    )
    .await?;
    if row.is_some() {
        return Ok(Shortened::Now);
    }
    let row = one(
        database,
        Durability::Durable,
        "SELECT ended_at IS NULL FROM consent_grant WHERE id = ?",
        vec![grant_id.into()],
    )
    .await?;
    Ok(match row.map(|row| row.flag(0)).transpose()? {
        Some(true) => Shortened::Before,
        _ => Shortened::Ended,
    })
}
