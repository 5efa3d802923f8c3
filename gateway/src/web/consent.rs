//! `/vN/o/authorize/consent`: the question to the person (wire contract, section 4).

use axum::Extension;
use axum::extract::State;
use bluegate_shared::oauth::ErrorCode;
use bluegate_shared::scope::Permissions;

use super::audit::Action;
use super::pages::{self, ConsentFacts, Problem};
use super::reply::{add_cookie, see_other};
use super::{Answer, Site, VersionPath, authorize, cookies};
use crate::app::{Reply, Request};
use crate::policy::application::{Application, Status};
use crate::policy::authorize::Refusal;
use crate::policy::consent::{Decision, grant_end, offers_choice};
use crate::policy::parameters::Parameters;
use crate::profile::Profile;
use crate::secret::Secret;
use crate::signin::SignInError;
use crate::store::authorization::{
    Allow, PendingRequest, decide as store_decision, decided, pending,
};
use crate::store::token::{Redemption, redeem};
use crate::store::{application, identity, logo};

/// GET: the page, or back to sign-in where nobody signed in yet.
pub(super) async fn show(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    let parameters = Parameters::parse(request.query.as_deref().unwrap_or_default().as_bytes());
    let visit = match Visit::find(&site, &request, &parameters).await {
        Ok(visit) => visit,
        Err(problem) => {
            return pages::problem(&request, pages::language(&request, None), &problem).into();
        }
    };
    let Visit {
        transaction,
        browser,
        waiting,
        application,
    } = visit;
    let another = parameters.single("another").ok().flatten() == Some("1");
    let Some(identity_id) = waiting.identity_id.filter(|_| !another) else {
        return match site
            .provider
            .authorization_url(&site.app, &transaction, waiting.language, another)
            .await
        {
            Ok(url) => see_other(&url).into(),
            Err(error) => pages::problem(
                &request,
                waiting.language,
                &Problem::sign_in(error, version, &transaction),
            )
            .into(),
        };
    };
    match identity::patient_of(site.app.database.as_ref(), identity_id).await {
        Ok(Some(_)) => {}
        // Held since the sign-in, by a conflict with somebody else's.
        Ok(None) => {
            let held = Problem::sign_in(SignInError::IdentityConflict, version, &transaction);
            return pages::problem(&request, waiting.language, &held).into();
        }
        Err(_) => {
            return pages::problem(&request, waiting.language, &Problem::unavailable()).into();
        }
    }
    let profile = profile(&site, &request, &transaction, identity_id);
    let csrf = csrf(&site, &transaction, &browser, identity_id);
    let facts = ConsentFacts {
        application: &application,
        scopes: &waiting.scopes,
        person: profile
            .as_ref()
            .map(|profile| profile.name.as_str())
            .unwrap_or_default(),
        choice: application.requires_demographics && offers_choice(&waiting.scopes),
        transaction: transaction.expose(),
        csrf: csrf.expose(),
        action: &format!("/{}/o/authorize/consent", version.segment()),
        // A picture that cannot be had is no reason to show no page.
        logo: logo::exists(site.app.database.as_ref(), application.id)
            .await
            .unwrap_or(false),
    };
    pages::consent(waiting.language, &facts).into()
}

/// POST: the decision. Always answered by 303.
pub(super) async fn decide(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    let form = Parameters::parse(&request.body);
    match answer(&site, &request, &form).await {
        Some(reply) => reply.into(),
        // Expired, undecidable or forged: the page says which, after a redirect.
        None => {
            let transaction = Secret::new(
                form.single("transaction")
                    .ok()
                    .flatten()
                    .unwrap_or_default()
                    .to_owned(),
            );
            see_other(&pages::consent_path(version, &transaction)).into()
        }
    }
}

