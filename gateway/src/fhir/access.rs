//! Who is calling, and what the token allows (docs/contract/07-fhir.md, 7.1 and 7.2).
//!
//! A bearer token becomes a [`LiveToken`] by one read of the store, and a live token becomes an
//! [`Authorized`] call by the check of its scopes. Neither can be made in any other way.

use std::marker::PhantomData;

use bluegate_shared::id::PatientId;
use bluegate_shared::scope::{Permissions, ResourceType};
use http::Method;

use super::refusal::Refusal;
use crate::base::bearer::Bearer;
use crate::base::claims_backend::statements as breaker;
use crate::base::context::App;
use crate::base::failure;
use crate::base::http::Request;
use crate::base::limits::rate::window;
use crate::base::ports::UnixMillis;
use crate::base::secret::SecretHash;
use crate::base::version::{PatientIds, Version};
use crate::fhir::statements::{self as access, KnownToken, Link, Lookup};
use crate::oauth::application::inactive_text;
use crate::oauth::parameters::{is_form, pairs};

/// Finds the live token of a request: lock-down (503), bearer (401), application (401), grant (401 or 403),
/// in this order. `version` is the one that the route serves, `places` are where it lets a token stand.
///
/// # Errors
///
/// The [`Refusal`] for the first of these checks that fails.
pub async fn authenticate(
    app: &App,
    request: &Request,
    version: Version,
    places: Places,
) -> Result<LiveToken, Refusal> {
    examine(app, request, version, places).await.result
}

/// Where a route lets a token stand (RFC 6750, section 2).
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Places {
    /// In the `Authorization` header alone.
    Header,
    /// There, or in the form of a POST (OpenID Connect Core, section 5.3.1).
    HeaderOrForm,
}

/// A token that is live, with everything it leads to.
#[derive(Clone, Debug)]
pub struct LiveToken {
    link: Link,
    breaker: breaker::State,
    person_calls: i64,
}

impl LiveToken {
    /// Row id of the chain.
    #[must_use]
    pub const fn chain_id(&self) -> i64 {
        self.link.chain_id
    }

    /// Row id of the grant.
    #[must_use]
    pub const fn grant_id(&self) -> i64 {
        self.link.grant_id
    }

    /// Row id of the application.
    #[must_use]
    pub const fn application_id(&self) -> i64 {
        self.link.application_id
    }

    /// Row id of the identity.
    #[must_use]
    pub const fn identity_id(&self) -> i64 {
        self.link.identity_id
    }

    /// `client_id` of the application.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.link.client_id
    }

    /// Name of the application.
    #[must_use]
    pub fn client_name(&self) -> &str {
        &self.link.client_name
    }

    /// One id from authorize to the last FHIR call.
    #[must_use]
    pub fn flow_id(&self) -> &str {
        &self.link.flow_id
    }

    /// What the token allows.
    #[must_use]
    pub const fn permissions(&self) -> Permissions {
        self.link.permissions
    }

    /// The person at the claims backend.
    #[must_use]
    pub const fn patients(&self) -> &PatientIds {
        &self.link.patients
    }

    /// The circuit breaker, as the same read found it.
    pub(super) const fn breaker(&self) -> &breaker::State {
        &self.breaker
    }

    /// Whose failures of the backend these are, for the circuit breaker: the account, as at the sign-in.
    pub(super) fn who(&self) -> Vec<u8> {
        let link = &self.link;
        link.account
            .clone()
            .unwrap_or_else(|| link.identity_id.to_be_bytes().to_vec())
    }

    /// Calls that the person made at the application in this minute, as the same read found it.
    pub(super) const fn person_calls(&self) -> i64 {
        self.person_calls
    }

    /// What the store joined.
    pub(crate) const fn link(&self) -> &Link {
        &self.link
    }
}

/// One resource by its id.
#[derive(Debug)]
pub enum Read {}

/// A search.
#[derive(Debug)]
pub enum Search {}

/// The insurance card, which is made of the Patient and all Coverages.
#[derive(Debug)]
pub enum Card {}

/// An interaction that scopes allow.
pub trait Allowed: sealed::Sealed {
    /// The permission it needs.
    fn needs(resource: ResourceType) -> Permissions;

    /// The scope that gives it.
    fn scope(resource: ResourceType) -> String {
        format!("patient/{}.read", resource.name())
    }
}

impl Allowed for Read {
    fn needs(resource: ResourceType) -> Permissions {
        Permissions::read(resource)
    }
}

impl Allowed for Search {
    fn needs(resource: ResourceType) -> Permissions {
        Permissions::search(resource)
    }
}

impl Allowed for Card {
    fn needs(_: ResourceType) -> Permissions {
        Permissions::read(ResourceType::Patient).union(Permissions::search(ResourceType::Coverage))
    }

    fn scope(_: ResourceType) -> String {
        "patient/Patient.read patient/Coverage.read".to_owned()
    }
}

/// A live token whose scopes allow this interaction with this resource type. The backend is called with
/// nothing less.
#[derive(Debug)]
pub struct Authorized<I> {
    token: LiveToken,
    patient_id: PatientId,
    version: Version,
    resource: ResourceType,
    interaction: PhantomData<I>,
}

