//! Windows of the rate limits, leased in blocks.

use crate::ports::{Database, Durability};

use super::row::{StoreError, one};

/// What was leased.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Granted {
    /// Requests that may be made of it, at least one.
    pub block: i64,
    /// What is used of the window with it.
    pub used: i64,
}

/// Leases up to `block` requests of a window. Nothing where the window is used up.
///
/// # Errors
///
/// The store's error.
pub async fn lease(
    database: &dyn Database,
    who: &str,
    window: i64,
    block: i64,
    limit: i64,
) -> Result<Option<Granted>, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "INSERT INTO rate_window (who, window, used, leased) VALUES (?1, ?2, MIN(?3, ?4), MIN(?3, ?4))
         ON CONFLICT (who, window) DO UPDATE SET used = MIN(used + ?3, ?4), leased = MIN(?3, ?4 - used) WHERE used < ?4
         RETURNING leased, used",
        vec![who.into(), window.into(), block.into(), limit.into()],
    )
    .await?;
    let granted = row
        .map(|row| {
            Ok::<_, StoreError>(Granted {
                block: row.integer(0)?,
                used: row.integer(1)?,
            })
        })
        .transpose()?;
    // Whoever opens a window removes what is over; there are few of them.
    if granted.is_some_and(|granted| granted.used == granted.block) {
        one(
            database,
            Durability::Relaxed,
            "DELETE FROM rate_window WHERE window < ?",
            vec![(window - 1).into()],
        )
        .await?;
    }
    Ok(granted)
}
