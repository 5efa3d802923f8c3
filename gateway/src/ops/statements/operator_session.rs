//! Sessions of operators at `/ops/`. The cookie says whose it is and until when; that it was not signed out is here.

use crate::audit::event::Event;
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::secret::SecretHash;
use crate::base::store::row::{StoreError, one};

/// Opens a session.
///
/// # Errors
///
/// The store's error.
pub async fn open(
    database: &dyn Database,
    session: SecretHash,
    now: UnixMillis,
    expires_at: UnixMillis,
    event: &Event<'_>,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Durable,
        "INSERT INTO operator_session (session_hash, created_at, expires_at, request_id, event) VALUES (?, ?, ?, ?, ?)",
        vec![
            session.into(),
            now.into(),
            expires_at.into(),
            event.request_id.into(),
            event.carried(),
        ],
    )
    .await
    .map(drop)
}

/// Whether a session is open.
///
/// # Errors
///
/// The store's error.
pub async fn is_open(
    database: &dyn Database,
    session: SecretHash,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM operator_session WHERE session_hash = ? AND expires_at > ?";
    let parameters = vec![session.into(), now.into()];
    Ok(one(database, Durability::Durable, sql, parameters)
        .await?
        .is_some())
}

/// Ends a session on every instance.
///
/// # Errors
///
/// The store's error.
pub async fn close(
    database: &dyn Database,
    session: SecretHash,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Durable,
        "UPDATE operator_session SET expires_at = ?1, request_id = ?2, event = ?3 WHERE session_hash = ?4 AND expires_at > ?1",
        vec![
            now.into(),
            event.request_id.into(),
            event.carried(),
            session.into(),
        ],
    )
    .await
    .map(drop)
}
