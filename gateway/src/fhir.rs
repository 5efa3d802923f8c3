//! The FHIR resource server (docs/contract/07-fhir.md).
//!
//! A call goes through a chain of types, each of which only one check can make: a bearer token becomes a
//! [`access::LiveToken`], that an [`access::Authorized`] call, the backend's answer a verified body (the release
//! guard), and a verified body a released one (the release permit, which is the audit row of the call). The
//! function that builds a 200 takes nothing but a released body.

pub mod access;
mod backend;
mod by_id;
pub mod card;
mod elements;
mod evidence;
pub mod guard;
pub(crate) mod handlers;
mod media;
mod members;
mod metadata;
mod page;
pub mod query;
pub(crate) mod rate;
pub mod refusal;
pub mod rejection;
mod release;
pub mod statements;
mod trail;
mod v3;

use bluegate_shared::scope::ResourceType;
use bluegate_shared::search::{Search, Shape};

use crate::base::claims_backend::breaker::BreakerPermit;
use crate::base::context::App;
use crate::base::http::{Reply, Request};
use crate::base::version::Version;
use crate::oauth::parameters::pairs;

pub use self::release::etag;

use self::access::{Authorized, LiveToken, Places};
use self::query::Page;
use self::refusal::Refusal;
use self::release::{Conditional, Released};
use self::trail::Trail;

/// A FHIR route.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// Version of the interface.
    pub version: Version,
    /// Resource type.
    pub resource: ResourceType,
    /// What is to be done with it.
    pub interaction: Interaction,
}

/// What is done with a resource type.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Interaction {
    /// One resource.
    Read {
        /// The last path segment, percent-decoded. Anything that is no FHIR id is answered 404.
        id: String,
    },
    /// A search by query (GET, HEAD) or by query and form (POST to `_search`).
    Search,
    /// The insurance card, on v3 alone ([`card::OPERATION`]).
    Card,
}

/// Answers a FHIR call. HEAD is answered like GET; the outer layer drops the body.
pub async fn serve(app: &App, request: &Request, target: Target) -> Reply {
    let action = match target.interaction {
        Interaction::Read { .. } => "fhir.read",
        Interaction::Search => "fhir.search",
        Interaction::Card => "fhir.card",
    };
    let mut trail = Trail::new(app, request, target.version, target.resource, action);
    let mut reply = match answer(app, request, &target, &mut trail).await {
        Ok(released) => released.into_reply(),
        Err(refusal) => {
            trail.refused(&refusal).await;
            refusal.reply(target.version)
        }
    };
    if let Some(allowance) = trail.allowance() {
        allowance.tell(reply.headers_mut());
    }
    reply
}

/// Answers `GET /vN/fhir/metadata`.
pub async fn metadata(app: &App, request: &Request, version: Version) -> Reply {
    metadata::reply(app, request, version)
}

/// The checks in the order of docs/contract/07-fhir.md, 7.1.
async fn answer(
    app: &App,
    request: &Request,
    target: &Target,
    trail: &mut Trail<'_>,
) -> Result<Released, Refusal> {
    if target.version == Version::V3 && !app.config.v3_enabled {
        return Err(unproved(app, request, Refusal::VersionOff, trail).await);
    }
    let examined = access::examine(app, request, target.version, Places::Header).await;
    if let Some(link) = &examined.link {
        trail.identify(link);
    }
    let token = match (examined.result, examined.link) {
        (Ok(token), _) => token,
        (Err(refusal), Some(_)) => return Err(refusal),
        (Err(refusal), None) => return Err(unproved(app, request, refusal, trail).await),
    };
    match &target.interaction {
        Interaction::Read { id } => read(app, request, target, token, id, trail).await,
        Interaction::Search => search(app, request, target, token, trail).await,
        Interaction::Card => card::generate(app, request, target, token, trail).await,
    }
}

async fn read(
    app: &App,
    request: &Request,
    target: &Target,
    token: LiveToken,
    id: &str,
    trail: &mut Trail<'_>,
) -> Result<Released, Refusal> {
    let authorized = Authorized::<access::Read>::check(token, target.version, target.resource)?;
    limit(app, request, authorized.token(), trail).await?;
    let parameters = pairs(request.query.as_deref().unwrap_or_default().as_bytes());
    let shape = Shape::parse(parameters, query::handling(&request.headers))?;
    let format = media::negotiate(&request.headers, shape.format())?;
    query::check_id(target.resource, id, authorized.patient_id())?;

    let mut breaker_permit = backend::begin(app, request, &authorized, trail).await?;
    let path = format!("{}/{id}", target.resource.name());
    let mut answer =
        backend::get(app, request, &authorized, &mut breaker_permit, &path, trail).await?;
    if target.version == Version::V3 {
        answer = v3::read(answer, target.resource, id)?;
    }
    let verified = guard::read(&app.config, &authorized, &shape, answer)?;
    release::permit(
        app,
        request,
        &authorized,
        trail,
        verified,
        format,
        Conditional::Yes,
    )
    .await
}

