//! `/vN/o/authorize/`: the start of the flow (docs/contract/02-authorize.md).

pub mod pushed;
pub mod statements;
pub(crate) mod way_back;

use axum::Extension;
use axum::extract::State;
use bluegate_shared::id::ClientId;
use bluegate_shared::pkce::Verifier;
use http::Method;

use crate::application::statements as application;
use crate::audit::action::Action;
use crate::authorize::pushed::take;
use crate::authorize::statements::{NewRequest, create};
use crate::base::http::browser::Binding;
use crate::base::http::reply::{Answer, add_cookie, see_other};
use crate::base::http::{Reply, Request};
use crate::base::language::Language;
use crate::base::limits::Surface;
use crate::base::page::{self as pages, Problem};
use crate::base::secret::{Secret, SecretHash, keyed_hash};
use crate::base::site::{Site, VersionPath};
use crate::base::version::Version;
use crate::lock_down;
use crate::oauth::application::{Application, Status};
use crate::oauth::authorize::{AuthorizationRequest, MAX_STATE, Refusal, check, is_implicit};
use crate::oauth::parameters::Parameters;
use crate::oauth::redirect::VerifiedRedirect;

/// GET and POST.
pub(crate) async fn start(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    let encoded = if request.method == Method::POST {
        &request.body[..]
    } else {
        request.query.as_deref().unwrap_or_default().as_bytes()
    };
    let parameters = Parameters::parse(encoded);
    let language = pages::language(&request, parameters.single("lang").ok().flatten());
    let counted = site
        .count_address(&request, Surface::Authorize, "authorize")
        .await;
    let allowance = match counted {
        Ok(allowance) => allowance,
        Err(limited) => {
            return pages::problem(&request, language, &Problem::limited(limited)).into();
        }
    };
    // Whoever names an application here has not proved to be it.
    let action = Action::unproved("authorize").counted(allowance);
    match begin(&site, version, &request, &parameters, language, action).await {
        Ok(reply) => reply.into(),
        Err(problem) => {
            let _ = action.refuse(problem.code()).record(&site, &request).await;
            pages::problem(&request, language, &problem).into()
        }
    }
}

async fn begin(
    site: &Site,
    version: Version,
    request: &Request,
    parameters: &Parameters,
    language: Language,
    action: Action<'_>,
) -> Result<Reply, Problem> {
    let app = &site.app;
    parameters
        .complete()
        .map_err(|error| Problem::request(error.to_string()))?;
    let application = find_application(site, request, parameters).await?;
    not_locked_down(site, request, version, application.client_id.as_str()).await?;
    let pushed = pushed(site, request, &application, parameters).await?;
    let parameters = pushed.as_ref().unwrap_or(parameters);
    let requested = parameters
        .single("redirect_uri")
        .map_err(|error| Problem::redirect(error.to_string()))?;
    let redirect = VerifiedRedirect::verify(&application, requested)
        .map_err(|error| Problem::redirect(error.to_string()))?;
    let allow_implicit = app.config.allow_implicit_flow_insecure;
    let implicit = is_implicit(&application, parameters, version, allow_implicit);
    let redirect = if implicit {
        redirect.in_fragment()
    } else {
        redirect
    };
    // From here on, errors go to the verified redirect URI.
    let checked = check(
        &application,
        parameters,
        version,
        &fhir_bases(site),
        allow_implicit,
    )
    .and_then(|checked| {
        if application.require_par && pushed.is_none() {
            Err(Refusal::not_pushed())
        } else if checked.silent {
            Err(Refusal::login_required())
        } else {
            Ok(checked)
        }
    });
    match checked {
        Ok(checked) => {
            let asked = Asked {
                application: &application,
                version,
                redirect: &redirect,
                implicit,
                language: checked.language.unwrap_or(language),
                checked,
            };
            asked.begin(site, request).await
        }
        Err(refusal) => {
            // One that is too long would make an address that no server takes.
            let state = parameters.single("state").ok().flatten();
            let state = state.filter(|state| state.len() <= MAX_STATE);
            action
                .refuse(refusal.code.as_str())
                .application(application.client_id.as_str())
                .record(site, request)
                .await
                .map_err(|error| site.unavailable(request, "authorize", &error))?;
            Ok(refuse(site, &redirect, state, &refusal))
        }
    }
}

/// A request that may be made, before anybody signed in.
struct Asked<'a> {
    application: &'a Application,
    version: Version,
    redirect: &'a VerifiedRedirect,
    implicit: bool,
    language: Language,
    checked: AuthorizationRequest,
}

