//! `/o/register/{client_id}`: an application looked at, changed and deleted by whoever has its registration
//! token (RFC 7592; docs/contract/09-applications.md).

use axum::Extension;
use axum::extract::{Path, State};
use bluegate_shared::id::ClientId;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, WWW_AUTHENTICATE};
use serde::Deserialize;

use super::{Failure, answer};
use crate::application::logo::Logo;
use crate::application::{statements as application, stored_logo as logo};
use crate::audit::action::Action;
use crate::base::bearer::Bearer;
use crate::base::failure::Error;
use crate::base::http::reply::{self, Answer, RATE_LIMITED, no_store, set};
use crate::base::http::{Reply, Request};
use crate::base::limits::Surface;
use crate::base::limits::rate::Allowance;
use crate::base::secret::{Secret, SecretHash};
use crate::base::site::Site;
use crate::oauth::application::Application;
use crate::oauth::registration::{Registration, RegistrationError};
use crate::oauth::token::Refusal;

/// GET: the registration as it is. The secret is shown once, at registration or rotation, and not here.
pub(crate) async fn read(
    State(site): State<Site>,
    Path(id): Path<String>,
    Extension(request): Extension<Request>,
) -> Answer {
    let allowance = match counted(&site, &request, "application.read").await {
        Ok(allowance) => allowance,
        Err(answer) => return answer,
    };
    let result = match owned(&site, &id, &request).await {
        Ok(application) => {
            answer(&site, StatusCode::OK, &application, None, None).map(Done::untold)
        }
        Err(failure) => Err(failure),
    };
    close(&site, &request, "application.read", &id, allowance, result).await
}

/// PUT: the metadata is replaced. With `rotate_client_secret: true` (an extension) a new secret is made and
/// shown once; the former one stops working with the same statement.
pub(crate) async fn update(
    State(site): State<Site>,
    Path(id): Path<String>,
    Extension(request): Extension<Request>,
) -> Answer {
    let allowance = match counted(&site, &request, "application.update").await {
        Ok(allowance) => allowance,
        Err(answer) => return answer,
    };
    let result = replaced(&site, &id, &request).await;
    close(
        &site,
        &request,
        "application.update",
        &id,
        allowance,
        result,
    )
    .await
}

/// DELETE: the application and everything that it was given end.
pub(crate) async fn delete(
    State(site): State<Site>,
    Path(id): Path<String>,
    Extension(request): Extension<Request>,
) -> Answer {
    let allowance = match counted(&site, &request, "application.delete").await {
        Ok(allowance) => allowance,
        Err(answer) => return answer,
    };
    let result = match owned(&site, &id, &request).await {
        Ok(application) => {
            let event = Action::ok("application.delete")
                .by("developer")
                .application(application.client_id.as_str())
                .draft(&site, &request);
            let now = site.app.clock.now();
            application::delete(
                site.app.database.as_ref(),
                application.id,
                now,
                &event.event(),
            )
            .await
            .map_err(Error::from)
            .map(|told| {
                if told {
                    event.log(&site);
                }
                Done {
                    reply: no_content(),
                    told,
                }
            })
        }
        Err(failure) => Err(failure),
    };
    close(
        &site,
        &request,
        "application.delete",
        &id,
        allowance,
        result,
    )
    .await
}

/// PUT of a PNG or JPEG file to `/o/register/{client_id}/logo`.
pub(crate) async fn put_logo(
    State(site): State<Site>,
    Path(id): Path<String>,
    Extension(request): Extension<Request>,
) -> Answer {
    let allowance = match counted(&site, &request, "application.logo").await {
        Ok(allowance) => allowance,
        Err(answer) => return answer,
    };
    let result = kept_logo(&site, &id, &request).await;
    close(&site, &request, "application.logo", &id, allowance, result).await
}

/// GET `/o/logo/{client_id}`: the picture, for the pages of this gateway.
pub(crate) async fn logo(
    State(site): State<Site>,
    Path(id): Path<String>,
    Extension(request): Extension<Request>,
) -> Answer {
    let Ok(client_id) = ClientId::parse(&id) else {
        return crate::base::http::reply::not_found();
    };
    match logo::of(site.app.database.as_ref(), &client_id).await {
        Ok(Some(found)) => {
            let mut reply = Reply::new(found.bytes.into());
            set(&mut reply, CONTENT_TYPE, found.media_type);
            set(&mut reply, CACHE_CONTROL, "public, max-age=300");
            // Whatever the bytes are, no browser takes them for a page.
            set(
                &mut reply,
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'; sandbox",
            );
            reply.into()
        }
        Ok(None) => crate::base::http::reply::not_found(),
        Err(cause) => site
            .settle::<Failure>(&request, "application.logo", "", cause.into())
            .reply()
            .into(),
    }
}

async fn kept_logo(site: &Site, id: &str, request: &Request) -> Result<Done, Error<Failure>> {
    let application = owned(site, id, request).await?;
    let picture = Logo::parse(&request.body)
        .map_err(|reason| Failure::Refused(RegistrationError::logo(reason)))?;
    let event = Action::ok("application.logo")
        .by("developer")
        .application(application.client_id.as_str())
        .draft(site, request);
    let now = site.app.clock.now();
    logo::keep(
        site.app.database.as_ref(),
        application.id,
        picture,
        now,
        &event.event(),
    )
    .await?;
    event.log(site);
    Ok(Done {
        reply: no_content(),
        told: true,
    })
}

fn no_content() -> Reply {
    let mut reply = Reply::new(Bytes::new());
    *reply.status_mut() = StatusCode::NO_CONTENT;
    no_store(&mut reply);
    reply
}

#[derive(Default, Deserialize)]
struct Change {
    client_id: Option<String>,
    client_secret: Option<String>,
    #[serde(default)]
    rotate_client_secret: bool,
}

