//! Authorization requests on their way through sign-in and consent.

use bluegate_shared::pkce::Challenge;
use bluegate_shared::scope::ScopeSet;

use crate::policy::application::DataAccessType;
use crate::policy::authorize::Language;
use crate::policy::redirect::VerifiedRedirect;
use crate::ports::{Database, Durability, UnixMillis, Value};
use crate::secret::SecretHash;
use crate::version::{PatientIds, Version};

use super::audit::Event;
use super::lock_down::no_lock_down;
use super::row::{Row, StoreError, one};

/// A new request that passed all checks.
#[allow(clippy::exhaustive_structs)]
pub struct NewRequest<'a> {
    /// Hash of the random id that the following pages carry.
    pub id_hash: SecretHash,
    /// Hash of the browser's cookie.
    pub browser_hash: SecretHash,
    /// Row id of the application.
    pub application_id: i64,
    /// Version of the route that it came by.
    pub version: Version,
    /// Where the answer goes.
    pub redirect: &'a VerifiedRedirect,
    /// The client's `state`.
    pub state: &'a str,
    /// Implicit flow.
    pub implicit: bool,
    /// PKCE challenge.
    pub challenge: &'a Challenge,
    /// What was asked for.
    pub scopes: &'a ScopeSet,
    /// Language of the pages.
    pub language: Language,
    /// One id from here to the last FHIR call.
    pub flow_id: &'a str,
    /// Now.
    pub now: UnixMillis,
    /// When it is forgotten.
    pub expires_at: UnixMillis,
    /// Id of the HTTP request.
    pub request_id: &'a str,
}

/// A request that waits for sign-in or for the decision.
#[non_exhaustive]
#[derive(Debug)]
pub struct PendingRequest {
    /// Row id of the application.
    pub application_id: i64,
    /// Version of the route that it came by.
    pub version: Version,
    /// Where the answer goes.
    pub redirect: VerifiedRedirect,
    /// The client's `state`.
    pub state: String,
    /// What was asked for.
    pub scopes: ScopeSet,
    /// Language of the pages.
    pub language: Language,
    /// Flow id.
    pub flow_id: String,
    /// Who signed in, once somebody did.
    pub identity_id: Option<i64>,
    /// Implicit flow.
    pub implicit: bool,
}

/// What an Allow writes, all in one statement with its trigger.
#[allow(clippy::exhaustive_structs)]
pub struct Allow<'a> {
    /// Scopes after the choice about demographic information.
    pub granted: &'a ScopeSet,
    /// How long access lasts.
    pub data_access_type: DataAccessType,
    /// End of the grant.
    pub grant_expires_at: Option<UnixMillis>,
    /// Sealed profile, where `profile` was granted.
    pub profile_sealed: Option<Vec<u8>>,
    /// Hash of the code.
    pub code_hash: SecretHash,
    /// End of the code.
    pub code_expires_at: UnixMillis,
}

/// Keeps a new request.
///
/// # Errors
///
/// The store's error.
pub async fn create(database: &dyn Database, request: &NewRequest<'_>) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "INSERT INTO authorization_request (id_hash, browser_hash, application_id, version, redirect_uri, redirect_uri_given,
             client_state, implicit, code_challenge, scope, scope_bits, language, flow_id, created_at, expires_at, request_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            request.id_hash.into(),
            request.browser_hash.into(),
            request.application_id.into(),
            request.version.segment().into(),
            request.redirect.as_str().into(),
            request.redirect.was_given().into(),
            request.state.into(),
            request.implicit.into(),
            request.challenge.as_str().into(),
            request.scopes.to_string().into(),
            request.scopes.permissions().bits().into(),
            request.language.tag().into(),
            request.flow_id.into(),
            request.now.into(),
            request.expires_at.into(),
            request.request_id.into(),
        ],
    )
    .await
    .map(drop)
}

/// Finds a request that is neither decided nor expired and belongs to this browser.
///
/// # Errors
///
/// The store's error.
pub async fn pending(
    database: &dyn Database,
    id_hash: SecretHash,
    browser_hash: SecretHash,
    now: UnixMillis,
) -> Result<Option<PendingRequest>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT application_id, version, redirect_uri, redirect_uri_given, client_state, scope, language, flow_id, identity_id, implicit
         FROM authorization_request
         WHERE id_hash = ? AND browser_hash = ? AND decided_at IS NULL AND expires_at > ?",
        vec![id_hash.into(), browser_hash.into(), now.into()],
    )
    .await?;
    row.as_ref().map(read).transpose()
}

/// Notes who signed in. False where the request is decided, expired or another browser's.
///
/// # Errors
///
/// The store's error.
pub async fn signed_in(
    database: &dyn Database,
    id_hash: SecretHash,
    browser_hash: SecretHash,
    identity_id: i64,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "UPDATE authorization_request SET identity_id = ?, signed_in_at = ?, request_id = ?, event = ?
         WHERE id_hash = ? AND browser_hash = ? AND decided_at IS NULL AND expires_at > ?
         RETURNING 1",
        vec![
            identity_id.into(),
            now.into(),
            event.request_id.into(),
            event.carried(),
            id_hash.into(),
            browser_hash.into(),
            now.into(),
        ],
    )
    .await?;
    Ok(row.is_some())
}

