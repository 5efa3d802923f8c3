//! `/ops/reauthenticate`: grants and tokens end, people must sign in and consent again; and the list of whom to
//! write to (docs/contract/10-audit.md).

use axum::Extension;
use axum::extract::{Path, State};
use bluegate_shared::id::ClientId;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::{Failure, Input, Lock, May, Read};
use crate::audit::action::Action;
use crate::audit::event::Level;
use crate::base::failure::Error;
use crate::base::http::reply::{Answer, no_store, set};
use crate::base::http::{Reply, Request};
use crate::base::ports::UnixMillis;
use crate::base::site::Site;
use crate::ops::statements::reauthentication::{self, Affected, Reach};

/// POST `{"scope": "all"|"application"|"issuer", "target": …, "since": "2026-11-21T00:00:00Z", "reason": …}`.
/// Without `since`, whenever consent was given.
pub(super) async fn order(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Lock>,
) -> Answer {
    let result = async {
        let input = Input::of(&request);
        let reach = reach(&input)?;
        let since = since(&input)?;
        let reason = input.reason()?;
        let actor = caller.actor();
        let client_id = match &reach {
            Reach::Application(client_id) => client_id.as_str(),
            Reach::All | Reach::Issuer(_) => "",
        };
        let event = Action::done("ops.reauthenticate", reach.kind())
            .by(&actor)
            .application(client_id)
            .level(Level::Warning)
            .draft(&site, &request);
        let database = site.app.database.as_ref();
        let now = site.app.clock.now();
        let id =
            reauthentication::order(database, &reach, since, reason, now, &event.event()).await?;
        caller.told(&site, &request, &event, reason);
        let affected = reauthentication::affected(database, id)
            .await?
            .unwrap_or_default();
        Ok((StatusCode::CREATED, shown(id, &affected)))
    };
    caller.answer(&site, &request, "ops.reauthenticate", result.await)
}

/// GET: the applications whose grants ended, as JSON, or as CSV with `?format=csv`.
pub(super) async fn affected(
    State(site): State<Site>,
    Path(id): Path<String>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Read>,
) -> Answer {
    let found = async {
        let unknown = || {
            Failure::new(
                StatusCode::NOT_FOUND,
                "not_found",
                "There is no order with this id.",
            )
        };
        let Ok(id) = id.parse::<i64>() else {
            return Err(unknown().into());
        };
        let found = reauthentication::affected(site.app.database.as_ref(), id)
            .await?
            .ok_or_else(unknown)?;
        let event = Action::ok("ops.reauthenticate.affected");
        caller.record(&site, &request, event, "").await?;
        Ok::<_, Error<Failure>>((id, found))
    };
    match found.await {
        Ok((id, found)) => {
            if request.parameters().single("format").ok().flatten() == Some("csv") {
                return csv(&found).into();
            }
            caller.answer(
                &site,
                &request,
                "ops.reauthenticate.affected",
                Ok((StatusCode::OK, shown(id, &found))),
            )
        }
        Err(failure) => caller.answer(&site, &request, "ops.reauthenticate.affected", Err(failure)),
    }
}

fn reach(input: &Input) -> Result<Reach, Failure> {
    let target = input.text("target");
    match input.text("scope") {
        "all" if target.is_empty() => Ok(Reach::All),
        "all" => Err(Failure::invalid("\"scope\": \"all\" has no target.")),
        "application" => match ClientId::parse(target) {
            Ok(client_id) => Ok(Reach::Application(client_id.as_str().to_owned())),
            Err(_) => Err(Failure::invalid(
                "target must be the client_id of an application.",
            )),
        },
        "issuer" if target.starts_with("https://") || target.starts_with("http://") => {
            Ok(Reach::Issuer(target.to_owned()))
        }
        "issuer" => Err(Failure::invalid("target must be the issuer of a provider.")),
        _ => Err(Failure::invalid(
            "scope must be all, application or issuer.",
        )),
    }
}

fn since(input: &Input) -> Result<UnixMillis, Failure> {
    match input.text("since") {
        "" => Ok(UnixMillis(0)),
        text => match text.parse::<Timestamp>() {
            Ok(instant) => Ok(UnixMillis(instant.as_millisecond())),
            Err(_) => Err(Failure::invalid(
                "since must be an instant like 2026-11-21T00:00:00Z.",
            )),
        },
    }
}

fn shown(id: i64, affected: &[Affected]) -> Value {
    let grants: i64 = affected.iter().map(|one| one.grants).sum();
    let applications: Vec<_> = affected
        .iter()
        .map(|one| {
            json!({
                "client_id": one.client_id,
                "client_name": one.name,
                "contacts": contacts(one),
                "grants": one.grants,
            })
        })
        .collect();
    json!({ "id": id, "grants_ended": grants, "applications": applications })
}

fn csv(affected: &[Affected]) -> Reply {
    let mut text = String::from("client_id,client_name,contacts,grants\r\n");
    for one in affected {
        let contacts: Vec<_> = contacts(one)
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        text.push_str(&format!(
            "{},{},{},{}\r\n",
            one.client_id,
            quoted(&one.name),
            quoted(&contacts.join(" ")),
            one.grants
        ));
    }
    let mut reply = Reply::new(text.into());
    set(&mut reply, CONTENT_TYPE, "text/csv; charset=utf-8");
    set(
        &mut reply,
        CONTENT_DISPOSITION,
        "attachment; filename=\"applications.csv\"",
    );
    no_store(&mut reply);
    reply
}

fn contacts(one: &Affected) -> Vec<Value> {
    serde_json::from_str(&one.contacts).unwrap_or_default()
}

/// RFC 4180. A name that a spreadsheet would take for a formula gets an apostrophe before it.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
