//! What the last probe of backend and provider found, for all instances: `/health/ready` is asked by anybody, and asks
//! others only once in a while.

use crate::base::ports::{Database, Durability, UnixMillis};

use crate::base::store::row::{StoreError, one};

/// What a probe found.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Readiness {
    /// When.
    pub checked_at: UnixMillis,
    /// The claims backend answers.
    pub backend: bool,
    /// The identity provider answers.
    pub provider: bool,
}

/// The last probe of what `of` stands for: gateways of another configuration on the same store ask others.
///
/// # Errors
///
/// The store's error.
pub async fn last(database: &dyn Database, of: &[u8]) -> Result<Option<Readiness>, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "SELECT checked_at, backend, provider FROM readiness WHERE of = ? AND checked_at IS NOT NULL",
        vec![of.into()],
    )
    .await?;
    row.map(|row| {
        Ok(Readiness {
            checked_at: row.instant(0)?,
            backend: row.flag(1)?,
            provider: row.flag(2)?,
        })
    })
    .transpose()
}

/// Lets this request probe, where nobody else does until `until`.
///
/// # Errors
///
/// The store's error.
pub async fn begin(
    database: &dyn Database,
    of: &[u8],
    now: UnixMillis,
    until: UnixMillis,
) -> Result<bool, StoreError> {
    one(
        database,
        Durability::Relaxed,
        "INSERT INTO readiness (of, probing_until) VALUES (?1, ?3)
         ON CONFLICT (of) DO UPDATE SET probing_until = excluded.probing_until WHERE probing_until <= ?2
         RETURNING 1",
        vec![of.into(), now.into(), until.into()],
    )
    .await
    .map(|row| row.is_some())
}

/// Keeps what the probe found; the next may begin. Former configurations are forgotten.
///
/// # Errors
///
/// The store's error; the next probe is then due when this one should have ended.
pub async fn keep(database: &dyn Database, of: &[u8], found: Readiness) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "UPDATE readiness SET checked_at = ?2, backend = ?3, provider = ?4, probing_until = ?2 WHERE of = ?1",
        vec![
            of.into(),
            found.checked_at.into(),
            found.backend.into(),
            found.provider.into(),
        ],
    )
    .await?;
    one(
        database,
        Durability::Relaxed,
        "DELETE FROM readiness WHERE probing_until < ?",
        vec![found.checked_at.plus_seconds(-FORGOTTEN_S).into()],
    )
    .await
    .map(drop)
}

const FORGOTTEN_S: i64 = 86_400;
