//! Whether a claim counts: sums, months and charts leave out what was cancelled, taken back, asked for
//! in advance, or is not settled, so that nothing is added up twice or before it happened.

use serde::Serialize;

use super::totals::Totals;
use crate::fhir::json::{Key, Value};
use crate::fhir::lookup::ends_in;

/// Why sums leave a claim out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LeftOut {
    /// It is cancelled.
    Cancelled,
    /// It is a draft, entered in error, or does not say that it is active.
    NotActive,
    /// It is no claim: a preauthorization or predetermination.
    NotAClaim,
    /// It takes a claim back: what it charges is below zero.
    Refund,
    /// A later version of it counts (v3, `NotFinalAction`).
    NotFinal,
    /// It is still being processed, or could not be: its outcome is not `complete`.
    Unsettled,
}

impl LeftOut {
    /// Why this claim is left out; `None` if it counts.
    pub(super) fn of(claim: Value<'_>, totals: &Totals) -> Option<Self> {
        let active = match claim.text(Key::Status) {
            Some("active") => None,
            Some("cancelled") => Some(Self::Cancelled),
            _ => Some(Self::NotActive),
        };
        let purpose = purpose(claim);
        let outcome = said(claim, Key::Outcome, COMPLETE);
        let when = |so: bool, why: Self| so.then_some(why);
        active
            .or(when(purpose != CLAIM, Self::NotAClaim))
            .or(when(
                totals.charged.is_some_and(|cents| cents < 0),
                Self::Refund,
            ))
            .or_else(|| when(is_replaced(claim), Self::NotFinal))
            .or(when(outcome != COMPLETE, Self::Unsettled))
    }
}

/// What it is for; nothing where that cannot be read.
pub(super) fn purpose(claim: Value<'_>) -> &str {
    said(claim, Key::Use, CLAIM)
}

/// The text of a member: what it is where a version does not say it, nothing where it is no text.
fn said<'d>(claim: Value<'d>, key: Key, otherwise: &'static str) -> &'d str {
    match claim.get(key).some() {
        Some(said) => said.as_text().unwrap_or_default(),
        None => otherwise,
    }
}

/// v3 tags every claim.
fn is_replaced(claim: Value<'_>) -> bool {
    let mut tags = claim.get(Key::Meta).list(Key::Tag);
    tags.any(|tag| {
        ends_in("Final-Action")(tag.system()) && tag.text(Key::Code) == Some("NotFinalAction")
    })
}

/// What `use` is where a version (v1) does not say it.
const CLAIM: &str = "claim";
const COMPLETE: &str = "complete";

/// Statuses by the number that stands for them in a column; 0 is any other, or none.
pub(crate) const STATUSES: &[&str] = &["", "active", "cancelled", "draft", "entered-in-error"];
/// The same of `use`.
pub(crate) const USES: &[&str] = &["", CLAIM, "preauthorization", "predetermination"];
/// The same of outcomes.
pub(crate) const OUTCOMES: &[&str] = &["", COMPLETE, "partial", "queued", "error"];

/// The number of a text in such a list.
pub(crate) fn number_in(list: &[&str], text: Option<&str>) -> u8 {
    let place = list.iter().position(|known| Some(*known) == text);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(0)
}
