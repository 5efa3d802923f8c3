//! Access tokens looked up, and the release permit (docs/contract/07-fhir.md, 7.1 and 7.4).
//!
//! A FHIR call costs one read before the backend and one write after it. The read joins everything that
//! decides about a token, and the state of the circuit breaker; the write is the audit row of the call, and it succeeds only while everything that
//! the read found still holds. A row that was written is the permit to release the answer.

use bluegate_shared::id::PatientId;
use bluegate_shared::scope::Permissions;

use crate::audit::event::{Event, Level};
use crate::base::claims_backend::statements as breaker;
use crate::base::ports::{Database, Durability, UnixMillis, Value};
use crate::base::secret::SecretHash;
use crate::base::store::row::{Row, StoreError, one};
use crate::base::version::PatientIds;
use crate::lock_down::no_lock_down;

/// What the store knows about a presented token.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Lookup {
    /// A lock-down holds for everything, this version or the token's application.
    pub locked_down: bool,
    /// The circuit breaker before the claims backend.
    pub breaker: breaker::State,
    /// Calls that its person made at its application in the window, as far as instances reported them.
    pub person_calls: i64,
    /// The token, where it is known.
    pub token: Option<KnownToken>,
}

/// A token that was issued at some time.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct KnownToken {
    /// What it leads to.
    pub link: Link,
    /// End of the access token.
    pub expires_at: UnixMillis,
    /// Whether the chain has ended.
    pub chain_ended: bool,
    /// Whether the application is active.
    pub application_active: bool,
    /// End of the grant, where it has one.
    pub grant_expires_at: Option<UnixMillis>,
    /// Why the grant was ended, where it was.
    pub grant_end_reason: Option<String>,
}

/// Token, chain, grant, application and person, as one join found them.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Link {
    /// Row id of the chain.
    pub chain_id: i64,
    /// One id from authorize to the last FHIR call.
    pub flow_id: String,
    /// Row id of the grant.
    pub grant_id: i64,
    /// Row id of the application.
    pub application_id: i64,
    /// `client_id` of the application.
    pub client_id: String,
    /// Name of the application.
    pub client_name: String,
    /// Row id of the identity.
    pub identity_id: i64,
    /// Keyed hash of the account that the person signs in with, where it is known.
    pub account: Option<Vec<u8>>,
    /// The person at the claims backend.
    pub patients: PatientIds,
    /// What token and grant allow, and the application may have now.
    pub permissions: Permissions,
}

/// Reads everything that decides about a token. `version` is the path segment, empty where there is none;
/// without a token only lock-downs are looked for, because they come first. `window` is the minute that counts.
///
/// # Errors
///
/// The store's error.
pub async fn lookup(
    database: &dyn Database,
    token: Option<SecretHash>,
    version: &str,
    window: i64,
) -> Result<Lookup, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        LOOKUP,
        vec![
            token.map(Value::from).unwrap_or(Value::Null),
            version.into(),
            window.into(),
        ],
    )
    .await?
    .ok_or(StoreError::Shape("the access lookup"))?;
    Ok(Lookup {
        locked_down: row.flag(0)?,
        breaker: breaker::State::from_row(&row, 15)?,
        person_calls: row.optional_integer(19)?.unwrap_or(0),
        token: match row.optional_instant(1)? {
            Some(expires_at) => Some(known_token(&row, expires_at)?),
            None => None,
        },
    })
}

/// The audit row of a FHIR call.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The event.
    pub event: Event<'a>,
    /// Status of the backend's answer, where there was one.
    pub backend_status: Option<u16>,
    /// Size of the answer before compression, where there is one.
    pub bytes: Option<i64>,
    /// How long the backend took, where it was asked.
    pub backend_ms: Option<i64>,
    /// How many claims the person has, where all of them were asked for.
    pub matches: Option<i64>,
}

/// Writes the audit row of a call whose answer is about to be released, if no lock-down holds and chain,
/// grant, application and person are still what [`lookup`] found. Gives the row's id: the permit. Nothing
/// is given where anything changed meanwhile.
///
/// # Errors
///
/// The store's error; then nothing may be released.
pub async fn permit(
    database: &dyn Database,
    link: &Link,
    version: &str,
    call: &Call<'_>,
) -> Result<Option<i64>, StoreError> {
    let mut parameters = call.parameters();
    parameters.extend([
        link.chain_id.into(),
        link.grant_id.into(),
        link.application_id.into(),
        link.identity_id.into(),
        link.patients.shared().as_str().into(),
        version.into(),
        link.patients.v3().map(PatientId::as_str).into(),
    ]);
    one(database, Durability::Relaxed, PERMIT, parameters)
        .await?
        .map(|row| row.integer(0))
        .transpose()
}

