//! `/ops/lock-down`: one call stops all release of data, and another one lets it go on.

use axum::Extension;
use axum::extract::{Path, State};
use bluegate_shared::id::ClientId;
use http::StatusCode;
use serde_json::{Value, json};

use super::caller::{Caller, Failure, Input, Lock, May};
use crate::audit::action::Action;
use crate::audit::event::Level;
use crate::base::http::Request;
use crate::base::http::reply::Answer;
use crate::base::site::Site;
use crate::base::version::Version;
use crate::lock_down::{self, LockDown, Scope};

/// GET: what holds, and what held lately.
pub(super) async fn list(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let found = lock_down::list(site.app.database.as_ref());
    Caller::list(
        &site,
        &request,
        "ops.lock_down.list",
        "lock_downs",
        found,
        shown,
    )
    .await
}

/// POST `{"scope": "all"|"version"|"application", "target": …, "reason": …}`: holds from the answer on, on every
/// instance.
pub(super) async fn begin(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Lock>,
) -> Answer {
    let result = async {
        let input = Input::of(&request);
        let scope = scope(&input)?;
        let reason = input.reason()?;
        let client_id = match &scope {
            Scope::Application(client_id) => client_id,
            Scope::All | Scope::Version(_) => "",
        };
        let actor = caller.actor();
        let action = |code| {
            Action::done("ops.lock_down", code)
                .by(&actor)
                .application(client_id)
                .level(Level::Critical)
        };
        let event = action(scope.kind()).draft(&site, &request);
        let done = lock_down::begin(
            site.app.database.as_ref(),
            &scope,
            reason,
            &caller.operator.name,
            site.app.clock.now(),
            &event.event(),
        )
        .await;
        let (lock, new) = match done {
            Ok(done) => done,
            Err(cause) => {
                let event = Action::failed("ops.lock_down", "store_unavailable")
                    .application(client_id)
                    .level(Level::Critical);
                caller.note(&site, &request, event, reason).await;
                return Err(cause.into());
            }
        };
        if new {
            caller.told(&site, &request, &event, reason);
        } else {
            let event = action("holds_already");
            caller.record(&site, &request, event, reason).await?;
        }
        let status = if new {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok((status, shown(&lock)))
    };
    caller.answer(&site, &request, "ops.lock_down", result.await)
}

/// POST `{"reason": …}`: release goes on.
pub(super) async fn lift(
    State(site): State<Site>,
    Path(id): Path<String>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Lock>,
) -> Answer {
    let result = async {
        let unknown = || {
            Failure::new(
                StatusCode::NOT_FOUND,
                "not_found",
                "No lock-down with this id holds.",
            )
        };
        let Ok(id) = id.parse::<i64>() else {
            return Err(unknown().into());
        };
        let input = Input::of(&request);
        let reason = input.reason()?;
        // In one commit: what cannot be audited is not lifted.
        let actor = caller.actor();
        let event = Action::ok("ops.lock_down.lift")
            .by(&actor)
            .level(Level::Warning)
            .draft(&site, &request);
        let lifted = lock_down::lift(
            site.app.database.as_ref(),
            id,
            reason,
            &caller.operator.name,
            site.app.clock.now(),
            &event.event(),
        )
        .await?;
        let Some(lifted) = lifted else {
            let event = Action::refused("ops.lock_down.lift", "not_found");
            caller.record(&site, &request, event, reason).await?;
            return Err(unknown().into());
        };
        caller.told(&site, &request, &event, reason);
        Ok((StatusCode::OK, shown(&lifted)))
    };
    caller.answer(&site, &request, "ops.lock_down.lift", result.await)
}

/// As the routes show it.
pub(super) fn shown(lock: &LockDown) -> Value {
    json!({
        "id": lock.id,
        "scope": lock.kind,
        "target": lock.target,
        "reason": lock.reason,
        "operator": lock.operator,
        "started_at": super::instant(lock.started_at),
        "holds": lock.lifted.is_none(),
        "lifted_at": lock.lifted.as_ref().map(|end| super::instant(end.at)),
        "lifted_by": lock.lifted.as_ref().map(|end| &end.operator),
        "lift_reason": lock.lifted.as_ref().map(|end| &end.reason),
    })
}

fn scope(input: &Input) -> Result<Scope, Failure> {
    let target = input.text("target");
    match input.text("scope") {
        "all" if target.is_empty() => Ok(Scope::All),
        "all" => Err(Failure::invalid(
            "\"scope\": \"all\" has no target; leave target out, or name version or application.",
        )),
        // No look into the store: an application is stopped even where the store finds it no more.
        "application" => match ClientId::parse(target) {
            Ok(client_id) => Ok(Scope::Application(client_id.as_str().to_owned())),
            Err(_) => Err(Failure::invalid(
                "target must be the client_id of an application.",
            )),
        },
        "version" => Version::parse(target)
            .map(Scope::Version)
            .ok_or(Failure::invalid("target must be v1, v2 or v3.")),
        _ => Err(Failure::invalid(
            "scope must be all, version or application.",
        )),
    }
}
