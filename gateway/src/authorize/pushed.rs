//! Pushed authorization requests (RFC 9126).

use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::secret::SecretHash;
use crate::base::store::row::{StoreError, one};

/// Keeps the parameters of a request under the hash of its `request_uri`.
///
/// # Errors
///
/// The store's error.
pub async fn keep(
    database: &dyn Database,
    uri: SecretHash,
    application_id: i64,
    parameters: &str,
    now: UnixMillis,
    expires_at: UnixMillis,
    request_id: &str,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "INSERT INTO pushed_request (uri_hash, application_id, parameters, created_at, expires_at, request_id) VALUES (?, ?, ?, ?, ?, ?)",
        vec![uri.into(), application_id.into(), parameters.into(), now.into(), expires_at.into(), request_id.into()],
    )
    .await
    .map(drop)
}

/// Takes the parameters, once. `None` if the `request_uri` is unknown, used, expired or another client's.
///
/// # Errors
///
/// The store's error.
pub async fn take(
    database: &dyn Database,
    uri: SecretHash,
    application_id: i64,
    now: UnixMillis,
    request_id: &str,
) -> Result<Option<String>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "UPDATE pushed_request SET used_at = ?, request_id = ?
         WHERE uri_hash = ? AND application_id = ? AND used_at IS NULL AND expires_at > ?
         RETURNING parameters",
        vec![
            now.into(),
            request_id.into(),
            uri.into(),
            application_id.into(),
            now.into(),
        ],
    )
    .await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}