async fn replaced(site: &Site, id: &str, request: &Request) -> Result<Done, Error<Failure>> {
    let app = &site.app;
    let current = owned(site, id, request).await?;
    let registration =
        Registration::parse(&request.body, &app.config.rules()).map_err(Failure::Refused)?;
    let change: Change = serde_json::from_slice(&request.body).unwrap_or_default();
    // RFC 7592, section 2.2: client_id must be there and the same; a secret may be there and must be the same.
    if change.client_id.as_deref() != Some(current.client_id.as_str()) {
        return Err(Failure::Refused(RegistrationError::client_id()).into());
    }
    if let Some(secret) = &change.client_secret {
        let same = current
            .secret_hash
            .as_deref()
            .is_some_and(|stored| SecretHash::of(secret).is(stored));
        if !same {
            return Err(Failure::Refused(RegistrationError::client_secret()).into());
        }
    }
    let (updated, secret) = replace(
        site,
        request,
        &current,
        &registration,
        change.rotate_client_secret,
    )
    .await?;
    let reply = answer(site, StatusCode::OK, &updated, secret.as_ref(), None)?;
    Ok(Done { reply, told: true })
}

/// Replaces the metadata of an application, and its secret where `rotate` says so or it needs its first one: the
/// new secret, to be shown once.
pub(crate) async fn replace(
    site: &Site,
    request: &Request,
    current: &Application,
    registration: &Registration,
    rotate: bool,
) -> Result<(Application, Option<Secret>), Error<Failure>> {
    let app = &site.app;
    let needs_secret = registration.auth_method.has_secret();
    let secret = if needs_secret && (rotate || current.secret_hash.is_none()) {
        Some(Secret::random(app.entropy.as_ref())?)
    } else {
        None
    };
    let event = Action::ok("application.update")
        .by("developer")
        .application(current.client_id.as_str())
        .draft(site, request);
    let updated = application::update(
        app.database.as_ref(),
        current.id,
        registration,
        secret.as_ref().map(Secret::hash),
        // What an operator approved was the application as it was: in production a change waits again.
        Registration::initial_status(app.config.environment),
        app.clock.now(),
        &event.event(),
    )
    .await?
    .ok_or_else(|| Failure::Refused(RegistrationError::name_taken()))?;
    event.log(site);
    Ok((updated, secret))
}

/// What was done, and whether its statement carried the event.
struct Done {
    reply: Reply,
    told: bool,
}

impl Done {
    const fn untold(reply: Reply) -> Self {
        Self { reply, told: false }
    }
}

/// The application, where the bearer token is its registration token.
async fn owned(site: &Site, id: &str, request: &Request) -> Result<Application, Error<Failure>> {
    let token = Bearer::of(&request.headers)
        .token()
        .ok_or(Failure::Unauthorized)?;
    let Ok(client_id) = ClientId::parse(id) else {
        return Err(Failure::Unauthorized.into());
    };
    application::by_registration_token(
        site.app.database.as_ref(),
        &client_id,
        SecretHash::of(token),
    )
    .await?
    .ok_or_else(|| Failure::Unauthorized.into())
}

/// Counts a request for its address, like a registration.
async fn counted(site: &Site, request: &Request, action: &str) -> Result<Allowance, Answer> {
    site.count_address(request, Surface::Register, action)
        .await
        .map_err(|limited| Failure::limited(limited).reply().into())
}

async fn close(
    site: &Site,
    request: &Request,
    action: &str,
    id: &str,
    allowance: Allowance,
    result: Result<Done, Error<Failure>>,
) -> Answer {
    if let Ok(Done { reply, told: true }) = result {
        return reply.into();
    }
    let client_id = ClientId::parse(id)
        .map(|id| id.as_str().to_owned())
        .unwrap_or_default();
    let settle = |error| site.settle(request, action, "", error);
    let result = result.map_err(settle);
    let event = match &result {
        Ok(_) => Action::ok(action).by("developer"),
        Err(failure @ Failure::Unauthorized) => Action::unproved(action)
            .refuse(failure.code())
            .counted(allowance),
        Err(failure @ Failure::Unavailable) => {
            Action::failed(action, failure.code()).by("developer")
        }
        Err(failure) => Action::refused(action, failure.code()).by("developer"),
    };
    let recorded = event.application(&client_id).record(site, request).await;
    let unrecorded = recorded.map_err(|cause| settle(cause.into())).err();
    match (result, unrecorded) {
        (Ok(done), None) => done.reply,
        (Ok(_), Some(failure)) | (Err(failure), _) => failure.reply(),
    }
    .into()
}

impl Failure {
    /// Machine reason.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Limited(_) => RATE_LIMITED,
            Self::Refused(error) => error.code.as_str(),
            Self::Unauthorized => "invalid_token",
            Self::Unavailable => "store_unavailable",
        }
    }

    /// The answer.
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::Limited(seconds) => reply::refusal(&Refusal::RateLimited(seconds)),
            Self::Refused(error) => {
                reply::oauth_error(StatusCode::BAD_REQUEST, error.code, error.description)
            }
            Self::Unauthorized => {
                let mut reply = reply::oauth_error(
                    StatusCode::UNAUTHORIZED,
                    bluegate_shared::oauth::ErrorCode::InvalidToken,
                    "send the registration_access_token of this application as a bearer token",
                );
                set(
                    &mut reply,
                    WWW_AUTHENTICATE,
                    "Bearer error=\"invalid_token\"",
                );
                reply
            }
            Self::Unavailable => reply::problem(
                StatusCode::SERVICE_UNAVAILABLE,
                "store_unavailable",
                "The service cannot answer now; try again.",
            ),
        }
    }
}
