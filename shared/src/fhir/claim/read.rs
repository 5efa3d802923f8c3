//! From an ExplanationOfBenefit of any version to a [`Claim`].

use std::borrow::Cow;

use super::amounts::Amounts;
use super::providers::{self, Parties, Party};
use super::totals::Ledger;
use super::{
    Claim, ClaimCoverage, ClaimType, Count, Diagnosis, DiagnosisKind, Drug, Info, LeftOut, Line,
    Payment, Procedure, lines, standing,
};
use crate::fhir::coverage::Part;
use crate::fhir::ids::{ClaimIdParts, CoverageIdParts, referenced};
use crate::fhir::json::{Key, Value};
use crate::fhir::lookup::{by_number, ends_in, is_cms};
use crate::fhir::money::Money;
use crate::fhir::value::{CodeSystem, Date, Decimal, cut, tail, variable};

impl Claim {
    pub(crate) fn read(claim: Value<'_>) -> Self {
        let id = claim.owned(Key::Id).unwrap_or_default();
        if id.is_empty() {
            claim.missing(Key::Id);
        }
        let claim_type = ClaimType::of(claim);
        let info = info(claim);
        let (mut ledgers, lines): (Vec<_>, Vec<_>) = lines::read(claim).into_iter().unzip();
        ledgers.extend(Ledger::added(claim));
        let billable_period = claim.period(Key::BillablePeriod);
        let through = billable_period.and_then(|period| period.end);
        let first = claim.list(Key::Item).zip(1..);
        let first = first.min_by_key(|(item, position)| lines::sequence(*item, *position));
        let payment = claim.get(Key::Payment).some().map(|payment| {
            let amount = payment.money(Key::Amount);
            Payment {
                amount: amount.and_then(|amount| amount.ok().map(Money::cents)),
                unknown: amount.and_then(Result::err),
                date: payment.date(Key::Date),
            }
        });
        let mut amounts = Amounts::default();
        let totals = Ledger::of_claim(claim, claim_type, &ledgers, &mut |amount| {
            amounts.add(amount)
        });
        let totals = totals.totals();
        let parties = Parties::read(claim);
        let owned = |party: Option<Party<'_>>| party.map(Party::owned);
        Self {
            claim_type,
            claim_id: claim_id(claim, &id),
            claim_group: claim.identifier("claim_group"),
            control_number: control_number(claim),
            status: claim.owned(Key::Status),
            purpose: standing::purpose(claim).to_owned(),
            outcome: claim.owned(Key::Outcome),
            left_out: LeftOut::of(claim, &totals),
            created: claim.date(Key::Created),
            last_updated: claim.get(Key::Meta).timestamp(Key::LastUpdated),
            patient_id: claim
                .get(Key::Patient)
                .text(Key::Reference)
                .and_then(|patient| {
                    referenced(patient, "Patient").or_else(|| patient.strip_prefix("urn:uuid:"))
                })
                .map(str::to_owned),
            coverage: coverage(claim, &info),
            service_date: service_date(claim_type, first.map(|(item, _)| item), through),
            billable_period,
            admission_period: claim.period(Key::Hospitalization).or_else(|| {
                let mut info = info.iter();
                info.find(|info| info.name == "admissionperiod")?.period
            }),
            billing: owned(parties.billing),
            organization: owned(parties.organization),
            facility: owned(parties.facility),
            facility_type: providers::facility_type(claim).and_then(Value::to_code),
            referring: owned(providers::referring(claim)),
            care_team: providers::care_team(claim),
            diagnoses: by_number(
                diagnoses(claim).map(Diagnosed::owned).collect(),
                |diagnosis: &Diagnosis| diagnosis.sequence,
            ),
            procedures: procedures(claim),
            drg: drg(claim, &info),
            drug: (claim_type == ClaimType::Pde).then(|| drug(claim, &info, &lines)),
            totals,
            payment,
            amounts,
            counts: counts(claim),
            info,
            lines,
            id,
        }
    }
}

