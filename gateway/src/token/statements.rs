//! Codes, chains and tokens: redeemed, rotated and ended, each in one statement.

use bluegate_shared::pkce::Challenge;
use bluegate_shared::scope::ScopeSet;

use crate::audit::event::Event;
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::secret::SecretHash;
use crate::base::store::row::{Row, StoreError, one};
use crate::base::version::PatientIds;
use crate::lock_down::no_lock_down;
use crate::oauth::application::DataAccessType;

/// What a token answer needs to know.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Issued {
    /// Granted scopes.
    pub scopes: ScopeSet,
    /// The person at the claims backend.
    pub patients: PatientIds,
    /// How long access lasts.
    pub data_access_type: DataAccessType,
    /// End of the grant.
    pub grant_expires_at: Option<UnixMillis>,
    /// Flow id.
    pub flow_id: String,
}

/// What a redemption must prove and what it makes.
#[allow(clippy::exhaustive_structs)]
pub struct Redemption<'a> {
    /// Hash of the presented code.
    pub code_hash: SecretHash,
    /// Row id of the authenticated client.
    pub application_id: i64,
    /// `redirect_uri` of the token request.
    pub redirect_uri: Option<&'a str>,
    /// Challenge of the presented verifier.
    pub challenge: &'a Challenge,
    /// Hash of the new access token.
    pub access_hash: SecretHash,
    /// End of the new access token.
    pub access_expires_at: UnixMillis,
    /// Hash of the first refresh token; nothing for ONE_TIME.
    pub refresh_hash: Option<SecretHash>,
    /// Now.
    pub now: UnixMillis,
    /// Version of the route, for lock-downs.
    pub version: &'a str,
    /// What the audit says; flow and person are known from the code.
    pub event: &'a Event<'a>,
}

/// A used code that its own client presented again with the right verifier.
#[non_exhaustive]
#[derive(Debug)]
pub struct UsedCode {
    /// Row id.
    pub id: i64,
    /// Flow id.
    pub flow_id: String,
    /// The person's patient ids.
    pub patients: PatientIds,
}

/// A chain as found by one of its refresh tokens.
#[non_exhaustive]
#[derive(Debug)]
pub struct Chain {
    /// Row id.
    pub id: i64,
    /// Row id of its application.
    pub application_id: i64,
    /// Which of its tokens was presented.
    pub presented: Presented,
    /// Generation of the presented token.
    pub generation: i64,
    /// Keyed hash of the address that rotated last.
    pub rotated_from: Vec<u8>,
    /// Scopes of the chain.
    pub scopes: ScopeSet,
    /// Whether the chain ended, and why.
    pub end_reason: Option<String>,
    /// Why the grant ended, where it did: `expired` where it had run out before a later consent.
    pub grant_end_reason: Option<String>,
    /// What a token answer needs.
    pub issued: Issued,
}

/// Which refresh token of a chain was presented.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presented {
    /// The current one.
    Current,
    /// The one before, rotated at this instant; its successor was never presented.
    Previous(UnixMillis),
    /// Any older one.
    Retired,
}

/// The access token that a refresh makes.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy)]
pub struct NewAccess<'a> {
    /// Hash of the new access token.
    pub hash: SecretHash,
    /// End of it.
    pub expires_at: UnixMillis,
    /// Scopes, the chain's or fewer.
    pub scopes: &'a ScopeSet,
    /// Now.
    pub now: UnixMillis,
    /// Version of the route, for lock-downs.
    pub version: &'a str,
    /// Keyed hash of the address that asks.
    pub from: &'a [u8],
    /// What the audit says.
    pub event: &'a Event<'a>,
}

/// A token as found for revocation and introspection.
#[non_exhaustive]
#[derive(Debug)]
pub struct Found {
    /// Row id of the chain.
    pub chain_id: i64,
    /// Row id of the grant.
    pub grant_id: i64,
    /// Row id of the application.
    pub application_id: i64,
    /// Flow id.
    pub flow_id: String,
    /// The person at the claims backend.
    pub patients: PatientIds,
    /// Scopes of the token.
    pub scopes: ScopeSet,
    /// When it was issued.
    pub issued_at: UnixMillis,
    /// When it ends; nothing for a refresh token of a grant without end.
    pub expires_at: Option<UnixMillis>,
    /// Whether chain, grant and application live, and it is an access token or the current refresh token.
    pub live: bool,
    /// Whether it is a refresh token.
    pub refresh: bool,
}

