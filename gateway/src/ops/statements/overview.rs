//! What an operator sees at a glance: identity conflicts, the circuit breaker, and how much there is of all.

use bluegate_shared::id::PatientId;

use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{StoreError, all, one};

/// An identity conflict that nobody has resolved. Whom it concerns is for the audit's keyed hashes to say.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Conflict {
    /// Row id.
    pub id: i64,
    /// `patient_changed` or `patient_taken`.
    pub reason: String,
    /// When it was seen.
    pub seen_at: UnixMillis,
    /// The sign-in that it stopped.
    pub request_id: String,
    /// The patient id of that sign-in. Never shown, only hashed.
    pub patient_id: PatientId,
    /// Identities that are held by it.
    pub held: i64,
}

/// The conflicts that are open, oldest first.
///
/// # Errors
///
/// The store's error.
pub async fn conflicts(database: &dyn Database) -> Result<Vec<Conflict>, StoreError> {
    let rows = all(
        database,
        Durability::Relaxed,
        "SELECT c.id, c.reason, c.seen_at, c.request_id, c.patient_id,
                (SELECT COUNT(*) FROM identity i WHERE i.held_at IS NOT NULL
                   AND ((i.issuer = c.issuer AND i.subject = c.subject) OR i.patient_id = c.patient_id))
         FROM identity_conflict c WHERE c.resolved_at IS NULL ORDER BY c.id LIMIT 200",
        Vec::new(),
    )
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Conflict {
                id: row.integer(0)?,
                reason: row.text(1)?.to_owned(),
                seen_at: row.instant(2)?,
                request_id: row.text(3)?.to_owned(),
                patient_id: PatientId::parse(row.text(4)?)
                    .map_err(StoreError::of("identity_conflict.patient_id"))?,
                held: row.integer(5)?,
            })
        })
        .collect()
}

/// Since when the circuit breaker before the claims backend is open.
///
/// # Errors
///
/// The store's error.
pub async fn breaker_open_since(database: &dyn Database) -> Result<Option<UnixMillis>, StoreError> {
    one(
        database,
        Durability::Relaxed,
        "SELECT opened_at FROM breaker WHERE id = 1",
        Vec::new(),
    )
    .await?
    .map_or(Ok(None), |row| row.optional_instant(0))
}

/// The number of the latest event.
///
/// # Errors
///
/// The store's error.
pub async fn last_event(database: &dyn Database) -> Result<i64, StoreError> {
    one(
        database,
        Durability::Relaxed,
        "SELECT COALESCE(MAX(id), 0) FROM audit",
        Vec::new(),
    )
    .await?
    .map_or(Ok(0), |row| row.integer(0))
}
