//! `/ops/incident`: who was affected, from the audit alone (docs/incident-drill.md).

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde_json::json;

use super::caller::{Failure, May, Read};
use crate::audit::action::Action;
use crate::base::http::Request;
use crate::base::http::reply::Answer;
use crate::base::ports::UnixMillis;
use crate::base::secret::hex;
use crate::base::site::Site;
use crate::ops::statements::incident::affected;

/// GET, with `since` as an instant where only what came later is wanted.
pub(super) async fn show(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Read>,
) -> Answer {
    let result = async {
        let parameters = request.parameters();
        let since = match parameters.single("since").ok().flatten() {
            None => UnixMillis(0),
            Some(text) => {
                let Ok(instant) = text.parse::<jiff::Timestamp>() else {
                    return Err(Failure::invalid(
                        "since must be an instant such as 2019-12-04T00:00:00Z.",
                    )
                    .into());
                };
                UnixMillis(instant.as_millisecond())
            }
        };
        let found = affected(site.app.database.as_ref(), since).await?;
        caller
            .record(&site, &request, Action::ok("ops.incident"), "")
            .await?;
        let items: Vec<_> = found
            .iter()
            .map(|item| {
                json!({
                    "person": hex(&item.person),
                    "account": hex(&item.account),
                    "client_id": item.client_id,
                    "answers": item.answers,
                    "bytes": item.bytes,
                    "tokens": item.tokens,
                    "first_at": super::instant(item.first_at),
                    "last_at": super::instant(item.last_at),
                    "flows": item.flows,
                })
            })
            .collect();
        Ok((StatusCode::OK, json!({ "affected": items })))
    };
    caller.answer(&site, &request, "ops.incident", result.await)
}
