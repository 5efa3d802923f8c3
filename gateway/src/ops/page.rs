//! The page at `/ops/`: the state at a glance, and the forms to act on it. No script is needed.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use http::header::{ACCEPT, AUTHORIZATION};
use serde_json::{Value, json};

use super::alerts::shown as alert_shown;
use super::applications::Waiting;
use super::caller::{Caller, Failure};
use super::lock_down::shown as lock_down_shown;
use super::session::OfOperator;
use crate::audit::action::Action;
use crate::audit::chain;
use crate::base::config::operator::Role;
use crate::base::failure::Error;
use crate::base::http::reply::{Answer, Forms, page};
use crate::base::http::{Reply, Request};
use crate::base::ports::Database;
use crate::base::secret::{hex, person_hash};
use crate::base::session::{Csrf, Session};
use crate::base::site::Site;
use crate::base::store::StoreError;
use crate::lock_down::{self, LockDown};
use crate::maintenance::alert::{self, Alert};
use crate::ops::statements::overview;
use crate::ops::statements::resolution::{self, Held};

/// GET: the page, or the same as JSON for whoever sends a bearer token or asks for JSON.
pub(super) async fn show(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let as_json = wants_json(&request);
    if !as_json {
        match Session::<OfOperator>::of(&site.app, &request.headers, None).await {
            Ok(Some(_)) => {}
            Ok(None) => return sign_in(false).into(),
            Err(cause) => {
                site.failed(&request, "ops.access", &cause);
                return failure(&request, &Failure::unavailable()).into();
            }
        }
    }
    let caller = match Caller::of(&site, &request, Role::Read).await {
        Ok(caller) => caller,
        Err(answer) => return *answer,
    };
    let result = async {
        let state = Overview::read(&site).await?;
        caller
            .record(&site, &request, Action::ok("ops.state"), "")
            .await?;
        Ok::<_, Error<Failure>>(state)
    };
    match result.await {
        Ok(state) if as_json => caller.answer(
            &site,
            &request,
            "ops.state",
            Ok((StatusCode::OK, state.json())),
        ),
        Ok(state) => state.page(&caller).into(),
        Err(failure) => caller.answer(&site, &request, "ops.state", Err(failure)),
    }
}

/// Whoever sends a token, or says so, gets JSON.
pub(super) fn wants_json(request: &Request) -> bool {
    request.headers.contains_key(AUTHORIZATION) || accepts(request, "application/json")
}

/// Whether a browser wants to show the answer.
pub(super) fn wants_page(request: &Request) -> bool {
    accepts(request, "text/html")
}

fn accepts(request: &Request, media_type: &str) -> bool {
    request
        .headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains(media_type))
}

