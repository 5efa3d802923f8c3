//! No number that is not known: what is charged, allowed, paid, owed and paid by the person is told to
//! the cent, or is not known and says why.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, outside of a test function"
)]

use bluegate_shared::fhir::claim::{Total, Totals};
use bluegate_shared::fhir::{Claim, Entry, Note, Page, Reason, Resource, Unknown, parse_resource};

const CARIN: &str = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication";
const CMS: &str = "https://bluebutton.cms.gov/resources/codesystem/adjudication";
const CMS_V3: &str = "https://bluebutton.cms.gov/fhir/CodeSystem/Adjudication";
const MASKED: &str = r#"{"currency":"USD","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}"#;

/// A claim of this id with these further members; its row says the same as the claim in full.
fn eob(id: &str, rest: &str) -> (Claim, Vec<Note>) {
    let json = format!(
        r#"{{"resourceType":"ExplanationOfBenefit","id":"{id}","status":"active",{rest}}}"#
    );
    let Entry {
        resource, notes, ..
    } = parse_resource(json.as_bytes()).unwrap();
    let Resource::Claim(claim) = resource else {
        panic!("no claim: {json}")
    };
    let page = format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{json}}}]}}"#);
    let page = Page::read(page.into_bytes()).unwrap();
    let mut rows = 0;
    page.rows(|_, row| {
        rows += 1;
        let whole = claim.row();
        let numbers = |row: &bluegate_shared::fhir::ClaimRow<'_>| row.numbers().map(f64::to_bits);
        assert_eq!(numbers(row), numbers(&whole), "{json}");
        assert_eq!(row.unknown, whole.unknown, "{json}");
    });
    assert_eq!(rows, 1, "{json}");
    (*claim, notes)
}

