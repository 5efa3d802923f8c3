//! `/ops/applications`: operators find applications, look at all that a person will see of one, and decide
//! (docs/contract/09-applications.md).
//!
//! A decision acts on the very next request of the application, on every instance: its status is part of
//! every statement and join that lets it do anything.

mod page;

use axum::Extension;
use axum::extract::{Path, State};
use bluegate_shared::id::ClientId;
use http::StatusCode;
use serde_json::{Value, json};

use super::caller::{Caller, Failure, Input};
use super::page::wants_json;
use super::session::OfOperator;
use super::sheet;
use crate::application::statements::set_status;
use crate::audit::action::Action;
use crate::audit::event::Level;
use crate::base::config::operator::Role;
use crate::base::failure::Error;
use crate::base::http::Request;
use crate::base::http::reply::{Answer, not_found, see_other};
use crate::base::session::Session;
use crate::base::site::Site;
use crate::oauth::application::{Application, Status};
use crate::oauth::parameters::Parameters;
use crate::oauth::registration::Registration;
use crate::ops::statements::registration::{self, Search, Sheet, Verdict};

pub(super) use page::Waiting;

/// GET: applications of a `status` (`pending` where none is named, `all`), with `q` in what they are known by, 50 at once
/// from the one `after` the last.
pub(super) async fn list(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let caller = match visitor(&site, &request).await {
        Ok(caller) => caller,
        Err(answer) => return *answer,
    };
    let parameters = request.parameters();
    let result = async {
        let asked = Asked::read(&parameters)?;
        let search = asked.search();
        let database = site.app.database.as_ref();
        let mut found = registration::page(database, &search, asked.after, PAGE + 1).await?;
        let total = registration::count(database, &search).await?;
        let more = found.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
        found.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
        caller
            .record(&site, &request, Action::ok("ops.applications"), "")
            .await?;
        let next = found
            .last()
            .filter(|_| more)
            .map(|last| last.application.id);
        Ok::<_, Error<Failure>>((asked, found, total, next))
    };
    match result.await {
        Ok((asked, found, total, next)) if caller.is_by_page() => {
            page::list(&asked, &found, total, next).into()
        }
        Ok((_, found, total, next)) => {
            let items: Vec<_> = found.iter().map(sheet::summary).collect();
            let body = json!({ "applications": items, "total": total, "next": next });
            caller.answer(
                &site,
                &request,
                "ops.applications",
                Ok((StatusCode::OK, body)),
            )
        }
        Err(error) => caller.answer(&site, &request, "ops.applications", Err(error)),
    }
}

/// What a list is asked for.
struct Asked {
    status: Option<Status>,
    text: String,
    after: i64,
}

impl Asked {
    fn read(parameters: &Parameters) -> Result<Self, Failure> {
        let single = |name| {
            parameters
                .single(name)
                .map_err(|_| Failure::invalid("Each parameter may be there once."))
        };
        let status = match single("status")?.unwrap_or("pending") {
            "all" => None,
            text => Some(Status::parse(text).ok_or(Failure::invalid(
                "status must be pending, active, rejected, suspended, deleted or all",
            ))?),
        };
        let text = single("q")?.unwrap_or_default().trim();
        if text.chars().count() > 255 {
            return Err(Failure::invalid("q may have 255 characters"));
        }
        let after = match single("after")? {
            None | Some("") => 0,
            Some(text) => text.parse().map_err(|_| {
                Failure::invalid("after must be the number that the last answer has as next")
            })?,
        };
        Ok(Self {
            status,
            text: text.to_owned(),
            after,
        })
    }

    fn search(&self) -> Search<'_> {
        Search {
            status: self.status,
            text: &self.text,
        }
    }

    fn status(&self) -> &'static str {
        self.status.map_or("all", Status::as_str)
    }
}