async fn search(
    app: &App,
    request: &Request,
    target: &Target,
    token: LiveToken,
    trail: &mut Trail<'_>,
) -> Result<Released, Refusal> {
    let authorized = Authorized::<access::Search>::check(token, target.version, target.resource)?;
    limit(app, request, authorized.token(), trail).await?;
    let search = query::search(request, target.resource, target.version)?;
    let format = media::negotiate(&request.headers, search.shape().format())?;
    query::only_names(&search, authorized.patient_id())?;

    let mut breaker_permit = backend::begin(app, request, &authorized, trail).await?;
    let asks_for_all = target.version != Version::V3 && query::asks_for_all_claims(&search);
    let verified = if !search.ids().is_empty() {
        by_id::search(
            app,
            request,
            &authorized,
            &mut breaker_permit,
            &search,
            trail,
        )
        .await?
    } else if search.is_count_only() {
        let (_, result) = page(
            app,
            request,
            &authorized,
            &mut breaker_permit,
            &search,
            Page::Total,
            trail,
        )
        .await;
        guard::total_only(&app.config, &authorized, &search, &result?)?
    } else {
        wanted(
            app,
            request,
            &authorized,
            &mut breaker_permit,
            &search,
            trail,
        )
        .await?
    };
    if asks_for_all {
        trail.matched(verified.total());
    }
    release::permit(
        app,
        request,
        &authorized,
        trail,
        verified,
        format,
        Conditional::No,
    )
    .await
}

/// The page that was asked for.
async fn wanted(
    app: &App,
    request: &Request,
    authorized: &Authorized<access::Search>,
    breaker_permit: &mut BreakerPermit,
    search: &Search,
    trail: &mut Trail<'_>,
) -> Result<guard::VerifiedBody, Refusal> {
    let (sent, result) = page(
        app,
        request,
        authorized,
        breaker_permit,
        search,
        Page::Wanted,
        trail,
    )
    .await;
    match result {
        Ok(answer) => guard::search(&app.config, authorized, search, &sent, answer),
        // The backend refuses to begin at or past the end; the contract says an empty page. Whether it
        // was that is seen by the total.
        Err(refusal @ Refusal::BackendRejected(_)) if search.start_index() > 0 => {
            let (_, total) = page(
                app,
                request,
                authorized,
                breaker_permit,
                search,
                Page::Total,
                trail,
            )
            .await;
            guard::past_the_end(&app.config, authorized, search, &total?)?.ok_or(refusal)
        }
        Err(refusal) => Err(refusal),
    }
}

/// Counts the call of the application.
async fn limit(
    app: &App,
    request: &Request,
    token: &LiveToken,
    trail: &mut Trail<'_>,
) -> Result<(), Refusal> {
    let counted = rate::count(app, request, token).await;
    trail.counted(&counted);
    counted.result
}

/// What is told to whoever shows no token that is known here.
async fn unproved(
    app: &App,
    request: &Request,
    refusal: Refusal,
    trail: &mut Trail<'_>,
) -> Refusal {
    if matches!(refusal, Refusal::StoreUnavailable) {
        return refusal;
    }
    let counted = rate::count_unproved(app, request, refusal).await;
    trail.counted(&counted);
    counted.result.err().unwrap_or(Refusal::InvalidToken)
}

async fn page(
    app: &App,
    request: &Request,
    authorized: &Authorized<access::Search>,
    breaker_permit: &mut BreakerPermit,
    search: &Search,
    page: Page,
    trail: &mut Trail<'_>,
) -> (
    Vec<(&'static str, String)>,
    Result<backend::Answer, Refusal>,
) {
    let sent = query::to_backend(search, authorized.patient_id(), authorized.version(), page);
    let path = format!("{}?{}", authorized.resource().name(), query::encoded(&sent));
    let result = backend::get(app, request, authorized, breaker_permit, &path, trail).await;
    let result = match authorized.version() {
        Version::V3 => result.map(|answer| v3::search(answer, search.resource())),
        Version::V1 | Version::V2 => result,
    };
    (sent, result)
}

#[cfg(test)]
mod tests;
