//! Windows of the rate limits, leased in blocks.

use crate::ports::{Database, Durability};

use super::row::{StoreError, one};

/// What an instance asks for.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wish {
    /// The block that it gets while few instances hold one.
    pub ample: i64,
    /// The block that it gets after that.
    pub share: i64,
    /// What it held beyond the first request of its former block, now spent.
    pub spent: i64,
}

/// What was leased.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Granted {
    /// Requests that may be made of it, at least one.
    pub block: i64,
    /// What is used of the window with it.
    pub used: i64,
}

/// Leases a block of a window. Nothing where the window is used up.
///
/// Whoever leases makes one request at once; what instances hold beyond that may be lost with them. The ample
/// block is given while all of it together is at most a twentieth of the limit, the share while it is at most a
/// tenth, and then one request at a time. So no more than a tenth of the limit is lost, whatever instances do.
///
/// # Errors
///
/// The store's error.
pub async fn lease(
    database: &dyn Database,
    who: &str,
    window: i64,
    wish: Wish,
    limit: i64,
) -> Result<Option<Granted>, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "INSERT INTO rate_window (who, window, used, leased, held)
         SELECT ?1, ?2, used + block, block, held + block - 1
         FROM (SELECT used, held,
                      MIN(?6 - used, CASE WHEN held + ?3 - 1 <= ?6 / 20 THEN ?3
                                          WHEN held + ?4 - 1 <= ?6 / 10 THEN ?4 ELSE 1 END) AS block
               FROM (SELECT COALESCE(MAX(used), 0) AS used, COALESCE(MAX(held), 0) - ?5 AS held
                     FROM rate_window WHERE who = +?1 AND window = +?2))
         WHERE block > 0
         ON CONFLICT (who, window) DO UPDATE SET used = excluded.used, leased = excluded.leased, held = excluded.held
         RETURNING leased, used",
        vec![
            who.into(),
            window.into(),
            wish.ample.into(),
            wish.share.into(),
            wish.spent.into(),
            limit.into(),
        ],
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
