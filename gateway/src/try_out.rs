//! `POST /sandbox/try/…`: a developer lets happen to a connection of the own application what takes months
//! elsewhere (docs/contract/11-sandbox.md). These routes exist in the sandbox only.
//!
//! Nothing is pretended: ends are brought forward, grants revoked and applications suspended in the store, by
//! the statements that do it in earnest, and the next request meets what it would meet then.

pub mod statements;

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Extension, Router};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};

use crate::application::statements::{by_id, set_status};
use crate::audit::action::Action;
use crate::base::bearer::Bearer;
use crate::base::failure::{Error, Reason};
use crate::base::http::reply::{self, Answer, no_store, problem, set};
use crate::base::http::{Reply, Request};
use crate::base::limits::Surface;
use crate::base::secret::SecretHash;
use crate::base::site::Site;
use crate::oauth::application::{Application, Status};
use crate::oauth::parameters::Parameters;
use crate::oauth::token::{Credentials, Refusal};
use crate::token::statements::{Found, end_grant, find};
use crate::token::{self, client, form, limited};
use crate::try_out::statements::{self as expire_now, Shortened};

/// The routes; none outside of the sandbox.
pub(crate) fn routes(sandbox: bool) -> Router<Site> {
    if sandbox {
        Router::new().route("/sandbox/try/{what}", post(attempt))
    } else {
        Router::new()
    }
}

async fn attempt(
    State(site): State<Site>,
    Path(what): Path<String>,
    Extension(request): Extension<Request>,
) -> Answer {
    let Some(what) = What::parse(&what) else {
        return crate::base::http::reply::not_found();
    };
    match tried(&site, &request, what).await {
        Ok(reply) => reply,
        Err(error) => site.settle(&request, what.action(), "", error).reply(),
    }
    .into()
}

/// What can be tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    ExpireGrant,
    ExpireToken,
    Resume,
    Revoke,
    Suspend,
}

impl What {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "expire-grant" => Self::ExpireGrant,
            "expire-token" => Self::ExpireToken,
            "resume" => Self::Resume,
            "revoke" => Self::Revoke,
            "suspend" => Self::Suspend,
            _ => return None,
        })
    }

    const fn action(self) -> &'static str {
        match self {
            Self::ExpireGrant => "try.expire_grant",
            Self::ExpireToken => "try.expire_token",
            Self::Resume => "try.resume",
            Self::Revoke => "try.revoke",
            Self::Suspend => "try.suspend",
        }
    }

    /// What a developer has to expect from here on, and how it ends.
    fn told(self) -> Value {
        match self {
            Self::ExpireGrant => json!({
                "fhir": "401 grant_expired",
                "refresh": "401 invalid_grant",
                "then": "connect the person again",
            }),
            Self::ExpireToken => json!({
                "fhir": "401 invalid_token",
                "refresh": "200 with a new access token",
                "then": "refresh",
            }),
            Self::Resume => json!({
                "fhir": "200",
                "refresh": "200",
                "then": "tokens that have not expired meanwhile work again",
            }),
            Self::Revoke => json!({
                "fhir": "403 grant_revoked",
                "refresh": "403 invalid_grant",
                "then": "connect the person again",
            }),
            Self::Suspend => json!({
                "fhir": "401 application_inactive",
                "refresh": "403 invalid_client",
                "then": "POST /sandbox/try/resume",
            }),
        }
    }
}

/// Whose connection, or which application.
struct Subject {
    application: Application,
    /// The token that was presented, live or not.
    token: Option<Found>,
}

enum Failure {
    /// No bearer token that was ever issued.
    UnknownToken,
    /// The connection that is to end has ended.
    AlreadyEnded,
    Refused(Refusal),
}

impl From<Refusal> for Error<Failure> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Failure::Refused(refusal))
    }
}

impl From<token::Error> for Error<Failure> {
    fn from(error: token::Error) -> Self {
        error.map(Failure::Refused)
    }
}

impl Reason for Failure {
    fn unavailable() -> Self {
        Self::Refused(Refusal::Unavailable)
    }
}

