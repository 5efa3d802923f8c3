//! Who calls, by bearer token or by the session of the page, and what they sent.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::page;
use super::session::OfOperator;
use crate::audit::action::{Action, PendingEvent};
use crate::audit::event::Level;
use crate::base::bearer::Bearer;
use crate::base::config::Config;
use crate::base::config::operator::{Operator, Role};
use crate::base::failure::{Error, Reason};
use crate::base::http::Request;
use crate::base::http::reply::{self, Answer, no_store, not_found, see_other, set};
use crate::base::limits::Surface;
use crate::base::limits::rate::Limited;
use crate::base::session::{Csrf, Session};
use crate::base::site::{Site, request_of};
use crate::base::store::StoreError;
use crate::oauth::parameters::{Parameters, is_form};

/// An operator whose role allows what is asked.
pub(super) struct Caller {
    pub(super) operator: Operator,
    /// What the forms of the page carry, where it is its session that calls: then answers are pages.
    pub(super) page: Option<Csrf>,
}

/// The operator of a call, where the role is at least `R`.
pub(super) struct May<R> {
    pub(super) caller: Caller,
    role: PhantomData<R>,
}

/// A role that a route needs, as a type.
pub(super) trait Needed {
    const ROLE: Role;
}

pub(super) struct Read;
pub(super) struct Approve;
pub(super) struct Lock;

impl Needed for Read {
    const ROLE: Role = Role::Read;
}

impl Needed for Approve {
    const ROLE: Role = Role::Approve;
}

impl Needed for Lock {
    const ROLE: Role = Role::Lock;
}

impl<R: Needed> FromRequestParts<Site> for May<R> {
    /// To whoever is no operator, or may not.
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Answer> {
        let request = request_of(parts).ok_or_else(not_found)?;
        match Caller::of(site, request, R::ROLE).await {
            Ok(caller) => Ok(Self {
                caller,
                role: PhantomData,
            }),
            Err(answer) => Err(*answer),
        }
    }
}

/// Why an operator gets no answer, or not the one that was wanted.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) detail: &'static str,
}

impl Failure {
    pub(super) const fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self {
            status,
            code,
            detail,
        }
    }

    pub(super) const fn invalid(detail: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail)
    }

    pub(super) const fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            "The service cannot answer now; try again.",
        )
    }
}

impl Reason for Failure {
    fn unavailable() -> Self {
        Self::unavailable()
    }
}

impl Caller {
    /// Finds the operator of a request.
    ///
    /// # Errors
    ///
    /// The answer to whoever is none, or may not.
    pub(super) async fn of(
        site: &Site,
        request: &Request,
        needed: Role,
    ) -> Result<Self, Box<Answer>> {
        let config = &site.app.config;
        let found = match Bearer::of(&request.headers) {
            Bearer::Malformed => None,
            Bearer::Token(token) => {
                let operator = Operator::find(&config.operators, token).cloned();
                operator.map(|operator| Self {
                    operator,
                    page: None,
                })
            }
            Bearer::Missing => match Session::of(&site.app, &request.headers, None).await {
                Ok(session) => session.map(|session| Self::of_session(config, session)),
                Err(error) => {
                    site.failed(request, "ops.access", &error);
                    return Err(Box::new(
                        page::failure(request, &Failure::unavailable()).into(),
                    ));
                }
            },
        };
        let Some(caller) = found else {
            return Err(Box::new(unknown(site, request).await));
        };
        let is_foreign = |csrf: &Csrf| !csrf.made(&Input::of(request).0);
        let refused =
            if request.method == Method::POST && caller.page.as_ref().is_some_and(is_foreign) {
                Failure::new(
                    StatusCode::FORBIDDEN,
                    "form_foreign",
                    "This form was not made by the page that you signed in to. Load the page anew.",
                )
            } else if caller.operator.role < needed {
                Failure::new(
                    StatusCode::FORBIDDEN,
                    "role_missing",
                    "This operator's role does not allow it.",
                )
            } else {
                return Ok(caller);
            };
        let event = Action::refused("ops.access", refused.code).level(Level::Warning);
        event.by(&caller.actor()).record_or_log(site, request).await;
        Err(Box::new(caller.refuse(request, &refused)))
    }

    fn of_session(config: &Config, session: Session<OfOperator>) -> Self {
        Self {
            page: Some(session.csrf(config)),
            operator: session.visitor,
        }
    }

    /// Whether answers are pages.
    pub(super) const fn is_by_page(&self) -> bool {
        self.page.is_some()
    }

    /// As the audit names the operator.
    pub(super) fn actor(&self) -> String {
        format!("operator:{}", self.operator.name)
    }

    /// Writes the event of what was done. Without it, nothing is confirmed.
    pub(super) async fn record(
        &self,
        site: &Site,
        request: &Request,
        action: Action<'_>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let actor = self.actor();
        explain(site, request, action, &actor, reason);
        action.by(&actor).record(site, request).await
    }

    /// The same where the answer stays what it is without it.
    pub(super) async fn note(
        &self,
        site: &Site,
        request: &Request,
        action: Action<'_>,
        reason: &str,
    ) {
        if let Err(cause) = self.record(site, request, action, reason).await {
            site.failed(request, action.action, &cause);
        }
    }

