//! Registrations as operators see and decide them (docs/contract/09-applications.md).

use bluegate_shared::id::ClientId;

use crate::application::statements::{COLUMNS, read};
use crate::audit::event::Event;
use crate::base::ports::{Database, Durability, UnixMillis, Value};
use crate::base::store::row::{Row, StoreError, all, one};
use crate::oauth::application::{Application, Status};
use crate::oauth::name;

/// An application, with whose it is.
#[non_exhaustive]
#[derive(Debug)]
pub struct Registered {
    /// What is registered.
    pub application: Application,
    /// The developer's account at the portal; nothing where it came over RFC 7591.
    pub owner: Option<String>,
}

/// Which applications to find.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Search<'a> {
    /// Of one status, or of any.
    pub status: Option<Status>,
    /// A part of the name, `client_id`, contact, redirect URI or account, whatever the case of its ASCII letters, or of a
    /// name that looks like it; empty for everything.
    pub text: &'a str,
}

impl Search<'_> {
    /// The condition, and its parameters from `?1` to `?3`.
    fn condition(&self) -> (&'static str, Vec<Value>) {
        let condition = "(?1 = '' OR status = ?1)
           AND (?2 = '' OR instr(lower(client_name), ?2) OR (?3 <> '' AND instr(client_name_key, ?3))
                OR instr(lower(client_id), ?2)
                OR EXISTS (SELECT 1 FROM json_each(metadata, '$.contacts') WHERE instr(lower(value), ?2))
                OR EXISTS (SELECT 1 FROM json_each(redirect_uris) WHERE instr(lower(value), ?2))
                OR EXISTS (SELECT 1 FROM developer_application o JOIN developer d ON d.id = o.developer_id
                           WHERE o.application_id = application.id AND instr(lower(d.name), ?2)))";
        let parameters = vec![
            self.status.map_or("", Status::as_str).into(),
            self.text.to_ascii_lowercase().into(),
            name::key(self.text).into(),
        ];
        (condition, parameters)
    }
}

/// At most `most` applications, oldest first, from the one after the row `after`.
///
/// # Errors
///
/// The store's error.
pub async fn page(
    database: &dyn Database,
    search: &Search<'_>,
    after: i64,
    most: i64,
) -> Result<Vec<Registered>, StoreError> {
    let (condition, mut parameters) = search.condition();
    parameters.extend([after.into(), most.into()]);
    let sql = format!(
        "SELECT {COLUMNS}, {OWNER} FROM application WHERE {condition} AND id > ?4 ORDER BY id LIMIT ?5"
    );
    let rows = all(database, Durability::Relaxed, &sql, parameters).await?;
    rows.iter().map(registered).collect()
}

/// How many applications there are in all.
///
/// # Errors
///
/// The store's error.
pub async fn count(database: &dyn Database, search: &Search<'_>) -> Result<i64, StoreError> {
    let (condition, parameters) = search.condition();
    let sql = format!("SELECT COUNT(*) FROM application WHERE {condition}");
    let row = one(database, Durability::Relaxed, &sql, parameters).await?;
    row.map_or(Ok(0), |row| row.integer(0))
}

/// Everything that an operator decides about.
#[non_exhaustive]
#[derive(Debug)]
pub struct Sheet {
    /// What is registered.
    pub registered: Registered,
    /// Since when it has its logo.
    pub logo_since: Option<UnixMillis>,
    /// The logo, with its media type.
    pub logo: Option<(String, Vec<u8>)>,
    /// The metadata as they were approved last.
    pub approved_metadata: Option<String>,
    /// When that was.
    pub approved_at: Option<UnixMillis>,
    /// The logo as it was approved last.
    pub approved_logo: Option<(String, Vec<u8>)>,
    /// What the operator said who decided last.
    pub decision_reason: Option<String>,
}

/// Finds the sheet of an application, also of one that is deleted.
///
/// # Errors
///
/// The store's error.
pub async fn sheet(
    database: &dyn Database,
    client_id: &ClientId,
) -> Result<Option<Sheet>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, {OWNER}, l.since, l.type, l.picture, l.approved_media_type, l.approved_bytes,
                approved_metadata, approved_at, decision_reason
         FROM application LEFT JOIN (
             SELECT application_id, updated_at AS since, media_type AS type, bytes AS picture,
                    approved_media_type, approved_bytes FROM application_logo
         ) l ON l.application_id = application.id
         WHERE client_id = ?"
    );
    let parameters = vec![client_id.as_str().into()];
    let row = one(database, Durability::Durable, &sql, parameters).await?;
    row.as_ref().map(read_sheet).transpose()
}

