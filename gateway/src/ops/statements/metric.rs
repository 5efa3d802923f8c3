//! What the metrics are made of: counters that the watch keeps, and what the store holds now.

use crate::base::ports::{Database, Durability};
use crate::base::store::row::{StoreError, all, one};

/// A counter of the watch.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Counter {
    /// Which one.
    pub name: String,
    /// Up to three labels.
    pub labels: [String; 3],
    /// Its value.
    pub value: i64,
}

/// All counters, in the order of their names and labels.
///
/// # Errors
///
/// The store's error.
pub async fn counters(database: &dyn Database) -> Result<Vec<Counter>, StoreError> {
    let rows = all(
        database,
        Durability::Relaxed,
        "SELECT name, a, b, c, value FROM metric ORDER BY name, a, b, c",
        Vec::new(),
    )
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Counter {
                name: row.text(0)?.to_owned(),
                labels: [
                    row.text(1)?.to_owned(),
                    row.text(2)?.to_owned(),
                    row.text(3)?.to_owned(),
                ],
                value: row.integer(4)?,
            })
        })
        .collect()
}

/// A number of what there is now, with one label.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Gauge {
    /// Which one.
    pub name: String,
    /// Its label, or empty.
    pub label: String,
    /// Its value.
    pub value: i64,
}

/// What there is now. Each part is counted by an index that holds little else.
///
/// # Errors
///
/// The store's error.
pub async fn gauges(database: &dyn Database, now: i64) -> Result<Vec<Gauge>, StoreError> {
    let rows = all(database, Durability::Relaxed, GAUGES, vec![now.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Gauge {
                name: row.text(0)?.to_owned(),
                label: row.text(1)?.to_owned(),
                value: row.integer(2)?,
            })
        })
        .collect()
}

/// The size of the store in bytes.
///
/// # Errors
///
/// The store's error; some stores do not tell (libSQL).
pub async fn bytes(database: &dyn Database) -> Result<i64, StoreError> {
    one(
        database,
        Durability::Relaxed,
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        Vec::new(),
    )
    .await?
    .ok_or(StoreError::Shape("the size of the store"))?
    .integer(0)
}

const GAUGES: &str = "\
SELECT 'grants', '', COUNT(*) FROM consent_grant WHERE ended_at IS NULL
UNION ALL SELECT 'chains', '', COUNT(*) FROM token_chain WHERE ended_at IS NULL
UNION ALL SELECT 'access_tokens', '', COUNT(*) FROM access_token WHERE expires_at > ?1
UNION ALL SELECT 'applications', status, COUNT(*) FROM application GROUP BY status
UNION ALL SELECT 'identity_conflicts', '', COUNT(*) FROM identity_conflict WHERE resolved_at IS NULL
UNION ALL SELECT 'identities_held', '', COUNT(*) FROM identity WHERE held_at IS NOT NULL
UNION ALL SELECT 'lock_downs', kind, COUNT(*) FROM lock_down WHERE lifted_at IS NULL GROUP BY kind
UNION ALL SELECT 'alerts', kind, COUNT(*) FROM alert WHERE acknowledged_at IS NULL GROUP BY kind
UNION ALL SELECT 'alerts_unsent', '', COUNT(*) FROM alert WHERE due_at IS NOT NULL
UNION ALL SELECT 'breaker_open', '', COALESCE((SELECT opened_at IS NOT NULL FROM breaker WHERE id = 1), 0)
UNION ALL SELECT 'audit_rows', '', COALESCE((SELECT MAX(id) FROM audit), 0)
UNION ALL SELECT 'audit_waiting', '', COALESCE((SELECT MAX(id) FROM audit), 0) - audit_id FROM watch_position";