impl<I: Allowed> Authorized<I> {
    /// The scope check.
    ///
    /// # Errors
    ///
    /// [`Refusal::InsufficientScope`] or [`Refusal::NoPatientInVersion`].
    pub fn check(
        token: LiveToken,
        version: Version,
        resource: ResourceType,
    ) -> Result<Self, Refusal> {
        if !token.permissions().contains(I::needs(resource)) {
            return Err(Refusal::InsufficientScope(I::scope(resource)));
        }
        let Some(patient_id) = token.patients().of(version).cloned() else {
            return Err(Refusal::NoPatientInVersion);
        };
        Ok(Self {
            token,
            patient_id,
            version,
            resource,
            interaction: PhantomData,
        })
    }
}

impl<I> Authorized<I> {
    /// The token.
    #[must_use]
    pub const fn token(&self) -> &LiveToken {
        &self.token
    }

    /// The person in the id space of the version.
    #[must_use]
    pub const fn patient_id(&self) -> &PatientId {
        &self.patient_id
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The resource type.
    #[must_use]
    pub const fn resource(&self) -> ResourceType {
        self.resource
    }
}

/// What a request presented, and what came of it. The link is known for some refusals too: the audit says
/// whose token was refused.
pub(crate) struct Examined {
    pub(crate) link: Option<Link>,
    pub(crate) result: Result<LiveToken, Refusal>,
}

pub(crate) async fn examine(
    app: &App,
    request: &Request,
    version: Version,
    places: Places,
) -> Examined {
    let form = form_token(request, places);
    let header = formed(Bearer::of(&request.headers));
    let repeated = form.is_some() && !matches!(header, Bearer::Missing);
    let bearer = match &form {
        Some(form) if !repeated => formed(Bearer::Token(form)),
        _ => header,
    };
    let hash = match &bearer {
        Bearer::Token(token) => Some(SecretHash::of(token)),
        Bearer::Missing | Bearer::Malformed => None,
    };
    let Lookup {
        locked_down,
        breaker,
        person_calls,
        token,
        ..
    } = match access::lookup(
        &*app.database,
        hash,
        version.segment(),
        window(app.clock.now()),
    )
    .await
    {
        Ok(lookup) => lookup,
        Err(error) => {
            failure::note(app.log.as_ref(), &request.request_id, "access", &error);
            return Examined {
                link: None,
                result: Err(Refusal::StoreUnavailable),
            };
        }
    };
    let link = token.as_ref().map(|token| token.link.clone());
    let result = if locked_down {
        Err(Refusal::LockedDown)
    } else if presents_token_elsewhere(request, places) {
        Err(Refusal::TokenInQuery)
    } else if repeated {
        Err(Refusal::TokenRepeated)
    } else {
        match (bearer, token) {
            (Bearer::Missing, _) => Err(Refusal::NoCredentials),
            (Bearer::Malformed, _) | (Bearer::Token(_), None) => Err(Refusal::InvalidToken),
            (Bearer::Token(_), Some(token)) => live(token, app.clock.now()).map(|link| LiveToken {
                link,
                breaker,
                person_calls,
            }),
        }
    };
    Examined { link, result }
}

/// What a token leads to while it lives.
fn live(token: KnownToken, now: UnixMillis) -> Result<Link, Refusal> {
    // The end of a grant ends its chains too; the client is told which of the two it was.
    if token.expires_at <= now || (token.chain_ended && token.grant_end_reason.is_none()) {
        return Err(Refusal::InvalidToken);
    }
    if !token.application_active {
        return Err(Refusal::ApplicationInactive(inactive_text(
            &token.link.client_name,
        )));
    }
    match token.grant_end_reason.as_deref() {
        Some("expired") => return Err(Refusal::GrantExpired),
        Some(_) => return Err(Refusal::GrantRevoked),
        None => {}
    }
    if token.grant_expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::GrantExpired);
    }
    Ok(token.link)
}

/// Tokens of this gateway have this form; whatever has another is none of them, and is not looked for.
fn formed(bearer: Bearer<'_>) -> Bearer<'_> {
    match bearer {
        Bearer::Token(token) if !is_formed(token) => Bearer::Malformed,
        bearer => bearer,
    }
}

fn is_formed(token: &str) -> bool {
    !token.is_empty()
        && token.len() <= 512
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The token in the form of a POST (RFC 6750, section 2.2), where the route takes it there. Two of them are none.
fn form_token(request: &Request, places: Places) -> Option<String> {
    if places == Places::Header || request.method != Method::POST || !is_form(&request.headers) {
        return None;
    }
    let mut tokens = pairs(&request.body)
        .filter(|(name, _)| name == "access_token")
        .map(|(_, token)| token.into_owned());
    let first = tokens.next()?;
    Some(if tokens.next().is_some() {
        String::new()
    } else {
        first
    })
}

/// RFC 9700, section 4.3.2: tokens in URLs end up in logs. The form of a search counts like the query.
fn presents_token_elsewhere(request: &Request, places: Places) -> bool {
    let named = |text: &[u8]| pairs(text).any(|(name, _)| name == "access_token");
    request
        .query
        .as_deref()
        .is_some_and(|query| named(query.as_bytes()))
        || (places == Places::Header && is_form(&request.headers) && named(&request.body))
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Read {}
    impl Sealed for super::Search {}
    impl Sealed for super::Card {}
}
