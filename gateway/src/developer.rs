//! `/developer/`: accounts of developers, their applications, and a test client (docs/contract/01-routes.md and
//! 09-applications.md).
//!
//! A developer has a name and a password, no e-mail address. Applications are registered by the rules of RFC 7591,
//! as over `/o/register`. The session ends 60 minutes after the last page.

mod applications;
mod browser;
mod form;
pub(crate) mod page;
pub mod password;
mod password_change;
pub mod statements;
mod test_client;
pub(crate) mod texts;

use axum::extract::{FromRequestParts, State};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::request::Parts;

use crate::audit::action::Action;
use crate::base::context::App;
use crate::base::failure::Error;
use crate::base::http::cookies::{self, Name};
use crate::base::http::reply::{Answer, add_cookie, not_found, see_other};
use crate::base::http::{Reply, Request};
use crate::base::language::Language;
use crate::base::limits::rate::{Allowance, Limited};
use crate::base::limits::{Bucket, Surface};
use crate::base::page::{self as pages, Problem};
use crate::base::secret::{Secret, SecretHash, hex, keyed_hash};
use crate::base::session::{self, Csrf, Kind, NewSession, Session, Visit};
use crate::base::site::{Site, request_of};
use crate::base::store::StoreError;
use crate::developer::page as shown;
use crate::developer::password::NewPassword;
use crate::developer::statements::{self as store, Developer, SignedIn};
use crate::oauth::parameters::Parameters;

pub(crate) use applications::FormState;
pub(crate) use form::{FIELDS, PAR};
pub(crate) use test_client::{Step, test_client};

/// The routes of the portal.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/developer", get(home).post(enter))
        .route(
            "/developer/new",
            get(applications::new).post(applications::register),
        )
        .route(
            "/developer/app/{client_id}",
            get(applications::show).post(applications::change),
        )
        .route(
            "/developer/app/{client_id}/logo",
            post(applications::put_logo),
        )
        .route("/developer/test", get(test_client::start))
        .route("/developer/test/callback", get(test_client::finish))
}

/// A developer who signed in.
pub(crate) struct Visitor {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) language: Language,
    /// What the forms of this session carry.
    pub(crate) csrf: Csrf,
    session: SecretHash,
}

impl FromRequestParts<Site> for Visitor {
    /// Whoever is not signed in begins at the first page.
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Answer> {
        let request = request_of(parts).ok_or_else(not_found)?;
        match visitor(site, request).await {
            Ok(Some(visitor)) => Ok(visitor),
            Ok(None) => Err(close(site, request, "developer", Ok(see_other(HOME)))),
            Err(error) => Err(close(site, request, "developer", Err(error))),
        }
    }
}

/// Sessions of developers.
pub(crate) struct OfDeveloper;

impl Kind for OfDeveloper {
    type Visitor = SignedIn;
    const COOKIE: Name = cookies::DEVELOPER;
    const FORMS: &'static str = "developer-csrf";
    const IDLE_S: i64 = 60 * 60;

    async fn visit(app: &App, visit: &Visit<'_>) -> Result<Option<SignedIn>, StoreError> {
        store::visit(app.database.as_ref(), visit).await
    }
}

/// GET: applications, or the way in.
async fn home(State(site): State<Site>, Extension(request): Extension<Request>) -> Answer {
    let language = pages::language(&request, None);
    let shown = async {
        let Some(visitor) = visitor(&site, &request).await? else {
            return Ok(shown::enter(
                language,
                None,
                "",
                site.app.config.is_sandbox(),
            ));
        };
        applications::list(&site, &visitor, password_change::said(&request)).await
    };
    close(&site, &request, "developer", shown.await)
}

/// POST: `action` is `sign_in`, `create`, `change_password` or `sign_out`.
async fn enter(State(site): State<Site>, Extension(request): Extension<Request>) -> Answer {
    let language = pages::language(&request, None);
    let form = request.form();
    let done = async {
        if cross_site(&request) {
            return Ok(refused(&site, &request, "form_foreign").await);
        }
        match form.first("action") {
            Some("sign_in") => sign_in(&site, &request, &form, language).await,
            Some("create") => create(&site, &request, &form, language).await,
            Some("sign_out") => sign_out(&site, &request).await,
            Some("change_password") => password_change::act(&site, &request, &form).await,
            _ => Ok(see_other(HOME)),
        }
    };
    close(&site, &request, "developer", done.await)
}

async fn create(
    site: &Site,
    request: &Request,
    form: &Parameters,
    language: Language,
) -> Result<Reply, Error<Problem>> {
    let app = &site.app;
    let name = form.first("name").unwrap_or_default().trim();
    let password = Secret::new(form.first("password").unwrap_or_default().to_owned());
    let again = |entry| {
        Ok(shown::enter(
            language,
            Some(entry),
            name,
            app.config.is_sandbox(),
        ))
    };
    let allowance = site
        .count_address(request, Surface::Password, "developer.create")
        .await
        .map_err(Problem::limited)?;
    let not_made = Action::unproved("developer.create")
        .refuse("account_refused")
        .counted(allowance);
    if !is_name(name) {
        written(site, request, not_made).await?;
        return again(shown::Entry::Name);
    }
    let Some(password) = NewPassword::parse(&password, name) else {
        written(site, request, not_made).await?;
        return again(shown::Entry::NewPassword);
    };
    let action = Action::unproved("developer.create");
    site.count(request, &Bucket::Passwords, action)
        .await
        .map_err(Problem::limited)?;
    let hash = password.hash(app.entropy.as_ref())?;
    let made = store::create(
        app.database.as_ref(),
        name,
        &hash,
        app.clock.now(),
        &request.request_id,
    )
    .await?;
    let Some(id) = made else {
        written(site, request, not_made).await?;
        return again(shown::Entry::Taken);
    };
    record(site, request, Action::ok("developer.create"), id).await?;
    open(site, request, id).await
}

