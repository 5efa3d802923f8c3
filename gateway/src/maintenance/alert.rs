//! Alerts: what goes on, and how far the webhook knows of it (docs/contract/10-audit.md).

use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{Row, StoreError, all, one};

/// An alert.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Alert {
    /// Row id.
    pub id: i64,
    /// What it is about.
    pub kind: String,
    /// What tells two of a kind apart.
    pub key: String,
    /// First event.
    pub first_at: UnixMillis,
    /// Latest event.
    pub last_at: UnixMillis,
    /// Events so far.
    pub count: i64,
    /// The application, or empty.
    pub client_id: String,
    /// Keyed hash of the person, or empty.
    pub person: Vec<u8>,
    /// Request of the latest event, or empty.
    pub request_id: String,
    /// Flow of the latest event, or empty.
    pub flow_id: String,
    /// What happened, in a few words.
    pub detail: String,
    /// Tries to send it since the last that went well.
    pub attempts: i64,
    /// When it was sent last.
    pub sent_at: Option<UnixMillis>,
    /// How often it was sent.
    pub sent: i64,
    /// When it is to be sent next; `None` if it was sent.
    pub due_at: Option<UnixMillis>,
}

/// The alerts that nobody has acknowledged, latest first.
///
/// # Errors
///
/// The store's error.
pub async fn open(database: &dyn Database) -> Result<Vec<Alert>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alert WHERE acknowledged_at IS NULL ORDER BY last_at DESC, id DESC LIMIT 200"
    );
    all(database, Durability::Relaxed, &sql, Vec::new())
        .await?
        .iter()
        .map(read)
        .collect()
}

/// Something for the webhook that is no alert: sent like one, and never open. Once for each kind and key.
///
/// # Errors
///
/// The store's error.
pub async fn notice(
    database: &dyn Database,
    kind: &str,
    key: &str,
    detail: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "INSERT INTO alert (kind, key, first_at, last_at, count, client_id, person, request_id, flow_id, detail,
                            due_at, ruled_at, acknowledged_at, acknowledged_by)
         SELECT ?1, ?2, ?4, ?4, 1, '', x'', '', '', ?3, ?4, ?4, ?4, 'gateway'
         WHERE NOT EXISTS (SELECT 1 FROM alert WHERE kind = ?1 AND key = ?2)",
        vec![kind.into(), key.into(), detail.into(), now.into()],
    )
    .await
    .map(drop)
}

/// When there was such a notice last.
///
/// # Errors
///
/// The store's error.
pub async fn noticed_at(
    database: &dyn Database,
    kind: &str,
) -> Result<Option<UnixMillis>, StoreError> {
    let sql = "SELECT MAX(last_at) FROM alert WHERE kind = ?";
    let row = one(database, Durability::Relaxed, sql, vec![kind.into()]).await?;
    row.map_or(Ok(None), |row| row.optional_instant(0))
}

/// Takes an alert that is due, for so long that nobody else sends it meanwhile.
///
/// # Errors
///
/// The store's error.
pub async fn take_due(
    database: &dyn Database,
    now: UnixMillis,
    until: UnixMillis,
) -> Result<Option<Alert>, StoreError> {
    // A look first, as most of the time there is none.
    let due = one(
        database,
        Durability::Relaxed,
        "SELECT id FROM alert WHERE due_at <= ?1 AND leased_until <= ?1 ORDER BY due_at LIMIT 1",
        vec![now.into()],
    )
    .await?;
    let Some(id) = due.map(|row| row.integer(0)).transpose()? else {
        return Ok(None);
    };
    let sql = format!(
        "UPDATE alert SET leased_until = ?2, attempts = attempts + 1
         WHERE id = ?3 AND due_at <= ?1 AND leased_until <= ?1 RETURNING {COLUMNS}"
    );
    let row = one(
        database,
        Durability::Relaxed,
        &sql,
        vec![now.into(), until.into(), id.into()],
    )
    .await?;
    row.as_ref().map(read).transpose()
}

/// The webhook has it. What came while it was sent is in the next one, if it still goes on then.
///
/// # Errors
///
/// The store's error; it is then sent again, with the same id.
pub async fn sent(
    database: &dyn Database,
    id: i64,
    now: UnixMillis,
    until: UnixMillis,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "UPDATE alert SET due_at = NULL, attempts = 0, leased_until = 0, sent_at = ?, sent = sent + 1
         WHERE id = ? AND leased_until = ?",
        vec![now.into(), id.into(), until.into()],
    )
    .await
    .map(drop)
}

/// The webhook did not take it.
///
/// # Errors
///
/// The store's error; it is then tried again when its lease is over.
pub async fn postpone(
    database: &dyn Database,
    id: i64,
    due_at: UnixMillis,
    until: UnixMillis,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "UPDATE alert SET due_at = ?, leased_until = 0 WHERE id = ? AND leased_until = ?",
        vec![due_at.into(), id.into(), until.into()],
    )
    .await
    .map(drop)
}

/// An operator has seen it. What happens from now on is a new alert. False where there is none with this id.
///
/// # Errors
///
/// The store's error.
pub async fn acknowledge(
    database: &dyn Database,
    id: i64,
    operator: &str,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    one(
        database,
        Durability::Durable,
        "UPDATE alert SET acknowledged_at = ?, acknowledged_by = ?, due_at = NULL
         WHERE id = ? AND acknowledged_at IS NULL RETURNING 1",
        vec![now.into(), operator.into(), id.into()],
    )
    .await
    .map(|row| row.is_some())
}

/// Alerts that no rule has looked at.
///
/// # Errors
///
/// The store's error.
pub async fn unruled(database: &dyn Database) -> Result<Vec<Alert>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM alert WHERE ruled_at IS NULL ORDER BY id LIMIT 100");
    all(database, Durability::Relaxed, &sql, Vec::new())
        .await?
        .iter()
        .map(read)
        .collect()
}

/// A rule has looked at it, whatever came of it.
///
/// # Errors
///
/// The store's error; the rule looks again then.
pub async fn ruled(database: &dyn Database, id: i64, now: UnixMillis) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "UPDATE alert SET ruled_at = ? WHERE id = ?",
        vec![now.into(), id.into()],
    )
    .await
    .map(drop)
}

const COLUMNS: &str = "id, kind, key, first_at, last_at, count, client_id, person, request_id, flow_id, detail, attempts, sent_at, due_at, sent";

fn read(row: &Row) -> Result<Alert, StoreError> {
    Ok(Alert {
        id: row.integer(0)?,
        kind: row.text(1)?.to_owned(),
        key: row.text(2)?.to_owned(),
        first_at: row.instant(3)?,
        last_at: row.instant(4)?,
        count: row.integer(5)?,
        client_id: row.text(6)?.to_owned(),
        person: row.optional_blob(7)?.unwrap_or_default().to_vec(),
        request_id: row.text(8)?.to_owned(),
        flow_id: row.text(9)?.to_owned(),
        detail: row.text(10)?.to_owned(),
        attempts: row.integer(11)?,
        sent_at: row.optional_instant(12)?,
        due_at: row.optional_instant(13)?,
        sent: row.integer(14)?,
    })
}