/// Redeems a code, at most once whatever the concurrency. `None` if any condition fails; one is that no
/// later consent narrowed the grant below what the code would give.
///
/// # Errors
///
/// The store's error.
pub async fn redeem(
    database: &dyn Database,
    redemption: &Redemption<'_>,
) -> Result<Option<Issued>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        concat!("UPDATE authorization_code SET used_at = ?, access_hash = ?, access_expires_at = ?, refresh_hash = ?, request_id = ?, event = ?
         WHERE code_hash = ? AND used_at IS NULL AND expires_at > ?
           AND application_id = ? AND code_challenge = ?
           AND (redirect_uri = ? OR (redirect_uri_given = 0 AND ? IS NULL))
           AND EXISTS (SELECT 1 FROM consent_grant g JOIN application a ON a.id = g.application_id
                       WHERE g.id = grant_id AND g.ended_at IS NULL AND a.status = 'active'
                         AND (authorization_code.scope_bits & ~g.scope_bits) = 0 AND ", no_lock_down!("?", "a.client_id"), ")
         RETURNING scope, flow_id,
             (SELECT i.patient_id FROM consent_grant g JOIN identity i ON i.id = g.identity_id WHERE g.id = grant_id),
             (SELECT data_access_type FROM consent_grant g WHERE g.id = grant_id),
             (SELECT expires_at FROM consent_grant g WHERE g.id = grant_id),
             (SELECT i.patient_id_v3 FROM consent_grant g JOIN identity i ON i.id = g.identity_id WHERE g.id = grant_id)"),
        vec![
            redemption.now.into(),
            redemption.access_hash.into(),
            redemption.access_expires_at.into(),
            redemption.refresh_hash.into(),
            redemption.event.request_id.into(),
            redemption.event.carried(),
            redemption.code_hash.into(),
            redemption.now.into(),
            redemption.application_id.into(),
            redemption.challenge.as_str().into(),
            redemption.redirect_uri.into(),
            redemption.redirect_uri.into(),
            redemption.version.into(),
        ],
    )
    .await?;
    row.as_ref()
        .map(|row| issued(row, [0, 1, 2, 3, 4, 5]))
        .transpose()
}

/// Finds a used code by what its own client must present: code, client, redirect URI and challenge.
///
/// # Errors
///
/// The store's error.
pub async fn used_code(
    database: &dyn Database,
    code_hash: SecretHash,
    application_id: i64,
    redirect_uri: Option<&str>,
    challenge: &Challenge,
) -> Result<Option<UsedCode>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT c.id, c.flow_id, i.patient_id, i.patient_id_v3 FROM authorization_code c
         JOIN consent_grant g ON g.id = c.grant_id JOIN identity i ON i.id = g.identity_id
         WHERE c.code_hash = ? AND c.application_id = ? AND c.code_challenge = ? AND c.used_at IS NOT NULL
           AND (c.redirect_uri = ? OR (c.redirect_uri_given = 0 AND ? IS NULL))",
        vec![
            code_hash.into(),
            application_id.into(),
            challenge.as_str().into(),
            redirect_uri.into(),
            redirect_uri.into(),
        ],
    )
    .await?;
    row.map(|row| {
        Ok(UsedCode {
            id: row.integer(0)?,
            flow_id: row.text(1)?.to_owned(),
            patients: row.patients(2, 3)?,
        })
    })
    .transpose()
}

/// Ends the chain that a code gave. True where it lived until now.
///
/// # Errors
///
/// The store's error.
pub async fn end_chain_of_code(
    database: &dyn Database,
    code_id: i64,
    reason: &'static str,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    end(database, "code_id", code_id, reason, now, event).await
}

/// Ends one chain. True where it lived until now.
///
/// # Errors
///
/// The store's error.
pub async fn end_chain(
    database: &dyn Database,
    chain_id: i64,
    reason: &'static str,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    end(database, "id", chain_id, reason, now, event).await
}

/// Ends a grant and, by trigger, every chain under it. True where it lived until now.
///
/// # Errors
///
/// The store's error.
pub async fn end_grant(
    database: &dyn Database,
    grant_id: i64,
    reason: &'static str,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "UPDATE consent_grant SET ended_at = ?, end_reason = ?, request_id = ?, event = ? WHERE id = ? AND ended_at IS NULL RETURNING 1",
        vec![
            now.into(),
            reason.into(),
            event.request_id.into(),
            event.carried(),
            grant_id.into(),
        ],
    )
    .await?;
    Ok(row.is_some())
}

