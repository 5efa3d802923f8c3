//! What a list shows of a claim: from a claim that was read in full, or straight from the text, of
//! which it needs a tenth. Both ways give the same row.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::Serialize;

use super::providers::{Parties, Party};
use super::totals::{Ledger, Unknowns};
use super::{Claim, ClaimType, CodeSystem, LeftOut, Provider, lines, read, standing};
use crate::fhir::json::{Key, Value};
use crate::fhir::lookup::by_number;
use crate::fhir::money::Cents;
use crate::fhir::value::Date;

/// What a list shows of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRow<'a> {
    /// The resource id.
    pub id: &'a str,
    /// The kind of claim.
    #[serde(rename = "type")]
    pub claim_type: ClaimType,
    /// `active` or `cancelled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'a str>,
    /// `claim`, or `preauthorization`.
    #[serde(rename = "use")]
    pub purpose: &'a str,
    /// `complete`, or why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'a str>,
    /// Why sums leave it out; `None` if it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Date>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
    /// A provider's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Cow<'a, str>>,
    /// That provider's NPI, or that of another where no name is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npi: Option<&'a str>,
    /// What was charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charged: Option<Cents>,
    /// What Medicare or the plan allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Cents>,
    /// What Medicare or the plan paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<Cents>,
    /// What the person owes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_responsibility: Option<Cents>,
    /// What the person paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_by_patient: Option<Cents>,
    /// Why an amount that is reported, or some of whose parts are, is not known.
    #[serde(skip_serializing_if = "Unknowns::is_empty")]
    pub unknown: Unknowns,
    /// How many lines it has.
    pub lines: usize,
    /// The main diagnosis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<ShownCode<'a>>,
    /// The drug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drug: Option<ShownCode<'a>>,
}

/// A code and, where the server sent one, its label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownCode<'a> {
    /// The code.
    pub code: Cow<'a, str>,
    /// The label that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<&'a str>,
}

impl Claim {
    /// What a list shows of the claim.
    pub fn row(&self) -> ClaimRow<'_> {
        let provider = self.shown_provider();
        let period = self.billable_period.unwrap_or_default();
        ClaimRow {
            id: &self.id,
            claim_type: self.claim_type,
            status: self.status.as_deref(),
            purpose: &self.purpose,
            outcome: self.outcome.as_deref(),
            left_out: self.left_out,
            start: period.start,
            end: period.end.or(self.service_date),
            provider: provider.and_then(|provider| provider.name.as_deref().map(Cow::Borrowed)),
            npi: provider.and_then(|provider| provider.npi.as_deref()),
            charged: self.totals.charged,
            allowed: self.totals.allowed,
            paid: self.totals.paid,
            patient_responsibility: self.totals.patient_responsibility,
            paid_by_patient: self.totals.paid_by_patient,
            unknown: self.totals.unknown.of_row(),
            lines: self.lines.len(),
            diagnosis: self.main_diagnosis().map(|diagnosis| ShownCode {
                code: Cow::Borrowed(&diagnosis.code),
                display: diagnosis.display.as_deref(),
            }),
            drug: self.drug.as_ref().and_then(|drug| {
                // A compound as its first ingredient.
                let first = drug.ingredients.first();
                Some(ShownCode {
                    code: drug
                        .ndc
                        .as_deref()
                        .or_else(|| Some(&first?.code))
                        .map(Cow::Borrowed)?,
                    display: drug.name.as_deref().or_else(|| first?.display.as_deref()),
                })
            }),
        }
    }

    /// The provider to show: the first with a name, else the first with an NPI.
    fn shown_provider(&self) -> Option<&Provider> {
        let claim = [&self.billing, &self.organization, &self.facility];
        let all = || {
            let team = self.care_team.iter().map(|member| &member.provider);
            claim.into_iter().flatten().chain(team)
        };
        all()
            .find(|provider| provider.name.is_some())
            .or_else(|| all().find(|provider| provider.npi.is_some()))
    }
}

impl<'a> ClaimRow<'a> {
    /// Newest first by last day; claims without one at the end, equal days by id. The server's own
    /// order is by id and means nothing to a reader.
    pub fn newest_first(&self, other: &Self) -> Ordering {
        other.end.cmp(&self.end).then_with(|| self.id.cmp(other.id))
    }

    /// Reads a row from the text.
    pub(crate) fn read(claim: Value<'a>) -> Self {
        let claim_type = ClaimType::of(claim);
        let items = claim.list(Key::Item).zip(1..);
        let items = items.map(|(item, position)| (lines::sequence(item, position), item));
        let items = by_number(items.collect(), |(sequence, _)| *sequence);
        let lines = items.iter().map(|(_, item)| Ledger::of_line(*item));
        let lines: Vec<_> = lines.chain(Ledger::added(claim)).collect();
        let totals = Ledger::of_claim(claim, claim_type, &lines, &mut |_| {}).totals();
        let first = items.first().map(|(_, item)| *item);
        let period = claim.period(Key::BillablePeriod).unwrap_or_default();
        let Party { name, npi, .. } = Parties::read(claim).shown(claim).unwrap_or_default();
        Self {
            id: claim.text(Key::Id).unwrap_or_default(),
            claim_type,
            status: claim.text(Key::Status),
            purpose: standing::purpose(claim),
            outcome: claim.text(Key::Outcome),
            left_out: LeftOut::of(claim, &totals),
            start: period.start,
            end: period
                .end
                .or_else(|| read::service_date(claim_type, first, period.end)),
            provider: name,
            npi,
            charged: totals.charged,
            allowed: totals.allowed,
            paid: totals.paid,
            patient_responsibility: totals.patient_responsibility,
            paid_by_patient: totals.paid_by_patient,
            unknown: totals.unknown.of_row(),
            lines: items.len(),
            diagnosis: main_diagnosis(claim),
            drug: first.and_then(|first| drug(claim, claim_type, first)),
        }
    }
}

/// The principal diagnosis, or the first.
fn main_diagnosis(claim: Value<'_>) -> Option<ShownCode<'_>> {
    let main = read::diagnoses(claim).min_by_key(|diagnosis| {
        (
            diagnosis.kind != super::DiagnosisKind::Principal,
            diagnosis.sequence,
        )
    })?;
    Some(ShownCode {
        code: main.code,
        display: main.display,
    })
}

fn drug<'d>(claim: Value<'d>, claim_type: ClaimType, first: Value<'d>) -> Option<ShownCode<'d>> {
    if claim_type != ClaimType::Pde {
        return None;
    }
    let product = lines::product(first);
    let ndc = lines::service(product).filter(|coding| coding.code_list() == CodeSystem::Ndc);
    let label = ndc.and_then(|coding| product.label(coding));
    let coding = ndc.or_else(|| lines::details(claim.list(Key::Item).next()?).next())?;
    Some(ShownCode {
        code: Cow::Borrowed(coding.text(Key::Code)?),
        display: label.or_else(|| coding.shown()),
    })
}