async fn answer(site: &Site, request: &Request, form: &Parameters) -> Option<Reply> {
    let app = &site.app;
    let transaction = Secret::new(form.single("transaction").ok()??.to_owned());
    let browser = cookies::browser(&app.config, &request.headers)?;
    let presented = form.single("csrf").ok()??;
    let now = app.clock.now();
    // The code is derived from the transaction, so that a double click gives the same code twice instead of
    // an error page in place of the application. 256 bits of the transaction id are behind it.
    let code = Secret::derived(
        &app.config.token_key,
        "code",
        &[transaction.expose().as_bytes()],
    );
    let Some(waiting) = pending(
        app.database.as_ref(),
        transaction.hash(),
        browser.hash(),
        now,
    )
    .await
    .ok()?
    else {
        return repeated(site, request, &transaction, &browser, presented, &code).await;
    };
    let identity_id = waiting.identity_id?;
    if !csrf(site, &transaction, &browser, identity_id).is(presented) {
        return None;
    }
    let application = application::by_id(app.database.as_ref(), waiting.application_id)
        .await
        .ok()??;
    if application.status != Status::Active {
        return None;
    }
    let patient = identity::patient_of(app.database.as_ref(), identity_id)
        .await
        .ok()??;
    let decision = Decision::parse(form, &waiting.scopes).ok()?;
    let (allow, action) = match &decision {
        Decision::Deny => (None, "consent.deny"),
        Decision::Allow(granted) => {
            let sealed = granted
                .permissions()
                .contains(Permissions::PROFILE)
                .then(|| profile(site, request, &transaction, identity_id))
                .flatten()
                .map(|profile| {
                    profile.seal(&app.config.store_key, PROFILE_CONTEXT, app.entropy.as_ref())
                })
                .transpose()
                .ok()?;
            let kind = application.data_access_type;
            let allow = Allow {
                granted,
                data_access_type: kind,
                grant_expires_at: grant_end(kind, now, CODE_TTL_S, app.config.access_token_ttl_s),
                profile_sealed: sealed,
                code_hash: code.hash(),
                code_expires_at: now.plus_seconds(CODE_TTL_S),
            };
            (Some(allow), "consent.allow")
        }
    };
    let event = Action::ok(action)
        .by("beneficiary")
        .application(application.client_id.as_str())
        .flow(&waiting.flow_id)
        .person(&patient)
        .draft(site, request);
    let decided_now = store_decision(
        app.database.as_ref(),
        transaction.hash(),
        browser.hash(),
        identity_id,
        allow,
        now,
        &event.event(),
    )
    .await
    .ok()?;
    if !decided_now {
        return repeated(site, request, &transaction, &browser, presented, &code).await;
    }
    event.log(site);
    let mut reply = match decision {
        Decision::Allow(_) if waiting.implicit => {
            implicit(site, request, &waiting, &application, &transaction, &code).await?
        }
        Decision::Allow(_) => back(site, &waiting.redirect, &waiting.state, &code),
        Decision::Deny => {
            let refusal = Refusal {
                code: ErrorCode::AccessDenied,
                description: "the person did not allow access".into(),
            };
            authorize::refuse(site, &waiting.redirect, Some(&waiting.state), &refusal)
        }
    };
    add_cookie(
        &mut reply,
        &cookies::set(
            &app.config,
            &cookies::person_name(&app.config, &transaction),
            "",
            0,
        ),
    );
    Some(reply)
}

/// The same answer again, for a double click on Allow. It has an event of its own, so that no code is ever told
/// without one, even where the answer or the event of the first click was lost.
async fn repeated(
    site: &Site,
    request: &Request,
    transaction: &Secret,
    browser: &Secret,
    presented: &str,
    code: &Secret,
) -> Option<Reply> {
    let app = &site.app;
    let now = app.clock.now();
    let earlier = decided(
        app.database.as_ref(),
        transaction.hash(),
        browser.hash(),
        code.hash(),
        now,
    )
    .await
    .ok()??;
    if !csrf(site, transaction, browser, earlier.identity_id).is(presented) {
        return None;
    }
    Action {
        code: "repeated",
        ..Action::ok("consent.allow")
    }
    .by("beneficiary")
    .application(&earlier.client_id)
    .flow(&earlier.flow_id)
    .person(earlier.patients.shared())
    .record(site, request)
    .await
    .ok()?;
    Some(back(site, &earlier.redirect, &earlier.state, code))
}

