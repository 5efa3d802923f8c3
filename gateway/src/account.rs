//! `/account/`: what a person connected, who looked, and the way to stop it (docs/contract/01-routes.md).
//!
//! A person signs in as for an application, with the same identity rules. The session ends 15 minutes after the
//! last page. A revocation ends the grant in one statement, so the application's next call is refused on every
//! instance.

pub(crate) mod page;
pub(crate) mod sign_out;
pub mod statements;

use axum::Extension;
use axum::extract::State;

use crate::account::page::AccountFacts;
use crate::account::statements::{self as account, Person, accesses, connected};
use crate::audit::action::Action;
use crate::audit::event::Level;
use crate::base::config::Config;
use crate::base::context::App;
use crate::base::failure::Error;
use crate::base::http::browser::{Binding, Browser};
use crate::base::http::cookies::{self, Name};
use crate::base::http::reply::{Answer, add_cookie, see_other};
use crate::base::http::{Reply, Request};
use crate::base::identity_provider::SignInError;
use crate::base::language::Language;
use crate::base::limits::Surface;
use crate::base::limits::rate::Allowance;
use crate::base::page::{self as pages, Problem, WayBack};
use crate::base::profile::Profile;
use crate::base::secret::{Secret, SecretHash, person_hash};
use crate::base::session::{self, Kind, NewSession, Session, Visit};
use crate::base::site::Site;
use crate::base::store::StoreError;
use crate::oauth::parameters::Parameters;
use crate::signin::identify::{SignedIn, identify, note_stranger, refused};
use crate::signin::identity::patient_of;

/// Sessions of people.
pub(crate) struct OfPerson;

impl Kind for OfPerson {
    type Visitor = Person;
    const COOKIE: Name = cookies::ACCOUNT;
    const FORMS: &'static str = "account-csrf";
    const IDLE_S: i64 = 15 * 60;

    async fn visit(app: &App, visit: &Visit<'_>) -> Result<Option<Person>, StoreError> {
        account::visit(app.database.as_ref(), visit).await
    }
}

/// GET: connected applications and recent accesses; `?revoke=ID` asks before it is done. Without a session: to
/// the sign-in.
pub(crate) async fn show(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let query = request.parameters();
    let wanted = query.single("lang").ok().flatten();
    let language = pages::language(&request, wanted);
    let shown = async {
        match open_session(&site, &request, wanted.and_then(Language::parse)).await? {
            Some(session) => page(&site, &request, &query, &session).await,
            None => send_to_sign_in(&site, &request, language).await,
        }
    };
    match shown.await {
        Ok(reply) => reply.into(),
        Err(problem) => pages::problem(&request, language, &problem).into(),
    }
}

/// POST: `action` is `revoke` (with `grant`) or `sign_out`. Answered by 303; without a session or with a forged
/// form nothing is done.
pub(crate) async fn act(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let form = request.form();
    let done = async {
        let Some(session) = open_session(&site, &request, None).await? else {
            return Ok(refuse(&site, &request, "no_session").await);
        };
        if !session.csrf(&site.app.config).made(&form) {
            return Ok(refuse(&site, &request, "form_foreign").await);
        }
        let single = |name| form.single(name).ok().flatten();
        match single("action") {
            Some("sign_out") => sign_out::end(&site, &request).await,
            Some("revoke") => {
                let grant_id = single("grant").and_then(|id| id.parse().ok());
                revoke(&site, &request, &session.visitor, grant_id).await
            }
            _ => Ok(see_other(ACCOUNT)),
        }
    };
    match done.await {
        Ok(reply) => reply.into(),
        Err(problem) => pages::problem(&request, pages::language(&request, None), &problem).into(),
    }
}

/// A form that does nothing leads to the page.
async fn refuse(site: &Site, request: &Request, code: &str) -> Reply {
    let action = Action::unproved("account.form").refuse(code);
    action.note(site, request, Surface::Authorize).await;
    see_other(ACCOUNT)
}

