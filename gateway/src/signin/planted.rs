//! The fault of December 2019, planted: an identity adapter that cuts subjects of 128 bits to 96. In tests only;
//! docs/incident-drill.md tells what it is for.
//!
//! [`Subject`] cannot be cut: this has to take the bytes out and make another subject of them, which nothing but
//! a test does.

use std::cell::Cell;

use bluegate_shared::id::{Issuer, PatientId, Subject};

use crate::base::context::App;
use crate::base::ports::{Durability, Value};
use crate::base::version::PatientIds;

/// What is planted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Subjects are cut; the patient is looked up by the Medicare number, as it should be.
    Cut,
    /// Subjects are cut, and whoever is known by the cut subject is not looked up again: as in December 2019.
    CutAndCached,
}

thread_local! {
    static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Plants a fault for all sign-ins of this thread, until it is dropped.
pub(crate) struct Planted;

impl Planted {
    pub(crate) fn plant(fault: Fault) -> Self {
        FAULT.set(Some(fault));
        Self
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        FAULT.set(None);
    }
}

/// 96 bits of a UUID: 24 of its 32 digits, and the hyphens between them.
pub(crate) fn cut(subject: &Subject) -> Subject {
    let bytes = Vec::from(subject.whole());
    let text = std::str::from_utf8(&bytes[..28.min(bytes.len())]).unwrap();
    Subject::parse(text).unwrap()
}

/// What the faulty adapter makes of a sign-in.
pub(crate) async fn adapt(
    app: &App,
    issuer: &Issuer,
    subject: Subject,
    patients: PatientIds,
) -> (Subject, PatientIds) {
    let Some(fault) = FAULT.get() else {
        return (subject, patients);
    };
    let subject = cut(&subject);
    if fault == Fault::Cut {
        return (subject, patients);
    }
    let cached = app
        .database
        .execute(
            Durability::Durable,
            "SELECT patient_id FROM identity WHERE issuer = ? AND subject = ?",
            vec![issuer.as_str().into(), Vec::from(subject.whole()).into()],
        )
        .await
        .unwrap();
    match cached.first().map(|row| &row[0]) {
        Some(Value::Text(id)) => (
            subject,
            PatientIds::new(PatientId::parse(id).unwrap(), None),
        ),
        _ => (subject, patients),
    }
}
