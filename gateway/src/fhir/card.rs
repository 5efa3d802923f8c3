//! The insurance card of v3: `GET /v3/fhir/Patient/$generate-insurance-card` (CARIN Digital Insurance Card;
//! docs/contract/07-fhir.md, 7.3). No id is named: the card is that of the token's person. The backend's answer calls
//! its Patient by an id that it makes up, so the person's own record is read first, and the guard holds the card against it.

use bluegate_shared::scope::ResourceType;
use bluegate_shared::search::{Handling, SearchError, Shape};

use super::access::{Authorized, Card, LiveToken};
use super::query;
use super::refusal::Refusal;
use super::release::{self, Conditional, Released};
use super::trail::Trail;
use super::{Target, backend, guard, limit, media, v3};
use crate::base::context::App;
use crate::base::http::Request;

/// The name of the operation, as it stands where a read has the id.
pub const OPERATION: &str = "$generate-insurance-card";

pub(super) async fn generate(
    app: &App,
    request: &Request,
    target: &Target,
    token: LiveToken,
    trail: &mut Trail<'_>,
) -> Result<Released, Refusal> {
    let authorized = Authorized::<Card>::check(token, target.version, target.resource)?;
    limit(app, request, authorized.token(), trail).await?;
    let shape = shape(request)?;
    let format = media::negotiate(&request.headers, shape.format())?;

    let mut breaker_permit = backend::begin(app, request, &authorized, trail).await?;
    let id = authorized.patient_id().as_str();
    let path = format!("Patient/{id}");
    let answer = backend::get(app, request, &authorized, &mut breaker_permit, &path, trail).await?;
    let answer = v3::read(answer, ResourceType::Patient, id)?;
    let record = guard::record(&app.config, &authorized, answer)?;
    let path = format!("Patient/{id}/{OPERATION}");
    let answer = backend::get(app, request, &authorized, &mut breaker_permit, &path, trail).await?;
    let verified = guard::card(&app.config, &authorized, &record, answer)?;
    // The ids in a card are new each time, so no earlier one is the same.
    let conditional = Conditional::No;
    release::permit(
        app,
        request,
        &authorized,
        trail,
        verified,
        format,
        conditional,
    )
    .await
}

/// The operation takes no parameter but those of every answer; it is whole or it is not given.
fn shape(request: &Request) -> Result<Shape, Refusal> {
    let query = request.query.as_deref().unwrap_or_default().as_bytes();
    let handling = query::handling(&request.headers);
    let known = |name: &str| name == "_format";
    if handling == Handling::Strict && form_urlencoded::parse(query).any(|(name, _)| !known(&name))
    {
        return Err(Refusal::InvalidParameter(SearchError::Unknown));
    }
    let parameters = form_urlencoded::parse(query).filter(|(name, _)| known(name));
    Shape::parse(parameters, handling).map_err(Refusal::InvalidParameter)
}
