//! Developers with an account at `/developer/`, their sessions, and which applications are theirs.

use crate::application::statements::{COLUMNS, read};
use crate::audit::event::Event;
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::secret::SecretHash;
use crate::base::session::Visit;
use crate::base::store::row::{StoreError, all, one};
use crate::oauth::application::{Application, Status};

/// An account as sign-in needs it.
#[non_exhaustive]
pub struct Developer {
    /// Row id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// PHC string.
    pub password_hash: String,
}

/// Makes an account. `None` if the name is taken, whatever its case.
///
/// # Errors
///
/// The store's error.
pub async fn create(
    database: &dyn Database,
    name: &str,
    password_hash: &str,
    now: UnixMillis,
    request_id: &str,
) -> Result<Option<i64>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "INSERT INTO developer (name, name_key, password_hash, created_at, request_id) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING RETURNING id",
        vec![
            name.into(),
            name.to_lowercase().into(),
            password_hash.into(),
            now.into(),
            request_id.into(),
        ],
    )
    .await?;
    row.map(|row| row.integer(0)).transpose()
}

/// Finds an account by its name, whatever its case.
///
/// # Errors
///
/// The store's error.
pub async fn by_name(database: &dyn Database, name: &str) -> Result<Option<Developer>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT id, name, password_hash FROM developer WHERE name_key = ?",
        vec![name.to_lowercase().into()],
    )
    .await?;
    row.map(|row| {
        Ok(Developer {
            id: row.integer(0)?,
            name: row.text(1)?.to_owned(),
            password_hash: row.text(2)?.to_owned(),
        })
    })
    .transpose()
}

/// Opens a session.
///
/// # Errors
///
/// The store's error.
pub async fn open(
    database: &dyn Database,
    id: i64,
    session: SecretHash,
    now: UnixMillis,
    expires_at: UnixMillis,
    request_id: &str,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Durable,
        "INSERT INTO developer_session (session_hash, developer_id, created_at, expires_at, request_id) VALUES (?, ?, ?, ?, ?)",
        vec![
            session.into(),
            id.into(),
            now.into(),
            expires_at.into(),
            request_id.into(),
        ],
    )
    .await
    .map(drop)
}

/// Sets another password where `former` is still the one behind it. A trigger ends every session with it.
///
/// # Errors
///
/// The store's error.
pub async fn change_password(
    database: &dyn Database,
    id: i64,
    former: &str,
    password_hash: &str,
) -> Result<bool, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "UPDATE developer SET password_hash = ? WHERE id = ? AND password_hash = ? RETURNING 1",
        vec![password_hash.into(), id.into(), former.into()],
    )
    .await?;
    Ok(row.is_some())
}

/// Who is behind an open session.
pub(crate) struct SignedIn {
    /// Row id of the account.
    pub(crate) developer_id: i64,
    /// Its name.
    pub(crate) name: String,
}

/// Finds an open session and moves its end.
pub(crate) async fn visit(
    database: &dyn Database,
    visit: &Visit<'_>,
) -> Result<Option<SignedIn>, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "UPDATE developer_session SET expires_at = ? WHERE session_hash = ? AND expires_at > ? AND created_at > ?
         RETURNING developer_id, (SELECT name FROM developer WHERE id = developer_id)",
        vec![
            visit.expires_at.into(),
            visit.secret.hash().into(),
            visit.now.into(),
            visit.signed_in_after.into(),
        ],
    )
    .await?;
    row.map(|row| {
        Ok(SignedIn {
            developer_id: row.integer(0)?,
            name: row.text(1)?.to_owned(),
        })
    })
    .transpose()
}

/// Ends a session.
///
/// # Errors
///
/// The store's error.
pub async fn close(
    database: &dyn Database,
    session: SecretHash,
    now: UnixMillis,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Durable,
        "UPDATE developer_session SET expires_at = ? WHERE session_hash = ? AND expires_at > ?",
        vec![now.into(), session.into(), now.into()],
    )
    .await
    .map(drop)
}

/// Makes an application that was just registered this developer's.
///
/// # Errors
///
/// The store's error.
pub async fn own(
    database: &dyn Database,
    developer_id: i64,
    application_id: i64,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Durable,
        "INSERT INTO developer_application (application_id, developer_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        vec![application_id.into(), developer_id.into()],
    )
    .await
    .map(drop)
}

/// The applications of a developer, the newest first.
///
/// # Errors
///
/// The store's error.
pub async fn applications(
    database: &dyn Database,
    developer_id: i64,
) -> Result<Vec<Application>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM application
         WHERE status <> 'deleted' AND id IN (SELECT application_id FROM developer_application WHERE developer_id = ?)
         ORDER BY id DESC"
    );
    all(
        database,
        Durability::Durable,
        &sql,
        vec![developer_id.into()],
    )
    .await?
    .iter()
    .map(read)
    .collect()
}

/// One application of a developer.
///
/// # Errors
///
/// The store's error.
pub async fn application(
    database: &dyn Database,
    developer_id: i64,
    client_id: &str,
) -> Result<Option<Application>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM application
         WHERE client_id = ? AND status <> 'deleted'
           AND id IN (SELECT application_id FROM developer_application WHERE developer_id = ?)"
    );
    let row = one(
        database,
        Durability::Durable,
        &sql,
        vec![client_id.into(), developer_id.into()],
    )
    .await?;
    row.as_ref().map(read).transpose()
}

/// Suspends an active application, or lets one go on that its developer suspended, to `to`. False where its
/// status does not allow it.
///
/// # Errors
///
/// The store's error.
pub async fn set_status(
    database: &dyn Database,
    application_id: i64,
    to: Status,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    let suspends = to == Status::Suspended;
    let row = one(
        database,
        Durability::Durable,
        "UPDATE application SET status = ?1, suspended_by_developer = ?2, updated_at = ?3, request_id = ?4, event = ?5
         WHERE id = ?6 AND CASE WHEN ?2 THEN status = 'active' ELSE status = 'suspended' AND suspended_by_developer END
         RETURNING 1",
        vec![
            to.as_str().into(),
            suspends.into(),
            now.into(),
            event.request_id.into(),
            event.carried(),
            application_id.into(),
        ],
    )
    .await?;
    Ok(row.is_some())
}

/// Calls of an application in the last hour: FHIR, userinfo and token.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// All of them.
    pub calls: i64,
    /// Those that were refused or failed.
    pub errors: i64,
}

/// What an application did in the last hour, as the watch counted it: a few seconds behind.
///
/// # Errors
///
/// The store's error.
pub async fn usage(
    database: &dyn Database,
    client_id: &str,
    now: UnixMillis,
) -> Result<Usage, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "SELECT COALESCE(SUM(calls), 0), COALESCE(SUM(refused + failed), 0) FROM watch_minute
         WHERE client_id = ? AND minute > ?",
        vec![client_id.into(), (now.0 / 60_000 - 60).into()],
    )
    .await?;
    row.map_or(Ok(Usage::default()), |row| {
        Ok(Usage {
            calls: row.integer(0)?,
            errors: row.integer(1)?,
        })
    })
}