/// The provider sent somebody back who was not on the way to an application.
pub(crate) async fn finish_account_sign_in(
    site: &Site,
    request: &Request,
    parameters: &Parameters,
    transaction: &Secret,
    browser: &Browser,
    allowance: Allowance,
) -> Reply {
    let app = &site.app;
    let waiting = account::waiting(
        app.database.as_ref(),
        transaction.hash(),
        &browser.hashes(),
        app.clock.now(),
    )
    .await;
    let (language, bound) = match waiting {
        Ok(Some(waiting)) => (
            pages::chosen_language(request).unwrap_or(waiting.language),
            waiting.browser_hash,
        ),
        Ok(None) => {
            note_stranger(site, request, allowance).await;
            let language = pages::language(request, None);
            let back = WayBack::from(site, request, transaction).await;
            return pages::problem(request, language, &Problem::expired().back(back));
        }
        Err(error) => {
            let language = pages::language(request, None);
            let problem = site.unavailable(request, "signin", &error);
            return pages::problem(request, language, &problem);
        }
    };
    let arrived = async {
        let signed_in = identify(site, request, parameters, transaction, "").await?;
        open(site, request, transaction, (browser, bound), signed_in).await
    };
    match arrived.await {
        Ok(Some(reply)) => reply,
        Ok(None) => {
            note_stranger(site, request, allowance).await;
            pages::problem(request, language, &Problem::expired())
        }
        Err(error) => {
            let error = site.settle(request, "signin", "", error);
            let level = if error == SignInError::IdentityConflict {
                Level::Critical
            } else {
                Level::Info
            };
            let recorded = refused(error, allowance)
                .level(level)
                .record(site, request)
                .await;
            let problem = match recorded {
                Ok(()) => Problem::account_sign_in(error),
                Err(error) => site.unavailable(request, "signin", &error),
            };
            pages::problem(request, language, &problem)
        }
    }
}

/// Takes the session, and the name that goes with it, from the browser.
pub(crate) fn forget(config: &Config, reply: &mut Reply) {
    session::forget::<OfPerson>(config, reply);
    let name = cookies::ACCOUNT_PERSON.of(config);
    add_cookie(reply, &cookies::set(config, name, "", 0));
}

/// Makes a session of the visit. `None` if it was opened before or expired.
async fn open(
    site: &Site,
    request: &Request,
    transaction: &Secret,
    (browser, bound): (&Browser, SecretHash),
    SignedIn {
        profile,
        identity,
        account: signed_in_with,
    }: SignedIn,
) -> Result<Option<Reply>, Error<SignInError>> {
    let app = &site.app;
    let session = NewSession::<OfPerson>::random(app)?;
    let event = Action::ok("signin")
        .by("beneficiary")
        .person(identity.patients.shared())
        .account(&signed_in_with)
        .draft(site, request);
    let opening = account::Opening {
        transaction: transaction.hash(),
        browser_hash: bound,
        browsers: &browser.hashes(),
        session: session.hash(),
        identity_id: identity.id,
        now: session.now,
        expires_at: session.expires_at,
        event: &event.event(),
    };
    if !account::open(app.database.as_ref(), opening).await? {
        return Ok(None);
    }
    event.log(site);
    let sealed = profile.seal_text(
        &app.config.store_key,
        &cookies::person_context(session.secret(), identity.id),
        app.entropy.as_ref(),
    )?;
    let mut reply = see_other(ACCOUNT);
    session.set(&app.config, &mut reply);
    let name = cookies::ACCOUNT_PERSON.of(&app.config);
    add_cookie(
        &mut reply,
        &cookies::set(&app.config, name, &sealed, OfPerson::COOKIE_S),
    );
    browser.remember(&app.config, &request.headers, &bound, &mut reply);
    Ok(Some(reply))
}

async fn open_session(
    site: &Site,
    request: &Request,
    language: Option<Language>,
) -> Result<Option<Session<OfPerson>>, Problem> {
    Session::of(&site.app, &request.headers, language)
        .await
        .map_err(|error| site.unavailable(request, "account", &error))
}

