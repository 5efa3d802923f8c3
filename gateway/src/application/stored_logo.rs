//! Logos of applications.

use bluegate_shared::id::ClientId;

use crate::application::logo::Logo;
use crate::audit::event::Event;
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{StoreError, one};

/// Keeps the logo of an application in place of a former one.
///
/// # Errors
///
/// The store's error.
pub async fn keep(
    database: &dyn Database,
    application_id: i64,
    logo: Logo,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Durable,
        "INSERT INTO application_logo (application_id, media_type, bytes, updated_at, request_id, event) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (application_id) DO UPDATE SET media_type = excluded.media_type, bytes = excluded.bytes,
             updated_at = excluded.updated_at, request_id = excluded.request_id, event = excluded.event",
        vec![
            application_id.into(),
            logo.media_type.into(),
            logo.bytes.into(),
            now.into(),
            event.request_id.into(),
            event.carried(),
        ],
    )
    .await
    .map(drop)
}

/// The logo of an application as people may see it; nothing of one that is deleted.
///
/// # Errors
///
/// The store's error.
pub async fn of(database: &dyn Database, client_id: &ClientId) -> Result<Option<Logo>, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "SELECT IIF(a.as_registered, l.media_type, l.approved_media_type) AS shown_type,
                IIF(a.as_registered, l.bytes, l.approved_bytes)
         FROM application_logo l JOIN application_shown a ON a.id = l.application_id
         WHERE a.client_id = ? AND a.status <> 'deleted' AND shown_type IS NOT NULL",
        vec![client_id.as_str().into()],
    )
    .await?;
    row.map(|row| {
        let bytes = row
            .optional_blob(1)?
            .map(<[u8]>::to_vec)
            .unwrap_or_default();
        Logo::from_store(row.text(0)?, bytes)
            .ok_or(StoreError::Shape("application_logo.media_type"))
    })
    .transpose()
}

/// Since when an application has its logo. `None` if it has none.
///
/// # Errors
///
/// The store's error.
pub async fn since(
    database: &dyn Database,
    application_id: i64,
) -> Result<Option<UnixMillis>, StoreError> {
    let sql = "SELECT updated_at FROM application_logo WHERE application_id = ?";
    let parameters = vec![application_id.into()];
    one(database, Durability::Durable, sql, parameters)
        .await?
        .map(|row| row.instant(0))
        .transpose()
}