fn back(
    site: &Site,
    redirect: &crate::policy::redirect::VerifiedRedirect,
    state: &str,
    code: &Secret,
) -> Reply {
    see_other(&redirect.with(&[
        ("code", code.expose()),
        ("state", state),
        ("iss", &site.app.config.public_base_url),
    ]))
}

/// The access token in the fragment, without a refresh token (RFC 6749, section 4.2.2).
async fn implicit(
    site: &Site,
    request: &Request,
    waiting: &PendingRequest,
    application: &Application,
    transaction: &Secret,
    code: &Secret,
) -> Option<Reply> {
    let app = &site.app;
    let access = Secret::random(app.entropy.as_ref()).ok()?;
    let now = app.clock.now();
    let ttl = app.config.access_token_ttl_s;
    let action = Action::ok("token.implicit")
        .by("application")
        .application(application.client_id.as_str());
    let event = action.draft(site, request);
    let redemption = Redemption {
        code_hash: code.hash(),
        application_id: application.id,
        redirect_uri: Some(waiting.redirect.as_str()),
        challenge: &authorize::implicit_verifier(site, transaction).challenge(),
        access_hash: access.hash(),
        access_expires_at: now.plus_seconds(ttl),
        refresh_hash: None,
        now,
        version: waiting.version.segment(),
        event: &event.event(),
    };
    let issued = redeem(app.database.as_ref(), &redemption).await.ok()??;
    action
        .flow(&issued.flow_id)
        .person(issued.patients.shared())
        .draft(site, request)
        .log(site);
    Some(see_other(&waiting.redirect.with(&[
        ("access_token", access.expose()),
        ("token_type", "Bearer"),
        ("expires_in", &ttl.to_string()),
        ("scope", &issued.scopes.to_string()),
        ("state", &waiting.state),
        ("iss", &app.config.public_base_url),
    ])))
}

/// A consent page that may be shown.
struct Visit {
    transaction: Secret,
    browser: Secret,
    waiting: PendingRequest,
    application: Application,
}

impl Visit {
    async fn find(
        site: &Site,
        request: &Request,
        parameters: &Parameters,
    ) -> Result<Self, Problem> {
        let app = &site.app;
        let transaction = parameters
            .single("transaction")
            .ok()
            .flatten()
            .map(|text| Secret::new(text.to_owned()));
        let browser = cookies::browser(&app.config, &request.headers);
        let (Some(transaction), Some(browser)) = (transaction, browser) else {
            return Err(Problem::expired());
        };
        let waiting = pending(
            app.database.as_ref(),
            transaction.hash(),
            browser.hash(),
            app.clock.now(),
        )
        .await
        .map_err(|_| Problem::unavailable())?
        .ok_or_else(Problem::expired)?;
        let application = application::by_id(app.database.as_ref(), waiting.application_id)
            .await
            .map_err(|_| Problem::unavailable())?
            .ok_or_else(Problem::expired)?;
        if application.status != Status::Active {
            return Err(Problem::inactive(&application.name));
        }
        authorize::not_locked_down(site, waiting.version, application.client_id.as_str()).await?;
        Ok(Self {
            transaction,
            browser,
            waiting,
            application,
        })
    }
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
fn csrf(site: &Site, transaction: &Secret, browser: &Secret, identity_id: i64) -> Secret {
    Secret::derived(
        &site.app.config.token_key,
        "csrf",
        &[
            transaction.expose().as_bytes(),
            browser.expose().as_bytes(),
            &identity_id.to_be_bytes(),
        ],
    )
}

/// Context of sealed profiles in the store.
pub(super) const PROFILE_CONTEXT: &[u8] = b"consent_grant.profile_sealed";
const CODE_TTL_S: i64 = 60;