/// Finds the chain of a refresh token: the current one, the one before, or any retired one.
///
/// # Errors
///
/// The store's error.
pub async fn chain_of_refresh(
    database: &dyn Database,
    token: SecretHash,
) -> Result<Option<Chain>, StoreError> {
    const COLUMNS: &str = "c.id, c.application_id, c.scope, c.end_reason, g.end_reason, c.flow_id, i.patient_id, g.data_access_type, g.expires_at, c.rotated_at, i.patient_id_v3, c.rotated_from";
    const JOINS: &str =
        "JOIN consent_grant g ON g.id = c.grant_id JOIN identity i ON i.id = g.identity_id";
    let sql = format!(
        "SELECT {COLUMNS}, c.generation, 'current' FROM token_chain c {JOINS} WHERE c.refresh_hash = ?
         UNION ALL
         SELECT {COLUMNS}, r.generation, CASE WHEN c.previous_hash = r.token_hash THEN 'previous' ELSE 'retired' END
         FROM retired_refresh r JOIN token_chain c ON c.id = r.chain_id {JOINS} WHERE r.token_hash = ?"
    );
    let row = one(
        database,
        Durability::Durable,
        &sql,
        vec![token.into(), token.into()],
    )
    .await?;
    row.map(|row| {
        Ok(Chain {
            id: row.integer(0)?,
            application_id: row.integer(1)?,
            scopes: row.scopes(2)?,
            end_reason: row.optional_text(3)?.map(str::to_owned),
            grant_end_reason: row.optional_text(4)?.map(str::to_owned),
            issued: issued(&row, [2, 5, 6, 7, 8, 10])?,
            rotated_from: row.optional_blob(11)?.unwrap_or_default().to_vec(),
            generation: row.integer(12)?,
            presented: match (row.text(13)?, row.optional_instant(9)?) {
                ("current", _) => Presented::Current,
                ("previous", Some(rotated_at)) => Presented::Previous(rotated_at),
                _ => Presented::Retired,
            },
        })
    })
    .transpose()
}

/// Rotates: `presented` becomes the previous token, `successor` the current one, and a new access token
/// comes into being. False where another request rotated first, or the chain ended.
///
/// # Errors
///
/// The store's error.
pub async fn rotate(
    database: &dyn Database,
    presented: SecretHash,
    successor: SecretHash,
    access: NewAccess<'_>,
) -> Result<bool, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        concat!("UPDATE token_chain SET previous_hash = refresh_hash, refresh_hash = ?, generation = generation + 1, rotated_at = ?, rotated_from = ?,
             scope = ?, scope_bits = ?, access_hash = ?, access_expires_at = ?, request_id = ?, event = ?
         WHERE refresh_hash = ? AND ended_at IS NULL
           AND EXISTS (SELECT 1 FROM consent_grant g WHERE g.id = grant_id AND g.ended_at IS NULL
                       AND (g.expires_at IS NULL OR g.expires_at > ?))
           AND ", no_lock_down!("?", "(SELECT client_id FROM application a WHERE a.id = token_chain.application_id)"), "
         RETURNING 1"),
        vec![
            successor.into(),
            access.now.into(),
            access.from.into(),
            access.scopes.to_string().into(),
            access.scopes.permissions().bits().into(),
            access.hash.into(),
            access.expires_at.into(),
            access.event.request_id.into(),
            access.event.carried(),
            presented.into(),
            access.now.into(),
            access.version.into(),
        ],
    )
    .await?;
    Ok(row.is_some())
}

/// Gives a fresh access token to whoever repeats with the previous refresh token, as long as `successor` is
/// the current one. False where it no longer is, or the chain ended.
///
/// # Errors
///
/// The store's error.
pub async fn reissue(
    database: &dyn Database,
    presented: SecretHash,
    successor: SecretHash,
    access: NewAccess<'_>,
) -> Result<bool, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        concat!("INSERT INTO access_token (token_hash, chain_id, scope, scope_bits, issued_at, expires_at, request_id, event)
         SELECT ?, id, ?, ?, ?, ?, ?, ? FROM token_chain
         WHERE refresh_hash = ? AND previous_hash = ? AND ended_at IS NULL
           AND ", no_lock_down!("?", "(SELECT client_id FROM application a WHERE a.id = token_chain.application_id)"), "
         RETURNING 1"),
        vec![
            access.hash.into(),
            access.scopes.to_string().into(),
            access.scopes.permissions().bits().into(),
            access.now.into(),
            access.expires_at.into(),
            access.event.request_id.into(),
            access.event.carried(),
            successor.into(),
            presented.into(),
            access.version.into(),
        ],
    )
    .await?;
    Ok(row.is_some())
}

