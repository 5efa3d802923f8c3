//! Client assertions that were accepted: each counts once (RFC 7523, section 3, item 7).

use crate::base::ports::{Database, Durability};
use crate::base::store::row::{StoreError, one};
use crate::oauth::assertion::Assertion;

/// Notes an assertion. False where its `jti` was used before.
///
/// # Errors
///
/// The store's error.
pub async fn first_use(
    database: &dyn Database,
    application_id: i64,
    assertion: &Assertion,
) -> Result<bool, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "INSERT INTO client_assertion (application_id, jti_hash, expires_at) VALUES (?, ?, ?)
         ON CONFLICT DO NOTHING RETURNING 1",
        vec![
            application_id.into(),
            assertion.jti.into(),
            assertion.expires_at.into(),
        ],
    )
    .await?;
    Ok(row.is_some())
}
