//! The way out of an identity conflict: two operators end a link (docs/contract/03-sign-in.md).

use crate::audit::event::Event;
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{Row, StoreError, all, one};

/// What came of [`resolve`].
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resolved {
    /// A second operator must confirm it.
    Proposed,
    /// The link ended.
    Ended,
    /// It is this operator's own proposal.
    Own,
    /// There is no such link, or it has ended.
    Unknown,
}

/// A link that is held, or that somebody proposed to end.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Held {
    /// Row id of the link.
    pub id: i64,
    /// Keyed hash of the patient id.
    pub person: Vec<u8>,
    /// Keyed hash of issuer and subject.
    pub account: Vec<u8>,
    /// Since when it is held.
    pub held_at: Option<UnixMillis>,
    /// Why, and when: the conflicts that it is part of.
    pub conflicts: String,
    /// Who proposed to end it, and why.
    pub proposal: Option<(String, String)>,
}

/// Confirms the proposal of another operator to end a link, or makes one. `proposal` and `confirmation` are the
/// events of either.
///
/// # Errors
///
/// The store's error.
pub async fn resolve(
    database: &dyn Database,
    identity_id: i64,
    reason: &str,
    operator: &str,
    now: UnixMillis,
    proposal: &Event<'_>,
    confirmation: &Event<'_>,
) -> Result<Resolved, StoreError> {
    let confirmed = one(
        database,
        Durability::Durable,
        "UPDATE identity_resolution SET confirmed_by = ?, confirmed_at = ?, request_id = ?, event = ?
         WHERE identity_id = ? AND confirmed_at IS NULL AND proposed_by <> ?
           AND EXISTS (SELECT 1 FROM identity i WHERE i.id = identity_id AND i.ended_at IS NULL)
         RETURNING 1",
        vec![
            operator.into(),
            now.into(),
            confirmation.request_id.into(),
            confirmation.carried(),
            identity_id.into(),
            operator.into(),
        ],
    )
    .await?;
    if confirmed.is_some() {
        return Ok(Resolved::Ended);
    }
    let proposed = one(
        database,
        Durability::Durable,
        "INSERT INTO identity_resolution (identity_id, reason, proposed_by, proposed_at, request_id, event)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE EXISTS (SELECT 1 FROM identity WHERE id = ?1 AND ended_at IS NULL)
           AND NOT EXISTS (SELECT 1 FROM identity_resolution WHERE identity_id = ?1 AND confirmed_at IS NULL)
         RETURNING 1",
        vec![
            identity_id.into(),
            reason.into(),
            operator.into(),
            now.into(),
            proposal.request_id.into(),
            proposal.carried(),
        ],
    )
    .await?;
    if proposed.is_some() {
        return Ok(Resolved::Proposed);
    }
    let own = one(
        database,
        Durability::Durable,
        "SELECT 1 FROM identity_resolution WHERE identity_id = ? AND confirmed_at IS NULL AND proposed_by = ?",
        vec![identity_id.into(), operator.into()],
    )
    .await?;
    Ok(if own.is_some() {
        Resolved::Own
    } else {
        Resolved::Unknown
    })
}

/// The links that wait for operators, oldest first.
///
/// # Errors
///
/// The store's error.
pub async fn held(database: &dyn Database) -> Result<Vec<Held>, StoreError> {
    all(
        database,
        Durability::Relaxed,
        "SELECT i.id, i.person, i.account, i.held_at, r.proposed_by, r.reason,
                (SELECT COALESCE(group_concat(DISTINCT c.reason), '') FROM identity_conflict c
                 WHERE c.resolved_at IS NULL
                   AND ((c.issuer = i.issuer AND c.subject = i.subject)
                        OR c.patient_id = i.patient_id OR c.patient_id_v3 = i.patient_id_v3))
         FROM identity i
         LEFT JOIN identity_resolution r ON r.identity_id = i.id AND r.confirmed_at IS NULL
         WHERE i.ended_at IS NULL AND (i.held_at IS NOT NULL OR r.id IS NOT NULL)
         ORDER BY i.id LIMIT 1000",
        Vec::new(),
    )
    .await?
    .iter()
    .map(read)
    .collect()
}

fn read(row: &Row) -> Result<Held, StoreError> {
    let hash = |column| {
        row.optional_blob(column)
            .map(|bytes| bytes.unwrap_or_default().to_vec())
    };
    Ok(Held {
        id: row.integer(0)?,
        person: hash(1)?,
        account: hash(2)?,
        held_at: row.optional_instant(3)?,
        proposal: match (row.optional_text(4)?, row.optional_text(5)?) {
            (Some(operator), Some(reason)) => Some((operator.to_owned(), reason.to_owned())),
            _ => None,
        },
        conflicts: row.text(6)?.to_owned(),
    })
}