impl Failure {
    fn reply(&self) -> Reply {
        match self {
            Self::UnknownToken => {
                let mut reply = problem(
                    StatusCode::UNAUTHORIZED,
                    "invalid_token",
                    "Send an access or refresh token of the connection as bearer token, or the credentials of the application and its token as the parameter token.",
                );
                set(
                    &mut reply,
                    WWW_AUTHENTICATE,
                    "Bearer realm=\"bluegate\", error=\"invalid_token\"",
                );
                reply
            }
            Self::AlreadyEnded => problem(
                StatusCode::CONFLICT,
                "already_ended",
                "This connection has ended before. Connect the person again.",
            ),
            Self::Refused(refusal) => reply::refusal(refusal),
        }
    }
}

async fn tried(site: &Site, request: &Request, what: What) -> Result<Reply, Error<Failure>> {
    site.count_address(request, Surface::Token, what.action())
        .await
        .map_err(limited)?;
    // With a bearer token there is nothing to send.
    let form = if request.body.is_empty() {
        Parameters::default()
    } else {
        form(request).await?
    };
    let subject = presented(site, request, &form).await?;
    let now = site.app.clock.now();
    let database = site.app.database.as_ref();
    let token = subject.token.as_ref();
    let of_token = || {
        token.ok_or(Failure::Refused(
            // With credentials alone nobody knows whose connection is meant.
            Refusal::InvalidRequest("token is missing".into()),
        ))
    };
    let mut action = Action::ok(what.action())
        .by("application")
        .application(subject.application.client_id.as_str());
    if let Some(token) = token {
        action = action.flow(&token.flow_id).person(token.patients.shared());
    }
    let draft = action.draft(site, request);
    let event = draft.event();
    let status = |from, to| {
        let client_id = &subject.application.client_id;
        set_status(database, client_id, [from; 2], to, now, &event)
    };
    let carried = match what {
        What::ExpireToken => {
            expire_now::access_tokens(database, of_token()?.chain_id, now).await?;
            false
        }
        What::ExpireGrant => {
            match expire_now::grant(database, of_token()?.grant_id, now, &event).await? {
                Shortened::Now => true,
                Shortened::Before => false,
                Shortened::Ended => return Err(Failure::AlreadyEnded.into()),
            }
        }
        What::Revoke => {
            if !end_grant(database, of_token()?.grant_id, "revoked", now, &event).await? {
                return Err(Failure::AlreadyEnded.into());
            }
            true
        }
        What::Suspend => status(Status::Active, Status::Suspended).await?.is_some(),
        What::Resume => status(Status::Suspended, Status::Active).await?.is_some(),
    };
    if carried {
        draft.log(site);
    } else {
        // No statement took it along: an access token carries no event, and what is so already is not changed.
        let code = match what {
            What::ExpireToken => "",
            _ => "unchanged",
        };
        Action { code, ..action }.record(site, request).await?;
    }
    let mut reply = reply::json(StatusCode::OK, &json!({ "from_now_on": what.told() }));
    no_store(&mut reply);
    Ok(reply)
}

/// A bearer token, live or not, or the credentials of a client with or without a token of its own. An
/// application that is suspended may come too: it wants to be resumed.
async fn presented(
    site: &Site,
    request: &Request,
    form: &Parameters,
) -> Result<Subject, Error<Failure>> {
    let database = site.app.database.as_ref();
    let find = |token| find(database, SecretHash::of(token), site.app.clock.now());
    let bearer = Bearer::of(&request.headers);
    if bearer == Bearer::Malformed {
        return Err(Failure::UnknownToken.into());
    }
    if let Some(token) = bearer.token() {
        let found = find(token).await?.ok_or(Failure::UnknownToken)?;
        let application = by_id(database, found.application_id)
            .await?
            .ok_or(Failure::UnknownToken)?;
        return Ok(Subject {
            application,
            token: Some(found),
        });
    }
    if matches!(
        Credentials::parse(&request.headers, form)?,
        Credentials::Nothing
    ) {
        return Err(Failure::UnknownToken.into());
    }
    let application = client::identified(site, request, form).await?;
    let token = form
        .single("token")
        .map_err(|error| Refusal::InvalidRequest(error.to_string().into()))?;
    let token = match token {
        None => None,
        Some(token) => match find(token).await? {
            Some(found) if found.application_id == application.id => Some(found),
            Some(_) => return Err(Refusal::TokenOfAnother.into()),
            None => return Err(Failure::UnknownToken.into()),
        },
    };
    Ok(Subject { application, token })
}
