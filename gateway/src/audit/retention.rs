//! Rows that are kept no longer (docs/contract/10-audit.md). Each function removes a batch, outside the request
//! path; what is left is removed the next time.

use super::chain::{Link, anchor_hash, last, links};
use super::event::{Event, record};
use crate::base::config::Retention;
use crate::base::ports::{Database, Durability, UnixMillis, Value};
use crate::base::signature::{Purpose, Signer};
use crate::base::store::row::{StoreError, one};

/// What is due.
#[derive(Clone, Copy)]
enum Due {
    /// So long after it expired, for what belongs to a transaction.
    Transactions,
    /// So long after it expired, for access tokens.
    Tokens,
}

/// Tables that nothing audited depends on, their key, and since when a row is over.
const EXPIRED: [(&str, &str, &str, Due); 8] = [
    (
        "authorization_request",
        "id_hash",
        "expires_at",
        Due::Transactions,
    ),
    ("authorization_code", "id", "expires_at", Due::Transactions),
    (
        "pushed_request",
        "uri_hash",
        "expires_at",
        Due::Transactions,
    ),
    (
        "account_session",
        "transaction_hash",
        "expires_at",
        Due::Transactions,
    ),
    (
        "developer_session",
        "session_hash",
        "expires_at",
        Due::Transactions,
    ),
    (
        "operator_session",
        "session_hash",
        "expires_at",
        Due::Transactions,
    ),
    (
        "client_assertion",
        "jti_hash",
        "expires_at",
        Due::Transactions,
    ),
    ("access_token", "token_hash", "expires_at", Due::Tokens),
];

/// Removes what expired long enough ago. True where there was anything.
///
/// # Errors
///
/// The store's error.
pub async fn expired(
    database: &dyn Database,
    retention: &Retention,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let mut removed = false;
    for (table, key, over, due) in EXPIRED {
        let kept = match due {
            Due::Transactions => retention.transactions_ms,
            Due::Tokens => retention.tokens_ms,
        };
        let before = Value::Integer(now.0 - kept);
        // A read takes no lock.
        let sql = format!("SELECT 1 FROM {table} WHERE {over} < ? LIMIT 1");
        if one(database, Durability::Relaxed, &sql, vec![before.clone()])
            .await?
            .is_none()
        {
            continue;
        }
        let sql = format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {over} < ?1 LIMIT {BATCH}) AND {over} < ?1"
        );
        one(database, Durability::Relaxed, &sql, vec![before]).await?;
        removed = true;
    }
    // Counters of rate limits and of the breaker go with their windows; these are from a gateway that stood still.
    one(
        database,
        Durability::Relaxed,
        "DELETE FROM rate_window WHERE window < ?",
        vec![(now.seconds() / 60 - 60).into()],
    )
    .await?;
    Ok(removed)
}

/// Removes grants and chains that ended long enough ago, with an event. True where there were any.
///
/// # Errors
///
/// The store's error.
pub async fn ended(
    database: &dyn Database,
    retention: &Retention,
    now: UnixMillis,
    request_id: &str,
) -> Result<bool, StoreError> {
    let before = Value::Integer(now.0 - retention.grants_ms);
    let due = one(
        database,
        Durability::Relaxed,
        "SELECT EXISTS (SELECT 1 FROM token_chain WHERE ended_at < ?1)
             OR EXISTS (SELECT 1 FROM consent_grant WHERE ended_at IS NULL AND expires_at < ?1)
             OR EXISTS (SELECT 1 FROM consent_grant g WHERE g.ended_at < ?1
                        AND NOT EXISTS (SELECT 1 FROM token_chain c WHERE c.grant_id = g.id)
                        AND NOT EXISTS (SELECT 1 FROM authorization_code a WHERE a.grant_id = g.id))",
        vec![before.clone()],
    )
    .await?
    .ok_or(StoreError::Shape("what is due"))?
    .flag(0)?;
    if !due {
        return Ok(false);
    }
    let event = Event::of_gateway("store.purge", "", request_id, now);
    one(
        database,
        Durability::Durable,
        "INSERT INTO purge (before, most, at, request_id, event) VALUES (?, ?, ?, ?, ?)",
        vec![
            before,
            BATCH.into(),
            now.into(),
            request_id.into(),
            event.carried(),
        ],
    )
    .await?;
    Ok(true)
}

/// Removes rows of the audit that are old enough, whole links at once, and says so in a signed anchor. True where
/// there were any.
///
/// # Errors
///
/// The store's error.
pub async fn audit(
    database: &dyn Database,
    retention: &Retention,
    signer: &Signer,
    now: UnixMillis,
    request_id: &str,
) -> Result<bool, StoreError> {
    let anchored = one(
        database,
        Durability::Relaxed,
        "SELECT COALESCE((SELECT MAX(link_id) FROM chain_anchor), 0),
                COALESCE((SELECT MAX(id) FROM chain_link WHERE sealed_at < ?1
                          AND id < (SELECT MIN(id) FROM chain_link
                                    WHERE sealed_at >= ?1 AND id > COALESCE((SELECT MAX(link_id) FROM chain_anchor), 0))), 0)",
        vec![(now.0 - retention.audit_ms).into()],
    )
    .await?
    .ok_or(StoreError::Shape("the anchors"))?;
    let (anchored, due) = (anchored.integer(0)?, anchored.integer(1)?);
    if due > anchored
        && let Some(link) = find(database, due).await?
    {
        let code = format!("link_{due}");
        record(
            database,
            &Event::of_gateway("audit.purge", &code, request_id, now),
        )
        .await?;
        one(
            database,
            Durability::Durable,
            "INSERT INTO chain_anchor (id, link_id, purged_at, request_id, key_id, signature)
             SELECT 1 + COALESCE((SELECT MAX(id) FROM chain_anchor), 0), ?1, ?2, ?3, ?4, ?5
             WHERE COALESCE((SELECT MAX(link_id) FROM chain_anchor), 0) < ?1",
            vec![
                due.into(),
                now.into(),
                request_id.into(),
                signer.id().into(),
                signer
                    .sign(Purpose::Anchor, &anchor_hash(&link, now))
                    .as_slice()
                    .into(),
            ],
        )
        .await?;
    }
    let Some(link) = find(database, due.max(anchored)).await? else {
        return Ok(false);
    };
    let mut removed = false;
    for (table, to) in [("store_event", link.store_to), ("audit", link.audit_to)] {
        let sql = format!(
            "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE id <= ? ORDER BY id LIMIT {BATCH}) RETURNING 1"
        );
        removed |= one(database, Durability::Relaxed, &sql, vec![to.into()])
            .await?
            .is_some();
    }
    Ok(removed)
}

async fn find(database: &dyn Database, id: i64) -> Result<Option<Link>, StoreError> {
    if id == 0 || last(database).await?.is_none_or(|link| link.id < id) {
        return Ok(None);
    }
    Ok(links(database, id - 1, 1).await?.pop())
}

/// Rows of one table in one go.
const BATCH: i64 = 500;