/// The day that the backend's `service-date` search compares.
pub(super) fn service_date(
    claim_type: ClaimType,
    first: Option<Value<'_>>,
    through: Option<Date>,
) -> Option<Date> {
    let filled = || lines::period(first?)?.start;
    match claim_type {
        ClaimType::Pde => filled().or(through),
        // Other payers may say no period.
        _ => through.or_else(filled),
    }
}

fn claim_id(claim: Value<'_>, id: &str) -> Option<String> {
    claim
        .identifier("clm_id")
        .or_else(|| claim.identifier("pde_id"))
        .or_else(|| unique_id(claim, false))
        .or_else(|| unique_id(claim, true))
        .or_else(|| match ClaimIdParts::parse(id)? {
            ClaimIdParts::Typed { number, .. } | ClaimIdParts::Number(number) => {
                Some(number.to_owned())
            }
            ClaimIdParts::Uuid(_) => None,
        })
}

/// v3 tells the claim's number by the type of the identifier, which has no system; other payers by the
/// type alone.
fn unique_id(claim: Value<'_>, system: bool) -> Option<String> {
    let mut identifiers = claim.list(Key::Identifier);
    let found = identifiers.find(|identifier| {
        identifier.get(Key::System).is_some() == system
            && identifier.get(Key::Type).first_code() == Some("uc")
    })?;
    found.owned(Key::Value)
}

fn control_number(claim: Value<'_>) -> Option<String> {
    claim
        .extension_text("carr_clm_cntl_num")
        .or_else(|| claim.extension_text("fi_doc_clm_cntl_num"))
        .or_else(|| claim.identifier("clm_cntl_num"))
        .or_else(|| claim.identifier("unique_tracking_number"))
        .or_else(|| claim.texts(Key::PreAuthRef).next().map(str::to_owned))
}

/// v1 and v2 refer to the Coverage; v3 just says `Part A`, and the Part D contract beside it or
/// among the information. Other payers have the Coverage beside the claim, or in it.
fn coverage(claim: Value<'_>, info: &[Info]) -> Option<ClaimCoverage> {
    let mut all = claim.one_or_many(Key::Insurance);
    let focal = |insurance: &Value<'_>| insurance.scalar(Key::Focal) == Some("true");
    let insurance = all
        .find(focal)
        .or_else(|| claim.one_or_many(Key::Insurance).next())?;
    let reference = insurance.get(Key::Coverage).some()?;
    let found = reference.resolve();
    let named = reference.text(Key::Reference);
    let named = named.and_then(|reference| referenced(reference, "Coverage"));
    let id = named.or_else(|| found.text(Key::Id));
    let part = id
        .and_then(CoverageIdParts::parse)
        .map(|parts| parts.part)
        .or_else(|| Part::from_label(reference.text(Key::Display)?));
    if id.is_none() && part.is_none() {
        reference.unresolved();
    }
    let said = |name: &'static str| {
        let informed = || info.iter().find(|info| info.name == name)?.text.clone();
        insurance.extension_text(name).or_else(informed)
    };
    let class = || {
        let mut classes = found.list(Key::Class);
        classes.find(|class| class.get(Key::Type).first_code() == Some("plan"))
    };
    let payer = found.list(Key::Payor).next();
    let payer = claim.get(Key::Insurer).some().or(payer);
    Some(ClaimCoverage {
        part,
        id: id.map(str::to_owned),
        payer: payer.and_then(|payer| {
            let name = providers::named(payer);
            if name.is_none() {
                payer.unresolved();
            }
            name
        }),
        contract: reference
            .extension_text("plan_cntrct_rec_id")
            .or_else(|| said("clm_sbmtr_cntrct_num")),
        plan: reference
            .extension_text("plan_pbp_rec_num")
            .or_else(|| said("clm_sbmtr_cntrct_pbp_num"))
            .or_else(|| class()?.owned(Key::Value)),
        plan_name: class().and_then(|class| class.owned(Key::Name)),
    })
}

