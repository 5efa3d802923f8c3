//! Amounts and counts under the names of variables.

use super::common::SYSTEM;
use crate::claims::model::Cents;
use crate::fhir::Version;
use crate::fhir::common::{CARIN, Code, coding, concept, money};
use crate::fhir::json::{Arr, Obj};

/// A category that CARIN or HL7 has a word for, before the variable.
pub(super) type Category = ([&'static str; 2], Code<'static>);

/// An amount: its category, if any, its variable and label, and how much.
pub(super) type Sum = (Option<Category>, &'static str, &'static str, Cents);

pub(super) fn sums(a: &mut Arr<'_>, sums: &[Sum]) {
    for (category, name, label, amount) in sums {
        a.object(|o| {
            category_of(o, *category, name, label);
            money(o, Version::V2, "amount", *amount);
        });
    }
}

/// Counts, which are plain values; in hundredths, so that weights have theirs.
pub(super) fn counts(a: &mut Arr<'_>, counts: &[(&'static str, &'static str, i64)]) {
    for (name, label, value) in counts {
        a.object(|o| {
            category_of(o, None, name, label);
            if value % 100 == 0 {
                o.int("value", value / 100);
            } else {
                o.hundredths("value", *value);
            }
        });
    }
}

fn category_of(o: &mut Obj<'_>, category: Option<Category>, name: &str, label: &str) {
    concept(o, "category", |a| {
        if let Some((system, code)) = category {
            coding(a, system, code);
        }
        coding(a, [SYSTEM, "Adjudication"], (name, label));
    });
}

/// The entry that says how the claim or line was paid, instead of how much.
pub(super) fn payment_status(a: &mut Arr<'_>, status: Code<'_>) {
    a.object(|o| {
        concept(o, "category", |a| {
            coding(
                a,
                [CARIN, "C4BBAdjudicationDiscriminator"],
                ("benefitpaymentstatus", "Benefit Payment Status"),
            )
        });
        concept(o, "reason", |a| {
            coding(a, [CARIN, "C4BBPayerAdjudicationStatus"], status)
        });
    });
}

/// The amounts of claims in a shared system, where interest and offsets are not settled.
pub(super) fn unsettled() -> Vec<Sum> {
    [
        ("CLM_BENE_INTRST_PD_AMT", "Beneficiary Interest Paid Amount"),
        (
            "CLM_COB_PTNT_RESP_AMT",
            "Coordination of Benefits Patient Responsibility Amount",
        ),
        ("CLM_PRVDR_INTRST_PD_AMT", "Provider Interest Paid Amount"),
        (
            "CLM_PRVDR_OTAF_AMT",
            "Provider Obligation To Accept as Full Amount",
        ),
        ("CLM_PRVDR_RMNG_DUE_AMT", "Remaining Amount to Provider"),
    ]
    .map(|(name, label)| (None, name, label, Cents(0)))
    .to_vec()
}
