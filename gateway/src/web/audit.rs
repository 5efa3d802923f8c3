//! The audit event of an action, written before its answer and as one JSON line.

use bluegate_shared::id::PatientId;
use serde_json::Value;

use super::Site;
use crate::app::Request;
use crate::secret::keyed_hash;
use crate::store::StoreError;
use crate::store::audit::{Event, Level, record};

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
    pub(crate) level: Level,
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
            level: Level::Info,
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
        Self {
            outcome: "refused",
            code,
            ..Self::ok(action)
        }
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

    /// How much an operator must care.
    pub(crate) const fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Writes it.
    pub(crate) async fn record(self, site: &Site, request: &Request) -> Result<(), StoreError> {
        let app = &site.app;
        let person = self
            .patient
            .map(|patient| {
                keyed_hash(
                    &app.config.audit_key,
                    "person",
                    &[patient.as_str().as_bytes()],
                )
            })
            .map_or_else(Vec::new, |hash| hash.to_vec());
        let event = Event {
            started_at: request.started_at,
            ended_at: app.clock.now(),
            request_id: &request.request_id,
            flow_id: self.flow_id,
            actor: self.actor,
            client_id: self.client_id,
            person: &person,
            action: self.action,
            outcome: self.outcome,
            code: self.code,
            level: self.level,
        };
        app.log.line(&Value::Object(event.line()).to_string());
        record(app.database.as_ref(), &event).await
    }
}
