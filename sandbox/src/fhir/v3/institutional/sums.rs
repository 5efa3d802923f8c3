//! Amounts and counts of institutional claims: of the claim, in total, and of a line.

use crate::claims::ClaimType;
use crate::claims::model::{Cents, Claim, Institutional, RevenueLine};
use crate::fhir::common::{
    BENEFIT, COINSURANCE, DEDUCTIBLE, ELIGIBLE, NONCOVERED, PAID_BY_PATIENT, PAID_TO_PATIENT,
    PAID_TO_PROVIDER, PRIOR_PAYER, SUBMITTED,
};
use crate::fhir::json::Arr;
use crate::fhir::v3::sums::{Sum, counts, payment_status, sums, unsettled};

const NONE: Cents = Cents(0);

/// Days, visits and amounts of the claim as a whole. All types have all of them, mostly zero.
pub(super) fn claim(a: &mut Arr<'_>, claim: &Claim, body: &Institutional) {
    payment_status(a, ("other", "Other"));
    let inpatient = claim.key.kind == ClaimType::Inpatient;
    let share = |part: i64| {
        if inpatient {
            Cents(body.paid.0 / part)
        } else {
            NONE
        }
    };
    sums(
        a,
        &[
            (
                None,
                "CLM_OPRTNL_DSPRTNT_AMT",
                "Operating Disproportionate Share Amount",
                share(60),
            ),
            (
                None,
                "CLM_OPRTNL_IME_AMT",
                "Operating Indirect Medical Education Amount",
                share(40),
            ),
        ],
    );
    let days = |days: u32| i64::from(days) * 100;
    let home = body.home_health.map_or(0, |home| home.visits);
    counts(
        a,
        &[
            (
                "CLM_MDCR_IP_LRD_USE_CNT",
                "Beneficiary Medicare Lifetime Reserve Days (LRD) Used Count",
                0,
            ),
            (
                "CLM_INSTNL_MDCR_COINS_DAY_CNT",
                "Beneficiary Total Coinsurance Days Count",
                days(body.coinsurance_days),
            ),
            (
                "CLM_INSTNL_NCVRD_DAY_CNT",
                "Claim Medicare Non Utilization Days Count",
                0,
            ),
            (
                "CLM_MDCR_HOSPC_PRD_CNT",
                "Hospice Period Count",
                days(body.hospice_periods.unwrap_or(0)),
            ),
            (
                "CLM_MDCR_HHA_TOT_VISIT_CNT",
                "Claim HHA Visit Count",
                days(home),
            ),
            (
                "CLM_MDCR_IP_PPS_DRG_WT_NUM",
                "PPS DRG Weight Number",
                body.drg.map_or(0, |(_, weight)| weight),
            ),
            (
                "CLM_INSTNL_CVRD_DAY_CNT",
                "Claim Medicare Utilization Day Count",
                days(body.covered_days),
            ),
        ],
    );
    sums(a, &prospective(body, share(12), share(50), inpatient));
    if claim.shared_system {
        sums(a, &unsettled());
        let difference = "Total Contractual Amount Discrepancy";
        sums(a, &[(None, "CLM_TOT_CNTRCTL_AMT", difference, NONE)]);
    } else {
        sums(
            a,
            &[(None, "CLM_BLOOD_CHRG_AMT", "Blood Charge Amount", NONE)],
        );
    }
    sums(
        a,
        &[
            (
                None,
                "CLM_BLOOD_LBLTY_AMT",
                "Beneficiary Blood Deductible Liability Amount",
                NONE,
            ),
            (
                None,
                "CLM_BLOOD_NCVRD_CHRG_AMT",
                "Blood Noncovered Charge Amount",
                NONE,
            ),
        ],
    );
}