/// Counts: unsigned integers in `benefitBalance` (v1, v2), plain values in `adjudication` (v3).
fn counts(claim: Value<'_>) -> Vec<Count> {
    let balances = claim.list(Key::BenefitBalance);
    let balances = balances.flat_map(|balance| balance.list(Key::Financial));
    let balances = balances.map(|financial| (financial, Key::Type, Key::UsedUnsignedInt));
    let values = claim.list(Key::Adjudication);
    let values = values.map(|adjudication| (adjudication, Key::Category, Key::Value));
    let mut counts = Vec::new();
    for (count, category, value) in balances.chain(values) {
        if count.get(value).is_some()
            && let Some(name) = count.get(category).variable()
            && let Some(value) = count.decimal(value)
        {
            let name = name.into_owned();
            counts.push(Count { name, value });
        }
    }
    counts
}

fn info(claim: Value<'_>) -> Vec<Info> {
    let all = claim.list(Key::SupportingInfo);
    let all = all.chain(claim.list(Key::Information));
    by_number(all.filter_map(informed).collect(), |info: &Info| {
        info.sequence
    })
}

fn informed(info: Value<'_>) -> Option<Info> {
    let code = info.get(Key::Code).first_coding();
    // v2 has a CARIN category alone for some; the system of the code is the variable then.
    let category = info.get(Key::Category);
    let named = category.coding_of(is_cms).and_then(|_| category.variable());
    let by_code = || {
        let system = code?.system();
        system
            .starts_with("https://bluebutton.cms.gov/resources/variables/")
            .then(|| variable(system))
    };
    let name = named.or_else(by_code).or_else(|| category.variable())?;
    Some(Info {
        sequence: info.sequence().unwrap_or_default(),
        name: name.into_owned(),
        code: code.and_then(Value::to_code),
        date: info.date(Key::TimingDate),
        period: info.period(Key::TimingPeriod),
        value: info.get(Key::ValueQuantity).decimal(Key::Value),
        text: info.owned(Key::ValueString),
    })
}

/// A diagnosis as it stands in the text.
pub(super) struct Diagnosed<'d> {
    pub(super) sequence: u32,
    pub(super) code: Cow<'d, str>,
    pub(super) display: Option<&'d str>,
    coding: Value<'d>,
    pub(super) kind: DiagnosisKind,
    diagnosis: Value<'d>,
}

/// The diagnoses in the server's order.
pub(super) fn diagnoses(claim: Value<'_>) -> impl Iterator<Item = Diagnosed<'_>> {
    claim.list(Key::Diagnosis).filter_map(|diagnosis| {
        // v1 has the DRG here, without a diagnosis.
        let (concept, _) = coded(
            diagnosis,
            Key::DiagnosisCodeableConcept,
            Key::DiagnosisReference,
        );
        // R4 gives the same code under icd-10-cm and icd-10: one diagnosis.
        let coding = concept
            .coding_of(ends_in("icd-10-cm"))
            .or_else(|| concept.first_coding())?;
        let kind = diagnosis.list(Key::Type).find_map(Value::first_code);
        Some(Diagnosed {
            sequence: diagnosis.sequence().unwrap_or_default(),
            code: icd(coding)?,
            display: concept.label(coding),
            coding,
            kind: diagnosis_kind(kind.unwrap_or("")),
            diagnosis,
        })
    })
}

/// The concept of a diagnosis or procedure, which may be that of a resource that is referred to. One that
/// has no code is a loss.
fn coded<'d>(element: Value<'d>, concept: Key, reference: Key) -> (Value<'d>, Value<'d>) {
    let reference = element.get(reference);
    let found = reference.resolve();
    let concept = element.get(concept).or(found.get(Key::Code));
    if concept.is_some() && concept.first_coding().is_none() {
        concept.missing(Key::Coding);
    } else if !concept.is_some() {
        reference.unresolved();
    }
    (concept, found)
}

impl Diagnosed<'_> {
    fn owned(self) -> Diagnosis {
        let Self { diagnosis, .. } = self;
        let on_admission = diagnosis.get(Key::OnAdmission).first_code();
        let poa = || {
            let mut extensions = diagnosis.list(Key::Extension);
            let poa = extensions.find(|extension| {
                let name = tail(extension.text(Key::Url).unwrap_or_default());
                name.starts_with("clm_poa_ind") || name.starts_with("clm_e_poa_ind")
            })?;
            poa.get(Key::ValueCoding).text(Key::Code)
        };
        Diagnosis {
            sequence: self.sequence,
            code: self.code.into_owned(),
            system: self.coding.code_list(),
            kind: self.kind,
            display: self.display.map(str::to_owned),
            present_on_admission: on_admission.or_else(poa).map(str::to_owned),
        }
    }
}

