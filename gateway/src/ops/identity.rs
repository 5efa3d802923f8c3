//! `/ops/identity`: the way out of an identity conflict. Two operators end a link, each with a reason; then the
//! person signs in again (docs/contract/03-sign-in.md).

use axum::Extension;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::caller::{Approve, Caller, Failure, Input, May};
use crate::audit::action::Action;
use crate::audit::event::Level;
use crate::base::http::Request;
use crate::base::http::reply::Answer;
use crate::base::secret::hex;
use crate::base::site::Site;
use crate::ops::statements::resolution::{self, Held, Resolved};

/// GET: the links that wait for operators. People are their keyed hashes, as in the audit.
pub(super) async fn list(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let found = resolution::held(site.app.database.as_ref());
    Caller::list(&site, &request, "ops.identity", "identities", found, shown).await
}

/// POST `{"reason": …}`: the first operator proposes (202), another one confirms (200), and the link ends.
pub(super) async fn resolve(
    State(site): State<Site>,
    Path(id): Path<String>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Approve>,
) -> Answer {
    let result = async {
        let unknown = Failure::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "No link with this id holds.",
        );
        let Ok(id) = id.parse::<i64>() else {
            return Err(unknown.into());
        };
        let input = Input::of(&request);
        let reason = input.reason()?;
        let actor = caller.actor();
        let draft = |action| {
            Action::ok(action)
                .by(&actor)
                .level(Level::Warning)
                .draft(&site, &request)
        };
        let (proposal, confirmation) =
            (draft("ops.identity.propose"), draft("ops.identity.resolve"));
        let done = resolution::resolve(
            site.app.database.as_ref(),
            id,
            reason,
            &caller.operator.name,
            site.app.clock.now(),
            &proposal.event(),
            &confirmation.event(),
        )
        .await?;
        let (status, state) = match done {
            Resolved::Proposed => {
                caller.told(&site, &request, &proposal, reason);
                (StatusCode::ACCEPTED, "proposed")
            }
            Resolved::Ended => {
                caller.told(&site, &request, &confirmation, reason);
                (StatusCode::OK, "ended")
            }
            Resolved::Own => {
                let event = Action::refused("ops.identity.resolve", "second_operator_missing");
                caller.record(&site, &request, event, reason).await?;
                return Err(Failure::new(
                    StatusCode::CONFLICT,
                    "second_operator_missing",
                    "You proposed this yourself. Another operator must confirm it.",
                )
                .into());
            }
            Resolved::Unknown => {
                let event = Action::refused("ops.identity.resolve", "not_found");
                caller.record(&site, &request, event, reason).await?;
                return Err(unknown.into());
            }
        };
        Ok((status, json!({ "id": id, "state": state })))
    };
    caller.answer(&site, &request, "ops.identity.resolve", result.await)
}

fn shown(held: &Held) -> Value {
    let conflicts: Vec<_> = held
        .conflicts
        .split(',')
        .filter(|reason| !reason.is_empty())
        .collect();
    json!({
        "id": held.id,
        "person": hex(&held.person),
        "account": hex(&held.account),
        "held_at": held.held_at.map(super::instant),
        "conflicts": conflicts,
        "proposed_by": held.proposal.as_ref().map(|(operator, _)| operator),
        "reason": held.proposal.as_ref().map(|(_, reason)| reason),
    })
}