fn usd(value: &str) -> String {
    format!(r#"{{"value":{value},"currency":"USD"}}"#)
}

/// An element of `total` or `adjudication`.
fn element(system: &str, code: &str, amount: &str) -> String {
    let code = match system {
        CMS => format!("https://bluebutton.cms.gov/resources/variables/{code}"),
        _ => code.to_owned(),
    };
    format!(
        r#"{{"category":{{"coding":[{{"system":"{system}","code":"{code}"}}]}},"amount":{amount}}}"#
    )
}

fn total(elements: &[String]) -> String {
    format!(r#""total":[{}]"#, elements.join(","))
}

fn line(elements: &[String]) -> String {
    format!(r#"{{"adjudication":[{}]}}"#, elements.join(","))
}

fn items(lines: &[String]) -> String {
    format!(r#""item":[{}]"#, lines.join(","))
}

/// The totals of a claim that reports these of itself, by category alone.
fn categories(amounts: &[(&str, &str)]) -> Totals {
    let elements: Vec<_> = amounts
        .iter()
        .map(|(code, amount)| element(CARIN, code, amount))
        .collect();
    eob("1", &total(&elements)).0.totals
}

/// The same of Medicare's lines.
fn medicare(id: &str, lines: &[&[(&str, &str)]]) -> Totals {
    let lines: Vec<_> = lines
        .iter()
        .map(|amounts| {
            let amounts = amounts.iter();
            let amounts = amounts.map(|(variable, amount)| element(CMS, variable, &usd(amount)));
            line(&amounts.collect::<Vec<_>>())
        })
        .collect();
    eob(id, &items(&lines)).0.totals
}

/// Owed, and why not.
fn owed(totals: &Totals) -> (Option<i64>, Option<Unknown>) {
    (
        totals.patient_responsibility,
        totals.unknown.of(Total::Responsibility),
    )
}

#[test]
fn what_the_person_owes_and_what_they_paid_are_two_amounts() {
    let (zero, some) = (usd("0"), usd("125"));
    let totals = categories(&[("memberliability", &some), ("paidbypatient", &zero)]);
    assert_eq!(owed(&totals), (Some(12_500), None));
    assert_eq!(totals.paid_by_patient, Some(0));
    // In any order, and each without the other.
    let totals = categories(&[("paidbypatient", &some), ("memberliability", &zero)]);
    assert_eq!(
        (owed(&totals).0, totals.paid_by_patient),
        (Some(0), Some(12_500))
    );
    let totals = categories(&[("paidbypatient", &some)]);
    assert_eq!(
        (owed(&totals), totals.paid_by_patient),
        ((None, None), Some(12_500))
    );

    // Medicare's variables of what was paid.
    for (id, system, variable) in [
        ("pde-1", CMS, "ptnt_pay_amt"),
        ("outpatient-1", CMS, "rev_cntr_ptnt_rspnsblty_pmt"),
        ("1", CMS_V3, "CLM_LINE_BENE_PMT_AMT"),
    ] {
        let lines = items(&[line(&[element(system, variable, &usd("2.5"))])]);
        let claim = eob(id, &lines).0;
        let totals = claim.lines[0].totals;
        assert_eq!(
            (totals.paid_by_patient, owed(&totals)),
            (Some(250), (None, None)),
            "{variable}"
        );
    }
    let paid = total(&[element(CMS_V3, "CLM_BENE_PMT_AMT", &usd("12.23"))]);
    let totals = eob("1", &paid).0.totals;
    assert_eq!(
        (totals.paid_by_patient, owed(&totals).0),
        (Some(1223), None)
    );
}

/// Of other payers, deductible, coinsurance and copayment together are what is owed; some of them
/// are not.
#[test]
fn a_part_that_is_not_reported_leaves_what_is_owed_unknown() {
    let (zero, forty, five) = (usd("0"), usd("40"), usd("5"));
    let parts = [
        ("deductible", &*zero),
        ("coinsurance", &*five),
        ("copay", &*forty),
    ];
    assert_eq!(owed(&categories(&parts)), (Some(4500), None));
    for left_out in 0..3 {
        let mut some = parts.to_vec();
        some.remove(left_out);
        let totals = categories(&some);
        assert_eq!(
            owed(&totals),
            (None, Some(Unknown::PartMissing)),
            "{some:?}"
        );
        assert_eq!(owed(&categories(&some[..1])).1, Some(Unknown::PartMissing));
    }
    // What is not covered may be owed as well, or not.
    let with = |amount: &str| {
        let mut parts = parts.to_vec();
        parts.push(("noncovered", amount));
        owed(&categories(&parts))
    };
    assert_eq!(with(&zero), (Some(4500), None));
    assert_eq!(with(&five), (None, Some(Unknown::PartMissing)));
    assert_eq!(with(MASKED), (None, Some(Unknown::NoValue)));
    // None of them is nothing to add up, and no reason.
    assert_eq!(owed(&categories(&[("submitted", &five)])), (None, None));
}

/// Medicare has deductible and coinsurance: of each line, or of the claim.
#[test]
fn medicares_parts_are_deductible_and_coinsurance_of_every_line() {
    let (deductible, coinsurance) = ("line_bene_ptb_ddctbl_amt", "line_coinsrnc_amt");
    let totals = medicare(
        "carrier-1",
        &[
            &[(coinsurance, "9.57"), (deductible, "1")],
            &[(coinsurance, "0.43"), (deductible, "0")],
        ],
    );
    assert_eq!(
        (totals.coinsurance, totals.deductible),
        (Some(1000), Some(100))
    );
    assert_eq!(owed(&totals), (Some(1100), None));
    let totals = medicare(
        "carrier-1",
        &[
            &[(coinsurance, "9.57"), (deductible, "1")],
            &[(coinsurance, "0.43")],
        ],
    );
    assert_eq!((totals.coinsurance, totals.deductible), (Some(1000), None));
    assert_eq!(
        totals.unknown.of(Total::Deductible),
        Some(Unknown::PartMissing)
    );
    assert_eq!(owed(&totals), (None, Some(Unknown::PartMissing)));
}

/// What is reported in a way that cannot be told is not known, and neither is what is made of it.
#[test]
fn what_cannot_be_told_is_unknown_and_says_why() {
    for (amount, reason, noted) in [
        (MASKED, Unknown::NoValue, None),
        (r#"{"value":null,"currency":"USD"}"#, Unknown::NoValue, None),
        ("null", Unknown::NoValue, None),
        ("{}", Unknown::NoValue, None),
        (
            r#"{"value":1000,"currency":"JPY"}"#,
            Unknown::OtherCurrency,
            Some(Reason::OtherCurrency),
        ),
        (
            r#"{"value":1000,"system":"urn:iso:std:iso:4217","code":"CAD"}"#,
            Unknown::OtherCurrency,
            Some(Reason::OtherCurrency),
        ),
        (
            r#"{"value":1,"currency":7}"#,
            Unknown::OtherCurrency,
            Some(Reason::WrongShape),
        ),
        (
            r#"{"value":"N/A","currency":"USD"}"#,
            Unknown::Unreadable,
            Some(Reason::NotANumber),
        ),
        (
            r#"{"value":"1,000.00"}"#,
            Unknown::Unreadable,
            Some(Reason::NotANumber),
        ),
        (
            r#"{"value":true}"#,
            Unknown::Unreadable,
            Some(Reason::NotANumber),
        ),
        (
            r#"{"value":{"x":1}}"#,
            Unknown::Unreadable,
            Some(Reason::WrongShape),
        ),
        (
            r#"{"value":[1]}"#,
            Unknown::Unreadable,
            Some(Reason::WrongShape),
        ),
        ("12.5", Unknown::Unreadable, Some(Reason::WrongShape)),
        (r#""12.5""#, Unknown::Unreadable, Some(Reason::WrongShape)),
        (
            r#"[{"value":12.5}]"#,
            Unknown::Unreadable,
            Some(Reason::WrongShape),
        ),
        (
            r#"{"value":90071992547409.92}"#,
            Unknown::TooLarge,
            Some(Reason::TooLarge),
        ),
    ] {
        let has = |notes: &[Note]| match noted {
            None => notes.is_empty(),
            Some(reason) => notes.iter().any(|note| note.reason == reason),
        };
        // As the claim's own amount, and as what was paid.
        let (claim, notes) = eob("1", &total(&[element(CARIN, "memberliability", amount)]));
        assert_eq!(owed(&claim.totals), (None, Some(reason)), "{amount}");
        assert!(
            has(&notes) && claim.amounts.is_empty(),
            "{amount} {notes:?}"
        );
        if amount != "null" {
            let (claim, notes) = eob("1", &format!(r#""payment":{{"amount":{amount}}}"#));
            assert_eq!(claim.totals.paid, None, "{amount}");
            assert_eq!(
                claim.totals.unknown.of(Total::Paid),
                Some(reason),
                "{amount}"
            );
            assert_eq!(claim.payment.unwrap().unknown, Some(reason));
            assert!(has(&notes), "{amount} {notes:?}");
        }
        // As a part.
        let (zero, some) = (usd("0"), usd("3"));
        let totals = categories(&[
            ("deductible", &zero),
            ("copay", &some),
            ("coinsurance", amount),
        ]);
        assert_eq!(owed(&totals), (None, Some(reason)), "{amount}");
        assert_eq!(totals.unknown.of(Total::Coinsurance), Some(reason));
        // On one of two lines, of another payer and of Medicare.
        for (system, code) in [(CARIN, "coinsurance"), (CMS, "line_coinsrnc_amt")] {
            let [known, unknown] =
                [&*usd("20"), amount].map(|amount| line(&[element(system, code, amount)]));
            for lines in [[known.clone(), unknown.clone()], [unknown, known]] {
                let totals = eob("carrier-1", &items(&lines)).0.totals;
                assert_eq!(totals.coinsurance, None, "{amount}");
                assert_eq!(totals.unknown.of(Total::Coinsurance), Some(reason));
                assert_eq!(owed(&totals), (None, Some(reason)), "{amount}");
            }
        }
    }
    // Neither a payment nor a line that could not be read is nothing.
    let totals = eob("1", r#""payment":"ten dollars""#).0.totals;
    assert_eq!(totals.unknown.of(Total::Paid), Some(Unknown::Unreadable));
    let known = line(&[element(CMS, "line_coinsrnc_amt", &usd("20"))]);
    for lost in ["\"line\"", "7", "null", "[{}]"] {
        let totals = eob("carrier-1", &items(&[known.clone(), lost.to_owned()]))
            .0
            .totals;
        assert_eq!(totals.coinsurance, None, "{lost}");
        assert_eq!(
            totals.unknown.of(Total::Coinsurance),
            Some(Unknown::Unreadable)
        );
    }
}

#[test]
fn dollars_are_dollars_however_they_are_written() {
    for money in [
        r#"{"value":1.5}"#,
        r#"{"value":"1.5","currency":"USD"}"#,
        r#"{"value":1.50,"currency":"usd"}"#,
        r#"{"value":15e-1,"system":"urn:iso:std:iso:4217","code":"USD"}"#,
    ] {
        let claim = eob("1", &format!(r#""payment":{{"amount":{money}}}"#)).0;
        assert_eq!(claim.totals.paid, Some(150), "{money}");
    }
}

#[test]
fn the_same_amount_with_two_values_is_ambiguous() {
    for code in [
        "benefit",
        "memberliability",
        "submitted",
        "paidbypatient",
        "eligible",
    ] {
        let two = |one: &str, other: &str| {
            let both = [one, other].map(|value| element(CARIN, code, &usd(value)));
            let (claim, _) = eob("1", &total(&both));
            claim.totals
        };
        assert_eq!(two("10", "10.00").unknown, Totals::default().unknown);
        let totals = two("10", "90");
        let unknown = serde_json::to_value(totals).unwrap();
        let reasons: Vec<_> = unknown["unknown"].as_object().unwrap().values().collect();
        assert_eq!(reasons, ["ambiguous"], "{unknown}");
        // A known one and a masked one are two as well.
        let both = [
            element(CARIN, code, &usd("1")),
            element(CARIN, code, MASKED),
        ];
        assert!(!eob("1", &total(&both)).0.totals.unknown.is_empty());
    }
    // Medicare's variable counts before the category that an unknown one is filed under.
    let filed = r#"{"category":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/adjudication","code":"submitted"},
        {"system":"https://bluebutton.cms.gov/fhir/CodeSystem/Adjudication","code":"CLM_NEW_AMT"}]},"amount":{"value":7}}"#;
    let known = element(CMS_V3, "CLM_SBMT_CHRG_AMT", &usd("9"));
    for both in [
        [filed.to_owned(), known.clone()],
        [known.clone(), filed.to_owned()],
    ] {
        assert_eq!(eob("1", &total(&both)).0.totals.charged, Some(900));
    }
    // And a variable under its own category before the same under another one.
    let [own, other] = [("paidtopatient", 11), ("paidtoprovider", 82)].map(|(category, value)| {
        element(CMS, "line_bene_pmt_amt", &usd(&value.to_string())).replace(
            r#""coding":["#,
            &format!(r#""coding":[{{"system":"{CARIN}","code":"{category}"}},"#),
        )
    });
    for both in [[own.clone(), other.clone()], [other, own]] {
        let claim = eob("dme-1", &items(&[line(&both)])).0;
        assert_eq!(claim.lines[0].totals.paid_to_patient, Some(1100));
    }
    // What was paid is the payment, whatever else is said to be payable.
    let both = format!(
        r#"{},"payment":{{"amount":{}}}"#,
        total(&[element(CARIN, "benefit", &usd("10"))]),
        usd("8")
    );
    assert_eq!(eob("1", &both).0.totals.paid, Some(800));
}

#[test]
fn sums_of_lines_are_rounded_once() {
    let totals = medicare("carrier-1", &[&[("line_coinsrnc_amt", "25.104")][..]; 2]);
    assert_eq!(totals.coinsurance, Some(5021));
    let totals = medicare("carrier-1", &[&[("line_coinsrnc_amt", "0.004")][..]; 3]);
    assert_eq!(totals.coinsurance, Some(1));
    // A sum that JavaScript cannot tell to the cent is not known; it does not wrap.
    for large in ["90071992547409.91", "92233720368547758.07"] {
        let totals = medicare(
            "carrier-1",
            &[
                &[("line_coinsrnc_amt", large)],
                &[("line_coinsrnc_amt", "0.01")],
            ],
        );
        assert_eq!(totals.coinsurance, None);
        assert_eq!(
            totals.unknown.of(Total::Coinsurance),
            Some(Unknown::TooLarge)
        );
    }
}

/// Other payers may say of each line what they do not say of the claim.
#[test]
fn lines_of_other_payers_are_added_up_where_all_of_them_say_it() {
    let of = |codes: &[(&str, &str)]| {
        let codes = codes.iter();
        let codes = codes.map(|(code, value)| element(CARIN, code, &usd(value)));
        line(&codes.collect::<Vec<_>>())
    };
    let both = [
        of(&[
            ("submitted", "10"),
            ("memberliability", "1.25"),
            ("benefit", "8"),
        ]),
        of(&[("submitted", "5"), ("memberliability", "0.25")]),
    ];
    let totals = eob("1", &items(&both)).0.totals;
    assert_eq!((totals.charged, owed(&totals).0), (Some(1500), Some(150)));
    assert_eq!(totals.paid, None);
    assert_eq!(totals.unknown.of(Total::Paid), Some(Unknown::PartMissing));
    // What the claim says of itself counts before.
    let said = format!(
        "{},{}",
        items(&both),
        total(&[element(CARIN, "submitted", &usd("14"))])
    );
    assert_eq!(eob("1", &said).0.totals.charged, Some(1400));
    // Medicare's lines are not added up: it says these of the claim.
    let lines = medicare("carrier-1", &[&[("line_sbmtd_chrg_amt", "5")]]);
    assert_eq!(
        (lines.charged, lines.unknown),
        (None, Totals::default().unknown)
    );
    // But of a drug claim: it has one line.
    let drug = medicare(
        "pde-1",
        &[&[("ptnt_pay_amt", "235.85"), ("cvrd_d_plan_pd_amt", "126.99")]],
    );
    assert_eq!(
        (drug.paid_by_patient, drug.paid),
        (Some(23_585), Some(12_699))
    );
}

#[test]
fn lines_that_the_payer_added_are_part_of_the_sums() {
    let of = |code: &str, value: &str| line(&[element(CARIN, code, &usd(value))]);
    let claim = |lines: &[String], added: &str| {
        let (claim, _) = eob("1", &format!("{},\"addItem\":{added}", items(lines)));
        assert_eq!(claim.lines.len(), lines.len());
        claim.totals
    };
    let copays = [of("copay", "20"), of("copay", "5")];
    let added = format!("[{}]", of("copay", "10"));
    assert_eq!(claim(&copays, &added).copay, Some(3500));
    // One that does not say it, that is masked, or that is no line, leaves the sum unknown.
    let masked = format!("[{}]", line(&[element(CARIN, "copay", MASKED)]));
    for (added, why) in [
        (
            &*format!("[{}]", of("deductible", "10")),
            Unknown::PartMissing,
        ),
        (&masked, Unknown::NoValue),
        ("[7]", Unknown::Unreadable),
        (r#"{"adjudication":[]}"#, Unknown::Unreadable),
    ] {
        let totals = claim(&copays, added);
        assert_eq!(
            (totals.copay, totals.unknown.of(Total::Copay)),
            (None, Some(why)),
            "{added}"
        );
    }
}

#[test]
fn a_net_price_is_the_charge_where_no_other_is_said() {
    let net = |rest: &str| format!(r#""item":[{{"net":{}{rest}}}]"#, usd("12.5"));
    let claim = eob("1", &net("")).0;
    assert_eq!(
        (claim.lines[0].totals.charged, claim.totals.charged),
        (Some(1250), Some(1250))
    );
    assert_eq!(claim.lines[0].amounts.get("net"), Some(1250));
    let submitted = element(CARIN, "submitted", &usd("20"));
    let claim = eob("1", &net(&format!(r#","adjudication":[{submitted}]"#))).0;
    assert_eq!(claim.lines[0].totals.charged, Some(2000));
}

#[test]
fn a_rate_is_no_charge() {
    for (system, rate) in [
        (CMS, "rev_cntr_rate_amt"),
        (CMS_V3, "CLM_LINE_INSTNL_RATE_AMT"),
    ] {
        let filed = element(system, rate, &usd("8.51")).replace(
            r#""coding":["#,
            r#""coding":[{"system":"http://terminology.hl7.org/CodeSystem/adjudication","code":"submitted"},"#,
        );
        let claim = eob("inpatient-1", &items(&[line(&[filed])])).0;
        let line = &claim.lines[0];
        assert_eq!(
            (line.totals.charged, claim.totals.charged),
            (None, None),
            "{rate}"
        );
        assert_eq!(line.amounts.get(&rate.to_ascii_lowercase()), Some(851));
    }
}

/// The balance of a benefit, and the extensions of others, are no amounts of the claim.
#[test]
fn balances_and_foreign_extensions_are_not_taken_for_amounts() {
    let balance = r#""benefitBalance":[{"category":{"coding":[{"code":"30"}]},"financial":[
        {"type":{"coding":[{"code":"deductible"}]},"allowedMoney":{"value":500},"usedMoney":{"value":350}}]}]"#;
    let foreign = format!(
        r#""extension":[{{"url":"http://payer.example/fhir/deductible","valueMoney":{}}}]"#,
        usd("7")
    );
    for rest in [balance, &foreign] {
        let claim = eob("1", rest).0;
        assert_eq!(claim.totals, Totals::default(), "{rest}");
        assert!(claim.amounts.is_empty(), "{rest}");
    }
}
