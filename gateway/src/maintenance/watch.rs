//! The watch: metrics and alerts, drawn from the audit outside the request path.
//!
//! One statement moves the position on, and its triggers (watch.sql) count and compare the rows in between. So
//! each row counts once, whichever instance moves on and wherever one stops.

use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{StoreError, one};

/// Moves on by one batch. True where there may be more.
///
/// # Errors
///
/// The store's error; the rows are then looked at next time.
pub async fn advance(
    database: &dyn Database,
    now: UnixMillis,
    key_id: &str,
) -> Result<bool, StoreError> {
    // A look first: a statement that could write waits for its turn even where it writes nothing.
    let waiting = one(
        database,
        Durability::Relaxed,
        "SELECT (SELECT MAX(id) FROM audit) - audit_id FROM watch_position WHERE id = 1",
        Vec::new(),
    )
    .await?
    .map_or(Ok(None), |row| row.optional_integer(0))?
    .unwrap_or(0);
    if waiting <= 0 {
        return Ok(false);
    }
    one(
        database,
        Durability::Relaxed,
        "UPDATE watch_position
         SET audit_id = MIN((SELECT MAX(id) FROM audit), audit_id + ?1), at = ?2, key_id = ?3 WHERE id = 1",
        vec![BATCH.into(), now.into(), key_id.into()],
    )
    .await?;
    Ok(waiting > BATCH)
}

/// Takes the turn to drain, where no instance took it after `since`: one at a time, of all instances. It is taken
/// by whoever asks first; nobody gives it back, so that one that stops in the middle delays nobody for long.
///
/// # Errors
///
/// The store's error; then it is not known whose turn it is.
pub async fn take_turn(
    database: &dyn Database,
    now: UnixMillis,
    since: UnixMillis,
) -> Result<bool, StoreError> {
    // A look first, here too: new instances ask often.
    let taken_at = one(
        database,
        Durability::Relaxed,
        "SELECT turn_at FROM watch_position WHERE id = 1",
        Vec::new(),
    )
    .await?
    .ok_or(StoreError::Shape("the position of the watch"))?
    .instant(0)?;
    // A turn of the future is of a clock that has been set back since.
    if taken_at > since && taken_at <= now {
        return Ok(false);
    }
    let row = one(
        database,
        Durability::Relaxed,
        "UPDATE watch_position SET turn_at = ?1 WHERE id = 1 AND turn_at = ?2 RETURNING id",
        vec![now.into(), taken_at.into()],
    )
    .await?;
    Ok(row.is_some())
}

/// Forgets whose the tokens of flows were that ended long ago: no grant but one for research lasts so long.
///
/// # Errors
///
/// The store's error.
pub async fn forget(database: &dyn Database, now: UnixMillis) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "DELETE FROM watch_flow WHERE flow_id IN (SELECT flow_id FROM watch_flow WHERE at < ?1 LIMIT 500)",
        vec![now.plus_seconds(-FLOW_S).into()],
    )
    .await
    .map(drop)
}

/// Rows of one statement: few enough that nobody waits long for their turn to write.
const BATCH: i64 = 100;
/// 400 days.
const FLOW_S: i64 = 400 * 86_400;