fn diagnosis_kind(code: &str) -> DiagnosisKind {
    match code {
        "principal" => DiagnosisKind::Principal,
        "admitting" => DiagnosisKind::Admitting,
        "reason-for-visit" | "patientreasonforvisit" => DiagnosisKind::ReasonForVisit,
        "external" | "external-first" | "externalcauseofinjury" => DiagnosisKind::External,
        _ => DiagnosisKind::Other,
    }
}

fn procedures(claim: Value<'_>) -> Vec<Procedure> {
    let procedures = claim.list(Key::Procedure).filter_map(|procedure| {
        let (concept, found) = coded(
            procedure,
            Key::ProcedureCodeableConcept,
            Key::ProcedureReference,
        );
        let coding = concept.first_coding()?;
        Some(Procedure {
            sequence: procedure.sequence().unwrap_or_default(),
            code: icd(coding)?.into_owned(),
            system: coding.code_list(),
            display: concept.label(coding).map(str::to_owned),
            date: procedure
                .date(Key::Date)
                .or_else(|| found.date(Key::PerformedDateTime))
                .or_else(|| found.period(Key::PerformedPeriod)?.start),
        })
    });
    by_number(procedures.collect(), |procedure: &Procedure| {
        procedure.sequence
    })
}

/// An ICD code without its dot: v1 and v2 leave it out, v3 writes it.
fn icd(coding: Value<'_>) -> Option<Cow<'_, str>> {
    let code = coding.text(Key::Code)?;
    let icd = matches!(coding.code_list(), CodeSystem::Icd9 | CodeSystem::Icd10);
    Some(match cut(code, b'.') {
        Some(_) if icd => Cow::Owned(code.chars().filter(|one| *one != '.').collect()),
        _ => Cow::Borrowed(code),
    })
}

/// v1: a diagnosis with just a package code; v2 and v3: an information.
fn drg(claim: Value<'_>, info: &[Info]) -> Option<String> {
    let mut diagnoses = claim.list(Key::Diagnosis);
    let package = diagnoses.find_map(|diagnosis| diagnosis.get(Key::PackageCode).first_code());
    let said = || {
        let mut info = info.iter();
        let info = info.find(|info| matches!(info.name.as_str(), "clm_drg_cd" | "drg"))?;
        Some(info.code.as_ref()?.code.clone())
    };
    package.map(str::to_owned).or_else(said)
}

fn drug(claim: Value<'_>, info: &[Info], lines: &[Line]) -> Drug {
    let item = claim.list(Key::Item).next();
    let line = lines.first();
    let said = |name: &str| info.iter().find(|info| info.name == name);
    // v1 hangs both numbers on the quantity.
    let number = |name: &str, stu3: &'static str| -> Option<Decimal> {
        let hung = || {
            item?
                .get(Key::Quantity)
                .extension(stu3)?
                .decimal(Key::Value)
        };
        said(name).and_then(|info| info.value.clone()).or_else(hung)
    };
    let service = line.and_then(|line| line.service.as_ref());
    let ndc = service.filter(|service| service.system == CodeSystem::Ndc);
    Drug {
        ndc: ndc.map(|service| service.code.clone()),
        name: ndc.and_then(|service| service.display.clone()),
        quantity: line.and_then(|line| line.quantity.clone()),
        unit: line.and_then(|line| line.unit.clone()),
        days_supply: number("dayssupply", "days_suply_num"),
        fill_number: number("refillnum", "fill_num"),
        rx_number: claim
            .identifier("rx_srvc_rfrnc_num")
            .or_else(|| said("clm_line_rx_num")?.text.clone())
            .or_else(|| item?.extension_text("clm_line_rx_num")),
        // v3 repeats the NDC of a simple drug as its only detail.
        ingredients: match item {
            Some(item) if ndc.is_none() => {
                lines::details(item).filter_map(Value::to_code).collect()
            }
            _ => Vec::new(),
        },
    }
}