/// What an operator decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_enums)]
pub enum Verdict {
    /// It may act, as it is on the sheet.
    Approve,
    /// It may not. Its name becomes free, unless it was approved with that name before.
    Reject,
}

/// Decides about an application that waits and is still what the sheet says. False where it is not.
///
/// # Errors
///
/// The store's error.
pub async fn decide(
    database: &dyn Database,
    sheet: &Sheet,
    verdict: Verdict,
    reason: &str,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    let change = match verdict {
        Verdict::Approve => {
            "status = 'active', suspended_by_developer = 0, approved_metadata = metadata, approved_at = ?1"
        }
        Verdict::Reject => {
            "status = 'rejected', client_name_key = IIF(json_extract(approved_metadata, '$.client_name') = client_name,
                 client_name_key, client_id)"
        }
    };
    let sql = format!(
        "UPDATE application SET {change}, decision_reason = ?2, updated_at = ?1, request_id = ?3, event = ?4
         WHERE id = ?5 AND status = 'pending' AND metadata = ?6 AND updated_at = ?7
           AND (SELECT bytes FROM application_logo WHERE application_id = application.id) IS ?8
         RETURNING 1"
    );
    let application = &sheet.registered.application;
    let parameters = vec![
        now.into(),
        reason.into(),
        event.request_id.into(),
        event.carried(),
        application.id.into(),
        application.metadata.as_str().into(),
        application.updated_at.into(),
        sheet
            .logo
            .as_ref()
            .map(|(_, bytes)| bytes.as_slice())
            .into(),
    ];
    let row = one(database, Durability::Durable, &sql, parameters).await?;
    Ok(row.is_some())
}

/// An operator lets a suspended application go on. Where `waits` says that applications wait for approval, it does so
/// only as it was approved; otherwise it waits for that first.
///
/// # Errors
///
/// The store's error.
pub async fn resume(
    database: &dyn Database,
    client_id: &ClientId,
    waits: bool,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<Option<Application>, StoreError> {
    let sql = format!(
        "UPDATE application SET
             status = IIF(?1 AND (approved_metadata IS NOT metadata
                                  OR EXISTS (SELECT 1 FROM application_logo l
                                             WHERE l.application_id = application.id AND l.bytes IS NOT l.approved_bytes)),
                          'pending', 'active'),
             suspended_by_developer = 0, updated_at = ?2, request_id = ?3, event = ?4
         WHERE client_id = ?5 AND status = 'suspended' RETURNING {COLUMNS}"
    );
    let parameters = vec![
        waits.into(),
        now.into(),
        event.request_id.into(),
        event.carried(),
        client_id.as_str().into(),
    ];
    let row = one(database, Durability::Durable, &sql, parameters).await?;
    row.as_ref().map(read).transpose()
}

/// The column after [`COLUMNS`].
const OWNER: &str =
    "(SELECT d.name FROM developer_application o JOIN developer d ON d.id = o.developer_id
      WHERE o.application_id = application.id)";

const AFTER_COLUMNS: usize = 16;

fn registered(row: &Row) -> Result<Registered, StoreError> {
    Ok(Registered {
        application: read(row)?,
        owner: row.optional_text(AFTER_COLUMNS)?.map(str::to_owned),
    })
}

fn read_sheet(row: &Row) -> Result<Sheet, StoreError> {
    let at = AFTER_COLUMNS + 1;
    let picture = |kind: usize, bytes: usize| -> Result<_, StoreError> {
        let kind = row.optional_text(kind)?.map(str::to_owned);
        Ok(kind.zip(row.optional_blob(bytes)?.map(<[u8]>::to_vec)))
    };
    Ok(Sheet {
        registered: registered(row)?,
        logo_since: row.optional_instant(at)?,
        logo: picture(at + 1, at + 2)?,
        approved_logo: picture(at + 3, at + 4)?,
        approved_metadata: row.optional_text(at + 5)?.map(str::to_owned),
        approved_at: row.optional_instant(at + 6)?,
        decision_reason: row.optional_text(at + 7)?.map(str::to_owned),
    })
}
