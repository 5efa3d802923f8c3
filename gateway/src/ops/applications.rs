//! `/ops/applications`: operators look at applications, approve and stop them.
//!
//! A decision acts on the very next request of the application, on every instance: its status is part of
//! every statement and join that lets it do anything.

use axum::Extension;
use axum::extract::{Path, State};
use bluegate_shared::id::ClientId;
use http::StatusCode;
use serde_json::{Value, json};

use super::caller::{Caller, Failure, Input};
use crate::application::statements::{set_status, with_status};
use crate::audit::action::Action;
use crate::audit::event::Level;
use crate::base::config::operator::Role;
use crate::base::http::Request;
use crate::base::http::reply::Answer;
use crate::base::site::Site;
use crate::oauth::application::{Application, Status};

/// GET: applications with a status, `pending` where none is named.
pub(super) async fn list(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let caller = match Caller::of(&site, &request, Role::Read).await {
        Ok(caller) => caller,
        Err(answer) => return *answer,
    };
    let result = async {
        let parameters = request.parameters();
        let wanted = parameters
            .single("status")
            .ok()
            .flatten()
            .unwrap_or("pending");
        let status = Status::parse(wanted).ok_or(Failure::invalid(
            "status must be pending, active, suspended or deleted",
        ))?;
        let found = with_status(site.app.database.as_ref(), status).await?;
        caller
            .record(&site, &request, Action::ok("ops.applications"), "")
            .await?;
        let items: Vec<_> = found.iter().map(shown).collect();
        Ok((StatusCode::OK, json!({ "applications": items })))
    };
    caller.answer(&site, &request, "ops.applications", result.await)
}

/// POST `{"reason": …}` to `approve`, `suspend` or `resume`.
pub(super) async fn decide(
    State(site): State<Site>,
    Path((client_id, verb)): Path<(String, String)>,
    Extension(request): Extension<Request>,
) -> Answer {
    let caller = match Caller::of(&site, &request, Role::Approve).await {
        Ok(caller) => caller,
        Err(answer) => return *answer,
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
        _ => return crate::base::http::reply::not_found(),
    };
    let Ok(client_id) = ClientId::parse(&client_id) else {
        return crate::base::http::reply::not_found();
    };
    let result = async {
        let input = Input::of(&request);
        let reason = input.reason()?;
        let actor = caller.actor();
        let event = Action::ok(action)
            .by(&actor)
            .application(client_id.as_str())
            .level(Level::Warning)
            .draft(&site, &request);
        let changed = set_status(
            site.app.database.as_ref(),
            &client_id,
            from,
            to,
            site.app.clock.now(),
            &event.event(),
        )
        .await;
        match changed {
            Ok(Some(application)) => {
                caller.told(&site, &request, &event, reason);
                Ok((StatusCode::OK, shown(&application)))
            }
            Ok(None) => {
                let event =
                    Action::refused(action, "status_differs").application(client_id.as_str());
                caller.record(&site, &request, event, reason).await?;
                Err(Failure::new(
                    StatusCode::CONFLICT,
                    "status_differs",
                    "No application with this client_id has a status that allows it.",
                )
                .into())
            }
            Err(cause) => {
                let event =
                    Action::failed(action, "store_unavailable").application(client_id.as_str());
                caller.note(&site, &request, event, reason).await;
                Err(cause.into())
            }
        }
    };
    caller.answer(&site, &request, action, result.await)
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