async fn send_to_sign_in(
    site: &Site,
    request: &Request,
    language: Language,
) -> Result<Reply, Problem> {
    let app = &site.app;
    site.count_address(request, Surface::Authorize, "account")
        .await
        .map_err(Problem::limited)?;
    let transaction = Secret::random(app.entropy.as_ref())
        .map_err(|error| site.unavailable(request, "account", &error))?;
    let binding = Binding::new(&site.app, request, &transaction)
        .map_err(|error| site.unavailable(request, "account", &error))?;
    let now = app.clock.now();
    account::begin(
        app.database.as_ref(),
        transaction.hash(),
        binding.hash(),
        language,
        now,
        now.plus_seconds(SIGN_IN_S),
        &request.request_id,
    )
    .await
    .map_err(|error| site.unavailable(request, "account", &error))?;
    // Always asked again: on a shared computer, what one person left open must not show another's account.
    let url = site
        .provider
        .authorization_url(app, &transaction, language, true, None)
        .await
        .map_err(|error| Problem::account_sign_in(site.sign_in_failed(request, error)))?;
    let mut reply = see_other(&url);
    binding.set(&mut reply);
    Ok(reply)
}

async fn page(
    site: &Site,
    request: &Request,
    query: &Parameters,
    session: &Session<OfPerson>,
) -> Result<Reply, Problem> {
    let app = &site.app;
    let person = &session.visitor;
    let database = app.database.as_ref();
    let single = |name| query.single(name).ok().flatten();
    let patient = patient_of(database, person.identity_id)
        .await
        .map_err(|error| site.unavailable(request, "account", &error))?
        .ok_or_else(|| Problem::account_sign_in(SignInError::IdentityConflict))?;
    // Also what was audited under a former key.
    let people: Vec<_> = app
        .config
        .audit_key
        .all()
        .map(|key| person_hash(key, &patient).to_vec())
        .collect();
    let applications = connected(database, person.identity_id, &people, app.clock.now())
        .await
        .map_err(|error| site.unavailable(request, "account", &error))?;
    let accesses = accesses(database, &people, ACCESSES)
        .await
        .map_err(|error| site.unavailable(request, "account", &error))?;
    let name = cookies::read(&request.headers, cookies::ACCOUNT_PERSON.of(&app.config))
        .and_then(|sealed| {
            Profile::open_text(
                sealed,
                &app.config.store_key,
                &cookies::person_context(session.secret(), person.identity_id),
            )
        })
        .map(|profile| profile.name)
        .unwrap_or_default();
    let asked: Option<i64> = single("revoke").and_then(|id| id.parse().ok());
    Ok(page::account(
        pages::chosen_language(request).unwrap_or(person.language),
        &AccountFacts {
            person: &name,
            asked: applications
                .iter()
                .find(|application| Some(application.grant_id) == asked),
            applications: &applications,
            accesses: &accesses,
            revoked: single("revoked").is_some(),
            csrf: session.csrf(&app.config).expose(),
        },
    ))
}

async fn revoke(
    site: &Site,
    request: &Request,
    person: &Person,
    grant_id: Option<i64>,
) -> Result<Reply, Problem> {
    let Some(grant_id) = grant_id else {
        return Ok(see_other(ACCOUNT));
    };
    let app = &site.app;
    let database = app.database.as_ref();
    let unavailable = |error| site.unavailable(request, "account.revoke", &error);
    let patient = patient_of(database, person.identity_id)
        .await
        .map_err(unavailable)?
        .ok_or_else(|| Problem::account_sign_in(SignInError::IdentityConflict))?;
    let action = Action::ok("account.revoke")
        .by("beneficiary")
        .person(&patient);
    let ended = account::revoke(
        database,
        person.identity_id,
        grant_id,
        app.clock.now(),
        &action.draft(site, request).event(),
    )
    .await
    .map_err(unavailable)?;
    let Some(client_id) = ended else {
        // Ended already, by a double click or by the application itself.
        return Ok(see_other(ACCOUNT));
    };
    action
        .application(&client_id)
        .draft(site, request)
        .log(site);
    Ok(see_other("/account/?revoked=1"))
}

const ACCOUNT: &str = "/account/";
const SIGN_IN_S: i64 = 600;
/// Recent accesses that the page's lines are made of.
const ACCESSES: i64 = 1000;
