//! `/ops/alerts`: what goes on, until somebody acknowledges it.

use axum::Extension;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::caller::{Approve, Caller, Failure, Input, May};
use crate::audit::action::Action;
use crate::base::http::Request;
use crate::base::http::reply::Answer;
use crate::base::secret::hex;
use crate::base::site::Site;
use crate::maintenance::alert::{self, Alert};

/// GET: what is open.
pub(super) async fn list(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let found = alert::open(site.app.database.as_ref());
    Caller::list(&site, &request, "ops.alerts", "alerts", found, shown).await
}

/// POST `{"reason": …}`: an operator has seen it; what happens from now on is a new alert.
pub(super) async fn acknowledge(
    State(site): State<Site>,
    Path(id): Path<String>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Approve>,
) -> Answer {
    let result = async {
        let unknown = Failure::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "No alert with this id is open.",
        );
        let Ok(id) = id.parse() else {
            return Err(unknown.into());
        };
        let input = Input::of(&request);
        let reason = input.reason()?;
        let done = alert::acknowledge(
            site.app.database.as_ref(),
            id,
            &caller.operator.name,
            site.app.clock.now(),
        )
        .await?;
        let action = if done {
            Action::ok("ops.alert.acknowledge")
        } else {
            Action::refused("ops.alert.acknowledge", "not_found")
        };
        caller.record(&site, &request, action, reason).await?;
        if !done {
            return Err(unknown.into());
        }
        Ok((
            StatusCode::OK,
            json!({ "id": id, "acknowledged_by": caller.operator.name }),
        ))
    };
    caller.answer(&site, &request, "ops.alert.acknowledge", result.await)
}

/// As the routes show it.
pub(super) fn shown(alert: &Alert) -> Value {
    json!({
        "id": alert.id,
        "kind": alert.kind,
        "detail": alert.detail,
        "first_at": super::instant(alert.first_at),
        "last_at": super::instant(alert.last_at),
        "count": alert.count,
        "client_id": alert.client_id,
        "person": hex(&alert.person),
        "request_id": alert.request_id,
        "flow_id": alert.flow_id,
        "sent_at": alert.sent_at.map(super::instant),
        "waits_to_be_sent": alert.due_at.is_some(),
        "attempts": alert.attempts,
    })
}
