//! After an incident: whose data reached whom, and through which applications, from the audit alone.
//!
//! The audit knows each person and each account by a keyed hash. An account belongs to the person that it signed
//! in as first, and a person to the account that came first; every other pair is wrong, and what was released in
//! a flow that began with a wrong pair was one person's data in the hands of another.

use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{StoreError, all};

/// What one application was given of one person's data on behalf of somebody else.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Affected {
    /// Keyed hash of the person whose data it was.
    pub person: Vec<u8>,
    /// Keyed hash of the account that it was given to.
    pub account: Vec<u8>,
    /// The application.
    pub client_id: String,
    /// Answers with data that were released.
    pub answers: i64,
    /// Bytes of them.
    pub bytes: i64,
    /// Token answers, each of which names the person's patient id.
    pub tokens: i64,
    /// From when.
    pub first_at: UnixMillis,
    /// Until when.
    pub last_at: UnixMillis,
    /// The flows, by which every single call can be found.
    pub flows: Vec<String>,
}

/// Finds them. An empty list means that no pair is wrong, or none was given anything.
///
/// # Errors
///
/// The store's error.
pub async fn affected(
    database: &dyn Database,
    since: UnixMillis,
) -> Result<Vec<Affected>, StoreError> {
    let rows = all(database, Durability::Relaxed, AFFECTED, vec![since.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Affected {
                person: row.optional_blob(0)?.unwrap_or_default().to_vec(),
                account: row.optional_blob(1)?.unwrap_or_default().to_vec(),
                client_id: row.text(2)?.to_owned(),
                answers: row.integer(3)?,
                bytes: row.integer(4)?,
                tokens: row.integer(5)?,
                first_at: row.instant(6)?,
                last_at: row.instant(7)?,
                flows: row.text(8)?.split(',').map(str::to_owned).collect(),
            })
        })
        .collect()
}

const AFFECTED: &str = "\
WITH pair AS (
    SELECT account, person, MIN(id) AS first FROM audit
    WHERE action = 'signin' AND outcome = 'ok' AND account <> x'' AND person <> x''
    GROUP BY account, person
), wrong AS (
    SELECT account, person FROM pair p
    WHERE EXISTS (SELECT 1 FROM pair q
                  WHERE q.first < p.first
                    AND ((q.person = p.person AND q.account <> p.account)
                         OR (q.account = p.account AND q.person <> p.person)))
), flow AS (
    SELECT DISTINCT e.flow_id, w.account, w.person
    FROM audit e JOIN wrong w ON w.account = e.account AND w.person = e.person
    WHERE e.action = 'signin' AND e.outcome = 'ok' AND e.flow_id <> ''
)
SELECT f.person, f.account, e.client_id,
       SUM(e.action LIKE 'fhir.%' OR e.action = 'userinfo'), COALESCE(SUM(e.bytes), 0), SUM(e.action LIKE 'token.%'),
       MIN(e.started_at), MAX(e.ended_at), GROUP_CONCAT(DISTINCT e.flow_id)
FROM audit e JOIN flow f ON f.flow_id = e.flow_id AND f.person = e.person
WHERE e.outcome = 'ok' AND e.ended_at >= ?1
  AND (e.action LIKE 'fhir.%' OR e.action = 'userinfo' OR e.action LIKE 'token.%')
GROUP BY f.person, f.account, e.client_id
ORDER BY MIN(e.id)";
