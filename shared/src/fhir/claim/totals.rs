//! The few amounts that everyone asks for, from one table of which variable means what. Each is known
//! to the cent, or not known and says why ([`Totals::unknown`]), or not reported. What is derived is a
//! sum of parts that are all known; nothing is guessed from some of them.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::ClaimType;
use super::amounts::{self, Amounts, Read};
use crate::fhir::json::{Key, Value};
use crate::fhir::money::{Cents, Money, Unknown};

/// The amounts that every claim and line is asked for. What is absent is not known, or not reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What the provider asked for.
    pub charged: Option<Cents>,
    /// What Medicare or the plan allows for it.
    pub allowed: Option<Cents>,
    /// What Medicare or the plan paid.
    pub paid: Option<Cents>,
    /// What the person owes: as reported, else the sum of its parts where all of them are.
    pub patient_responsibility: Option<Cents>,
    /// What the person paid.
    pub paid_by_patient: Option<Cents>,
    /// Deductible; of a claim that does not report it, the sum of its lines'.
    pub deductible: Option<Cents>,
    /// Coinsurance; of a claim that does not report it, the sum of its lines'.
    pub coinsurance: Option<Cents>,
    /// Copayment; of a claim that does not report it, the sum of its lines'.
    pub copay: Option<Cents>,
    /// The part of the charge that is not covered.
    pub noncovered: Option<Cents>,
    /// What another payer paid.
    pub other_payer: Option<Cents>,
    /// The part of the payment that went to the provider.
    pub paid_to_provider: Option<Cents>,
    /// The part of the payment that went to the person.
    pub paid_to_patient: Option<Cents>,
    /// Why those that are reported, or some of whose parts are, are not known.
    pub unknown: Unknowns,
}

/// Which amount it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// [`Totals::charged`]
    Charged,
    /// [`Totals::allowed`]
    Allowed,
    /// [`Totals::paid`]
    Paid,
    /// [`Totals::patient_responsibility`]
    Responsibility,
    /// [`Totals::paid_by_patient`]
    ByPatient,
    /// [`Totals::deductible`]
    Deductible,
    /// [`Totals::coinsurance`]
    Coinsurance,
    /// [`Totals::copay`]
    Copay,
    /// [`Totals::noncovered`]
    Noncovered,
    /// [`Totals::other_payer`]
    OtherPayer,
    /// [`Totals::paid_to_provider`]
    ToProvider,
    /// [`Totals::paid_to_patient`]
    ToPatient,
}

/// The names that totals are written by, in the order of [`Total`]; a row has the first [`ROW`] of them.
const NAMES: [&str; COUNT] = [
    "charged",
    "allowed",
    "paid",
    "patientResponsibility",
    "paidByPatient",
    "deductible",
    "coinsurance",
    "copay",
    "noncovered",
    "otherPayer",
    "paidToProvider",
    "paidToPatient",
];

const COUNT: usize = 12;
const ROW: usize = 5;

/// Why amounts are not known, for those where there is something to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unknowns([Option<Unknown>; COUNT]);

impl Unknowns {
    /// Why this amount is not known; `None` if it is, or where it is not reported.
    pub fn of(&self, total: Total) -> Option<Unknown> {
        self.0.get(total as usize).copied().flatten()
    }

    /// Nothing is to be said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Those that a row tells.
    pub(super) fn of_row(mut self) -> Self {
        self.0.iter_mut().skip(ROW).for_each(|one| *one = None);
        self
    }
}

impl Unknowns {
    /// Whether something that is reported cannot be told: more than a part that nobody reports.
    pub(crate) fn is_loss(&self) -> bool {
        let mut all = self.0.iter().flatten();
        all.any(|unknown| *unknown != Unknown::PartMissing)
    }
}

impl Serialize for Unknowns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("", self.0.iter().flatten().count())?;
        for (name, unknown) in NAMES.iter().zip(self.0) {
            if let Some(unknown) = unknown {
                object.serialize_field(name, &unknown)?;
            }
        }
        object.end()
    }
}

