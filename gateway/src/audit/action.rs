//! The audit event of an action, written before its answer and as one JSON line.

use bluegate_shared::id::PatientId;

use crate::audit::event::{Event, Level, UNPROVED, record};
use crate::base::http::Request;
use crate::base::limits::Surface;
use crate::base::limits::rate::Allowance;
use crate::base::ports::UnixMillis;
use crate::base::secret::person_hash;
use crate::base::site::Site;
use crate::base::store::StoreError;

/// What happened, without what the request and the clock add.
#[derive(Clone, Copy)]
pub(crate) struct Action<'a> {
    pub(crate) action: &'a str,
    pub(crate) outcome: &'a str,
    pub(crate) code: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) flow_id: &'a str,
    pub(crate) patient: Option<&'a PatientId>,
    pub(crate) account: &'a [u8],
    pub(crate) level: Level,
    /// One of a flood of refusals of whoever proves nothing: not written.
    pub(crate) flood: bool,
}

impl<'a> Action<'a> {
    /// Something that was done.
    pub(crate) const fn ok(action: &'a str) -> Self {
        Self {
            action,
            outcome: "ok",
            code: "",
            actor: "",
            client_id: "",
            flow_id: "",
            patient: None,
            account: &[],
            level: Level::Info,
            flood: false,
        }
    }

    /// Something that is asked by whoever has proved nothing. An application that such a request names is only named.
    pub(crate) const fn unproved(action: &'a str) -> Self {
        Self::ok(action).by(UNPROVED)
    }

    /// The same, refused.
    pub(crate) const fn refuse(self, code: &'a str) -> Self {
        Self {
            outcome: "refused",
            code,
            ..self
        }
    }

    /// With what the address may do still: of a flood of refusals, the audit has the first ([`crate::base::limits`]).
    pub(crate) const fn counted(self, allowance: Allowance) -> Self {
        Self {
            flood: !allowance.is_audited(),
            ..self
        }
    }

    /// Something that was done, and what of it.
    pub(crate) const fn done(action: &'a str, code: &'a str) -> Self {
        Self {
            code,
            ..Self::ok(action)
        }
    }

    /// Something that was refused, and why.
    pub(crate) const fn refused(action: &'a str, code: &'a str) -> Self {
        Self::ok(action).refuse(code)
    }

    /// The same, come to no end because the store or the platform failed, whoever asked.
    pub(crate) const fn fail(self, code: &'a str) -> Self {
        Self {
            outcome: "failed",
            code,
            ..self
        }
    }

    /// Something that came to no end because the store or the platform failed, whoever asked.
    pub(crate) const fn failed(action: &'a str, code: &'a str) -> Self {
        Self::ok(action).fail(code)
    }

    /// Who did it.
    pub(crate) const fn by(self, actor: &'a str) -> Self {
        Self { actor, ..self }
    }

    /// Which application it concerns.
    pub(crate) const fn application(self, client_id: &'a str) -> Self {
        Self { client_id, ..self }
    }

    /// Which flow it belongs to.
    pub(crate) const fn flow(self, flow_id: &'a str) -> Self {
        Self { flow_id, ..self }
    }

    /// Whom it concerns.
    pub(crate) const fn person(self, patient: &'a PatientId) -> Self {
        Self {
            patient: Some(patient),
            ..self
        }
    }

    /// With which account somebody signed in.
    pub(crate) const fn account(self, account: &'a [u8]) -> Self {
        Self { account, ..self }
    }

    /// How much an operator must care.
    pub(crate) const fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// The event, for the statement that does it and tells of it.
    pub(crate) fn draft(self, site: &Site, request: &'a Request) -> PendingEvent<'a> {
        let ended_at = site.app.clock.now();
        let person = self
            .patient
            .map(|patient| person_hash(&site.app.config.audit_key, patient).to_vec())
            .unwrap_or_default();
        PendingEvent {
            action: self,
            request,
            person,
            ended_at,
        }
    }

    /// Writes it, where no statement carried it.
    pub(crate) async fn record(self, site: &Site, request: &Request) -> Result<(), StoreError> {
        if self.flood {
            return Ok(());
        }
        let draft = self.draft(site, request);
        draft.log(site);
        record(site.app.database.as_ref(), &draft.event()).await
    }

    /// The same where the answer stays what it is without it: a refusal changed nothing.
    pub(crate) async fn record_or_log(self, site: &Site, request: &Request) {
        if let Err(cause) = self.record(site, request).await {
            site.failed(request, self.action, &cause);
        }
    }
}

impl Action<'_> {
    /// Writes a refusal of whoever proves nothing, which counts for the address: of a flood the audit has the first
    /// ones. It changed nothing, so it is told even where its event cannot be written.
    pub(crate) async fn note(self, site: &Site, request: &Request, surface: Surface) {
        let counted = site.count_address(request, surface, self.action).await;
        if let Ok(allowance) = counted {
            self.counted(allowance).record_or_log(site, request).await;
        }
    }
}

/// An event that is still to be written.
pub(crate) struct PendingEvent<'a> {
    action: Action<'a>,
    request: &'a Request,
    person: Vec<u8>,
    ended_at: UnixMillis,
}

impl<'a> PendingEvent<'a> {
    /// What it tells of.
    pub(crate) const fn action(&self) -> Action<'a> {
        self.action
    }

    /// What a statement carries.
    pub(crate) fn event(&self) -> Event<'_> {
        let Action {
            action,
            outcome,
            code,
            actor,
            client_id,
            flow_id,
            level,
            account,
            ..
        } = self.action;
        Event {
            started_at: self.request.started_at,
            ended_at: self.ended_at,
            request_id: &self.request.request_id,
            flow_id,
            actor,
            client_id,
            person: &self.person,
            account,
            action,
            outcome,
            code,
            level,
        }
    }

    /// Writes the line, once a statement carried the event.
    pub(crate) fn log(&self, site: &Site) {
        if self.action.level == Level::Critical {
            site.app.drain.wake();
        }
        site.app.log.object(&self.event().line());
    }
}
