//! `/o/register`: registration of an application (RFC 7591; docs/contract/09-applications.md).

pub(crate) mod registration;

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::application::statements as application;
use crate::audit::action::Action;
use crate::base::failure::{Error, Reason};
use crate::base::http::reply::{self, Answer, no_store};
use crate::base::http::{Reply, Request};
use crate::base::limits::rate::Limited;
use crate::base::limits::{Bucket, Surface};
use crate::base::secret::Secret;
use crate::base::site::Site;
use crate::oauth::application::Application;
use crate::oauth::registration::{Registration, RegistrationError, new_client_id};

/// POST.
pub(crate) async fn register(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let counted = site
        .count_address(&request, Surface::Register, "application.register")
        .await;
    let allowance = match counted {
        Ok(allowance) => allowance,
        Err(limited) => return Failure::limited(limited).reply().into(),
    };
    match store(&site, &request).await {
        Ok(reply) => reply.into(),
        Err(error) => {
            let failure = site.settle(&request, "application.register", "", error);
            let action = Action::unproved("application.register").counted(allowance);
            match &failure {
                Failure::Limited(_) => {}
                Failure::Unavailable => {
                    action
                        .fail(failure.code())
                        .record_or_log(&site, &request)
                        .await
                }
                _ => {
                    action
                        .refuse(failure.code())
                        .record_or_log(&site, &request)
                        .await
                }
            }
            failure.reply().into()
        }
    }
}

/// Why a registration is not made, shown or changed.
pub(crate) enum Failure {
    /// Too many; seconds to wait.
    Limited(i64),
    /// The metadata.
    Refused(RegistrationError),
    /// No registration token, or another application's.
    Unauthorized,
    /// The store or the platform.
    Unavailable,
}

impl Failure {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "for `map_err`: who counted has written the cause down"
    )]
    pub(crate) fn limited(limited: Limited) -> Self {
        match limited {
            Limited::Wait { seconds, .. } => Self::Limited(seconds),
            Limited::Unavailable(_) => Self::Unavailable,
        }
    }
}

impl Reason for Failure {
    fn unavailable() -> Self {
        Self::Unavailable
    }
}

async fn store(site: &Site, request: &Request) -> Result<Reply, Error<Failure>> {
    let app = &site.app;
    let registration =
        Registration::parse(&request.body, &app.config.rules()).map_err(Failure::Refused)?;
    let token = Secret::random(app.entropy.as_ref())?;
    let made = make(site, request, &registration, Some(&token)).await?;
    answer(
        site,
        StatusCode::CREATED,
        &made.application,
        made.secret.as_ref(),
        Some(&token),
    )
}

/// An application that was just registered.
pub(crate) struct Made {
    pub(crate) application: Application,
    /// Its secret, to be shown once, where it has one.
    pub(crate) secret: Option<Secret>,
}

/// Registers an application. Without `token` nobody can manage it over RFC 7592: its developer does at the portal.
pub(crate) async fn make(
    site: &Site,
    request: &Request,
    registration: &Registration,
    token: Option<&Secret>,
) -> Result<Made, Error<Failure>> {
    let app = &site.app;
    // Only what would be kept counts among all: what is refused uses up nothing of anybody else's.
    let action = Action::unproved("application.register");
    site.count(request, &Bucket::Registrations, action)
        .await
        .map_err(Failure::limited)?;
    let client_id = new_client_id(|| app.entropy.bytes32())?;
    let secret = if registration.auth_method.has_secret() {
        Some(Secret::random(app.entropy.as_ref())?)
    } else {
        None
    };
    let event = Action::ok("application.register")
        .by("developer")
        .application(client_id.as_str())
        .draft(site, request);
    let now = app.clock.now();
    let stored = application::insert(
        app.database.as_ref(),
        &client_id,
        registration,
        secret.as_ref().map(Secret::hash),
        token.map(Secret::hash),
        Registration::initial_status(app.config.environment),
        now,
        &event.event(),
    )
    .await;
    let stored = match stored {
        Ok(stored) => stored,
        Err(cause) => {
            // It may have been applied all the same. Nobody will know its id: the name becomes free again.
            let discarded = Action::ok("application.discard")
                .by("gateway")
                .application(client_id.as_str())
                .draft(site, request);
            match application::discard(app.database.as_ref(), &client_id, now, &discarded.event())
                .await
            {
                Ok(true) => discarded.log(site),
                Ok(false) => {}
                Err(cause) => site.failed(request, "application.discard", &cause),
            }
            return Err(cause.into());
        }
    };
    let Some(application) = stored else {
        return Err(Failure::Refused(RegistrationError::name_taken()).into());
    };
    event.log(site);
    Ok(Made {
        application,
        secret,
    })
}

/// The registration as it is now (RFC 7591, section 3.2.1), with what is shown only once.
pub(crate) fn answer(
    site: &Site,
    status: StatusCode,
    application: &Application,
    secret: Option<&Secret>,
    token: Option<&Secret>,
) -> Result<Reply, Error<Failure>> {
    let metadata: Map<String, Value> =
        serde_json::from_str(&application.metadata).map_err(Error::internal)?;
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("client_id", json!(application.client_id));
    put(
        "client_id_issued_at",
        json!(application.created_at.seconds()),
    );
    if let Some(secret) = secret {
        put("client_secret", json!(secret.expose()));
        put("client_secret_expires_at", json!(0));
    }
    if let Some(token) = token {
        put("registration_access_token", json!(token.expose()));
    }
    let uri = format!(
        "{}/o/register/{}",
        site.app.config.public_base_url,
        application.client_id.as_str()
    );
    put("registration_client_uri", json!(uri));
    put("status", json!(application.status.as_str()));
    if let Some(reason) = &application.rejected_because {
        put("status_reason", json!(reason));
    }
    body.extend(metadata);
    let mut reply = reply::json(status, &body);
    no_store(&mut reply);
    Ok(reply)
}
