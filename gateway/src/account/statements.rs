//! Visits of people to `/account/`: which browser it is, who signed in, what they connected and who looked.
//!
//! A row of `account_session` begins when the browser is sent to sign in (nobody is behind it yet) and becomes a
//! session by the sign-in, once. It ends by sign-out, or when nothing was done for a while.

use bluegate_shared::scope::ScopeSet;

use crate::audit::event::Event;
use crate::authorize::statements::{listed, one_of};
use crate::base::language::Language;
use crate::base::ports::{Database, Durability, UnixMillis, Value};
use crate::base::secret::SecretHash;
use crate::base::session::Visit;
use crate::base::store::row::{Row, StoreError, all, one};
use crate::oauth::application::DataAccessType;

/// Notes that a browser was sent to sign in.
///
/// # Errors
///
/// The store's error.
pub async fn begin(
    database: &dyn Database,
    transaction: SecretHash,
    browser: SecretHash,
    language: Language,
    now: UnixMillis,
    expires_at: UnixMillis,
    request_id: &str,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Relaxed,
        "INSERT INTO account_session (transaction_hash, browser_hash, language, created_at, expires_at, request_id)
         VALUES (?, ?, ?, ?, ?, ?)",
        vec![
            transaction.into(),
            browser.into(),
            language.tag().into(),
            now.into(),
            expires_at.into(),
            request_id.into(),
        ],
    )
    .await
    .map(drop)
}

/// A visit that waits for its sign-in.
#[non_exhaustive]
pub struct Waiting {
    /// Language of the pages.
    pub language: Language,
    /// Which of the browser's cookies it is bound to, by its hash.
    pub browser_hash: SecretHash,
}

/// Finds a visit of this browser that waits for its sign-in.
///
/// # Errors
///
/// The store's error.
pub async fn waiting(
    database: &dyn Database,
    transaction: SecretHash,
    browsers: &[SecretHash],
    now: UnixMillis,
) -> Result<Option<Waiting>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT language, browser_hash FROM account_session
         WHERE transaction_hash = ? AND session_hash IS NULL AND expires_at > ?",
        vec![transaction.into(), now.into()],
    )
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let Some(browser_hash) = one_of(browsers, row.optional_blob(1)?) else {
        return Ok(None);
    };
    Ok(Some(Waiting {
        language: language(&row, 0)?,
        browser_hash,
    }))
}

/// A sign-in at `/account/`.
#[allow(clippy::exhaustive_structs)]
pub struct Opening<'a> {
    /// Hash of the id of the visit.
    pub transaction: SecretHash,
    /// Which of the browser's cookies it is bound to.
    pub browser_hash: SecretHash,
    /// All of the browser's cookies: what they have of anybody else ends, and the session before.
    pub browsers: &'a [SecretHash],
    /// Hash of the new session.
    pub session: SecretHash,
    /// Who signed in.
    pub identity_id: i64,
    /// Now.
    pub now: UnixMillis,
    /// When it ends, unless it is used.
    pub expires_at: UnixMillis,
    /// What the audit says.
    pub event: &'a Event<'a>,
}

/// Makes a session of a visit, once, and ends the others of the browser. False where it expired or was opened before.
///
/// # Errors
///
/// The store's error.
pub async fn open(database: &dyn Database, opening: Opening<'_>) -> Result<bool, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "UPDATE account_session SET session_hash = ?, identity_id = ?, signed_in_at = ?, expires_at = ?, browsers = ?,
             request_id = ?, event = ?
         WHERE transaction_hash = ? AND browser_hash = ? AND session_hash IS NULL AND expires_at > ?
         RETURNING 1",
        vec![
            opening.session.into(),
            opening.identity_id.into(),
            opening.now.into(),
            opening.expires_at.into(),
            listed(opening.browsers),
            opening.event.request_id.into(),
            opening.event.carried(),
            opening.transaction.into(),
            opening.browser_hash.into(),
            opening.now.into(),
        ],
    )
    .await?;
    Ok(row.is_some())
}

/// Whether a session that has not ended is somebody else's.
///
/// # Errors
///
/// The store's error.
pub async fn is_of_another(
    database: &dyn Database,
    session: SecretHash,
    identity_id: i64,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM account_session WHERE session_hash = ? AND identity_id <> ?";
    let parameters = vec![session.into(), identity_id.into()];
    Ok(one(database, Durability::Durable, sql, parameters)
        .await?
        .is_some())
}

/// Who is behind an open session.
pub(crate) struct Person {
    /// Who signed in.
    pub(crate) identity_id: i64,
    /// Language of the pages.
    pub(crate) language: Language,
}

/// Finds an open session and moves its end; `language` replaces its language where given.
pub(crate) async fn visit(
    database: &dyn Database,
    visit: &Visit<'_>,
) -> Result<Option<Person>, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "UPDATE account_session SET expires_at = ?, language = COALESCE(?, language)
         WHERE session_hash = ? AND expires_at > ? AND signed_in_at > ?
         RETURNING identity_id, language",
        vec![
            visit.expires_at.into(),
            visit
                .language
                .map_or(Value::Null, |language| language.tag().into()),
            visit.secret.hash().into(),
            visit.now.into(),
            visit.signed_in_after.into(),
        ],
    )
    .await?;
    row.map(|row| {
        Ok(Person {
            identity_id: row.integer(0)?,
            language: self::language(&row, 1)?,
        })
    })
    .transpose()
}