/// Writes the audit row of a call that releases nothing.
///
/// # Errors
///
/// The store's error.
pub async fn record(database: &dyn Database, call: &Call<'_>) -> Result<(), StoreError> {
    // An alert must survive a power cut; the usual refusal costs no more than a permit.
    let durability = match call.event.level {
        Level::Critical => Durability::Durable,
        Level::Info | Level::Warning => Durability::Relaxed,
    };
    one(database, durability, RECORD, call.parameters())
        .await
        .map(drop)
}

impl Call<'_> {
    fn parameters(&self) -> Vec<Value> {
        let event = &self.event;
        vec![
            event.started_at.into(),
            event.ended_at.into(),
            event.request_id.into(),
            event.flow_id.into(),
            event.actor.into(),
            event.client_id.into(),
            event.person.into(),
            event.action.into(),
            event.outcome.into(),
            event.code.into(),
            self.backend_status.map(i64::from).into(),
            self.bytes.into(),
            event.level.as_str().into(),
            self.backend_ms.into(),
            self.matches.into(),
        ]
    }
}

fn known_token(row: &Row, expires_at: UnixMillis) -> Result<KnownToken, StoreError> {
    Ok(KnownToken {
        expires_at,
        chain_ended: row.flag(2)?,
        application_active: row.flag(3)?,
        grant_expires_at: row.optional_instant(4)?,
        grant_end_reason: row.optional_text(5)?.map(str::to_owned),
        link: Link {
            chain_id: row.integer(6)?,
            flow_id: row.text(7)?.to_owned(),
            grant_id: row.integer(8)?,
            application_id: row.integer(9)?,
            client_id: row.text(10)?.to_owned(),
            client_name: row.text(11)?.to_owned(),
            identity_id: row.integer(12)?,
            account: row.optional_blob(20)?.map(<[u8]>::to_vec),
            patients: row.patients(13, 18)?,
            permissions: row.permissions(14)?,
        },
    })
}

/// The left joins give one row of NULLs for an unknown token, so that a lock-down is seen first even then.
const LOOKUP: &str = concat!(
    "SELECT NOT ",
    no_lock_down!("+?2", "a.client_id"),
    ",
       t.expires_at, c.ended_at IS NOT NULL, a.status = 'active', g.expires_at, g.end_reason,
       c.id, c.flow_id, g.id, a.id, a.client_id, a.client_name, i.id, i.patient_id,
       t.scope_bits & g.scope_bits & a.scope_bits,
       b.opened_at, b.probe_at, (SELECT MAX(second) FROM backend_second WHERE failures > 0),
       i.patient_id_v3, w.used, i.account
FROM (SELECT 1)
LEFT JOIN access_token t ON t.token_hash = +?1
LEFT JOIN token_chain c ON c.id = t.chain_id
LEFT JOIN consent_grant g ON g.id = c.grant_id
LEFT JOIN application a ON a.id = c.application_id
LEFT JOIN identity i ON i.id = g.identity_id
LEFT JOIN breaker b ON b.id = 1
LEFT JOIN rate_window w ON w.who = 'person:' || a.id || ':' || i.id AND w.window = +?3"
);

/// `?2` is the end of the call: the grant must still run then. The patient ids are compared once more,
/// so that the row can only be about the person whose data the guard has proved. (One of v3 may have come
/// into being meanwhile; none ever changes.)
const PERMIT: &str = concat!(
    "INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code,
                   backend_status, bytes, level, backend_ms, matches)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15
FROM token_chain c
JOIN consent_grant g ON g.id = c.grant_id
JOIN application a ON a.id = c.application_id
JOIN identity i ON i.id = g.identity_id
WHERE c.id = +?16 AND c.ended_at IS NULL
  AND g.id = +?17 AND g.ended_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > +?2)
  AND a.id = +?18 AND a.status = 'active'
  AND i.id = +?19 AND i.patient_id = +?20 AND (+?22 IS NULL OR i.patient_id_v3 = +?22)
  AND ",
    no_lock_down!("+?21", "a.client_id"),
    " RETURNING id"
);

const RECORD: &str = "\
INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code,
                   backend_status, bytes, level, backend_ms, matches)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
