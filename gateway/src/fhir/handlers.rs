//! `/vN/fhir/…`: the routes (docs/contract/07-fhir.md).

use axum::Extension;
use axum::extract::{FromRequestParts, RawPathParams, State};
use bluegate_shared::scope::ResourceType;
use http::request::Parts;

use super::{Interaction, Target, card};
use crate::base::http::Request;
use crate::base::http::reply::{Answer, not_found};
use crate::base::site::{Site, VersionPath};
use crate::base::version::Version;
use crate::fhir;

pub(crate) async fn metadata(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    fhir::metadata(&site.app, &request, version).await.into()
}

pub(crate) async fn search(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    ResourcePath { resource, .. }: ResourcePath,
    Extension(request): Extension<Request>,
) -> Answer {
    fhir::serve(
        &site.app,
        &request,
        Target {
            version,
            resource,
            interaction: Interaction::Search,
        },
    )
    .await
    .into()
}

pub(crate) async fn read(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    ResourcePath { resource, id }: ResourcePath,
    Extension(request): Extension<Request>,
) -> Answer {
    let interaction = match (resource, version) {
        (ResourceType::Patient, Version::V3) if id == card::OPERATION => Interaction::Card,
        // Unknown to the other versions, like any path that they do not have.
        (ResourceType::Patient, _) if id == card::OPERATION => return not_found(),
        _ => Interaction::Read { id },
    };
    fhir::serve(
        &site.app,
        &request,
        Target {
            version,
            resource,
            interaction,
        },
    )
    .await
    .into()
}

/// Resource type and id in the path, percent-decoded.
pub(crate) struct ResourcePath {
    resource: ResourceType,
    id: String,
}

impl FromRequestParts<Site> for ResourcePath {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Answer> {
        let parameters = RawPathParams::from_request_parts(parts, site)
            .await
            // A path that is no UTF-8 is no route.
            .map_err(|_| not_found())?;
        let value = |wanted| {
            parameters
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value)
        };
        let resource = value("resource")
            .and_then(ResourceType::parse)
            .ok_or_else(not_found)?;
        Ok(Self {
            resource,
            id: value("id").unwrap_or_default().to_owned(),
        })
    }
}