/// What prospective payment is put together from.
fn prospective(
    body: &Institutional,
    capital: Cents,
    uncompensated: Cents,
    inpatient: bool,
) -> Vec<Sum> {
    let deductible = if inpatient { body.deductible } else { NONE };
    [
        (
            "CLM_INSTNL_PER_DIEM_AMT",
            "Claim Pass Thru Per Diem Amount",
            NONE,
        ),
        (
            "CLM_MDCR_IP_PPS_DSPRPRTNT_AMT",
            "Claim PPS Capital Disproportionate Share Amount",
            NONE,
        ),
        (
            "CLM_MDCR_IP_PPS_EXCPTN_AMT",
            "Claim PPS Capital Exception Amount",
            NONE,
        ),
        (
            "CLM_MDCR_IP_PPS_CPTL_FSP_AMT",
            "Claim PPS Capital Federal Specific Portion (FSP) Amount",
            capital,
        ),
        (
            "CLM_MDCR_IP_PPS_CPTL_IME_AMT",
            "Claim PPS Capital Indirect Medical Education (IME) Amount",
            NONE,
        ),
        (
            "CLM_MDCR_IP_PPS_OUTLIER_AMT",
            "Claim PPS Capital Outlier Amount",
            NONE,
        ),
        (
            "CLM_MDCR_IP_PPS_CPTL_HRMLS_AMT",
            "Claim PPS Old Capital Hold Harmless Amount",
            NONE,
        ),
        (
            "CLM_MDCR_IP_PPS_CPTL_TOT_AMT",
            "Claim Total PPS Capital Amount",
            capital,
        ),
        (
            "CLM_MDCR_INSTNL_PRMRY_PYR_AMT",
            "Primary Payer (if not Medicare) Claim Paid Amount",
            NONE,
        ),
        (
            "CLM_INSTNL_PRFNL_AMT",
            "Professional Component Charge Amount",
            NONE,
        ),
        (
            "CLM_INSTNL_DRG_OUTLIER_AMT",
            "DRG Outlier Approved Payment Amount",
            NONE,
        ),
        (
            "CLM_HIPPS_UNCOMPD_CARE_AMT",
            "Claim Uncompensated Care Payment Amount",
            uncompensated,
        ),
        (
            "CLM_MDCR_IP_BENE_DDCTBL_AMT",
            "Beneficiary Inpatient (or other Part A) Deductible Amount",
            deductible,
        ),
        (
            "CLM_FINL_STDZD_PYMT_AMT",
            "Standardized Payment Amount",
            NONE,
        ),
        (
            "CLM_HAC_RDCTN_PYMT_AMT",
            "Hospital Acquired Condition Reduction Amount",
            NONE,
        ),
        (
            "CLM_HIPPS_MODEL_BNDLD_PMT_AMT",
            "Blended Payment Amount",
            NONE,
        ),
        (
            "CLM_HIPPS_READMSN_RDCTN_AMT",
            "Readmission Reduction Amount",
            NONE,
        ),
        (
            "CLM_HIPPS_VBP_AMT",
            "HIPPS Value Based Purchasing Amount",
            NONE,
        ),
        (
            "CLM_INSTNL_LOW_VOL_PMT_AMT",
            "Low Volume Payment Amount",
            NONE,
        ),
        (
            "CLM_MDCR_IP_1ST_YR_RATE_AMT",
            "First Year Rate Amount",
            NONE,
        ),
        (
            "CLM_MDCR_IP_SCND_YR_RATE_AMT",
            "Second Year Rate Amount",
            NONE,
        ),
        (
            "CLM_PPS_MD_WVR_STDZD_VAL_AMT",
            "Maryland Waiver Standardized Amount",
            NONE,
        ),
        (
            "CLM_SITE_NTRL_CST_BSD_PYMT_AMT",
            "Site-Neutral Cost-Based Payment Amount",
            NONE,
        ),
        (
            "CLM_SITE_NTRL_IP_PPS_PYMT_AMT",
            "Site-Neutral IPPS Payment Amount",
            NONE,
        ),
        (
            "CLM_SS_OUTLIER_STD_PYMT_AMT",
            "Short Stay Outlier Payment Amount",
            NONE,
        ),
    ]
    .map(|(name, label, amount)| (None, name, label, amount))
    .to_vec()
}

/// The totals; only claims without a stay say what the person paid.
pub(super) fn totals(a: &mut Arr<'_>, claim: &Claim, body: &Institutional) {
    let outpatient = claim.key.kind == ClaimType::Outpatient;
    let charged = body.total_charge();
    let covered = Cents(charged.0 - body.noncovered().0);
    let mut list: Vec<Sum> = vec![
        (
            Some(ELIGIBLE),
            "CLM_ALOWD_CHRG_AMT",
            "Allowed Charge Amount",
            covered,
        ),
        (
            Some(SUBMITTED),
            "CLM_SBMT_CHRG_AMT",
            "Total Charge Amount",
            charged,
        ),
    ];
    if outpatient {
        list.push((
            Some(PAID_BY_PATIENT),
            "CLM_BENE_PMT_AMT",
            "Paid By Beneficiary Amount",
            Cents(body.deductible.0 + body.coinsurance.0),
        ));
    }
    list.extend([
        (
            Some(PAID_TO_PROVIDER),
            "CLM_PRVDR_PMT_AMT",
            "Provider Payment Amount",
            body.paid,
        ),
        (
            Some(DEDUCTIBLE),
            "CLM_MDCR_DDCTBL_AMT",
            "Beneficiary Deductible Amount",
            body.deductible,
        ),
        (
            Some(COINSURANCE),
            "CLM_MDCR_COINSRNC_AMT",
            "Beneficiary Coinsurance Liability Amount",
            body.coinsurance,
        ),
        (
            Some(NONCOVERED),
            "CLM_NCVRD_CHRG_AMT",
            "Inpatient(or other Part A) Non-covered Charge Amount",
            body.noncovered(),
        ),
    ]);
    if claim.shared_system {
        list.push((
            Some(PRIOR_PAYER),
            "CLM_OTHR_TP_PD_AMT",
            "Other Third Party Payer Paid Amount",
            NONE,
        ));
    }
    list.push((
        Some(PAID_TO_PATIENT),
        "CLM_MDCR_INSTNL_BENE_PD_AMT",
        "Institutional Paid to Beneficiary Amount",
        NONE,
    ));
    sums(a, &list);
}

