//! Return from the identity provider.

use axum::Extension;
use axum::extract::State;
use bluegate_shared::oauth::ErrorCode;
use http::StatusCode;

use super::audit::Action;
use super::browser::Browser;
use super::pages::{self, Problem};
use super::reply::{add_cookie, see_other};
use super::way_back::WayBack;
use super::{Answer, Site, account, cookies};
use crate::app::{App, Reply, Request};
use crate::limits::{Bucket, Surface};
use crate::policy::parameters::Parameters;
use crate::profile::Profile;
use crate::rate::Allowance;
use crate::secret::{Secret, account_hash, person_hash};
use crate::signin::{SignInError, patient};
use crate::store::account::is_of_another;
use crate::store::audit::Level;
use crate::store::authorization::{self, AuthorizationRequest, pending, signed_in};
use crate::store::identity::{Identity, Linked, SignIn, link};

/// `/signin/callback`.
pub(super) async fn callback(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let app = &site.app;
    let counted = site
        .count_address(&request, Surface::Authorize, "signin")
        .await;
    let allowance = match counted {
        Ok(allowance) => allowance,
        Err(limited) => {
            let language = pages::language(&request, None);
            return pages::problem(&request, language, &Problem::limited(limited)).into();
        }
    };
    // By `query` only (wire contract, section 3): browsers send no `SameSite=Lax` cookie with a form of another site.
    let encoded = request.query.as_deref().unwrap_or_default().as_bytes();
    let parameters = Parameters::parse(encoded);
    let transaction = parameters
        .single("state")
        .ok()
        .flatten()
        .map(|state| Secret::new(state.to_owned()));
    let browser = Browser::of(&app.config, &request.headers);
    let Some(transaction) = transaction else {
        return pages::problem(
            &request,
            pages::language(&request, None),
            &Problem::expired(),
        )
        .into();
    };
    let found = pending(
        app.database.as_ref(),
        transaction.hash(),
        &browser.hashes(),
        app.clock.now(),
    )
    .await;
    let waiting = match found {
        Ok(Some(waiting)) => waiting,
        // Not on the way to an application: a visit to /account/, or nothing.
        Ok(None) => {
            return account::arrive(
                &site,
                &request,
                &parameters,
                &transaction,
                &browser,
                allowance,
            )
            .await
            .into();
        }
        Err(error) => {
            let problem = site.unavailable(&request, "signin", &error);
            return pages::problem(&request, pages::language(&request, None), &problem).into();
        }
    };
    match finish(
        &site,
        &request,
        &parameters,
        &transaction,
        &browser,
        &waiting,
    )
    .await
    {
        Ok(reply) => reply.into(),
        Err(error) => {
            let level = if error == SignInError::IdentityConflict {
                Level::Critical
            } else {
                Level::Info
            };
            let action = refused(error, allowance)
                .flow(&waiting.flow_id)
                .level(level);
            let problem = match action.record(&site, &request).await {
                Ok(()) => {
                    let back = WayBack::of(&site, &waiting, back_error(error)).await;
                    Problem::sign_in(error, waiting.version, &transaction).back(back)
                }
                Err(error) => site.unavailable(&request, "signin", &error),
            };
            pages::problem(&request, waiting.language, &problem).into()
        }
    }
}

async fn finish(
    site: &Site,
    request: &Request,
    parameters: &Parameters,
    transaction: &Secret,
    browser: &Browser,
    waiting: &AuthorizationRequest,
) -> Result<Reply, SignInError> {
    let app = &site.app;
    let SignedIn {
        profile,
        identity,
        account,
    } = identify(site, request, parameters, transaction, &waiting.flow_id).await?;
    // Only now is it proved that somebody signs in for this application.
    let bucket = Bucket::Application(Surface::Authorize, waiting.application_id);
    let action = Action::ok("signin")
        .by("application")
        .flow(&waiting.flow_id);
    if let Err(limited) = site.count(request, &bucket, action).await {
        return Ok(pages::problem(
            request,
            waiting.language,
            &Problem::limited(limited),
        ));
    }
    let event = Action::ok("signin")
        .by("beneficiary")
        .flow(&waiting.flow_id)
        .person(identity.patients.shared())
        .account(&account)
        .draft(site, request);
    let database = app.database.as_ref();
    let unavailable = |error| {
        site.failed(request, "signin", &error);
        SignInError::BackendUnavailable
    };
    // One person for a browser: the statement ends what it has of anybody else.
    let another = match cookies::account(&app.config, &request.headers) {
        Some(session) => is_of_another(database, session.hash(), identity.id)
            .await
            .map_err(unavailable)?,
        None => false,
    };
    let sign_in = authorization::SignedIn {
        id_hash: transaction.hash(),
        browser_hash: waiting.browser_hash,
        browsers: &browser.hashes(),
        identity_id: identity.id,
        now: app.clock.now(),
        event: &event.event(),
    };
    let accepted = signed_in(database, sign_in).await.map_err(unavailable)?;
    if !accepted {
        return Ok(pages::problem(
            request,
            waiting.language,
            &Problem::expired(),
        ));
    }
    event.log(site);
    let sealed = profile
        .seal_text(
            &app.config.store_key,
            &cookies::person_context(transaction, identity.id),
            app.entropy.as_ref(),
        )
        .map_err(|error| {
            site.failed(request, "signin", &error);
            SignInError::BackendUnavailable
        })?;
    let mut reply = see_other(&pages::consent_path(waiting.version, transaction));
    add_cookie(
        &mut reply,
        &cookies::set(
            &app.config,
            &cookies::person_name(&app.config, transaction),
            &sealed,
            600,
        ),
    );
    browser.remember(
        &app.config,
        &request.headers,
        &waiting.browser_hash,
        &mut reply,
    );
    if another {
        for name in [
            cookies::account_name(&app.config),
            cookies::account_person_name(&app.config),
        ] {
            add_cookie(&mut reply, &cookies::set(&app.config, name, "", 0));
        }
    }
    Ok(reply)
}