async fn sign_in(
    site: &Site,
    request: &Request,
    form: &Parameters,
    language: Language,
) -> Result<Reply, Error<Problem>> {
    let app = &site.app;
    let name = form.first("name").unwrap_or_default().trim();
    let password = Secret::new(form.first("password").unwrap_or_default().to_owned());
    let again = |entry| {
        Ok(shown::enter(
            language,
            Some(entry),
            name,
            app.config.is_sandbox(),
        ))
    };
    let found = store::by_name(app.database.as_ref(), name).await?;
    let known = found
        .as_ref()
        .is_some_and(|developer| browser::knows(site, request, developer.id));
    let allowance = match count_password(site, request, name, found.as_ref(), known).await {
        Ok(allowance) => allowance,
        Err(Limited::Wait { .. }) => return again(shown::Entry::SlowDown),
        Err(Limited::Unavailable(_)) => return Err(Problem::unavailable().into()),
    };
    let hash = found
        .as_ref()
        .map(|developer| developer.password_hash.as_str());
    match (password::verify(&password, hash), found) {
        (true, Some(developer)) => {
            record(site, request, Action::ok("developer.signin"), developer.id).await?;
            open(site, request, developer.id).await
        }
        _ => {
            Action::unproved("developer.signin")
                .refuse("password_wrong")
                .counted(allowance)
                .record(site, request)
                .await?;
            again(shown::Entry::Password)
        }
    }
}

/// Counts a password before it is looked at, since that costs much: for the address, for the name there, and among
/// all. Whether there is such a name makes no difference; and nobody's tries keep a developer out of a browser in
/// which that developer signed in before.
async fn count_password(
    site: &Site,
    request: &Request,
    name: &str,
    found: Option<&Developer>,
    known: bool,
) -> Result<Allowance, Limited> {
    let action = Action::unproved("developer.signin");
    if let Some(developer) = found.filter(|_| known) {
        return site
            .count(request, &Bucket::Browser(developer.id), action)
            .await;
    }
    let allowance = site
        .count_address(request, Surface::Password, "developer.signin")
        .await?;
    let of_name = Bucket::PasswordsOf(request.client_address, name);
    site.count(request, &of_name, action).await?;
    site.count(request, &Bucket::Passwords, action).await?;
    Ok(allowance)
}

async fn open(site: &Site, request: &Request, id: i64) -> Result<Reply, Error<Problem>> {
    let app = &site.app;
    let session = NewSession::<OfDeveloper>::random(app)?;
    store::open(
        app.database.as_ref(),
        id,
        session.hash(),
        session.now,
        session.expires_at,
        &request.request_id,
    )
    .await?;
    let mut reply = see_other(HOME);
    session.set(&app.config, &mut reply);
    let known = browser::known(site, id)?;
    add_cookie(&mut reply, &known);
    Ok(reply)
}

async fn sign_out(site: &Site, request: &Request) -> Result<Reply, Error<Problem>> {
    let app = &site.app;
    let form = request.form();
    match visitor(site, request).await? {
        Some(visitor) if visitor.csrf.made(&form) => {
            store::close(app.database.as_ref(), visitor.session, app.clock.now()).await?;
        }
        _ => drop(refused(site, request, "form_foreign").await),
    }
    let mut reply = see_other(HOME);
    session::forget::<OfDeveloper>(&app.config, &mut reply);
    Ok(reply)
}

/// Who signed in with this browser.
async fn visitor(site: &Site, request: &Request) -> Result<Option<Visitor>, Error<Problem>> {
    let found = Session::<OfDeveloper>::of(&site.app, &request.headers, None).await?;
    Ok(found.map(|session| Visitor {
        language: pages::language(request, None),
        csrf: session.csrf(&site.app.config),
        session: session.secret().hash(),
        id: session.visitor.developer_id,
        name: session.visitor.name,
    }))
}

/// A form of another site (Fetch Metadata); browsers that do not say so send no cookie along (`SameSite`).
fn cross_site(request: &Request) -> bool {
    request
        .headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none")
}

/// A form that does nothing leads to the first page.
async fn refused(site: &Site, request: &Request, code: &str) -> Reply {
    let action = Action::unproved("developer.form").refuse(code);
    action.note(site, request, Surface::Password).await;
    see_other(HOME)
}

async fn written(site: &Site, request: &Request, event: Action<'_>) -> Result<(), Error<Problem>> {
    Ok(event.record(site, request).await?)
}

async fn record(
    site: &Site,
    request: &Request,
    action: Action<'_>,
    id: i64,
) -> Result<(), Error<Problem>> {
    let hash = keyed_hash(
        &site.app.config.audit_key,
        "developer",
        &[&id.to_be_bytes()],
    );
    action
        .by(&format!("developer:{}", hex(&hash[..8])))
        .record(site, request)
        .await?;
    Ok(())
}

fn close(
    site: &Site,
    request: &Request,
    action: &str,
    result: Result<Reply, Error<Problem>>,
) -> Answer {
    match result {
        Ok(reply) => reply,
        Err(error) => {
            let problem = site.settle(request, action, "", error);
            pages::problem(request, pages::language(request, None), &problem)
        }
    }
    .into()
}

fn is_name(name: &str) -> bool {
    (3..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte))
}

const HOME: &str = "/developer/";
