//! Return from the identity provider.

use axum::Extension;
use axum::extract::State;
use bluegate_shared::oauth::ErrorCode;

use crate::account::statements::is_of_another;
use crate::account::{self, OfPerson};
use crate::audit::action::Action;
use crate::audit::event::Level;
use crate::authorize::statements::{
    self as authorization, AuthorizationRequest, pending, signed_in,
};
use crate::base::failure::Error;
use crate::base::http::browser::Browser;
use crate::base::http::reply::{Answer, add_cookie, see_other};
use crate::base::http::{Reply, Request, cookies};
use crate::base::identity_provider::SignInError;
use crate::base::limits::rate::Allowance;
use crate::base::limits::{Bucket, Surface};
use crate::base::page::{self as pages, Problem, WayBack};
use crate::base::secret::Secret;
use crate::base::session;
use crate::base::site::Site;
use crate::oauth::parameters::Parameters;
use crate::signin::identify::{SignedIn, identify, note_stranger, refused};

/// `/signin/callback`.
pub(crate) async fn callback(
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
    // By `query` only (docs/contract/03-sign-in.md): browsers send no `SameSite=Lax` cookie with a form of another
    // site.
    let parameters = request.parameters();
    let transaction = parameters
        .single("state")
        .ok()
        .flatten()
        .map(|state| Secret::new(state.to_owned()));
    let browser = Browser::of(&app.config, &request.headers);
    let Some(transaction) = transaction else {
        note_stranger(&site, &request, allowance).await;
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
        Ok(Some(mut waiting)) => {
            let chosen = pages::chosen_language(&request);
            waiting.language = chosen.unwrap_or(waiting.language);
            waiting
        }
        // Not on the way to an application: a visit to /account/, or nothing.
        Ok(None) => {
            return account::finish_account_sign_in(
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
    let finished = finish(
        &site,
        &request,
        &parameters,
        &transaction,
        (&browser, allowance),
        &waiting,
    );
    match finished.await {
        Ok(reply) => reply.into(),
        Err(error) => {
            let error = site.settle(&request, "signin", &waiting.flow_id, error);
            failed(&site, &request, &transaction, allowance, &waiting, error)
                .await
                .into()
        }
    }
}

/// The sign-in came to nothing: its event, and the page with the way back.
async fn failed(
    site: &Site,
    request: &Request,
    transaction: &Secret,
    allowance: Allowance,
    waiting: &AuthorizationRequest,
    error: SignInError,
) -> Reply {
    let level = if error == SignInError::IdentityConflict {
        Level::Critical
    } else {
        Level::Info
    };
    let action = refused(error, allowance)
        .flow(&waiting.flow_id)
        .level(level);
    let problem = match action.record(site, request).await {
        Ok(()) => {
            let back = WayBack::of(site, request, waiting, back_error(error)).await;
            Problem::sign_in(error, waiting.version, transaction).back(back)
        }
        Err(error) => site.unavailable(request, "signin", &error),
    };
    pages::problem(request, waiting.language, &problem)
}

async fn finish(
    site: &Site,
    request: &Request,
    parameters: &Parameters,
    transaction: &Secret,
    (browser, allowance): (&Browser, Allowance),
    waiting: &AuthorizationRequest,
) -> Result<Reply, Error<SignInError>> {
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
    let shown = |problem: &Problem| Ok(pages::problem(request, waiting.language, problem));
    if let Err(limited) = site.count(request, &bucket, action).await {
        return shown(&Problem::limited(limited));
    }
    let event = Action::ok("signin")
        .by("beneficiary")
        .flow(&waiting.flow_id)
        .person(identity.patients.shared())
        .account(&account)
        .draft(site, request);
    let database = app.database.as_ref();
    // One person for a browser: the statement ends what it has of anybody else.
    let another = match session::presented::<OfPerson>(&app.config, &request.headers) {
        Some(session) => is_of_another(database, session.hash(), identity.id).await?,
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
    if !signed_in(database, sign_in).await? {
        note_stranger(site, request, allowance).await;
        return shown(&Problem::expired());
    }
    event.log(site);
    let sealed = profile.seal_text(
        &app.config.store_key,
        &cookies::person_context(transaction, identity.id),
        app.entropy.as_ref(),
    )?;
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
        account::forget(&app.config, &mut reply);
    }
    Ok(reply)
}

/// What the application is told where the person goes back to it.
const fn back_error(error: SignInError) -> ErrorCode {
    match error {
        SignInError::BackendUnavailable | SignInError::ProviderUnavailable(_) => {
            ErrorCode::TemporarilyUnavailable
        }
        SignInError::Claim(_) | SignInError::IdToken(_) => ErrorCode::ServerError,
        SignInError::Cancelled
        | SignInError::IdentityConflict
        | SignInError::NotFound
        | SignInError::Refused
        | SignInError::SubjectForm => ErrorCode::AccessDenied,
    }
}