/// A sign-in that came to nothing. Nobody is known by it, unless another person's link is concerned.
pub(super) const fn refused<'a>(error: SignInError, allowance: Allowance) -> Action<'a> {
    let action = Action::refused("signin", error.code()).by("beneficiary");
    match error {
        SignInError::IdentityConflict => action,
        _ => action.counted(allowance),
    }
}

/// Somebody whom the provider vouches for and whose patient is known.
pub(super) struct SignedIn {
    pub(super) profile: Profile,
    pub(super) identity: Identity,
    /// What the audit calls the account, as the provider named it.
    pub(super) account: [u8; 32],
}

/// Who signed in, by the provider's answer, and which patient that is (wire contract, section 3). The same for
/// every sign-in, whatever it leads to.
pub(super) async fn identify(
    site: &Site,
    request: &Request,
    parameters: &Parameters,
    transaction: &Secret,
    flow_id: &str,
) -> Result<SignedIn, SignInError> {
    let app = &site.app;
    let single = |name| parameters.single(name).map_err(|_| SignInError::Refused);
    // RFC 9207: a provider that sends `iss` sends its own.
    if single("iss")?.is_some_and(|issuer| issuer != app.config.idp_issuer.as_str()) {
        return Err(SignInError::IdToken("the answer comes from another issuer"));
    }
    if single("error")?.is_some() {
        return Err(SignInError::Refused);
    }
    let code = single("code")?.ok_or(SignInError::Refused)?;
    let person = site
        .provider
        .person(app, transaction, code, app.clock.now())
        .await
        .inspect_err(|error| log_cause(app, request, *error))?;
    let issuer = &app.config.idp_issuer;
    // Before anything is made of the subject: what the watch compares is what the provider said.
    let account = account_hash(&app.config.audit_key, issuer, &person.subject);
    let mbi = person.mbi.ok_or(SignInError::NotFound)?;
    let patients = patient::by_medicare_number(app, &mbi, &request.request_id).await?;
    let subject = person.subject;
    // Tests plant the fault of December 2019 here (docs/incident-drill.md).
    #[cfg(test)]
    let (subject, patients) = crate::signin::planted::adapt(app, issuer, subject, patients).await;
    let event = Action::ok("identity.link")
        .by("beneficiary")
        .flow(flow_id)
        .person(patients.shared())
        .account(&account)
        .draft(site, request);
    let linked = link(
        app.database.as_ref(),
        SignIn {
            issuer,
            subject: &subject,
            found: &patients,
            person: &person_hash(&app.config.audit_key, patients.shared()),
            account: &account,
            key_id: app.config.audit_key.id(),
            now: app.clock.now(),
            event: &event.event(),
        },
    )
    .await
    .map_err(|error| {
        site.failed(request, "signin", &error);
        SignInError::BackendUnavailable
    })?;
    match linked {
        Linked::Identity(identity) => Ok(SignedIn {
            profile: person.profile,
            identity,
            account,
        }),
        Linked::Conflict => Err(SignInError::IdentityConflict),
    }
}

/// What the page and the audit only have a code for: the operator learns which claim or document it was.
fn log_cause(app: &App, request: &Request, error: SignInError) {
    app.log.object(&serde_json::json!({
        "event": "signin.refused", "request_id": request.request_id, "error": error.to_string(),
    }));
}

/// What the application is told where the person goes back to it.
const fn back_error(error: SignInError) -> ErrorCode {
    match error {
        SignInError::BackendUnavailable | SignInError::ProviderUnavailable(_) => {
            ErrorCode::TemporarilyUnavailable
        }
        SignInError::Claim(_) | SignInError::IdToken(_) => ErrorCode::ServerError,
        SignInError::IdentityConflict
        | SignInError::NotFound
        | SignInError::Refused
        | SignInError::SubjectForm => ErrorCode::AccessDenied,
    }
}

/// Status of a sign-in problem's page.
pub(super) const fn status(error: SignInError) -> StatusCode {
    match error {
        SignInError::BackendUnavailable | SignInError::ProviderUnavailable(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        SignInError::Claim(_) | SignInError::IdToken(_) => StatusCode::BAD_GATEWAY,
        SignInError::IdentityConflict | SignInError::SubjectForm => StatusCode::FORBIDDEN,
        SignInError::NotFound => StatusCode::NOT_FOUND,
        SignInError::Refused => StatusCode::BAD_REQUEST,
    }
}
