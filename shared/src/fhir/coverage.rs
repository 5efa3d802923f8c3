//! Coverage: one part of Medicare for one person. Anything but the id may be missing; v3 even
//! answers a part that the person does not have with nothing but an id.

use serde::Serialize;

use super::ids::{CoverageIdParts, referenced};
use super::lookup::{by_number, extension, extension_text, identifier};
use super::notes::{Notes, Reason};
use super::value::{Code, Date, Period, Timestamp, is_variable, tail};
use super::wire;
use super::{owned, text};

/// A part of Medicare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Part {
    /// Hospital insurance.
    A,
    /// Medical insurance.
    B,
    /// Medicare Advantage.
    C,
    /// Prescription drugs.
    D,
    /// Medicare and Medicaid together (v3).
    Dual,
}

impl Part {
    /// The part of this letter, in any case.
    pub fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "a" | "A" => Some(Self::A),
            "b" | "B" => Some(Self::B),
            "c" | "C" => Some(Self::C),
            "d" | "D" => Some(Self::D),
            _ => None,
        }
    }

    /// The part that a label such as `Part A` names.
    pub(crate) fn from_label(label: &str) -> Option<Self> {
        match label.strip_prefix("Part ") {
            Some(letter) => Self::from_letter(letter),
            None => label.starts_with("Dual").then_some(Self::Dual),
        }
    }
}

/// One part of Medicare for one person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// The resource id, such as `part-a--20140000008325`.
    pub id: String,
    /// Which part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// `active` or `cancelled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The id of the Patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_id: Option<String>,
    /// When the server last changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Timestamp>,
    /// From when to when. v3 writes an open end as 2099-12-31.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The plan's name, such as `Part A`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_name: Option<String>,
    /// Contract number; in v1 and v2 that of the latest month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// Plan number (PBP) under the contract; in v1 and v2 that of the latest month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Medicare number of the subscriber (R4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriber_id: Option<String>,
    /// The year that the monthly codes are of (v1, v2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_year: Option<Date>,
    /// Medicare status: aged, disabled, with or without end-stage renal disease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medicare_status: Option<Code>,
    /// Why the person first got Medicare (v1, v2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_entitlement: Option<Code>,
    /// Why the person has it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_entitlement: Option<Code>,
    /// End-stage renal disease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub esrd: Option<Code>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination: Option<Code>,
    /// Dual eligibility (v3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dual_status: Option<Code>,
    /// Dual eligibility by month (v1, v2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dual: Vec<Month>,
    /// State buy-in by month (v1, v2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buy_in: Vec<Month>,
    /// State buy-in (v3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buy_in_status: Option<Code>,
    /// Part C or D contract by month (v1, v2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<Month>,
    /// Part C or D plan by month (v1, v2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Month>,
    /// What a pharmacy asks for: `rxid`, `rxgroup`, `rxpcn`, `rxbin` (v3 Part D).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pharmacy: Vec<Class>,
}

/// A code that holds for one month of the reference year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Month {
    /// 1 to 12.
    pub month: u8,
    /// The code.
    pub code: String,
}

/// A number on the insurance card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// What kind of number.
    pub kind: String,
    /// The number.
    pub value: String,
}