impl Asked<'_> {
    /// Keeps it, and sends the browser to the sign-in.
    async fn begin(self, site: &Site, request: &Request) -> Result<Reply, Problem> {
        let app = &site.app;
        let Self {
            application,
            version,
            redirect,
            implicit,
            language,
            checked,
        } = self;
        let random = || {
            Secret::random(app.entropy.as_ref())
                .map_err(|error| site.unavailable(request, "authorize", &error))
        };
        let transaction = random()?;
        let flow_id: String = random()?.hash().hex().chars().take(32).collect();
        let binding = Binding::new(&site.app, request, &transaction)
            .map_err(|error| site.unavailable(request, "authorize", &error))?;
        let now = app.clock.now();
        // The implicit flow has no code of the application; the one behind it is bound to a verifier of ours.
        let challenge = checked
            .challenge
            .unwrap_or_else(|| implicit_verifier(site, &transaction).challenge());
        let pending = NewRequest {
            id_hash: transaction.hash(),
            browser_hash: binding.hash(),
            application_id: application.id,
            version,
            redirect,
            state: &checked.state,
            implicit,
            challenge: &challenge,
            scopes: &checked.scopes,
            language,
            flow_id: &flow_id,
            now,
            expires_at: now.plus_seconds(TRANSACTION_TTL_S),
            request_id: &request.request_id,
        };
        create(app.database.as_ref(), &pending)
            .await
            .map_err(|error| site.unavailable(request, "authorize", &error))?;
        let mut reply = match site
            .provider
            .authorization_url(
                app,
                &transaction,
                language,
                checked.prompt_login,
                checked.login_hint.as_deref(),
            )
            .await
        {
            Ok(url) => see_other(&url),
            Err(error) => {
                let error = site.sign_in_failed(request, error);
                let problem = Problem::sign_in(error, version, &transaction);
                pages::problem(request, language, &problem)
            }
        };
        binding.set(&mut reply);
        // What the address says is kept with every page; this was pushed, or posted.
        let is_said = request
            .query
            .as_deref()
            .and_then(pages::language_in)
            .is_some();
        if let Some(language) = checked.language.filter(|_| !is_said) {
            let cookie = pages::remember_language(language, app.config.is_https());
            add_cookie(&mut reply, &cookie);
        }
        Ok(reply)
    }
}

/// The parameters that `request_uri` stands for; beside it only `client_id` is read (RFC 9126, section 4).
async fn pushed(
    site: &Site,
    request: &Request,
    application: &Application,
    parameters: &Parameters,
) -> Result<Option<Parameters>, Problem> {
    let unusable = || {
        Problem::request_uri("request_uri is unknown, used, expired or another application's; push the request again".to_owned())
    };
    let Ok(uri) = parameters.single("request_uri") else {
        return Err(unusable());
    };
    let Some(uri) = uri else {
        return Ok(None);
    };
    let app = &site.app;
    let kept = take(
        app.database.as_ref(),
        SecretHash::of(uri),
        application.id,
        app.clock.now(),
        &request.request_id,
    )
    .await
    .map_err(|error| site.unavailable(request, "authorize", &error))?
    .ok_or_else(unusable)?;
    Ok(Some(Parameters::parse(kept.as_bytes())))
}

async fn find_application(
    site: &Site,
    request: &Request,
    parameters: &Parameters,
) -> Result<Application, Problem> {
    let client_id = parameters
        .single("client_id")
        .map_err(|error| Problem::client(error.to_string()))?
        .ok_or_else(|| Problem::client("client_id is missing".to_owned()))?;
    let unknown = || {
        Problem::client("client_id is not known here; register the application first".to_owned())
    };
    let Ok(client_id) = ClientId::parse(client_id) else {
        return Err(unknown());
    };
    let application = application::by_client_id(site.app.database.as_ref(), &client_id)
        .await
        .map_err(|error| site.unavailable(request, "authorize", &error))?
        .ok_or_else(unknown)?;
    if application.status == Status::Active {
        Ok(application)
    } else {
        Err(Problem::inactive(&application.name))
    }
}

/// Nobody is sent through a flow that can give nothing.
pub(crate) async fn not_locked_down(
    site: &Site,
    request: &Request,
    version: Version,
    client_id: &str,
) -> Result<(), Problem> {
    match lock_down::holds(site.app.database.as_ref(), version.segment(), client_id).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(Problem::locked_down()),
        Err(error) => Err(site.unavailable(request, "authorize", &error)),
    }
}

/// An OAuth error to the verified redirect URI, with `iss` (RFC 9207).
pub(crate) fn refuse(
    site: &Site,
    redirect: &VerifiedRedirect,
    state: Option<&str>,
    refusal: &Refusal,
) -> Reply {
    let mut parameters = vec![
        ("error", refusal.code.as_str()),
        ("error_description", refusal.description.as_ref()),
    ];
    if let Some(state) = state {
        parameters.push(("state", state));
    }
    parameters.push(("iss", &site.app.config.public_base_url));
    see_other(&redirect.with(&parameters))
}

/// The verifier behind the code of an implicit flow.
pub(crate) fn implicit_verifier(site: &Site, transaction: &Secret) -> Verifier {
    Verifier::from_entropy(keyed_hash(
        &site.app.config.token_key,
        "implicit",
        &[transaction.expose().as_bytes()],
    ))
}

/// FHIR base URLs of the enabled versions, without a trailing slash.
pub(crate) fn fhir_bases(site: &Site) -> Vec<String> {
    Version::ALL
        .into_iter()
        .filter(|version| *version != Version::V3 || site.app.config.v3_enabled)
        .map(|version| {
            format!(
                "{}/{}/fhir",
                site.app.config.public_base_url,
                version.segment()
            )
        })
        .collect()
}

const TRANSACTION_TTL_S: i64 = 600;