/// Ends everything of a browser: the session at `/account/`, visits and requests on their way.
///
/// # Errors
///
/// The store's error.
pub async fn sign_out(
    database: &dyn Database,
    browsers: &[SecretHash],
    session: Option<SecretHash>,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Durable,
        "INSERT INTO sign_out (browsers, session_hash, at, request_id, event) VALUES (?, ?, ?, ?, ?)",
        vec![
            listed(browsers),
            session.map_or(Value::Null, Into::into),
            now.into(),
            event.request_id.into(),
            event.carried(),
        ],
    )
    .await
    .map(drop)
}

/// An application that a person allowed and that can still see something.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Connected {
    /// Row id of the grant.
    pub grant_id: i64,
    /// Client id.
    pub client_id: String,
    /// Name.
    pub name: String,
    /// What it may see.
    pub scopes: ScopeSet,
    /// How long access lasts.
    pub data_access_type: DataAccessType,
    /// When the person last agreed.
    pub consented_at: UnixMillis,
    /// When access ends by itself.
    pub expires_at: Option<UnixMillis>,
    /// When it last looked, as far as the audit goes back.
    pub last_access: Option<UnixMillis>,
    /// Whether it has a logo.
    pub logo: bool,
    /// Whether it is stopped at present, by its maker or by an operator.
    pub suspended: bool,
}

/// The live grants of a person, the newest first. `people` are the keyed hashes under which the audit knows them.
///
/// # Errors
///
/// The store's error.
pub async fn connected(
    database: &dyn Database,
    identity_id: i64,
    people: &[Vec<u8>],
    now: UnixMillis,
) -> Result<Vec<Connected>, StoreError> {
    let sql = format!(
        "SELECT g.id, a.client_id, a.client_name, g.scope, g.data_access_type, g.consented_at, g.expires_at,
                (SELECT MAX(u.ended_at) FROM audit u
                 WHERE u.person IN ({}) AND u.person <> x'' AND u.client_id = a.client_id
                   AND u.outcome = 'ok' AND (u.action LIKE 'fhir.%' OR u.action = 'userinfo')),
                EXISTS (SELECT 1 FROM application_logo l
                        WHERE l.application_id = a.id AND (a.as_registered OR l.approved_bytes IS NOT NULL)),
                a.status <> 'active'
         FROM consent_grant g JOIN application_shown a ON a.id = g.application_id
         WHERE g.identity_id = ? AND g.ended_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ?)
         ORDER BY g.consented_at DESC, g.id DESC",
        placeholders(people)
    );
    let mut parameters: Vec<Value> = people.iter().map(|hash| hash.clone().into()).collect();
    parameters.extend([identity_id.into(), now.into()]);
    all(database, Durability::Relaxed, &sql, parameters)
        .await?
        .iter()
        .map(|row| {
            Ok(Connected {
                grant_id: row.integer(0)?,
                client_id: row.text(1)?.to_owned(),
                name: row.text(2)?.to_owned(),
                scopes: row.scopes(3)?,
                data_access_type: DataAccessType::parse(row.text(4)?)
                    .ok_or(StoreError::Shape("consent_grant.data_access_type"))?,
                consented_at: row.instant(5)?,
                expires_at: row.optional_instant(6)?,
                last_access: row.optional_instant(7)?,
                logo: row.flag(8)?,
                suspended: row.flag(9)?,
            })
        })
        .collect()
}

/// Something that happened to a person's data.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Access {
    /// When.
    pub at: UnixMillis,
    /// Action of the audit.
    pub action: String,
    /// Name of the application; empty where there is none.
    pub application: String,
}

/// What was done with a person's data, the newest first, at most `limit`; refusals are left out.
///
/// # Errors
///
/// The store's error.
pub async fn accesses(
    database: &dyn Database,
    people: &[Vec<u8>],
    limit: i64,
) -> Result<Vec<Access>, StoreError> {
    let sql = format!(
        "SELECT u.ended_at, u.action, COALESCE(a.client_name, '')
         FROM audit u LEFT JOIN application_shown a ON a.client_id = u.client_id
         WHERE u.person IN ({}) AND u.person <> x'' AND u.outcome = 'ok'
           AND (u.action LIKE 'fhir.%' OR u.action IN ('userinfo', 'consent.allow', 'account.revoke', 'signin')
                OR (u.action = 'consent.deny' AND u.code = 'taken_back'))
         ORDER BY u.id DESC LIMIT ?",
        placeholders(people)
    );
    let mut parameters: Vec<Value> = people.iter().map(|hash| hash.clone().into()).collect();
    parameters.push(limit.into());
    all(database, Durability::Relaxed, &sql, parameters)
        .await?
        .iter()
        .map(|row| {
            Ok(Access {
                at: row.instant(0)?,
                action: row.text(1)?.to_owned(),
                application: row.text(2)?.to_owned(),
            })
        })
        .collect()
}

/// Ends a grant of this person and, by trigger, every chain under it. The client id of its application, where it
/// lived until now and is this person's.
///
/// # Errors
///
/// The store's error.
pub async fn revoke(
    database: &dyn Database,
    identity_id: i64,
    grant_id: i64,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<Option<String>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "UPDATE consent_grant SET ended_at = ?, end_reason = 'revoked', request_id = ?, event = ?
         WHERE id = ? AND identity_id = ? AND ended_at IS NULL
         RETURNING (SELECT client_id FROM application WHERE id = application_id)",
        vec![
            now.into(),
            event.request_id.into(),
            event.carried(),
            grant_id.into(),
            identity_id.into(),
        ],
    )
    .await?;
    row.map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

fn placeholders(people: &[Vec<u8>]) -> String {
    vec!["?"; people.len()].join(", ")
}

fn language(row: &Row, column: usize) -> Result<Language, StoreError> {
    Language::parse(row.text(column)?).ok_or(StoreError::Shape("account_session.language"))
}
