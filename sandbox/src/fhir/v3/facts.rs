//! `supportingInfo`, and the facts that claims of several types share.

use super::common::SYSTEM;
use crate::claims::model::Claim;
use crate::fhir::common::{CARIN, Code, THO, coding, concept};
use crate::fhir::json::{Arr, Obj};

/// Collects `supportingInfo` and numbers its entries.
pub(super) struct Facts<'a, 'b> {
    array: &'a mut Arr<'b>,
    next: i64,
}

impl<'a, 'b> Facts<'a, 'b> {
    pub(super) fn new(array: &'a mut Arr<'b>) -> Self {
        Self { array, next: 1 }
    }

    /// A fact under a variable's name.
    pub(super) fn add(&mut self, (name, label): Code<'_>, value: impl FnOnce(&mut Obj<'_>)) -> i64 {
        self.entry(
            |a| {
                coding(a, [SYSTEM, "Supporting-Information"], (name, label));
                coding(
                    a,
                    [THO, "claiminformationcategory"],
                    ("info", "Information"),
                );
            },
            value,
        )
    }

    /// A fact that CARIN has a word for.
    pub(super) fn carin(&mut self, name: &str, value: impl FnOnce(&mut Obj<'_>)) -> i64 {
        self.entry(
            |a| coding(a, [CARIN, "C4BBSupportingInfoType"], (name, "")),
            value,
        )
    }

    /// A fact that is a code of the list `system`.
    pub(super) fn code(&mut self, variable: Code<'_>, system: &str, code: Code<'_>) -> i64 {
        self.add(variable, |o| {
            concept(o, "code", |a| coding(a, [SYSTEM, system], code))
        })
    }

    /// A fact that is a day.
    pub(super) fn day(&mut self, variable: Code<'_>, day: crate::date::Day) -> i64 {
        self.add(variable, |o| o.text("timingDate", &day.to_string()))
    }

    fn entry(
        &mut self,
        category: impl FnOnce(&mut Arr<'_>),
        value: impl FnOnce(&mut Obj<'_>),
    ) -> i64 {
        let sequence = self.next;
        self.next += 1;
        self.array.object(|o| {
            o.int("sequence", sequence);
            concept(o, "category", category);
            value(o);
        });
        sequence
    }
}

/// What the real backend tells of how a claim came in and was accepted.
pub(super) fn adjustment(facts: &mut Facts<'_, '_>, claim: &Claim) {
    let kind = if claim.refunds.is_some() {
        ("3", "CREDIT ADJUSTMENT (NEGATIVE SUPPLEMENTAL)")
    } else if claim.final_action {
        ("0", "ORIGINAL")
    } else {
        ("1", "VOID")
    };
    facts.code(
        ("CLM_ADJSTMT_TYPE_CD", "Claim Adjustment Type Code"),
        "CLM-ADJSTMT-TYPE-CD",
        kind,
    );
    facts.day(("CLM_IDR_LD_DT", "Claim IDR Load Date"), claim.dates.loaded);
}

/// Query code and disposition.
pub(super) fn disposition(facts: &mut Facts<'_, '_>, claim: &Claim) {
    let query = if claim.refunds.is_some() {
        ("0", "CREDIT ADJUSTMENT")
    } else {
        ("3", "FINAL BILL")
    };
    let accepted = if claim.final_action {
        ("01", "DEBIT ACCEPTED")
    } else {
        ("03", "CANCEL ACCEPTED")
    };
    facts.code(("CLM_QUERY_CD", "Claim Query Code"), "CLM-QUERY-CD", query);
    facts.code(
        ("CLM_DISP_CD", "Claim Disposition Code"),
        "CLM-DISP-CD",
        accepted,
    );
}

/// Rare facts of people in an accountable care organization.
pub(super) fn enhancements(facts: &mut Facts<'_, '_>, claim: &Claim) -> Vec<i64> {
    if !claim.group.is_multiple_of(25) {
        return Vec::new();
    }
    let benefit = ("CLM_BNFT_ENHNCMT_CD", "Claim Benefit Enhancement Code");
    let switch = "CLM-BNFT-ENHNCMT-CD-SWITCH";
    vec![
        facts.code(benefit, "CLM-BNFT-ENHNCMT-CD", ("1", "")),
        facts.code(benefit, "CLM-BNFT-ENHNCMT-CD", ("3", "")),
        facts.code(
            (
                "CLM_NGACO_PDSCHRG_HCBS_SW",
                "Post Discharge Home Visit Benefit Enhancement Indicator",
            ),
            switch,
            ("Y", ""),
        ),
        facts.code(
            ("CLM_NGACO_CPTATN_SW", "AIPBP Benefit Enhancement Indicator"),
            switch,
            ("Y", ""),
        ),
        facts.code(
            ("CLM_NGACO_SNF_WVR_SW", "SNF 3-Day Waiver Enhancement"),
            switch,
            ("Y", ""),
        ),
        facts.code(
            (
                "CLM_NGACO_TLHLTH_SW",
                "Telehealth Benefit Enhancement Indicator",
            ),
            switch,
            ("Y", ""),
        ),
        facts.code(
            (
                "CLM_ACO_CARE_MGMT_HCBS_SW",
                "Care Management Home Visits Enhancement",
            ),
            switch,
            ("Y", ""),
        ),
    ]
}

/// When it was received and processed.
pub(super) fn processed(facts: &mut Facts<'_, '_>, claim: &Claim) {
    let weekly = claim.dates.loaded.plus(-7).max(claim.dates.end);
    let received = claim.dates.loaded.plus(-14).max(claim.dates.end);
    facts.carin("clmrecvddate", |o| {
        o.text("timingDate", &received.to_string())
    });
    facts.day(("CLM_NCH_WKLY_PROC_DT", "Weekly Process Date"), weekly);
    facts.day(("CLM_CMS_PROC_DT", "FI Claim Process Date"), weekly);
}

/// What only shared systems tell.
pub(super) fn shared_status(facts: &mut Facts<'_, '_>, claim: &Claim, status: Code<'_>) {
    if !claim.shared_system {
        return;
    }
    facts.code(
        ("CLM_PD_STUS_CD", "Claim Paid Status Code"),
        "CLM-PD-STUS-CD",
        ("P", "PAID"),
    );
    facts.code(
        ("CLM_AUDT_TRL_STUS_CD", "Claim Status Code"),
        "CLM-AUDT-TRL-STUS-CD",
        status,
    );
}

/// The number of a state in the Federal Information Processing Standard 5-2, from its postal abbreviation.
pub(super) fn fips(state: &str) -> &'static str {
    const STATES: &[(&str, &str)] = &[
        ("AL", "01"),
        ("AK", "02"),
        ("AZ", "04"),
        ("AR", "05"),
        ("CA", "06"),
        ("CO", "08"),
        ("CT", "09"),
        ("DE", "10"),
        ("DC", "11"),
        ("FL", "12"),
        ("GA", "13"),
        ("HI", "15"),
        ("ID", "16"),
        ("IL", "17"),
        ("IN", "18"),
        ("IA", "19"),
        ("KS", "20"),
        ("KY", "21"),
        ("LA", "22"),
        ("ME", "23"),
        ("MD", "24"),
        ("MA", "25"),
        ("MI", "26"),
        ("MN", "27"),
        ("MS", "28"),
        ("MO", "29"),
        ("MT", "30"),
        ("NE", "31"),
        ("NV", "32"),
        ("NH", "33"),
        ("NJ", "34"),
        ("NM", "35"),
        ("NY", "36"),
        ("NC", "37"),
        ("ND", "38"),
        ("OH", "39"),
        ("OK", "40"),
        ("OR", "41"),
        ("PA", "42"),
        ("RI", "44"),
        ("SC", "45"),
        ("SD", "46"),
        ("TN", "47"),
        ("TX", "48"),
        ("UT", "49"),
        ("VT", "50"),
        ("VA", "51"),
        ("WA", "53"),
        ("WV", "54"),
        ("WI", "55"),
        ("WY", "56"),
        ("PR", "72"),
    ];
    STATES
        .iter()
        .find(|(postal, _)| *postal == state)
        .map_or("", |(_, number)| number)
}

/// What CMS calls a contractor.
pub(super) fn contractor(number: &str) -> &'static str {
    match number {
        "01112" => "N. CALIFORNIA - NORIDIAN ADMINISTRATIVE SERVICES, LLC (EFF. 9/16/2013)",
        "04412" => "TEXAS - NOVITAS SOLUTIONS, INC. (EFF. 11/17/2012)",
        "09102" => {
            "FLORIDA - FIRST COAST SERVICE OPTIONS, INC. (EFF.2/01/08) (REPLACES CARRIER #00590) JURISDICTION 9 . PART B MAC"
        }
        "12502" => {
            "PENNSYLVANIA - NOVITAS SOLUTIONS, INC. (EFF. 12/8/2008) (REPLACES CARRIER # 00865) JURISDICTION 12. PART B MAC"
        }
        "15102" => "KENTUCKY - CGS ADMINISTRATORS, LLC",
        "52280" => "NE -WISCONSIN PHYSICIANS SERVICE INSURANCE CORPORATION",
        _ => "",
    }
}