pub(super) fn line(a: &mut Arr<'_>, claim: &Claim, line: &RevenueLine) {
    let mut list: Vec<Sum> = Vec::with_capacity(18);
    if claim.shared_system {
        list.push((
            Some(ELIGIBLE),
            "CLM_LINE_ALOWD_CHRG_AMT",
            "Line Allowed Charge Amount",
            Cents(line.charge.0 - line.noncovered.0),
        ));
    }
    list.push((
        Some(DEDUCTIBLE),
        "CLM_LINE_MDCR_DDCTBL_AMT",
        "Cash Deductible Amount",
        line.deductible,
    ));
    if claim.shared_system {
        list.push((
            None,
            "CLM_LINE_OTAF_AMT",
            "Provider Obligation To Accept as Full Amount",
            NONE,
        ));
    } else {
        list.push((
            None,
            "CLM_LINE_BLOOD_DDCTBL_AMT",
            "Blood Deductible Amount",
            NONE,
        ));
    }
    let owed = Cents(line.deductible.0 + line.coinsurance.0);
    list.extend([
        (
            Some(PAID_TO_PATIENT),
            "CLM_LINE_BENE_PD_AMT",
            "Payment Amount to Beneficiary",
            NONE,
        ),
        (
            Some(PAID_BY_PATIENT),
            "CLM_LINE_BENE_PMT_AMT",
            "Line Paid By Beneficiary Amount",
            owed,
        ),
        (
            Some(NONCOVERED),
            "CLM_LINE_NCVRD_CHRG_AMT",
            "Non-Covered Charge Amount",
            line.noncovered,
        ),
        (
            Some(PAID_TO_PROVIDER),
            "CLM_LINE_PRVDR_PMT_AMT",
            "Line Provider Payment Amount",
            line.paid,
        ),
        (
            Some(BENEFIT),
            "CLM_LINE_CVRD_PD_AMT",
            "Payment Amount",
            line.paid,
        ),
    ]);
    if claim.shared_system {
        list.extend([
            (
                None,
                "CLM_LINE_NCVRD_PD_AMT",
                "Amount Paid for Noncovered Product or Service",
                NONE,
            ),
            (
                None,
                "CLM_LINE_OTHR_TP_PD_AMT",
                "Other Third Party Paid Amount",
                NONE,
            ),
        ]);
    }
    list.extend([
        (
            Some(SUBMITTED),
            "CLM_LINE_SBMT_CHRG_AMT",
            "Line Submitted Charge Amount",
            line.charge,
        ),
        (
            None,
            "CLM_LINE_INSTNL_ADJSTD_AMT",
            "Revenue Center Coinsurance/Wage Adjusted Coinsurance Amount",
            line.coinsurance,
        ),
        (
            None,
            "CLM_LINE_INSTNL_RDCD_AMT",
            "Revenue Center Reduced Coinsurance Amount",
            NONE,
        ),
        (
            Some(PRIOR_PAYER),
            "CLM_LINE_INSTNL_MSP1_PD_AMT",
            "Revenue Center 1st MSP Paid Amount",
            NONE,
        ),
        (
            Some(PRIOR_PAYER),
            "CLM_LINE_INSTNL_MSP2_PD_AMT",
            "Revenue Center 2nd MSP Paid Amount",
            NONE,
        ),
        (
            None,
            "CLM_LINE_INSTNL_RATE_AMT",
            "Revenue Center Rate Amount",
            line.rate,
        ),
        (
            None,
            "CLM_LINE_ADD_ON_PYMT_AMT",
            "Add On Payment Amount",
            NONE,
        ),
    ]);
    if claim.shared_system {
        let reduction = "Non-EHR Reduction Amount";
        list.push((None, "CLM_LINE_NON_EHR_RDCTN_AMT", reduction, NONE));
    } else {
        list.push((
            None,
            "CLM_REV_CNTR_TDAPA_AMT",
            "Transitional Drug Add-On Payment Adjustment",
            NONE,
        ));
    }
    sums(a, &list);
}
