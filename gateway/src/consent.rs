//! `/vN/o/authorize/consent`: the question to the person (docs/contract/04-consent.md).

mod decision;
pub(crate) mod page;

use axum::Extension;
use axum::extract::State;
use bluegate_shared::oauth::ErrorCode;

use crate::application::{statements as application, stored_logo as logo};
use crate::audit::action::Action;
use crate::authorize;
use crate::authorize::statements::{AuthorizationRequest, find};
use crate::authorize::way_back::still_verified;
use crate::base::failure::Error;
use crate::base::http::browser::Browser;
use crate::base::http::reply::{Answer, see_other};
use crate::base::http::{Reply, Request, cookies};
use crate::base::identity_provider::SignInError;
use crate::base::language::Language;
use crate::base::limits::Surface;
use crate::base::page::{self as pages, Problem, WayBack};
use crate::base::ports::UnixMillis;
use crate::base::profile::Profile;
use crate::base::secret::{Secret, SecretHash};
use crate::base::site::{Site, VersionPath};
use crate::base::version::Version;
use crate::consent::page::{ConsentFacts, Notice};
use crate::oauth::application::{Application, Status};
use crate::oauth::authorize::Refusal;
use crate::oauth::consent::offers_choice;
use crate::oauth::parameters::Parameters;
use crate::signin::identity;

use decision::Undecided;

/// GET: the page, or back to sign-in where nobody signed in yet.
pub(crate) async fn show(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    let parameters = request.parameters();
    let visit = match Visit::find(&site, version, &request, &parameters).await {
        Ok(visit) => visit,
        Err(problem) => {
            return not_shown(&site, &request, &parameters, problem)
                .await
                .into();
        }
    };
    let language = pages::chosen_language(&request).unwrap_or(visit.waiting.language);
    match shown_to(&site, &request, &parameters, &visit, language).await {
        Ok(reply) => reply.into(),
        Err(error) => {
            let problem = site.settle(&request, "consent", &visit.waiting.flow_id, error);
            pages::problem(&request, language, &problem).into()
        }
    }
}

/// There is nothing to decide here, or not now.
async fn not_shown(
    site: &Site,
    request: &Request,
    parameters: &Parameters,
    problem: Problem,
) -> Reply {
    let refused = Action::unproved("consent.show").refuse(problem.code());
    refused.note(site, request, Surface::Authorize).await;
    let problem = match parameters.single("transaction").ok().flatten() {
        Some(id) if problem.leads_back() => {
            let transaction = Secret::new(id.to_owned());
            problem.back(WayBack::from(site, request, &transaction).await)
        }
        _ => problem,
    };
    pages::problem(request, pages::language(request, None), &problem)
}

/// The question to whoever signed in, or the way to the sign-in, or back where the application may not ask any more.
async fn shown_to(
    site: &Site,
    request: &Request,
    parameters: &Parameters,
    visit: &Visit,
    language: Language,
) -> Result<Reply, Error<Problem>> {
    let Visit {
        version,
        transaction,
        waiting,
        application,
    } = visit;
    let another = parameters.single("another").ok().flatten() == Some("1");
    let failed = |error| Problem::sign_in(error, *version, transaction);
    let Some(identity_id) = waiting.identity_id.filter(|_| !another) else {
        let there = site
            .provider
            .authorization_url(&site.app, transaction, language, another, None)
            .await
            .map_err(|error| failed(site.sign_in_failed(request, error)))?;
        return Ok(see_other(&there));
    };
    // What the application may do changed on the way.
    if !still_stands(application, waiting) {
        let redirect = still_verified(application, waiting).ok_or_else(|| {
            Problem::redirect(
                "redirect_uri is no longer one that this application has registered".to_owned(),
            )
        })?;
        let refusal = Refusal {
            code: ErrorCode::InvalidScope,
            description: "this application may not ask for these scopes any more".into(),
        };
        return Ok(authorize::refuse(
            site,
            redirect,
            Some(&waiting.state),
            &refusal,
        ));
    }
    let database = site.app.database.as_ref();
    // Held since the sign-in, by a conflict with somebody else's.
    if identity::patient_of(database, identity_id).await?.is_none() {
        return Err(failed(SignInError::IdentityConflict).into());
    }
    let logo_since = logo::since(database, application.id).await?;
    let facts = (identity_id, logo_since);
    Ok(question(site, request, parameters, visit, language, facts))
}

fn question(
    site: &Site,
    request: &Request,
    parameters: &Parameters,
    visit: &Visit,
    language: Language,
    (identity_id, logo_since): (i64, Option<UnixMillis>),
) -> Reply {
    let Visit {
        version,
        transaction,
        waiting,
        application,
    } = visit;
    let profile = profile(site, request, transaction, identity_id);
    let shown = shown(application, waiting, logo_since);
    let csrf = csrf(site, transaction, waiting, identity_id, &shown);
    let facts = ConsentFacts {
        application,
        scopes: &waiting.scopes,
        person: profile
            .as_ref()
            .map(|profile| profile.name.as_str())
            .unwrap_or_default(),
        choice: application.requires_demographics && offers_choice(&waiting.scopes),
        // As it was chosen before a press that came to nothing.
        withhold: parameters.single("demographics").ok().flatten() == Some("withhold"),
        notice: match again(parameters) {
            Some("changed") => Some(Notice::Changed),
            Some("failed") => Some(Notice::Failed),
            _ => None,
        },
        transaction: transaction.expose(),
        csrf: csrf.expose(),
        action: &format!("/{}/o/authorize/consent", version.segment()),
        logo: logo_since.is_some(),
        redirect: waiting.redirect.as_str(),
        approved: !site.app.config.is_sandbox(),
    };
    page::consent(language, &facts)
}