    /// The lines of what was done by a statement that carried the event.
    pub(super) fn told(
        &self,
        site: &Site,
        request: &Request,
        draft: &PendingEvent<'_>,
        reason: &str,
    ) {
        explain(site, request, draft.action(), &self.actor(), reason);
        draft.log(site);
    }

    /// What came of it: JSON, or back to the page.
    pub(super) fn answer(
        &self,
        site: &Site,
        request: &Request,
        action: &str,
        result: Result<(StatusCode, Value), Error<Failure>>,
    ) -> Answer {
        match result {
            Ok(_) if self.page.is_some() && request.method == Method::POST => {
                see_other("/ops/").into()
            }
            Ok((status, body)) => {
                let mut reply = reply::json(status, &body);
                no_store(&mut reply);
                reply.into()
            }
            Err(error) => self.refuse(request, &site.settle(request, action, "", error)),
        }
    }

    /// What a list of operators has, under its name: for whoever may read, and told in the audit.
    pub(super) async fn list<T>(
        site: &Site,
        request: &Request,
        action: &'static str,
        name: &'static str,
        found: impl Future<Output = Result<Vec<T>, StoreError>>,
        shown: impl Fn(&T) -> Value,
    ) -> Answer {
        let caller = match Self::of(site, request, Role::Read).await {
            Ok(caller) => caller,
            Err(answer) => return *answer,
        };
        let result = async {
            let items: Vec<_> = found.await?.iter().map(shown).collect();
            caller.record(site, request, Action::ok(action), "").await?;
            Ok((StatusCode::OK, json!({ name: items })))
        };
        caller.answer(site, request, action, result.await)
    }

    fn refuse(&self, request: &Request, failure: &Failure) -> Answer {
        if self.page.is_some() {
            return page::failure(request, failure).into();
        }
        reply::problem(failure.status, failure.code, failure.detail).into()
    }
}

/// The line with the reason, which the audit row has no place for.
fn explain(site: &Site, request: &Request, action: Action<'_>, actor: &str, reason: &str) {
    if reason.is_empty() {
        return;
    }
    let line = json!({
        "event": "ops", "action": action.action, "outcome": action.outcome, "actor": actor,
        "client_id": action.client_id, "request_id": request.request_id, "reason": reason,
    });
    site.app.log.object(&line);
}

/// The answer to whoever is no operator. Each try is counted for its address, and audited.
async fn unknown(site: &Site, request: &Request) -> Answer {
    let counted = site
        .count_address(request, Surface::Operator, "ops.access")
        .await;
    match counted {
        Ok(_) => {}
        Err(Limited::Wait { seconds, .. }) => {
            let mut reply = reply::problem(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "Too many requests from this address.",
            );
            set(&mut reply, http::header::RETRY_AFTER, &seconds.to_string());
            return reply.into();
        }
        Err(Limited::Unavailable(_)) => {
            let Failure {
                status,
                code,
                detail,
            } = Failure::unavailable();
            return reply::problem(status, code, detail).into();
        }
    }
    let event = Action::refused("ops.access", "operator_unknown").level(Level::Warning);
    event.record_or_log(site, request).await;
    let mut reply = reply::problem(
        StatusCode::UNAUTHORIZED,
        "operator_unknown",
        "Send the token of an operator as a bearer token, or sign in at /ops/.",
    );
    set(&mut reply, WWW_AUTHENTICATE, "Bearer realm=\"ops\"");
    reply.into()
}

/// What was sent: the members of a JSON object, or the fields of a form.
pub(super) struct Input(Parameters);

impl Input {
    /// Reads the body. A body that cannot be read has nothing in it.
    pub(super) fn of(request: &Request) -> Self {
        if is_form(&request.headers) {
            return Self(request.form());
        }
        let members = match serde_json::from_slice(&request.body) {
            Ok(Value::Object(members)) => members,
            _ => serde_json::Map::new(),
        };
        let texts = members.into_iter().filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, text)),
            Value::Number(number) => Some((name, number.to_string())),
            _ => None,
        });
        Self(Parameters::of_pairs(texts.collect()))
    }

    /// A member, without the space around it; empty where there is none, or more than one.
    pub(super) fn text(&self, name: &'static str) -> &str {
        self.0.single(name).ok().flatten().map_or("", str::trim)
    }

    /// What an operator tells a developer: a reason that may be longer, and have lines.
    pub(super) fn words(&self) -> Result<&str, Failure> {
        let words = self.text("reason");
        let unfit = |c: char| c.is_control() && !matches!(c, '\r' | '\n');
        if words.is_empty() || words.chars().count() > 1000 || words.chars().any(unfit) {
            return Err(Failure::new(
                StatusCode::BAD_REQUEST,
                "reason_missing",
                "Send {\"reason\": \"…\"} with 1 to 1,000 characters: the developer reads them.",
            ));
        }
        Ok(words)
    }

    /// The reason, without which nothing is done.
    pub(super) fn reason(&self) -> Result<&str, Failure> {
        let reason = self.text("reason");
        if reason.is_empty() || reason.chars().count() > 200 || reason.chars().any(char::is_control)
        {
            return Err(Failure::new(
                StatusCode::BAD_REQUEST,
                "reason_missing",
                "Send {\"reason\": \"…\"} with 1 to 200 characters.",
            ));
        }
        Ok(reason)
    }
}
