//! Authorization requests on their way through sign-in and consent.

use bluegate_shared::pkce::Challenge;
use bluegate_shared::scope::ScopeSet;

use crate::audit::event::Event;
use crate::base::language::Language;
use crate::base::ports::{Database, Durability, UnixMillis, Value};
use crate::base::secret::SecretHash;
use crate::base::store::row::{Row, StoreError, one};
use crate::base::version::Version;
use crate::lock_down::no_lock_down;
use crate::oauth::application::DataAccessType;
use crate::oauth::consent::Decision;
use crate::oauth::redirect::VerifiedRedirect;

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

/// A request on its way through sign-in and consent, or decided.
#[non_exhaustive]
pub struct AuthorizationRequest {
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
    /// Which of the browser's cookies it is bound to, by its hash.
    pub browser_hash: SecretHash,
    /// What was decided, once somebody did.
    pub decision: Option<Decision>,
    /// The code of an Allow is neither used nor over.
    pub code_lives: bool,
}

/// A decision as it is written, all in one statement with its trigger.
#[allow(clippy::exhaustive_structs)]
pub struct NewDecision<'a> {
    /// Hash of the id of the request.
    pub id_hash: SecretHash,
    /// Hash of the browser's cookie.
    pub browser_hash: SecretHash,
    /// Who decides.
    pub identity_id: i64,
    /// The decision that stands, as it was read: this one follows it, and nothing else.
    pub standing: Option<&'a Decision>,
    /// What an Allow gives; nothing is a denial.
    pub allow: Option<Allow<'a>>,
    /// Now.
    pub now: UnixMillis,
    /// Until when the same decision gets the same answer, at least.
    pub answered_until: UnixMillis,
    /// What the audit says.
    pub event: &'a Event<'a>,
}

/// What an Allow gives.
#[allow(clippy::exhaustive_structs)]
pub struct Allow<'a> {
    /// When the application was changed last, as it was read: what the person saw of it.
    pub application_updated_at: UnixMillis,
    /// Since when it has its logo, as it was read.
    pub logo_since: Option<UnixMillis>,
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

/// Finds a request of this browser that is not over, decided or not.
///
/// # Errors
///
/// The store's error.
pub async fn find(
    database: &dyn Database,
    id_hash: SecretHash,
    browsers: &[SecretHash],
    now: UnixMillis,
) -> Result<Option<AuthorizationRequest>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT application_id, version, redirect_uri, redirect_uri_given, client_state, scope, language, flow_id, identity_id, implicit,
                decision, granted_scope,
                EXISTS (SELECT 1 FROM authorization_code c
                        WHERE c.code_hash = authorization_request.code_hash AND c.used_at IS NULL AND c.expires_at > ?1),
                browser_hash
         FROM authorization_request
         WHERE id_hash = ?2 AND expires_at > ?1",
        vec![now.into(), id_hash.into()],
    )
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let bound = one_of(browsers, row.optional_blob(13)?);
    bound.map(|browser| read(&row, browser)).transpose()
}

/// The same, also long after it was over: for the way back to its application.
///
/// # Errors
///
/// The store's error.
pub async fn ever(
    database: &dyn Database,
    id_hash: SecretHash,
    browsers: &[SecretHash],
) -> Result<Option<AuthorizationRequest>, StoreError> {
    find(database, id_hash, browsers, UnixMillis(0)).await
}

/// The same, as long as nobody decided.
///
/// # Errors
///
/// The store's error.
pub async fn pending(
    database: &dyn Database,
    id_hash: SecretHash,
    browsers: &[SecretHash],
    now: UnixMillis,
) -> Result<Option<AuthorizationRequest>, StoreError> {
    let found = find(database, id_hash, browsers, now).await?;
    Ok(found.filter(|request| request.decision.is_none()))
}

/// A sign-in on the way to an application.
#[allow(clippy::exhaustive_structs)]
pub struct SignedIn<'a> {
    /// Hash of the id of the request.
    pub id_hash: SecretHash,
    /// Which of the browser's cookies it is bound to.
    pub browser_hash: SecretHash,
    /// All of the browser's cookies: what they have of anybody else ends.
    pub browsers: &'a [SecretHash],
    /// Who signed in.
    pub identity_id: i64,
    /// Now.
    pub now: UnixMillis,
    /// What the audit says.
    pub event: &'a Event<'a>,
}

/// Notes who signed in, and ends what the browser has of anybody else. False where the request is decided, over, or
/// another browser's.
///
/// # Errors
///
/// The store's error.
pub async fn signed_in(database: &dyn Database, sign_in: SignedIn<'_>) -> Result<bool, StoreError> {
    let SignedIn { now, event, .. } = sign_in;
    let row = one(
        database,
        Durability::Durable,
        "UPDATE authorization_request SET identity_id = ?, signed_in_at = ?, browsers = ?, request_id = ?, event = ?
         WHERE id_hash = ? AND browser_hash = ? AND decided_at IS NULL AND expires_at > ?
         RETURNING 1",
        vec![
            sign_in.identity_id.into(),
            now.into(),
            listed(sign_in.browsers),
            event.request_id.into(),
            event.carried(),
            sign_in.id_hash.into(),
            sign_in.browser_hash.into(),
            now.into(),
        ],
    )
    .await?;
    Ok(row.is_some())
}