/// POST: the decision. Always answered by 303.
pub(crate) async fn decide(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    let form = request.form();
    let (code, again) = match decision::decide(&site, &request, &form).await {
        Ok(reply) => return reply.into(),
        Err(undecided) => shown_again(&site, &request, undecided),
    };
    if let Some(code) = code {
        let refused = Action::unproved("consent.decide").refuse(code);
        refused.note(&site, &request, Surface::Authorize).await;
    }
    let single = |name| form.single(name).ok().flatten();
    let transaction = Secret::new(single("transaction").unwrap_or_default().to_owned());
    let mut page = pages::consent_path(version, &transaction);
    page.push_str(again);
    if single("demographics") == Some("withhold") {
        page.push_str("&demographics=withhold");
    }
    see_other(&page).into()
}

/// What the audit says of a press that decided nothing, and what the page's address says. A store that failed has its
/// cause in the log.
fn shown_again(
    site: &Site,
    request: &Request,
    undecided: Undecided,
) -> (Option<&'static str>, &'static str) {
    let code = undecided.code();
    match undecided {
        Undecided::Foreign | Undecided::Stale => (code, ""),
        Undecided::Changed => (code, "&again=changed"),
        Undecided::Failed(cause) => {
            site.failed(request, "consent", cause.as_ref());
            (code, "&again=failed")
        }
    }
}

/// A consent page that may be shown.
struct Visit {
    /// In the path.
    version: Version,
    transaction: Secret,
    waiting: AuthorizationRequest,
    application: Application,
}

impl Visit {
    async fn find(
        site: &Site,
        version: Version,
        request: &Request,
        parameters: &Parameters,
    ) -> Result<Self, Problem> {
        let app = &site.app;
        let transaction = parameters
            .single("transaction")
            .ok()
            .flatten()
            .map(|text| Secret::new(text.to_owned()));
        let browser = Browser::of(&app.config, &request.headers);
        let transaction = transaction.ok_or_else(Problem::expired)?;
        let waiting = find(
            app.database.as_ref(),
            transaction.hash(),
            &browser.hashes(),
            app.clock.now(),
        )
        .await
        .map_err(|error| site.unavailable(request, "consent", &error))?
        // Whoever was told that a press failed presses again, though it may have been kept.
        .filter(|waiting| waiting.decision.is_none() || again(parameters) == Some("failed"))
        .ok_or_else(Problem::expired)?;
        let application = application::by_id(app.database.as_ref(), waiting.application_id)
            .await
            .map_err(|error| site.unavailable(request, "consent", &error))?
            .ok_or_else(Problem::expired)?;
        if application.status != Status::Active {
            return Err(Problem::inactive(&application.name));
        }
        // The request outlives a short lock-down: its page can be tried again.
        authorize::not_locked_down(
            site,
            request,
            waiting.version,
            application.client_id.as_str(),
        )
        .await
        .map_err(|problem| problem.again(pages::consent_path(waiting.version, &transaction)))?;
        Ok(Self {
            version,
            transaction,
            waiting,
            application,
        })
    }
}

/// Why the page is shown again.
fn again(parameters: &Parameters) -> Option<&str> {
    parameters.single("again").ok().flatten()
}

fn profile(
    site: &Site,
    request: &Request,
    transaction: &Secret,
    identity_id: i64,
) -> Option<Profile> {
    let config = &site.app.config;
    let sealed = cookies::read(&request.headers, &cookies::person_name(config, transaction))?;
    let context = cookies::person_context(transaction, identity_id);
    Profile::open_text(sealed, &config.store_key, &context)
}

/// Bound to the person as well: a page that shows one name decides for nobody else.
///
/// It begins with a digest of what the page shows, which the rest vouches for: a decision holds for nothing else.
fn csrf(
    site: &Site,
    transaction: &Secret,
    waiting: &AuthorizationRequest,
    identity_id: i64,
    shown: &str,
) -> Secret {
    let sealed = Secret::derived(
        &site.app.config.token_key,
        "csrf",
        &[
            transaction.expose().as_bytes(),
            waiting.browser_hash.hex().as_bytes(),
            &identity_id.to_be_bytes(),
            shown.as_bytes(),
        ],
    );
    Secret::new(format!("{shown}.{}", sealed.expose()))
}

/// A digest of what the page shows of the application and of the request (docs/contract/04-consent.md).
fn shown(
    application: &Application,
    waiting: &AuthorizationRequest,
    logo_since: Option<UnixMillis>,
) -> String {
    let facts = serde_json::json!([
        application.name,
        application.metadata,
        application.data_access_type.as_str(),
        application.requires_demographics,
        logo_since.map(|since| since.0),
        waiting.redirect.as_str(),
        waiting.scopes.to_string(),
    ]);
    SecretHash::of(&facts.to_string())
        .hex()
        .chars()
        .take(32)
        .collect()
}

/// Whether the request is still one that the application may make: its redirect URI, its scopes.
fn still_stands(application: &Application, waiting: &AuthorizationRequest) -> bool {
    still_verified(application, waiting).is_some()
        && application
            .permissions()
            .contains(waiting.scopes.permissions())
}
