//! Coverage: one part of Medicare for one person. Anything but the id may be missing; v3 even
//! answers a part that the person does not have with nothing but an id.

use serde::Serialize;

use super::enrollment::Enrollment;
use super::ids::{CoverageIdParts, referenced};
use super::json::{Key, Value};
use super::lookup::by_number;
use super::value::{Code, Date, Period, Timestamp, tail};

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
    /// The status of the record, `active` or `cancelled`. It does not say that the person is enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Whether the person is enrolled.
    pub enrollment: Enrollment,
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
    pub(crate) fn read(root: Value<'_>) -> Self {
        let id = root.owned(Key::Id).unwrap_or_default();
        if id.is_empty() {
            root.missing(Key::Id);
        }
        let parts = CoverageIdParts::parse(&id);
        let plan_name = root
            .get(Key::Grouping)
            .owned(Key::SubPlan)
            .or_else(|| class(root, "plan"));
        let type_code = root.get(Key::Type).first_code();
        let label = plan_name.as_deref().or(type_code);
        let code = |name| root.extension(name)?.to_code();
        let numbered = parts.and_then(|parts| parts.plan);
        let either = |part_c, part_d| {
            let months = months(root, part_c);
            if months.is_empty() {
                self::months(root, part_d)
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
        let patient = root.get(Key::Beneficiary).text(Key::Reference);
        let mut coverage = Self {
            enrollment: Enrollment::default(),
            part: parts
                .map(|parts| parts.part)
                .or_else(|| Part::from_label(label?)),
            status: root.owned(Key::Status),
            patient_id: patient
                .and_then(|patient| referenced(patient, "Patient"))
                .map(str::to_owned),
            last_updated: root.get(Key::Meta).timestamp(Key::LastUpdated),
            period: root.period(Key::Period),
            contract: numbered
                .map(|(contract, _)| contract.to_owned())
                .or_else(|| root.extension_text("bene_cntrct_num"))
                .or_else(|| latest.map(|month| month.code.clone())),
            plan: numbered
                .map(|(_, plan)| plan.to_owned())
                .or_else(|| root.extension_text("bene_pbp_num"))
                .or_else(|| latest_plan.map(|month| month.code.clone())),
            subscriber_id: root
                .owned(Key::SubscriberId)
                .or_else(|| root.identifier("us_mbi")),
            reference_year: reference_year(root),
            medicare_status: code("ms_cd").or_else(|| code("bene_mdcr_stus_cd")),
            original_entitlement: code("orec"),
            current_entitlement: code("crec").or_else(|| code("bene_mdcr_entlmt_rsn_cd")),
            esrd: code("esrd_ind").or_else(|| code("bene_esrd_stus_id")),
            termination: code("a_trm_cd").or_else(|| code("b_trm_cd")),
            dual_status: code("bene_dual_stus_cd"),
            dual: months(root, "dual_"),
            buy_in: months(root, "buyin"),
            buy_in_status: code("bene_buyin_cd"),
            contracts,
            plans,
            pharmacy: root.list(Key::Class).filter_map(pharmacy).collect(),
            plan_name,
            id,
        };
        coverage.enrollment = Enrollment::read(root, &coverage);
        coverage
    }
}

/// The year that monthly codes are of.
pub(crate) fn reference_year(root: Value<'_>) -> Option<Date> {
    root.extensions("rfrnc_yr").next()?.date(Key::ValueDate)
}

/// The codes of the twelve extensions named `<name>01` to `<name>12`, in order of the months. The
/// second set of Part D contract extensions, whose URLs end in a year and month, says the same
/// again and is passed over.
pub(crate) fn months(root: Value<'_>, name: &str) -> Vec<Month> {
    let mut months: Vec<Month> = Vec::new();
    for extension in root.list(Key::Extension) {
        let Some(number) = extension
            .text(Key::Url)
            .and_then(|url| tail(url).strip_prefix(name))
        else {
            continue;
        };
        let month = number
            .parse()
            .ok()
            .filter(|month| number.len() == 2 && (1..=12).contains(month));
        let code = extension.get(Key::ValueCoding).owned(Key::Code);
        if let (Some(month), Some(code)) = (month, code)
            && months.iter().all(|known| known.month != month)
        {
            months.push(Month { month, code });
        }
    }
    by_number(months, |month| month.month.into())
}

fn class(root: Value<'_>, name: &str) -> Option<String> {
    root.list(Key::Class)
        .find(|class| class.get(Key::Type).first_code() == Some(name))?
        .owned(Key::Value)
}

fn pharmacy(class: Value<'_>) -> Option<Class> {
    let kind = class.get(Key::Type).first_code()?;
    kind.starts_with("rx").then_some(())?;
    Some(Class {
        kind: kind.to_owned(),
        value: class.owned(Key::Value)?,
    })
}
