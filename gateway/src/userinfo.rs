//! `/connect/userinfo` by GET and POST (docs/contract/08-userinfo.md; OpenID Connect Core, section 5.3.1).

use axum::Extension;
use axum::extract::State;
use bluegate_shared::id::PatientId;
use bluegate_shared::scope::Permissions;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use crate::audit::action::Action;
use crate::audit::event::{Event, Level};
use crate::base::failure::Error;
use crate::base::http::reply::{self, Answer, no_store};
use crate::base::http::{Reply, Request};
use crate::base::limits::rate::Allowance;
use crate::base::profile::{Profile, grant_context};
use crate::base::secret::{hex, person_hash};
use crate::base::site::{Site, VersionPath};
use crate::base::version::Version;
use crate::fhir::access::{Places, authenticate, examine};
use crate::fhir::rate;
use crate::fhir::refusal::Refusal;
use crate::fhir::statements::{Call, Link, permit, record};
use crate::signin::identity::{self, Account};

/// The route without a version.
pub(crate) async fn userinfo(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    answer(&site, &request, Version::V2).await.into()
}

/// `/vN/connect/userinfo`.
pub(crate) async fn userinfo_of_version(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    answer(&site, &request, version).await.into()
}

async fn answer(site: &Site, request: &Request, version: Version) -> Reply {
    let mut allowance = None;
    let mut reply = match released(site, request, version, &mut allowance).await {
        Ok(reply) => reply,
        Err(error) => site.settle(request, "userinfo", "", error).reply(version),
    };
    if let Some(allowance) = allowance {
        allowance.tell(reply.headers_mut());
    }
    reply
}

async fn released(
    site: &Site,
    request: &Request,
    version: Version,
    allowance: &mut Option<Allowance>,
) -> Result<Reply, Error<Refusal>> {
    let app = &site.app;
    let examined = examine(app, request, version, Places::HeaderOrForm).await;
    let token = match examined.result {
        Ok(token) => token,
        Err(refusal) => return Err(unknown(site, request, examined.link.as_ref(), refusal).await),
    };
    if !token.permissions().contains(Permissions::PROFILE) {
        note(site, request, token.link(), "insufficient_scope").await?;
        return Err(Refusal::InsufficientScope("profile".to_owned()).into());
    }
    let counted = rate::count(app, request, &token).await;
    *allowance = counted.allowance;
    if let Err(refusal) = counted.result {
        if counted.audited {
            note(site, request, token.link(), refusal.audit_code()).await?;
        }
        return Err(refusal.into());
    }
    let Some(patient) = token.patients().of(version) else {
        let refusal = Refusal::NoPatientInVersion;
        note(site, request, token.link(), refusal.audit_code()).await?;
        return Err(refusal.into());
    };
    let account = identity::account(app.database.as_ref(), token.grant_id()).await?;
    let reply = body(site, request, token.link(), patient, account);
    // The permit, as for FHIR: nothing is released that is not audited, nothing after a revocation.
    let person = person(site, token.link());
    let call = call(site, request, token.link(), &person, "ok", "");
    match permit(
        app.database.as_ref(),
        token.link(),
        version.segment(),
        &call,
    )
    .await?
    {
        Some(_) => Ok(reply),
        None => {
            let refusal = authenticate(app, request, version, Places::HeaderOrForm).await;
            let refusal = refusal.err().unwrap_or(Refusal::InvalidToken);
            note(site, request, token.link(), refusal.audit_code()).await?;
            Err(refusal.into())
        }
    }
}

fn body(
    site: &Site,
    request: &Request,
    link: &Link,
    patient: &PatientId,
    account: Option<Account>,
) -> Reply {
    let account = account.unwrap_or_default();
    let profile = account
        .profile_sealed
        .and_then(|sealed| opened(site, request, link, &sealed))
        .unwrap_or_default();
    let created = Timestamp::from_millisecond(account.created_at.0)
        .map(|instant| instant.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default();
    let mut reply = reply::json(
        StatusCode::OK,
        &json!({
            "sub": patient,
            // Misspelt in the published interface, and kept.
            "prefered_username": patient,
            "preferred_username": patient,
            "given_name": profile.given_name,
            "family_name": profile.family_name,
            "name": profile.name,
            "email": profile.email,
            "created": created,
            "patient": patient,
        }),
    );
    no_store(&mut reply);
    reply
}

/// The name that was sealed for this person and this application. One that does not open was sealed for another row,
/// or under a key that is not configured any more: the operator learns of it, the application gets none.
fn opened(site: &Site, request: &Request, link: &Link, sealed: &[u8]) -> Option<Profile> {
    let context = grant_context(link.patients.shared(), &link.client_id);
    let profile = Profile::open(sealed, &site.app.config.store_key, &context);
    if profile.is_none() {
        site.app.log.object(&json!({
            "event": "profile.unopened", "level": "warning", "request_id": request.request_id,
            "client_id": link.client_id, "person": hex(&person(site, link)),
        }));
    }
    profile
}

async fn note(
    site: &Site,
    request: &Request,
    link: &Link,
    code: &'static str,
) -> Result<(), Error<Refusal>> {
    let person = person(site, link);
    let call = call(site, request, link, &person, "refused", code);
    Ok(record(site.app.database.as_ref(), &call).await?)
}

/// What is told to whoever shows no token that lives. A token that did live belongs to somebody.
async fn unknown(
    site: &Site,
    request: &Request,
    link: Option<&Link>,
    refusal: Refusal,
) -> Error<Refusal> {
    if matches!(refusal, Refusal::StoreUnavailable) {
        return refusal.into();
    }
    if let Some(link) = link {
        return match note(site, request, link, refusal.audit_code()).await {
            Ok(()) => refusal.into(),
            Err(unavailable) => unavailable,
        };
    }
    let counted = rate::count_unproved(&site.app, request, refusal).await;
    let refusal = counted.result.err().unwrap_or(Refusal::InvalidToken);
    if counted.audited {
        let action = Action::unproved("userinfo").refuse(refusal.audit_code());
        if let Err(error) = action.record(site, request).await {
            site.failed(request, "userinfo", &error);
        }
    }
    refusal.into()
}

fn person(site: &Site, link: &Link) -> [u8; 32] {
    person_hash(&site.app.config.audit_key, link.patients.shared())
}

fn call<'a>(
    site: &Site,
    request: &'a Request,
    link: &'a Link,
    person: &'a [u8],
    outcome: &'static str,
    code: &'static str,
) -> Call<'a> {
    Call {
        event: Event {
            started_at: request.started_at,
            ended_at: site.app.clock.now(),
            request_id: &request.request_id,
            flow_id: &link.flow_id,
            actor: "application",
            client_id: &link.client_id,
            person,
            account: &[],
            action: "userinfo",
            outcome,
            code,
            level: Level::Info,
        },
        backend_status: None,
        bytes: None,
        backend_ms: None,
        matches: None,
    }
}