/// GET: the sheet of one application.
pub(super) async fn show(
    State(site): State<Site>,
    Path(client_id): Path<String>,
    Extension(request): Extension<Request>,
) -> Answer {
    let caller = match visitor(&site, &request).await {
        Ok(caller) => caller,
        Err(answer) => return *answer,
    };
    let result = async {
        let sheet = find(&site, &client_id).await?;
        let client_id = sheet.registered.application.client_id.as_str();
        let event = Action::ok("ops.application").application(client_id);
        caller.record(&site, &request, event, "").await?;
        Ok::<_, Error<Failure>>(sheet)
    };
    match result.await {
        Ok(sheet) if caller.is_by_page() => page::sheet(&caller, &sheet, None).into(),
        Ok(sheet) => {
            let body = sheet::whole(&sheet);
            caller.answer(
                &site,
                &request,
                "ops.application",
                Ok((StatusCode::OK, body)),
            )
        }
        Err(error) => caller.answer(&site, &request, "ops.application", Err(error)),
    }
}

async fn find(site: &Site, client_id: &str) -> Result<Sheet, Error<Failure>> {
    let none = Failure::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is no application with this client_id.",
    );
    let Ok(client_id) = ClientId::parse(client_id) else {
        return Err(none.into());
    };
    let found = registration::sheet(site.app.database.as_ref(), &client_id).await?;
    Ok(found.ok_or(none)?)
}

/// Who reads: a browser that is not signed in gets the form to do so.
async fn visitor(site: &Site, request: &Request) -> Result<Caller, Box<Answer>> {
    if !wants_json(request) && super::page::wants_page(request) {
        let known = Session::<OfOperator>::of(&site.app, &request.headers, None).await;
        if matches!(known, Ok(None)) {
            return Err(Box::new(super::page::sign_in(false).into()));
        }
    }
    Caller::of(site, request, Role::Read).await
}

/// POST `{"reason": …}` to `suspend` or `resume`; with the digest of the `sheet` that it is about to `approve` or
/// `reject`.
pub(super) async fn decide(
    State(site): State<Site>,
    Path((client_id, verb)): Path<(String, String)>,
    Extension(request): Extension<Request>,
) -> Answer {
    let caller = match Caller::of(&site, &request, Role::Approve).await {
        Ok(caller) => caller,
        Err(answer) => return *answer,
    };
    let Ok(client_id) = ClientId::parse(&client_id) else {
        return not_found();
    };
    let act = Act {
        site: &site,
        request: &request,
        caller: &caller,
        client_id: &client_id,
    };
    let (action, result) = match verb.as_str() {
        "approve" => (APPROVE, act.verdict(APPROVE, Verdict::Approve).await),
        "reject" => (REJECT, act.verdict(REJECT, Verdict::Reject).await),
        "resume" => (RESUME, act.stop(RESUME).await),
        "suspend" => (SUSPEND, act.stop(SUSPEND).await),
        _ => return not_found(),
    };
    match result {
        Ok(_) if caller.is_by_page() => see_other(&page::address(client_id.as_str())).into(),
        // The words are kept, and the sheet is shown as it is now.
        Err(Error::Refused(refused)) if caller.is_by_page() && refused.code == SHEET_CHANGED => {
            match find(&site, client_id.as_str()).await {
                Ok(sheet) => {
                    let refused = page::Refused {
                        failure: &refused,
                        words: Input::of(&request).text("reason").to_owned(),
                        rejects: action == REJECT,
                    };
                    page::sheet(&caller, &sheet, Some(&refused)).into()
                }
                Err(error) => caller.answer(&site, &request, action, Err(error)),
            }
        }
        result => caller.answer(&site, &request, action, result),
    }
}

const APPROVE: &str = "ops.application.approve";
const REJECT: &str = "ops.application.reject";
const RESUME: &str = "ops.application.resume";
const SUSPEND: &str = "ops.application.suspend";
const SHEET_CHANGED: &str = "sheet_changed";

/// What an operator does to an application.
struct Act<'a> {
    site: &'a Site,
    request: &'a Request,
    caller: &'a Caller,
    client_id: &'a ClientId,
}

