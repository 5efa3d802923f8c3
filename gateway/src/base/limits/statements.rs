//! Windows of the rate limits, leased in blocks.

use serde_json::json;

use crate::base::limits::rate::Caller;
use crate::base::ports::{Database, Durability};
use crate::base::store::row::{StoreError, all, one};

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

impl Wish {
    /// One request, and nothing in advance.
    pub const ONE: Self = Self {
        ample: 1,
        share: 1,
        spent: 0,
    };
}

/// The name of a person's window at an application; [`crate::fhir::statements::lookup`] makes the same one.
#[must_use]
pub fn person_key(caller: Caller) -> String {
    format!("person:{}:{}", caller.application_id, caller.identity_id)
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

/// Leases a block of a window. `None` if the window is used up.
///
/// Whoever leases makes one request at once; what instances hold beyond that may be lost with them. The ample
/// block is given while all of it together is at most a twentieth of the limit, the share while it is at most a
/// tenth, and then one request at a time. So no more than a tenth of the limit is lost, whatever instances do.
///
/// The same statement adds what persons used since the instance last reported it.
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
    reports: &[(Caller, i64)],
) -> Result<Option<Granted>, StoreError> {
    let reports: Vec<_> = reports
        .iter()
        .map(|(caller, calls)| json!([person_key(*caller), calls]))
        .collect();
    let rows = all(
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
         UNION ALL
         SELECT value ->> 0, ?2, (value ->> 1) + COALESCE((SELECT used FROM rate_window
                                                           WHERE who = (value ->> 0) AND window = +?2), 0), 0, 0
         FROM json_each(?7) WHERE true
         ON CONFLICT (who, window) DO UPDATE SET used = excluded.used, leased = excluded.leased, held = excluded.held
         RETURNING who, leased, used",
        vec![
            who.into(),
            window.into(),
            wish.ample.into(),
            wish.share.into(),
            wish.spent.into(),
            limit.into(),
            json!(reports).to_string().into(),
        ],
    )
    .await?;
    let mut granted = None;
    for row in &rows {
        if row.text(0)? == who {
            granted = Some(Granted {
                block: row.integer(1)?,
                used: row.integer(2)?,
            });
        }
    }
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

/// Notes that a window is used up. True where nobody noted it before.
///
/// # Errors
///
/// The store's error.
pub async fn tell(database: &dyn Database, who: &str, window: i64) -> Result<bool, StoreError> {
    one(
        database,
        Durability::Relaxed,
        "INSERT INTO rate_window (who, window, used, leased, held) VALUES ('told:' || ?, ?, 0, 0, 0)
         ON CONFLICT DO NOTHING RETURNING 1",
        vec![who.into(), window.into()],
    )
    .await
    .map(|row| row.is_some())
}