/// Decides a request, once: `allow` makes grant and code in the same statement, nothing is a denial.
/// False where it was decided before, expired, somebody else signed in meanwhile, or, for an Allow, a lock-down
/// holds.
///
/// # Errors
///
/// The store's error.
pub async fn decide(
    database: &dyn Database,
    id_hash: SecretHash,
    browser_hash: SecretHash,
    identity_id: i64,
    allow: Option<Allow<'_>>,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    let (sql, mut parameters): (_, Vec<Value>) = match allow {
        None => (
            "UPDATE authorization_request SET decided_at = ?, request_id = ?, event = ?, decision = 'deny'
             WHERE id_hash = ? AND browser_hash = ? AND identity_id = ? AND decided_at IS NULL AND expires_at > ?
             RETURNING 1",
            vec![now.into(), event.request_id.into(), event.carried()],
        ),
        Some(allow) => (
            concat!("UPDATE authorization_request SET decided_at = ?, request_id = ?, event = ?, decision = 'allow', granted_scope = ?, granted_bits = ?,
                 data_access_type = ?, grant_expires_at = ?, profile_sealed = ?, code_hash = ?, code_expires_at = ?
             WHERE id_hash = ? AND browser_hash = ? AND identity_id = ? AND decided_at IS NULL AND expires_at > ?
               AND ", no_lock_down!("authorization_request.version", "(SELECT client_id FROM application a WHERE a.id = authorization_request.application_id)"), "
             RETURNING 1"),
            vec![
                now.into(),
                event.request_id.into(),
                event.carried(),
                allow.granted.to_string().into(),
                allow.granted.permissions().bits().into(),
                allow.data_access_type.as_str().into(),
                allow.grant_expires_at.into(),
                allow.profile_sealed.into(),
                allow.code_hash.into(),
                allow.code_expires_at.into(),
            ],
        ),
    };
    parameters.extend([
        id_hash.into(),
        browser_hash.into(),
        identity_id.into(),
        now.into(),
    ]);
    Ok(one(database, Durability::Durable, sql, parameters)
        .await?
        .is_some())
}

/// Where the answer of an allowed request went, as long as its code could still be redeemed.
#[non_exhaustive]
#[derive(Debug)]
pub struct Decided {
    /// Where the answer went.
    pub redirect: VerifiedRedirect,
    /// The client's `state`.
    pub state: String,
    /// Who decided.
    pub identity_id: i64,
    /// The person at the claims backend.
    pub patients: PatientIds,
    /// The application that was allowed.
    pub client_id: String,
    /// Flow id.
    pub flow_id: String,
}

/// Finds a request that this browser allowed and whose code still lives unused.
///
/// # Errors
///
/// The store's error.
pub async fn decided(
    database: &dyn Database,
    id_hash: SecretHash,
    browser_hash: SecretHash,
    code_hash: SecretHash,
    now: UnixMillis,
) -> Result<Option<Decided>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT r.redirect_uri, r.redirect_uri_given, r.client_state, i.id, i.patient_id, a.client_id, r.flow_id, i.patient_id_v3
         FROM authorization_request r
         JOIN identity i ON i.id = r.identity_id
         JOIN application a ON a.id = r.application_id
         WHERE r.id_hash = ? AND r.browser_hash = ? AND r.decision = 'allow' AND r.code_expires_at > ? AND r.implicit = 0
           AND EXISTS (SELECT 1 FROM authorization_code WHERE code_hash = ? AND used_at IS NULL)",
        vec![
            id_hash.into(),
            browser_hash.into(),
            now.into(),
            code_hash.into(),
        ],
    )
    .await?;
    row.map(|row| {
        Ok(Decided {
            redirect: VerifiedRedirect::from_store(row.text(0)?.to_owned(), row.flag(1)?),
            state: row.text(2)?.to_owned(),
            identity_id: row.integer(3)?,
            patients: row.patients(4, 7)?,
            client_id: row.text(5)?.to_owned(),
            flow_id: row.text(6)?.to_owned(),
        })
    })
    .transpose()
}

fn read(row: &Row) -> Result<PendingRequest, StoreError> {
    let redirect = VerifiedRedirect::from_store(row.text(2)?.to_owned(), row.flag(3)?);
    Ok(PendingRequest {
        application_id: row.integer(0)?,
        version: Version::parse(row.text(1)?)
            .ok_or(StoreError::Shape("authorization_request.version"))?,
        redirect: if row.flag(9)? {
            redirect.in_fragment()
        } else {
            redirect
        },
        state: row.text(4)?.to_owned(),
        scopes: row.scopes(5)?,
        language: Language::parse(row.text(6)?)
            .ok_or(StoreError::Shape("authorization_request.language"))?,
        flow_id: row.text(7)?.to_owned(),
        identity_id: row.optional_integer(8)?,
        implicit: row.flag(9)?,
    })
}
