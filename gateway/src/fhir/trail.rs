//! The audit of one FHIR call: what is known about it so far, its row, and its JSON lines
//! (docs/contract/10-audit.md). Nothing of FHIR content, no token and no id of a person is in either; people are
//! keyed hashes.

use bluegate_shared::scope::ResourceType;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::rate::Counted;
use super::refusal::Refusal;
use crate::audit::event::{Event, EventLine, Level, UNPROVED};
use crate::base::context::App;
use crate::base::failure::{self, Spoiled};
use crate::base::http::Request;
use crate::base::http::trace::Trace;
use crate::base::limits::rate::Allowance;
use crate::base::ports::UnixMillis;
use crate::base::secret::{hex, person_hash};
use crate::base::store::StoreError;
use crate::base::version::Version;
use crate::fhir::statements::{self as access, Call, Link};

/// What is known about the call.
pub(super) struct Trail<'a> {
    app: &'a App,
    request: &'a Request,
    version: Version,
    resource: ResourceType,
    action: &'static str,
    client_id: String,
    flow_id: String,
    person: Vec<u8>,
    backend_status: Option<StatusCode>,
    backend_since: Option<UnixMillis>,
    backend_ms: Option<i64>,
    matches: Option<i64>,
    allowance: Option<Allowance>,
    /// One of a flood of refusals: not written.
    flood: bool,
}

impl<'a> Trail<'a> {
    /// A call of which only the route is known.
    pub(super) const fn new(
        app: &'a App,
        request: &'a Request,
        version: Version,
        resource: ResourceType,
        action: &'static str,
    ) -> Self {
        Self {
            app,
            request,
            version,
            resource,
            action,
            client_id: String::new(),
            flow_id: String::new(),
            person: Vec::new(),
            backend_status: None,
            backend_since: None,
            backend_ms: None,
            matches: None,
            allowance: None,
            flood: false,
        }
    }

    /// The token is known, live or not.
    pub(super) fn identify(&mut self, link: &Link) {
        self.client_id.clone_from(&link.client_id);
        self.flow_id.clone_from(&link.flow_id);
        let key = &self.app.config.audit_key;
        self.person = person_hash(key, link.patients.shared()).to_vec();
    }

    /// The call was counted.
    pub(super) const fn counted(&mut self, counted: &Counted) {
        self.allowance = counted.allowance;
        self.flood = !counted.audited;
    }

    /// What the client is told about its limit, where the call was counted.
    pub(super) const fn allowance(&self) -> Option<&Allowance> {
        self.allowance.as_ref()
    }

    /// The backend is about to be asked: the line that tells of a call even if the instance dies in it.
    pub(super) fn before_backend(&mut self) {
        self.backend_since = Some(self.app.clock.now());
        self.app.log.object(&BackendLine {
            event: "backend",
            action: self.action,
            at: self.app.clock.now().0,
            request_id: &self.request.request_id,
            trace_id: Trace::of(self.request).id,
            flow_id: &self.flow_id,
            client_id: &self.client_id,
            person: hex(&self.person),
            version: self.version.segment(),
            resource: self.resource.name(),
        });
    }

    /// The backend answered.
    pub(super) fn backend_answered(&mut self, status: Option<StatusCode>) {
        self.backend_status = status;
        self.backend_ms = self
            .backend_since
            .map(|since| (self.app.clock.now().0 - since.0).max(0));
    }

    /// All claims of the person were asked for, and the backend counted them.
    pub(super) fn matched(&mut self, total: Option<u64>) {
        self.matches = total.and_then(|total| i64::try_from(total).ok());
    }

    /// The audit row.
    pub(super) fn call<'b>(
        &'b self,
        outcome: &'b str,
        code: &'b str,
        level: Level,
        bytes: Option<i64>,
    ) -> Call<'b> {
        Call {
            event: Event {
                started_at: self.request.started_at,
                ended_at: self.app.clock.now(),
                request_id: &self.request.request_id,
                flow_id: &self.flow_id,
                actor: if self.client_id.is_empty() {
                    UNPROVED
                } else {
                    "application"
                },
                client_id: &self.client_id,
                person: &self.person,
                account: &[],
                action: self.action,
                outcome,
                code,
                level,
            },
            backend_status: self.backend_status.map(|status| status.as_u16()),
            bytes,
            backend_ms: self.backend_ms,
            matches: self.matches,
        }
    }

    /// Writes the row of a refusal. Where the store does not take it, nothing is released all the same.
    pub(super) async fn refused(&self, refusal: &Refusal) {
        if self.flood {
            return;
        }
        let call = self.call(
            refusal.audit_outcome(),
            refusal.audit_code(),
            refusal.level(),
            None,
        );
        self.log(&call);
        if refusal.level() == Level::Critical {
            self.app.drain.wake();
        }
        if let Refusal::NotProved(reason) = refusal {
            self.app.log.object(&json!({
                "event": "release_guard",
                "request_id": self.request.request_id,
                "reason": reason.to_string(),
            }));
        }
        if let Err(error) = access::record(&*self.app.database, &call).await {
            self.store_failed(&error);
        }
    }

    /// The row once more as a JSON line.
    pub(super) fn log(&self, call: &Call<'_>) {
        self.app.log.object(&CallLine {
            event: call.event.line(),
            trace_id: Trace::of(self.request).id,
            version: self.version.segment(),
            resource: self.resource.name(),
            backend_status: call.backend_status,
            bytes: call.bytes,
            backend_ms: call.backend_ms,
        });
    }

    /// The store failed.
    pub(super) fn store_failed(&self, error: &StoreError) {
        let spoiled = Spoiled {
            request_id: &self.request.request_id,
            flow_id: &self.flow_id,
            action: self.action,
        };
        failure::log(self.app.log.as_ref(), spoiled, error);
    }
}

/// The line before the backend is asked.
#[derive(Serialize)]
struct BackendLine<'a> {
    event: &'static str,
    action: &'a str,
    at: i64,
    request_id: &'a str,
    trace_id: String,
    flow_id: &'a str,
    client_id: &'a str,
    person: String,
    version: &'a str,
    resource: &'a str,
}

/// The line of the call's end: its event, and what is known of the backend's answer.
#[derive(Serialize)]
struct CallLine<'a> {
    #[serde(flatten)]
    event: EventLine<'a>,
    trace_id: String,
    version: &'a str,
    resource: &'a str,
    backend_status: Option<u16>,
    bytes: Option<i64>,
    backend_ms: Option<i64>,
}
