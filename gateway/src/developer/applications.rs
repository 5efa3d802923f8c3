//! A developer's applications: registered, shown, changed, suspended and deleted.

use axum::Extension;
use axum::extract::{FromRequestParts, Path, State};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::Value;

use super::form::Typed;
use super::{HOME, Visitor, close, refused};
use crate::application::logo::Logo;
use crate::application::{statements as application, stored_logo as logo};
use crate::audit::action::Action;
use crate::base::config::Environment;
use crate::base::failure::Error;
use crate::base::http::reply::{Answer, not_found, see_other};
use crate::base::http::{Reply, Request};
use crate::base::limits::Surface;
use crate::base::page::Problem;
use crate::base::site::{Site, request_of};
use crate::developer::page::{self as shown, PasswordForm};
use crate::developer::statements as store;
use crate::oauth::application::{Application, Status};
use crate::oauth::parameters::Parameters;
use crate::oauth::registration::Registration;
use crate::register::{self, Failure, registration};

/// What a page with the form says beside the form.
#[derive(Default)]
pub(crate) struct FormState {
    pub(crate) typed: Typed,
    /// The field that is wrong, and the words of the rule.
    pub(crate) wrong: Option<(&'static str, String)>,
}

/// The applications of whoever signed in.
pub(crate) async fn list(
    site: &Site,
    visitor: &Visitor,
    password: PasswordForm,
) -> Result<Reply, Error<Problem>> {
    let database = site.app.database.as_ref();
    let found = store::applications(database, visitor.id).await?;
    let mut applications = Vec::with_capacity(found.len());
    for application in found {
        let usage = store::usage(
            database,
            application.client_id.as_str(),
            site.app.clock.now(),
        )
        .await?;
        applications.push((application, usage));
    }
    Ok(shown::list(
        visitor,
        &applications,
        password,
        site.app.config.is_sandbox(),
    ))
}

/// GET `/developer/new`.
pub(crate) async fn new(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    visitor: Visitor,
) -> Answer {
    let state = FormState {
        typed: Typed::new(),
        wrong: None,
    };
    let page = shown::new(&visitor, &state);
    close(&site, &request, "developer.applications", Ok(page))
}

/// POST `/developer/new`.
pub(crate) async fn register(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    visitor: Visitor,
) -> Answer {
    let form = request.form();
    let done = async {
        if !visitor.csrf.made(&form) {
            refused(&site, &request, "form_foreign").await;
            return Ok(see_other("/developer/new"));
        }
        count(&site, &request, "application.register").await?;
        let typed = Typed::sent(&form);
        let again = |wrong| {
            Ok(shown::new(
                &visitor,
                &FormState {
                    typed: typed.clone(),
                    wrong: Some(wrong),
                },
            ))
        };
        let registration = match read(&site, &typed) {
            Ok(registration) => registration,
            Err(wrong) => return again(wrong),
        };
        match register::make(&site, &request, &registration, None).await {
            Ok(made) => {
                own(&site, &request, &visitor, &made.application).await?;
                Ok(shown::application(
                    &visitor,
                    &made.application,
                    &FormState {
                        typed: Typed::of(&made.application),
                        wrong: None,
                    },
                    &shown::Said::Registered(made.secret.as_ref()),
                    site.app.config.is_sandbox(),
                ))
            }
            Err(failure) => again(words(failure)?),
        }
    };
    close(&site, &request, "developer.applications", done.await)
}

/// GET `/developer/app/{client_id}`; `?delete=1` asks before it is done.
pub(crate) async fn show(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    Owned {
        visitor,
        application,
    }: Owned,
) -> Answer {
    let query = request.parameters();
    let page = async {
        if query.first("delete").is_some() {
            return Ok(shown::delete(&visitor, &application));
        }
        let said = match query.first("saved") {
            Some(_) => shown::Said::Saved,
            None => shown::Said::Nothing,
        };
        let state = FormState {
            typed: Typed::of(&application),
            wrong: None,
        };
        Ok(shown::application(
            &visitor,
            &application,
            &state,
            &said,
            site.app.config.is_sandbox(),
        ))
    };
    close(&site, &request, "developer.applications", page.await)
}

/// POST `/developer/app/{client_id}`: `action` is `save`, `rotate`, `suspend`, `resume` or `delete`.
pub(crate) async fn change(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    Owned {
        visitor,
        application,
    }: Owned,
) -> Answer {
    let form = request.form();
    let done = async {
        if !visitor.csrf.made(&form) {
            refused(&site, &request, "form_foreign").await;
            return Ok(see_other(&address(&application)));
        }
        count(&site, &request, "application.update").await?;
        match form.first("action") {
            Some("save") => save(&site, &request, &visitor, &application, &form).await,
            Some("rotate") => rotate(&site, &request, &visitor, &application).await,
            Some("suspend") => set_status(&site, &request, &application, true).await,
            Some("resume") => set_status(&site, &request, &application, false).await,
            Some("delete") => delete(&site, &request, &application).await,
            _ => Ok(see_other(&address(&application))),
        }
    };
    close(&site, &request, "developer.applications", done.await)
}

/// POST of a file to `/developer/app/{client_id}/logo`.
pub(crate) async fn put_logo(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    Owned {
        visitor,
        application,
    }: Owned,
) -> Answer {
    let done = async {
        let (form, file) = upload(&request).await;
        if !visitor.csrf.made(&form) {
            refused(&site, &request, "form_foreign").await;
            return Ok(see_other(&address(&application)));
        }
        count(&site, &request, "application.logo").await?;
        let Some(picture) = file.and_then(|file| Logo::parse(&file).ok()) else {
            let state = FormState {
                typed: Typed::of(&application),
                wrong: Some(("logo", String::new())),
            };
            return Ok(shown::application(
                &visitor,
                &application,
                &state,
                &shown::Said::Nothing,
                site.app.config.is_sandbox(),
            ));
        };
        let event = Action::ok("application.logo")
            .by("developer")
            .application(application.client_id.as_str())
            .draft(&site, &request);
        logo::keep(
            site.app.database.as_ref(),
            application.id,
            picture,
            site.app.clock.now(),
            &event.event(),
        )
        .await?;
        event.log(&site);
        Ok(see_other(&format!("{}?saved=1", address(&application))))
    };
    close(&site, &request, "developer.applications", done.await)
}

/// Counts what changes an application for its address, together with RFC 7591.
async fn count(site: &Site, request: &Request, action: &str) -> Result<(), Error<Problem>> {
    site.count_address(request, Surface::Register, action)
        .await
        .map_err(Problem::limited)?;
    Ok(())
}

async fn save(
    site: &Site,
    request: &Request,
    visitor: &Visitor,
    current: &Application,
    form: &Parameters,
) -> Result<Reply, Error<Problem>> {
    let typed = Typed::sent(form);
    let again = |wrong| {
        Ok(shown::application(
            visitor,
            current,
            &FormState {
                typed: typed.clone(),
                wrong: Some(wrong),
            },
            &shown::Said::Nothing,
            site.app.config.is_sandbox(),
        ))
    };
    let registration = match read(site, &typed) {
        Ok(registration) => registration,
        Err(wrong) => return again(wrong),
    };
    match registration::replace(site, request, current, &registration, false).await {
        Ok((application, Some(secret))) => Ok(shown::application(
            visitor,
            &application,
            &FormState {
                typed: Typed::of(&application),
                wrong: None,
            },
            &shown::Said::Rotated(&secret),
            site.app.config.is_sandbox(),
        )),
        Ok((application, None)) => Ok(see_other(&format!("{}?saved=1", address(&application)))),
        Err(failure) => again(words(failure)?),
    }
}

async fn rotate(
    site: &Site,
    request: &Request,
    visitor: &Visitor,
    current: &Application,
) -> Result<Reply, Error<Problem>> {
    let rules = site.app.config.rules();
    // The rules may have become stricter since.
    let registration = match Registration::parse(current.metadata.as_bytes(), &rules) {
        Ok(registration) => registration,
        Err(error) => {
            let state = FormState {
                typed: Typed::of(current),
                wrong: Some((error.field, error.description)),
            };
            let sandbox = site.app.config.is_sandbox();
            return Ok(shown::application(
                visitor,
                current,
                &state,
                &shown::Said::Nothing,
                sandbox,
            ));
        }
    };
    match registration::replace(site, request, current, &registration, true).await {
        Ok((application, Some(secret))) => Ok(shown::application(
            visitor,
            &application,
            &FormState {
                typed: Typed::of(&application),
                wrong: None,
            },
            &shown::Said::Rotated(&secret),
            site.app.config.is_sandbox(),
        )),
        Ok((application, None)) => Ok(see_other(&address(&application))),
        Err(error) => Err(error.map(|_| Problem::unavailable())),
    }
}

/// A developer stops an application at once, and lets it go on where no operator stopped it. In production it then
/// waits for approval once more.
async fn set_status(
    site: &Site,
    request: &Request,
    current: &Application,
    suspend: bool,
) -> Result<Reply, Error<Problem>> {
    let (to, action) = match (suspend, site.app.config.environment) {
        (true, _) => (Status::Suspended, "application.suspend"),
        (false, Environment::Production) => (Status::Pending, "application.resume"),
        (false, Environment::Sandbox) => (Status::Active, "application.resume"),
    };
    let event = Action::ok(action)
        .by("developer")
        .application(current.client_id.as_str())
        .draft(site, request);
    let changed = store::set_status(
        site.app.database.as_ref(),
        current.id,
        to,
        site.app.clock.now(),
        &event.event(),
    )
    .await?;
    if changed {
        event.log(site);
    }
    Ok(see_other(&address(current)))
}

async fn delete(
    site: &Site,
    request: &Request,
    current: &Application,
) -> Result<Reply, Error<Problem>> {
    let event = Action::ok("application.delete")
        .by("developer")
        .application(current.client_id.as_str())
        .draft(site, request);
    let deleted = application::delete(
        site.app.database.as_ref(),
        current.id,
        site.app.clock.now(),
        &event.event(),
    )
    .await?;
    if deleted {
        event.log(site);
    }
    Ok(see_other(HOME))
}

/// The application was registered: it becomes the developer's, or it is given up again.
async fn own(
    site: &Site,
    request: &Request,
    visitor: &Visitor,
    made: &Application,
) -> Result<(), Error<Problem>> {
    if let Err(cause) = store::own(site.app.database.as_ref(), visitor.id, made.id).await {
        if let Err(Error::Internal(also)) = delete(site, request, made).await {
            site.failed(request, "application.discard", also.as_ref());
        }
        return Err(cause.into());
    }
    Ok(())
}

/// The application of the path, of whoever signed in. Of another developer's nobody is told that it is there.
pub(crate) struct Owned {
    visitor: Visitor,
    application: Application,
}

impl FromRequestParts<Site> for Owned {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Answer> {
        let visitor = Visitor::from_request_parts(parts, site).await?;
        let Ok(Path(client_id)) = Path::<String>::from_request_parts(parts, site).await else {
            return Err(not_found());
        };
        let database = site.app.database.as_ref();
        let result = match store::application(database, visitor.id, &client_id).await {
            Ok(Some(application)) => {
                return Ok(Self {
                    visitor,
                    application,
                });
            }
            Ok(None) => Ok(see_other(HOME)),
            Err(cause) => Err(cause.into()),
        };
        let request = request_of(parts).ok_or_else(not_found)?;
        Err(close(site, request, "developer.applications", result))
    }
}

/// The rules of RFC 7591 over what was typed.
fn read(site: &Site, typed: &Typed) -> Result<Registration, (&'static str, String)> {
    let metadata = typed.metadata().map_err(|field| (field, String::new()))?;
    let body = Value::Object(metadata).to_string();
    Registration::parse(body.as_bytes(), &site.app.config.rules())
        .map_err(|error| (error.field, error.description))
}

/// A refusal as a wrong field; anything else is a page of its own.
fn words(error: Error<Failure>) -> Result<(&'static str, String), Error<Problem>> {
    match error {
        Error::Refused(Failure::Refused(error)) => Ok((error.field, error.description)),
        Error::Refused(Failure::Limited(seconds)) => Err(Problem::busy(seconds).into()),
        other => Err(other.map(|_| Problem::unavailable())),
    }
}

/// The fields and the file of an upload.
async fn upload(request: &Request) -> (Parameters, Option<Vec<u8>>) {
    let boundary = request
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok());
    let mut pairs = Vec::new();
    let mut file = None;
    if let Some(boundary) = boundary {
        let whole =
            futures::stream::iter([Ok::<_, std::convert::Infallible>(request.body.clone())]);
        let mut parts = multer::Multipart::new(whole, boundary);
        while let Ok(Some(part)) = parts.next_field().await {
            match part.name().map(str::to_owned) {
                Some(name) if name == "logo" => file = part.bytes().await.ok().map(Vec::from),
                Some(name) => pairs.push((name, part.text().await.unwrap_or_default())),
                None => {}
            }
        }
    }
    (Parameters::of_pairs(pairs), file)
}

fn address(application: &Application) -> String {
    format!("/developer/app/{}", application.client_id.as_str())
}