impl Coverage {
    pub(crate) fn read(wire: &wire::Resource<'_>, notes: &mut Notes) -> Self {
        let id = owned(&wire.id).unwrap_or_default();
        if id.is_empty() {
            notes.add(format_args!("id"), Reason::Missing);
        }
        let parts = CoverageIdParts::parse(&id);
        let class = |name: &str| {
            let found = wire
                .class
                .iter()
                .find(|class| class_kind(class) == Some(name))?;
            owned(&found.value)
        };
        let grouping = wire.grouping.as_ref();
        let plan_name = grouping
            .and_then(|grouping| owned(&grouping.sub_plan))
            .or_else(|| class("plan"));
        let type_code = wire
            .kind
            .as_ref()
            .and_then(|kind| text(&kind.first()?.code));
        let label = plan_name.as_deref().or(type_code);
        let code = |name| extension(&wire.extension, name)?.to_code();
        let numbered = parts.and_then(|parts| parts.plan);
        let either = |part_c, part_d| {
            let months = months(wire, part_c);
            if months.is_empty() {
                self::months(wire, part_d)
            } else {
                months
            }
        };
        let contracts = either("ptc_cntrct_id_", "ptdcntrct");
        let plans = either("ptc_pbp_id_", "ptdpbpid");
        // Months without an enrolment have a shorter code.
        let latest = contracts.iter().rfind(|month| month.code.len() == 5);
        let latest_plan =
            latest.and_then(|latest| plans.iter().find(|plan| plan.month == latest.month));
        Self {
            part: parts
                .map(|parts| parts.part)
                .or_else(|| Part::from_label(label?)),
            status: owned(&wire.status),
            patient_id: wire
                .beneficiary
                .as_ref()
                .and_then(|patient| referenced(text(&patient.reference)?, "Patient"))
                .map(str::to_owned),
            last_updated: wire.meta.as_ref().and_then(|meta| {
                notes.timestamp(&meta.last_updated, format_args!("meta.lastUpdated"))
            }),
            period: notes.period(&wire.period, format_args!("period")),
            contract: numbered
                .map(|(contract, _)| contract.to_owned())
                .or_else(|| extension_text(&wire.extension, "bene_cntrct_num"))
                .or_else(|| latest.map(|month| month.code.clone())),
            plan: numbered
                .map(|(_, plan)| plan.to_owned())
                .or_else(|| extension_text(&wire.extension, "bene_pbp_num"))
                .or_else(|| latest_plan.map(|month| month.code.clone())),
            subscriber_id: owned(&wire.subscriber_id)
                .or_else(|| identifier(&wire.identifier, "us_mbi")),
            reference_year: reference_year(wire, notes),
            medicare_status: code("ms_cd").or_else(|| code("bene_mdcr_stus_cd")),
            original_entitlement: code("orec"),
            current_entitlement: code("crec").or_else(|| code("bene_mdcr_entlmt_rsn_cd")),
            esrd: code("esrd_ind").or_else(|| code("bene_esrd_stus_id")),
            termination: code("a_trm_cd").or_else(|| code("b_trm_cd")),
            dual_status: code("bene_dual_stus_cd"),
            dual: months(wire, "dual_"),
            buy_in: months(wire, "buyin"),
            buy_in_status: code("bene_buyin_cd"),
            contracts,
            plans,
            pharmacy: wire.class.iter().filter_map(pharmacy).collect(),
            plan_name,
            id,
        }
    }
}

/// The year that monthly codes are of.
pub(crate) fn reference_year(wire: &wire::Resource<'_>, notes: &mut Notes) -> Option<Date> {
    let found = wire
        .extension
        .iter()
        .find(|extension| text(&extension.url).is_some_and(|url| is_variable(url, "rfrnc_yr")))?;
    notes.date(&found.text, format_args!("extension.rfrnc_yr"))
}

/// The codes of the twelve extensions named `<name>01` to `<name>12`, in order of the months. The
/// second set of Part D contract extensions, whose URLs end in a year and month, says the same
/// again and is passed over.
pub(crate) fn months(wire: &wire::Resource<'_>, name: &str) -> Vec<Month> {
    let mut months: Vec<Month> = Vec::new();
    for extension in &wire.extension {
        let Some(number) = text(&extension.url).and_then(|url| tail(url).strip_prefix(name)) else {
            continue;
        };
        let month = number
            .parse()
            .ok()
            .filter(|month| number.len() == 2 && (1..=12).contains(month));
        let code = extension
            .value
            .as_ref()
            .and_then(|value| owned(&value.code));
        if let (Some(month), Some(code)) = (month, code)
            && months.iter().all(|known| known.month != month)
        {
            months.push(Month { month, code });
        }
    }
    by_number(months, |month| month.month.into())
}

fn class_kind<'w>(class: &'w wire::Class<'_>) -> Option<&'w str> {
    text(&class.kind.as_ref()?.first()?.code)
}

fn pharmacy(class: &wire::Class<'_>) -> Option<Class> {
    let kind = class_kind(class).filter(|kind| kind.starts_with("rx"))?;
    Some(Class {
        kind: kind.to_owned(),
        value: owned(&class.value)?,
    })
}