/// How often refresh tokens of a chain were repeated since an instant.
///
/// # Errors
///
/// The store's error.
pub async fn repeats(
    database: &dyn Database,
    chain_id: i64,
    since: UnixMillis,
) -> Result<i64, StoreError> {
    // Only a repeat issues an access token by a statement of its own.
    one(
        database,
        Durability::Durable,
        "SELECT COUNT(*) FROM access_token WHERE chain_id = ? AND request_id IS NOT NULL AND issued_at > ?",
        vec![chain_id.into(), since.into()],
    )
    .await?
    .ok_or(StoreError::Shape("the repeats of a chain"))?
    .integer(0)
}

/// Notes that the current refresh token was presented, though in vain: from now on the one before is retired.
/// True where that was not so before.
///
/// # Errors
///
/// The store's error.
pub async fn end_grace(
    database: &dyn Database,
    presented: SecretHash,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "UPDATE token_chain SET previous_hash = NULL, request_id = ?, event = ?
         WHERE refresh_hash = ? AND previous_hash IS NOT NULL AND ended_at IS NULL RETURNING 1",
        vec![event.request_id.into(), event.carried(), presented.into()],
    )
    .await?;
    Ok(row.is_some())
}

/// Finds an access or refresh token, live or not.
///
/// # Errors
///
/// The store's error.
pub async fn find(
    database: &dyn Database,
    token: SecretHash,
    now: UnixMillis,
) -> Result<Option<Found>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT c.id, c.grant_id, c.application_id, c.flow_id, i.patient_id, t.scope, t.issued_at, t.expires_at,
                t.current AND c.ended_at IS NULL AND g.ended_at IS NULL AND a.status = 'active'
                    AND (g.expires_at IS NULL OR g.expires_at > ?) AND (t.expires_at IS NULL OR t.expires_at > ?),
                t.refresh, i.patient_id_v3
         FROM (
             SELECT chain_id, scope, issued_at, expires_at, 1 AS current, 0 AS refresh FROM access_token WHERE token_hash = ?
             UNION ALL
             SELECT c.id, c.scope, COALESCE(c.rotated_at, c.created_at), g.expires_at, 1, 1
             FROM token_chain c JOIN consent_grant g ON g.id = c.grant_id WHERE c.refresh_hash = ?
             UNION ALL
             SELECT r.chain_id, c.scope, c.created_at, r.retired_at, 0, 1
             FROM retired_refresh r JOIN token_chain c ON c.id = r.chain_id WHERE r.token_hash = ?
         ) t
         JOIN token_chain c ON c.id = t.chain_id
         JOIN consent_grant g ON g.id = c.grant_id
         JOIN application a ON a.id = c.application_id
         JOIN identity i ON i.id = g.identity_id",
        vec![now.into(), now.into(), token.into(), token.into(), token.into()],
    )
    .await?;
    row.map(|row| {
        Ok(Found {
            chain_id: row.integer(0)?,
            grant_id: row.integer(1)?,
            application_id: row.integer(2)?,
            flow_id: row.text(3)?.to_owned(),
            patients: row.patients(4, 10)?,
            scopes: row.scopes(5)?,
            issued_at: row.instant(6)?,
            expires_at: row.optional_instant(7)?,
            live: row.flag(8)?,
            refresh: row.flag(9)?,
        })
    })
    .transpose()
}

async fn end(
    database: &dyn Database,
    column: &'static str,
    id: i64,
    reason: &'static str,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    let sql = format!(
        "UPDATE token_chain SET ended_at = ?, end_reason = ?, request_id = ?, event = ? WHERE {column} = ? AND ended_at IS NULL RETURNING 1"
    );
    let parameters = vec![
        now.into(),
        reason.into(),
        event.request_id.into(),
        event.carried(),
        id.into(),
    ];
    Ok(one(database, Durability::Durable, &sql, parameters)
        .await?
        .is_some())
}

/// Columns: scope, flow_id, patient_id, data_access_type, grant expires_at, patient_id_v3.
fn issued(row: &Row, columns: [usize; 6]) -> Result<Issued, StoreError> {
    let [scope, flow, patient_id, kind, expires, patient_id_v3] = columns;
    Ok(Issued {
        scopes: row.scopes(scope)?,
        flow_id: row.text(flow)?.to_owned(),
        patients: row.patients(patient_id, patient_id_v3)?,
        data_access_type: DataAccessType::parse(row.text(kind)?)
            .ok_or(StoreError::Shape("consent_grant.data_access_type"))?,
        grant_expires_at: row.optional_instant(expires)?,
    })
}