/// The one of these that is stored.
pub(crate) fn one_of(browsers: &[SecretHash], stored: Option<&[u8]>) -> Option<SecretHash> {
    browsers
        .iter()
        .find(|hash| stored.is_some_and(|stored| hash.is(stored)))
        .copied()
}

/// Hashes as a statement takes a list of them.
pub(crate) fn listed(hashes: &[SecretHash]) -> Value {
    let hashes: Vec<_> = hashes.iter().map(SecretHash::hex).collect();
    Value::Text(serde_json::json!(hashes).to_string())
}

/// The statement of a decision, up to what an Allow needs besides.
macro_rules! decided {
    ($written:literal) => {
        concat!(
            "UPDATE authorization_request SET decided_at = ?, expires_at = MAX(expires_at, ?), request_id = ?, event = ?, ",
            $written,
            "
         WHERE id_hash = ? AND browser_hash = ? AND identity_id = ? AND expires_at > ?
           AND decision IS ? AND granted_scope IS ?"
        )
    };
}
/// Decides a request. False where it is over, another decision came meanwhile, somebody else signed in, or, for an
/// Allow, a lock-down holds or the application is not the one that was read; so too for one that narrows a grant that the person ended elsewhere.
///
/// # Errors
///
/// The store's error.
pub async fn decide(
    database: &dyn Database,
    decision: NewDecision<'_>,
) -> Result<bool, StoreError> {
    let NewDecision { now, event, .. } = decision;
    let mut parameters: Vec<Value> = vec![
        now.into(),
        decision.answered_until.into(),
        event.request_id.into(),
        event.carried(),
    ];
    let mut seen = Vec::new();
    let sql = match decision.allow {
        None => concat!(decided!("decision = 'deny', granted_scope = NULL, granted_bits = NULL, data_access_type = NULL,
             grant_expires_at = NULL, profile_sealed = NULL, code_hash = NULL, code_expires_at = NULL"), "
         RETURNING 1"),
        Some(allow) => {
            parameters.extend([
                allow.granted.to_string().into(),
                allow.granted.permissions().bits().into(),
                allow.data_access_type.as_str().into(),
                allow.grant_expires_at.into(),
                allow.profile_sealed.into(),
                allow.code_hash.into(),
                allow.code_expires_at.into(),
            ]);
            seen.extend([
                allow.application_updated_at.into(),
                allow.logo_since.into(),
            ]);
            concat!(decided!("decision = 'allow', granted_scope = ?, granted_bits = ?, data_access_type = ?,
             grant_expires_at = ?, profile_sealed = ?, code_hash = ?, code_expires_at = ?"), "
           AND EXISTS (SELECT 1 FROM application a
                       WHERE a.id = authorization_request.application_id AND a.status = 'active' AND a.updated_at = ?)
           AND (SELECT l.updated_at FROM application_logo l
                WHERE l.application_id = authorization_request.application_id) IS ?
           AND (decision IS NULL OR EXISTS (
                   SELECT 1 FROM consent_grant g
                   WHERE g.identity_id = authorization_request.identity_id
                     AND g.application_id = authorization_request.application_id AND g.ended_at IS NULL))
           AND ", no_lock_down!("authorization_request.version", "(SELECT client_id FROM application a WHERE a.id = authorization_request.application_id)"), "
         RETURNING 1")
        }
    };
    let (standing, given) = match decision.standing {
        None => (Value::Null, Value::Null),
        Some(Decision::Deny) => ("deny".into(), Value::Null),
        Some(Decision::Allow(scopes)) => ("allow".into(), scopes.to_string().into()),
    };
    parameters.extend([
        decision.id_hash.into(),
        decision.browser_hash.into(),
        decision.identity_id.into(),
        now.into(),
        standing,
        given,
    ]);
    parameters.extend(seen);
    Ok(one(database, Durability::Durable, sql, parameters)
        .await?
        .is_some())
}

fn read(row: &Row, browser_hash: SecretHash) -> Result<AuthorizationRequest, StoreError> {
    let redirect = VerifiedRedirect::from_store(row.text(2)?.to_owned(), row.flag(3)?);
    let decision = match row.optional_text(10)? {
        None => None,
        Some("allow") => Some(Decision::Allow(row.scopes(11)?)),
        Some("deny") => Some(Decision::Deny),
        Some(_) => return Err(StoreError::Shape("authorization_request.decision")),
    };
    Ok(AuthorizationRequest {
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
        browser_hash,
        decision,
        code_lives: row.flag(12)?,
    })
}
