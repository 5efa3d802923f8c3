//! `POST /ops/tick`: an outside scheduler drains whatever is due, each second.

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde_json::json;

use super::caller::{May, Read};
use crate::base::http::Request;
use crate::base::http::reply::Answer;
use crate::base::site::Site;
use crate::maintenance as drain;

/// Drains everything, and sees to it that the provider's documents are fresh. A machine's call that decides
/// nothing: it is not audited, or the audit would hold little else.
pub(super) async fn tick(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Read>,
) -> Answer {
    drain::drain(&site.app).await;
    let checked = site.provider.check(&site.app).await;
    let provider = checked
        .map_err(|error| site.settle(&request, "ops.tick", "", error))
        .is_ok();
    caller.answer(
        &site,
        &request,
        "ops.tick",
        Ok((
            StatusCode::OK,
            json!({ "status": "ok", "provider": provider }),
        )),
    )
}