impl Serialize for Totals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.all();
        let unknown = usize::from(!self.unknown.is_empty());
        let mut object = serializer.serialize_struct("", all.iter().flatten().count() + unknown)?;
        for (name, cents) in NAMES.iter().zip(all) {
            if let Some(cents) = cents {
                object.serialize_field(name, &cents)?;
            }
        }
        if unknown > 0 {
            object.serialize_field("unknown", &self.unknown)?;
        }
        object.end()
    }
}

impl Totals {
    /// None is known, and nothing is said why.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// In the order of [`Total`].
    const fn all(&self) -> [Option<Cents>; COUNT] {
        [
            self.charged,
            self.allowed,
            self.paid,
            self.patient_responsibility,
            self.paid_by_patient,
            self.deductible,
            self.coinsurance,
            self.copay,
            self.noncovered,
            self.other_payer,
            self.paid_to_provider,
            self.paid_to_patient,
        ]
    }
}

/// An amount that was found, and by what.
#[derive(Clone, Copy, Debug)]
struct Found {
    money: Result<Money, Unknown>,
    by: By,
}

impl Found {
    const fn is_medicare(self) -> bool {
        matches!(self.by, By::Category | By::Variable)
    }
}

/// What an amount is found by. A later one tells more exactly what it is, and counts before an earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum By {
    /// The net price of the line.
    Net,
    /// A variable or a category alone of the two: the other one is not known, or means something else.
    Category,
    /// A category alone, which is how other payers than Medicare name amounts.
    Name,
    /// Medicare's variable.
    Variable,
}

/// The totals of a claim or a line, exactly, while they are being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ledger([Option<Found>; COUNT]);

impl Ledger {
    /// Of a line: its own amounts.
    pub(super) fn of_line(item: Value<'_>) -> Self {
        let mut ledger = Self::default();
        amounts::each_of_line(item, &mut |amount| ledger.add(amount));
        ledger
    }

    /// The same, and all of the amounts that it is made from: in full a line is gone through once.
    pub(super) fn and_amounts_of_line(item: Value<'_>) -> (Self, Amounts) {
        let (mut ledger, mut all) = (Self::default(), Amounts::default());
        amounts::each_of_line(item, &mut |amount| {
            ledger.add(amount);
            all.add(amount);
        });
        (ledger, all)
    }

    /// Of the lines that the payer added to the bill: they are part of what lines add up to.
    pub(super) fn added(claim: Value<'_>) -> impl Iterator<Item = Self> {
        claim.list(Key::AddItem).map(Self::of_line)
    }