/// The form that takes the token; with a word where the last one was wrong.
pub(super) fn sign_in(wrong: bool) -> Reply {
    let status = if wrong {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::OK
    };
    let template = SignInPage { lang: "en", wrong };
    page(
        status,
        template.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

/// Something that could not be done, told to an operator.
pub(super) fn failure(request: &Request, failure: &Failure) -> Reply {
    let template = FailurePage {
        lang: "en",
        code: failure.code,
        detail: failure.detail,
        request_id: &request.request_id,
    };
    page(
        failure.status,
        template.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

/// Everything that the page shows.
struct Overview {
    environment: &'static str,
    lock_downs: Vec<LockDown>,
    waiting: Waiting,
    conflicts: Vec<Shown>,
    alerts: Vec<AlertShown>,
    alerts_json: Vec<Value>,
    webhook: bool,
    held: Vec<HeldShown>,
    chain: Option<ChainShown>,
    breaker_open_since: Option<String>,
}

/// A conflict, with hashes in place of people.
struct Shown {
    id: i64,
    reason: String,
    seen_at: String,
    request_id: String,
    person: String,
    held: i64,
}

impl Overview {
    async fn read(site: &Site) -> Result<Self, StoreError> {
        let database = site.app.database.as_ref();
        let config = &site.app.config;
        let conflicts = overview::conflicts(database).await?;
        let alerts = alert::open(database).await?;
        Ok(Self {
            environment: if config.is_sandbox() {
                "sandbox"
            } else {
                "production"
            },
            lock_downs: lock_down::list(database).await?,
            waiting: Waiting::read(database).await?,
            alerts_json: alerts.iter().map(alert_shown).collect(),
            alerts: alerts.into_iter().map(AlertShown::of).collect(),
            webhook: config.alerts.is_some(),
            held: resolution::held(database)
                .await?
                .into_iter()
                .map(HeldShown::of)
                .collect(),
            chain: ChainShown::read(database).await?,
            breaker_open_since: overview::breaker_open_since(database)
                .await?
                .map(super::instant),
            conflicts: conflicts
                .into_iter()
                .map(|conflict| Shown {
                    id: conflict.id,
                    seen_at: super::instant(conflict.seen_at),
                    person: hex(&person_hash(&config.audit_key, &conflict.patient_id)),
                    reason: conflict.reason,
                    request_id: conflict.request_id,
                    held: conflict.held,
                })
                .collect(),
        })
    }

    fn holding(&self) -> impl Iterator<Item = &LockDown> {
        self.lock_downs.iter().filter(|lock| lock.lifted.is_none())
    }

    fn chain_broken(&self) -> bool {
        self.alerts.iter().any(|alert| alert.kind == "chain_broken")
    }

    fn json(&self) -> Value {
        json!({
            "environment": self.environment,
            "lock_downs": self.lock_downs.iter().map(lock_down_shown).collect::<Vec<_>>(),
            "alerts": self.alerts_json,
            "webhook": self.webhook,
            "applications_waiting": self.waiting.first.iter().map(|(client_id, name, at)| json!({
                "client_id": client_id,
                "client_name": name,
                "registered_at": super::instant(*at),
            })).collect::<Vec<_>>(),
            "applications_waiting_in_all": self.waiting.total,
            "identity_conflicts": self.conflicts.iter().map(|conflict| json!({
                "id": conflict.id,
                "reason": conflict.reason,
                "seen_at": conflict.seen_at,
                "request_id": conflict.request_id,
                "person": conflict.person,
                "identities_held": conflict.held,
            })).collect::<Vec<_>>(),
            "identities_held": self.held.iter().map(|held| json!({
                "id": held.id,
                "person": held.person,
                "held_at": held.held_at,
                "conflicts": held.conflicts,
                "proposed_by": held.proposed_by,
            })).collect::<Vec<_>>(),
            "audit_chain": self.chain.as_ref().map(|chain| json!({
                "links": chain.links,
                "sealed_at": chain.sealed_at,
                "unsealed": chain.unsealed,
                "broken": self.chain_broken(),
            })),
            "breaker": {
                "open": self.breaker_open_since.is_some(),
                "open_since": self.breaker_open_since,
            },
        })
    }

    fn page(&self, caller: &Caller) -> Reply {
        let csrf = caller.page.as_ref();
        let template = OverviewPage {
            lang: "en",
            csrf: csrf.map(Csrf::expose).unwrap_or_default(),
            operator: &caller.operator.name,
            role: caller.operator.role.as_str(),
            may_approve: caller.operator.role >= Role::Approve,
            may_lock: caller.operator.role >= Role::Lock,
            holding: self.holding().map(Row::of).collect(),
            lifted: self
                .lock_downs
                .iter()
                .filter(|lock| lock.lifted.is_some())
                .take(10)
                .map(Row::of)
                .collect(),
            overview: self,
        };
        page(
            StatusCode::OK,
            template.render().unwrap_or_default(),
            Forms::StayHere,
        )
    }
}

/// An alert in words.
struct AlertShown {
    id: i64,
    kind: String,
    detail: String,
    client_id: String,
    first_at: String,
    last_at: String,
    count: i64,
    request_id: String,
    sent: String,
}

impl AlertShown {
    fn of(alert: Alert) -> Self {
        Self {
            id: alert.id,
            kind: alert.kind,
            detail: alert.detail,
            client_id: alert.client_id,
            first_at: super::instant(alert.first_at),
            last_at: super::instant(alert.last_at),
            count: alert.count,
            request_id: alert.request_id,
            sent: alert.sent_at.map(super::instant).unwrap_or_default(),
        }
    }
}

/// A link that waits for two operators.
struct HeldShown {
    id: i64,
    person: String,
    held_at: String,
    conflicts: String,
    proposed_by: String,
    reason: String,
}

impl HeldShown {
    fn of(held: Held) -> Self {
        let (proposed_by, reason) = held.proposal.unwrap_or_default();
        Self {
            id: held.id,
            person: hex(&held.person),
            held_at: held.held_at.map(super::instant).unwrap_or_default(),
            conflicts: held.conflicts,
            proposed_by,
            reason,
        }
    }
}

/// How far the chain over the audit has come.
struct ChainShown {
    links: i64,
    sealed_at: String,
    unsealed: i64,
}

impl ChainShown {
    async fn read(database: &dyn Database) -> Result<Option<Self>, StoreError> {
        let Some(link) = chain::last(database).await? else {
            return Ok(None);
        };
        let last = overview::last_event(database).await?;
        Ok(Some(Self {
            links: link.id,
            sealed_at: super::instant(link.sealed_at),
            unsealed: (last - link.audit_to).max(0),
        }))
    }
}

/// A lock-down in words.
struct Row<'a> {
    id: i64,
    what: String,
    reason: &'a str,
    operator: &'a str,
    started_at: String,
    lifted: String,
}

impl<'a> Row<'a> {
    fn of(lock: &'a LockDown) -> Self {
        Self {
            id: lock.id,
            what: if lock.target.is_empty() {
                "everything".to_owned()
            } else {
                format!("{} {}", lock.kind, lock.target)
            },
            reason: &lock.reason,
            operator: &lock.operator,
            started_at: super::instant(lock.started_at),
            lifted: lock.lifted.as_ref().map_or_else(String::new, |end| {
                format!(
                    "{} by {}: {}",
                    super::instant(end.at),
                    end.operator,
                    end.reason
                )
            }),
        }
    }
}

#[derive(Template)]
#[template(path = "ops_sign_in.html")]
struct SignInPage<'a> {
    lang: &'a str,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "ops_failure.html")]
struct FailurePage<'a> {
    lang: &'a str,
    code: &'a str,
    detail: &'a str,
    request_id: &'a str,
}

#[derive(Template)]
#[template(path = "ops.html")]
struct OverviewPage<'a> {
    lang: &'a str,
    csrf: &'a str,
    operator: &'a str,
    role: &'a str,
    may_approve: bool,
    may_lock: bool,
    holding: Vec<Row<'a>>,
    lifted: Vec<Row<'a>>,
    overview: &'a Overview,
}