impl Act<'_> {
    /// Approves or rejects what the operator looked at.
    async fn verdict(
        &self,
        action: &'static str,
        verdict: Verdict,
    ) -> Result<(StatusCode, Value), Error<Failure>> {
        let input = Input::of(self.request);
        let reason = match verdict {
            Verdict::Approve => input.reason()?,
            Verdict::Reject => input.words()?,
        };
        let database = self.site.app.database.as_ref();
        let sheet = registration::sheet(database, self.client_id).await;
        let sheet = match sheet {
            Ok(Some(sheet)) if sheet.registered.application.status == Status::Pending => sheet,
            Ok(_) => return Err(self.refuse(action, STATUS_DIFFERS, reason).await),
            Err(cause) => return Err(self.fail(action, reason, cause).await),
        };
        let seen = input.text("sheet");
        if seen.is_empty() {
            return Err(Failure::invalid(
                "Send sheet as GET of this application has it: a decision is about what was looked at.",
            )
            .into());
        }
        if seen != sheet::digest(&sheet) {
            return Err(self.refuse(action, CHANGED, reason).await);
        }
        let actor = self.caller.actor();
        let event = self.event(action, &actor).draft(self.site, self.request);
        let now = self.site.app.clock.now();
        match registration::decide(database, &sheet, verdict, reason, now, &event.event()).await {
            Ok(true) => {
                self.caller.told(self.site, self.request, &event, reason);
                let sheet = find(self.site, self.client_id.as_str()).await?;
                Ok((StatusCode::OK, sheet::whole(&sheet)))
            }
            Ok(false) => Err(self.refuse(action, CHANGED, reason).await),
            Err(cause) => Err(self.fail(action, reason, cause).await),
        }
    }

    /// Suspends, or lets go on.
    async fn stop(&self, action: &'static str) -> Result<(StatusCode, Value), Error<Failure>> {
        let input = Input::of(self.request);
        let reason = input.reason()?;
        let app = &self.site.app;
        let (database, now) = (app.database.as_ref(), app.clock.now());
        let actor = self.caller.actor();
        let event = self.event(action, &actor).draft(self.site, self.request);
        let changed = if action == RESUME {
            let waits = Registration::initial_status(app.config.environment) == Status::Pending;
            registration::resume(database, self.client_id, waits, now, &event.event()).await
        } else {
            let from = [Status::Active, Status::Pending];
            let to = Status::Suspended;
            set_status(database, self.client_id, from, to, now, &event.event()).await
        };
        match changed {
            Ok(Some(application)) => {
                self.caller.told(self.site, self.request, &event, reason);
                Ok((StatusCode::OK, told(&application)))
            }
            Ok(None) => Err(self.refuse(action, STATUS_DIFFERS, reason).await),
            Err(cause) => Err(self.fail(action, reason, cause).await),
        }
    }

    fn event<'e>(&'e self, action: &'static str, actor: &'e str) -> Action<'e> {
        Action::ok(action)
            .by(actor)
            .application(self.client_id.as_str())
            .level(Level::Warning)
    }

    async fn refuse(&self, action: &'static str, failure: Failure, reason: &str) -> Error<Failure> {
        let event = Action::refused(action, failure.code).application(self.client_id.as_str());
        match self
            .caller
            .record(self.site, self.request, event, reason)
            .await
        {
            Ok(()) => failure.into(),
            Err(cause) => cause.into(),
        }
    }

    async fn fail(
        &self,
        action: &'static str,
        reason: &str,
        cause: crate::base::store::StoreError,
    ) -> Error<Failure> {
        let event =
            Action::failed(action, "store_unavailable").application(self.client_id.as_str());
        self.caller
            .note(self.site, self.request, event, reason)
            .await;
        cause.into()
    }
}

const STATUS_DIFFERS: Failure = Failure::new(
    StatusCode::CONFLICT,
    "status_differs",
    "No application with this client_id has a status that allows it.",
);
const CHANGED: Failure = Failure::new(
    StatusCode::CONFLICT,
    SHEET_CHANGED,
    "The application is no longer what you looked at. Look at it as it is now, and decide again.",
);

fn told(application: &Application) -> Value {
    json!({
        "client_id": application.client_id,
        "client_name": application.name,
        "status": application.status.as_str(),
    })
}

/// How many applications are listed at once.
const PAGE: i64 = 50;