    /// Of a claim: its own amounts, and what it does not report from its lines and the added ones.
    /// Each amount of its own is handed out as well.
    pub(super) fn of_claim(
        claim: Value<'_>,
        claim_type: ClaimType,
        lines: &[Self],
        also: &mut dyn FnMut(&Read<'_>),
    ) -> Self {
        let mut ledger = Self::default();
        amounts::each_of_claim(claim, &mut |amount| {
            ledger.add(amount);
            also(amount);
        });
        let payment = claim.get(Key::Payment);
        if let Some(money) = payment.money(Key::Amount) {
            ledger.set(Total::Paid, money, By::Variable);
        } else if payment.is_some() && !payment.is_object() {
            ledger.set(Total::Paid, Err(Unknown::Unreadable), By::Variable);
        }
        let whole = claim.is_whole(Key::Item) && claim.is_whole(Key::AddItem);
        for total in [Total::Deductible, Total::Coinsurance, Total::Copay] {
            ledger.sum(total, lines, whole, true);
        }
        // Medicare says these of a claim as a whole, except for drugs; other payers need not.
        let drug = claim_type == ClaimType::Pde;
        for total in [
            Total::Charged,
            Total::Allowed,
            Total::Paid,
            Total::Responsibility,
            Total::ByPatient,
        ] {
            ledger.sum(total, lines, whole, drug);
        }
        ledger
    }

    /// What is told of it.
    pub(super) fn totals(mut self) -> Totals {
        self.owed();
        let mut unknown = Unknowns::default();
        let mut known = [None; COUNT];
        for ((unknown, known), found) in unknown.0.iter_mut().zip(&mut known).zip(self.0) {
            match found.map(|found| found.money) {
                Some(Ok(money)) => *known = Some(money.cents()),
                Some(Err(why)) => *unknown = Some(why),
                None => {}
            }
        }
        let [
            charged,
            allowed,
            paid,
            patient_responsibility,
            paid_by_patient,
            deductible,
            coinsurance,
            copay,
            noncovered,
            other_payer,
            paid_to_provider,
            paid_to_patient,
        ] = known;
        Totals {
            charged,
            allowed,
            paid,
            patient_responsibility,
            paid_by_patient,
            deductible,
            coinsurance,
            copay,
            noncovered,
            other_payer,
            paid_to_provider,
            paid_to_patient,
            unknown,
        }
    }

    fn get(&self, total: Total) -> Option<Found> {
        self.0.get(total as usize).copied().flatten()
    }

    fn set(&mut self, total: Total, money: Result<Money, Unknown>, by: By) {
        if let Some(slot) = self.0.get_mut(total as usize) {
            *slot = Some(Found { money, by });
        }
    }

    /// Takes an amount that one of the totals is read from.
    fn add(&mut self, amount: &Read<'_>) {
        let (total, by) = match (Total::of(&amount.name), Total::of(amount.category)) {
            // v2 files an amount of another meaning under a variable that it uses as well.
            (Some(total), Some(other)) if total != other => (total, By::Category),
            (Some(total), _) => (total, amount.by),
            (None, Some(total)) if !NO_TOTALS.contains(&&*amount.name) => (total, By::Category),
            _ => return,
        };
        let money = match self.get(total) {
            Some(known) if known.by > by => return,
            Some(known) if known.by == by => match (known.money, amount.money) {
                (Ok(one), Ok(other)) if one != other => Err(Unknown::Ambiguous),
                (Ok(_), other) => other,
                (unknown, _) => unknown,
            },
            _ => amount.money,
        };
        self.set(total, money, by);
    }

    /// Adds up what the claim does not report of lines that all do.
    fn sum(&mut self, total: Total, lines: &[Self], whole: bool, medicare: bool) {
        let of_lines = || lines.iter().map(|line| line.get(total));
        let Some(first) = of_lines().flatten().next() else {
            return;
        };
        if self.get(total).is_some() || (!medicare && of_lines().flatten().any(Found::is_medicare))
        {
            return;
        }
        let mut sum = Sum::default();
        of_lines().for_each(|line| sum.add(line));
        if !whole {
            sum.unknown = sum.unknown.or(Some(Unknown::Unreadable));
        }
        self.set(total, sum.told(), first.by);
    }

    /// What the person owes, unless it is reported: the sum of its parts. Medicare's are deductible
    /// and coinsurance. Other payers have a copayment as well, and what they do not cover may be owed
    /// or not.
    fn owed(&mut self) {
        let [deductible, coinsurance, copay] =
            [Total::Deductible, Total::Coinsurance, Total::Copay].map(|part| self.get(part));
        let mut parts = [deductible, coinsurance, copay]
            .into_iter()
            .flatten()
            .peekable();
        if self.get(Total::Responsibility).is_some() || parts.peek().is_none() {
            return;
        }
        let medicare = parts.all(|part| part.by == By::Variable);
        let mut sum = Sum::default();
        sum.add(deductible);
        sum.add(coinsurance);
        if copay.is_some() || !medicare {
            sum.add(copay);
        }
        match self.get(Total::Noncovered).map(|found| found.money) {
            _ if medicare => {}
            Some(Err(unknown)) => sum.unknown = sum.unknown.or(Some(unknown)),
            Some(Ok(noncovered)) if noncovered.is_positive() => sum.add(None),
            _ => {}
        }
        self.set(Total::Responsibility, sum.told(), By::Net);
    }
}

/// A sum while it is added up.
#[derive(Default)]
struct Sum {
    money: Money,
    /// Why it cannot be told: something that is reported and not known.
    unknown: Option<Unknown>,
    /// A part is not reported.
    missing: bool,
}

impl Sum {
    fn add(&mut self, part: Option<Found>) {
        let sum = match part {
            Some(found) => found.money.and_then(|money| self.money.plus(money)),
            None => {
                self.missing = true;
                return;
            }
        };
        match sum {
            Ok(sum) => self.money = sum,
            Err(unknown) => self.unknown = self.unknown.or(Some(unknown)),
        }
    }

