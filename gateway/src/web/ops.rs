//! `/ops/applications`: operators look at applications, approve and stop them.
//!
//! A decision acts on the very next request of the application, on every instance: its status is part of
//! every statement and join that lets it do anything.

use axum::Extension;
use axum::extract::{Path, State};
use bluegate_shared::id::ClientId;
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde::Deserialize;
use serde_json::{Value, json};

use super::audit::Action;
use super::reply::{json, no_store, problem, set};
use super::{Answer, Site};
use crate::app::{Reply, Request};
use crate::policy::application::{Application, Status};
use crate::policy::operator::{Operator, Role};
use crate::policy::parameters::Parameters;
use crate::store::application::{set_status, with_status};
use crate::store::audit::Level;

/// GET: applications with a status, `pending` where none is named.
pub(super) async fn list(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let operator = match operator(&site, &request, Role::Read) {
        Ok(operator) => operator,
        Err(reply) => return (*reply).into(),
    };
    let parameters = Parameters::parse(request.query.as_deref().unwrap_or_default().as_bytes());
    let wanted = parameters
        .single("status")
        .ok()
        .flatten()
        .unwrap_or("pending");
    let Some(status) = Status::parse(wanted) else {
        return problem(
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
            "status must be pending, active, suspended or deleted",
        )
        .into();
    };
    let found = with_status(site.app.database.as_ref(), status).await;
    let recorded = Action::ok("ops.applications")
        .by(&actor(operator))
        .record(&site, &request)
        .await;
    match (found, recorded) {
        (Ok(applications), Ok(())) => {
            let items: Vec<_> = applications.iter().map(shown).collect();
            let mut reply = json(StatusCode::OK, &json!({ "applications": items }));
            no_store(&mut reply);
            reply.into()
        }
        _ => unavailable().into(),
    }
}

/// POST `{"reason": …}` to `approve`, `suspend` or `resume`.
pub(super) async fn decide(
    State(site): State<Site>,
    Path((client_id, verb)): Path<(String, String)>,
    Extension(request): Extension<Request>,
) -> Answer {
    let operator = match operator(&site, &request, Role::Approve) {
        Ok(operator) => operator,
        Err(reply) => return (*reply).into(),
    };
    let (from, to, action) = match verb.as_str() {
        "approve" => (
            [Status::Pending, Status::Pending],
            Status::Active,
            "ops.application.approve",
        ),
        "resume" => (
            [Status::Suspended, Status::Suspended],
            Status::Active,
            "ops.application.resume",
        ),
        "suspend" => (
            [Status::Active, Status::Pending],
            Status::Suspended,
            "ops.application.suspend",
        ),
        _ => return super::not_found(),
    };
    let reason = serde_json::from_slice::<Decision>(&request.body)
        .map(|decision| decision.reason)
        .unwrap_or_default();
    if reason.trim().is_empty() || reason.chars().count() > 200 {
        return problem(
            StatusCode::BAD_REQUEST,
            "reason_missing",
            "Send {\"reason\": \"…\"} with 1 to 200 characters.",
        )
        .into();
    }
    let Ok(client_id) = ClientId::parse(&client_id) else {
        return super::not_found();
    };
    let now = site.app.clock.now();
    let changed = set_status(
        site.app.database.as_ref(),
        &client_id,
        from,
        to,
        now,
        &request.request_id,
    )
    .await;
    let actor = actor(operator);
    let event = match &changed {
        Ok(Some(_)) => Action::ok(action).level(Level::Warning),
        Ok(None) => Action::refused(action, "status_differs"),
        Err(_) => Action::refused(action, "store_unavailable"),
    };
    let recorded = event
        .by(&actor)
        .application(client_id.as_str())
        .record(&site, &request)
        .await;
    match (changed, recorded) {
        (Ok(Some(application)), Ok(())) => {
            site.app.log.line(&json!({ "event": "ops", "action": action, "actor": actor, "client_id": client_id, "reason": reason }).to_string());
            let mut reply = json(StatusCode::OK, &shown(&application));
            no_store(&mut reply);
            reply.into()
        }
        (Ok(None), Ok(())) => problem(
            StatusCode::CONFLICT,
            "status_differs",
            "No application with this client_id has a status that allows it.",
        )
        .into(),
        _ => unavailable().into(),
    }
}

#[derive(Default, Deserialize)]
struct Decision {
    reason: String,
}

fn operator<'a>(
    site: &'a Site,
    request: &Request,
    needed: Role,
) -> Result<&'a Operator, Box<Reply>> {
    let token = request
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(operator) =
        token.and_then(|token| Operator::find(&site.app.config.operators, token.trim()))
    else {
        let mut reply = problem(
            StatusCode::UNAUTHORIZED,
            "operator_unknown",
            "Send the token of an operator as a bearer token.",
        );
        set(&mut reply, WWW_AUTHENTICATE, "Bearer realm=\"ops\"");
        return Err(Box::new(reply));
    };
    if operator.role < needed {
        return Err(Box::new(problem(
            StatusCode::FORBIDDEN,
            "role_missing",
            "This operator's role does not allow it.",
        )));
    }
    Ok(operator)
}

fn actor(operator: &Operator) -> String {
    format!("operator:{}", operator.name)
}

fn shown(application: &Application) -> Value {
    let metadata: Value = serde_json::from_str(&application.metadata).unwrap_or_default();
    json!({
        "client_id": application.client_id,
        "client_name": application.name,
        "status": application.status.as_str(),
        "registered_at": application.created_at.seconds(),
        "metadata": metadata,
    })
}

fn unavailable() -> Reply {
    problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "store_unavailable",
        "The service cannot answer now; try again.",
    )
}