    fn told(self) -> Result<Money, Unknown> {
        match self.unknown {
            Some(unknown) => Err(unknown),
            None if self.missing => Err(Unknown::PartMissing),
            None => Ok(self.money),
        }
    }
}

impl Total {
    /// The total that a variable, or a category that stands for one, is.
    fn of(name: &str) -> Option<Self> {
        let at = TOTALS
            .binary_search_by(|(known, _)| (*known).cmp(name))
            .ok()?;
        TOTALS.get(at).map(|(_, total)| *total)
    }
}

/// Which variable is which total, by name: those of v1 and v2 (the same names), of v3, and the
/// categories that stand for variables which this table does not know.
const TOTALS: &[(&str, Total)] = &[
    ("benefit", Total::Paid),
    ("carr_clm_cash_ddctbl_apld_amt", Total::Deductible),
    ("clm_alowd_chrg_amt", Total::Allowed),
    ("clm_bene_pd_amt", Total::ToPatient),
    ("clm_bene_pmt_amt", Total::ByPatient),
    ("clm_bene_prmry_pyr_pd_amt", Total::OtherPayer),
    ("clm_line_alowd_chrg_amt", Total::Allowed),
    ("clm_line_bene_pd_amt", Total::ToPatient),
    ("clm_line_bene_pmt_amt", Total::ByPatient),
    ("clm_line_cvrd_pd_amt", Total::Paid),
    ("clm_line_instnl_adjstd_amt", Total::Coinsurance),
    ("clm_line_instnl_msp1_pd_amt", Total::OtherPayer),
    ("clm_line_mdcr_coinsrnc_amt", Total::Coinsurance),
    ("clm_line_mdcr_ddctbl_amt", Total::Deductible),
    ("clm_line_ncvrd_chrg_amt", Total::Noncovered),
    ("clm_line_prvdr_pmt_amt", Total::ToProvider),
    ("clm_line_sbmt_chrg_amt", Total::Charged),
    ("clm_mdcr_coinsrnc_amt", Total::Coinsurance),
    ("clm_mdcr_ddctbl_amt", Total::Deductible),
    ("clm_mdcr_instnl_bene_pd_amt", Total::ToPatient),
    ("clm_mdcr_instnl_prmry_pyr_amt", Total::OtherPayer),
    ("clm_mdcr_prfnl_prmry_pyr_amt", Total::OtherPayer),
    ("clm_ncvrd_chrg_amt", Total::Noncovered),
    ("clm_op_bene_pmt_amt", Total::ToPatient),
    ("clm_op_prvdr_pmt_amt", Total::ToProvider),
    ("clm_othr_tp_pd_amt", Total::OtherPayer),
    ("clm_prvdr_pmt_amt", Total::ToProvider),
    ("clm_sbmt_chrg_amt", Total::Charged),
    ("clm_tot_chrg_amt", Total::Charged),
    ("coinsurance", Total::Coinsurance),
    ("copay", Total::Copay),
    ("cvrd_d_plan_pd_amt", Total::Paid),
    ("deductible", Total::Deductible),
    ("eligible", Total::Allowed),
    ("line_alowd_chrg_amt", Total::Allowed),
    ("line_bene_pmt_amt", Total::ToPatient),
    ("line_bene_prmry_pyr_pd_amt", Total::OtherPayer),
    ("line_bene_ptb_ddctbl_amt", Total::Deductible),
    ("line_coinsrnc_amt", Total::Coinsurance),
    ("line_nch_pmt_amt", Total::Paid),
    ("line_prvdr_pmt_amt", Total::ToProvider),
    ("line_sbmtd_chrg_amt", Total::Charged),
    ("memberliability", Total::Responsibility),
    ("nch_bene_ip_ddctbl_amt", Total::Deductible),
    ("nch_bene_pta_coinsrnc_lblty_amt", Total::Coinsurance),
    ("nch_bene_ptb_coinsrnc_amt", Total::Coinsurance),
    ("nch_bene_ptb_ddctbl_amt", Total::Deductible),
    ("nch_carr_clm_alowd_amt", Total::Allowed),
    ("nch_carr_clm_sbmtd_chrg_amt", Total::Charged),
    ("nch_clm_bene_pmt_amt", Total::ToPatient),
    ("nch_clm_prvdr_pmt_amt", Total::ToProvider),
    ("nch_ip_ncvrd_chrg_amt", Total::Noncovered),
    ("nch_ip_tot_ddctn_amt", Total::Responsibility),
    ("net", Total::Charged),
    ("noncovered", Total::Noncovered),
    ("paidbypatient", Total::ByPatient),
    ("paidtopatient", Total::ToPatient),
    ("paidtoprovider", Total::ToProvider),
    ("priorpayerpaid", Total::OtherPayer),
    ("prpayamt", Total::OtherPayer),
    ("ptnt_pay_amt", Total::ByPatient),
    ("rev_cntr_1st_msp_pd_amt", Total::OtherPayer),
    ("rev_cntr_bene_pmt_amt", Total::ToPatient),
    ("rev_cntr_cash_ddctbl_amt", Total::Deductible),
    ("rev_cntr_coinsrnc_wge_adjstd_c", Total::Coinsurance),
    ("rev_cntr_ncvrd_chrg_amt", Total::Noncovered),
    ("rev_cntr_pmt_amt_amt", Total::Paid),
    ("rev_cntr_prvdr_pmt_amt", Total::ToProvider),
    ("rev_cntr_ptnt_rspnsblty_pmt", Total::ByPatient),
    ("rev_cntr_tot_chrg_amt", Total::Charged),
    ("submitted", Total::Charged),
    ("tot_rx_cst_amt", Total::Charged),
];

/// Variables whose category misleads: v2 files rates under `submitted`, blood deductibles under
/// `deductible`, drug cost thresholds under `coinsurance` and rebates under `priorpayerpaid`
/// (docs/claims-backend.md#claims). They stay amounts and become no totals.
const NO_TOTALS: &[&str] = &[
    "rev_cntr_rate_amt",
    "clm_line_instnl_rate_amt",
    "rev_cntr_blood_ddctbl_amt",
    "rev_cntr_rdcd_coinsrnc_amt",
    "rev_cntr_2nd_msp_pd_amt",
    "gdc_blw_oopt_amt",
    "gdc_abv_oopt_amt",
    "othr_troop_amt",
    "plro_amt",
    "line_prmry_alowd_chrg_amt",
    "line_dme_prchs_price_amt",
    "clm_line_prfnl_dme_price_amt",
    "clm_line_instnl_msp2_pd_amt",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_so_that_it_can_be_searched() {
        assert!(TOTALS.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(Total::of("line_nch_pmt_amt").is_some());
        assert!(Total::of("").is_none());
    }

    #[test]
    fn names_stand_in_the_order_of_the_totals() {
        for (name, total) in [
            ("charged", Total::Charged),
            ("paidByPatient", Total::ByPatient),
            ("paidToPatient", Total::ToPatient),
        ] {
            assert_eq!(NAMES[total as usize], name);
        }
        assert_eq!(NAMES[ROW - 1], "paidByPatient");
    }
}
