//! Which claims count, and which people are enrolled: what a record says, and nothing that everybody's
//! record says.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, outside of a test function"
)]

use bluegate_shared::fhir::claim::LeftOut;
use bluegate_shared::fhir::{Coverage, Enrolled, Page, Resource, parse_resource};

/// Why sums leave a claim out that has these members; the row says the same as the claim in full.
fn left_out(members: &str) -> Option<LeftOut> {
    let json = format!(r#"{{"resourceType":"ExplanationOfBenefit","id":"1",{members}}}"#);
    let Resource::Claim(claim) = parse_resource(json.as_bytes()).unwrap().resource else {
        panic!("no claim: {json}")
    };
    let page = format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{json}}}]}}"#);
    Page::read(page.into_bytes()).unwrap().rows(|_, row| {
        assert_eq!(row.left_out, claim.left_out, "{json}");
        assert_eq!(
            (row.purpose, row.outcome),
            (&*claim.purpose, claim.outcome.as_deref())
        );
        let number = claim.left_out.map_or(0, |why| why as u8 + 1);
        assert_eq!(row.numbers()[4].to_bits(), f64::from(number).to_bits());
    });
    claim.left_out
}

#[test]
fn what_is_not_an_active_settled_claim_is_left_out() {
    let active = |rest: &str| left_out(&format!(r#""status":"active"{rest}"#));
    assert_eq!(active(""), None);
    assert_eq!(active(r#","use":"claim","outcome":"complete""#), None);
    assert_eq!(
        left_out(r#""status":"cancelled""#),
        Some(LeftOut::Cancelled)
    );
    for status in [
        r#""draft""#,
        r#""entered-in-error""#,
        r#""ACTIVE""#,
        "7",
        "null",
    ] {
        let why = left_out(&format!(r#""status":{status}"#));
        assert_eq!(why, Some(LeftOut::NotActive), "{status}");
    }
    for purpose in ["preauthorization", "predetermination"] {
        assert_eq!(
            active(&format!(r#","use":"{purpose}""#)),
            Some(LeftOut::NotAClaim)
        );
    }
    // What cannot be read is not taken for the usual.
    for unreadable in ["7", r#"["claim"]"#, r#""""#, "{}"] {
        let said = |name: &str| active(&format!(r#","{name}":{unreadable}"#));
        assert_eq!(said("use"), Some(LeftOut::NotAClaim), "{unreadable}");
        assert_eq!(said("outcome"), Some(LeftOut::Unsettled), "{unreadable}");
    }
    assert_eq!(active(r#","use":null,"outcome":null"#), None);
    for outcome in ["queued", "partial", "error"] {
        assert_eq!(
            active(&format!(r#","outcome":"{outcome}""#)),
            Some(LeftOut::Unsettled)
        );
    }
    let tagged = |code: &str| {
        active(&format!(
            r#","outcome":"complete","meta":{{"tag":[
            {{"system":"https://bluebutton.cms.gov/fhir/CodeSystem/System-Type","code":"NationalClaimsHistory"}},
            {{"system":"https://bluebutton.cms.gov/fhir/CodeSystem/Final-Action","code":"{code}"}}]}}"#
        ))
    };
    assert_eq!(tagged("FinalAction"), None);
    assert_eq!(tagged("NotFinalAction"), Some(LeftOut::NotFinal));
    // What charges less than nothing takes a claim back.
    let charged = |value: &str| active(&format!(r#","totalCost":{{"value":{value}}}"#));
    assert_eq!(charged("-0.01"), Some(LeftOut::Refund));
    assert_eq!((charged("0"), charged("12.5")), (None, None));
    // Why it is cancelled says more than that it is not settled.
    assert_eq!(
        left_out(r#""status":"cancelled","outcome":"queued""#),
        Some(LeftOut::Cancelled)
    );
}

fn coverage(id: &str, rest: &str) -> Coverage {
    let json = format!(r#"{{"resourceType":"Coverage","id":"{id}"{rest}}}"#);
    match parse_resource(json.as_bytes()).unwrap().resource {
        Resource::Coverage(coverage) => coverage,
        other => panic!("not a coverage: {other:?}"),
    }
}

/// An extension for each month of 2018.
fn months(name: &str, codes: &[&str]) -> String {
    let year =
        r#"{"url":"https://bluebutton.cms.gov/resources/variables/rfrnc_yr","valueDate":"2018"}"#;
    let months = codes.iter().zip(1..).map(|(code, month)| {
        format!(
            r#",{{"url":"https://bluebutton.cms.gov/resources/variables/{name}{month:02}","valueCoding":{{"code":"{code}"}}}}"#
        )
    });
    format!("{year}{}", months.collect::<String>())
}

/// A Coverage of v1 or v2, which is `active` for everybody.
fn backend(part: char, extensions: &str, rest: &str) -> Coverage {
    let v1 = format!(
        r#","status":"active","extension":[{extensions}],"beneficiary":{{"reference":"Patient/-1"}},
        "grouping":{{"subGroup":"Medicare","subPlan":"Part X"}}{rest}"#
    );
    let v2 = v1.replace(
        r#""grouping":{"subGroup":"Medicare","subPlan":"Part X"}"#,
        r#""type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SUBSIDIZ"}]}"#,
    );
    let id = format!("part-{part}--1");
    let (one, two) = (coverage(&id, &v1), coverage(&id, &v2));
    assert_eq!(one.enrollment, two.enrollment);
    one
}

#[test]
fn enrollment_comes_from_the_months() {
    for (part, name, codes, state, enrolled) in [
        (
            'c',
            "hmo_ind_",
            &["1", "1", "0"][..],
            Enrolled::NotEnrolled,
            &[1, 2][..],
        ),
        ('c', "hmo_ind_", &["0", "0", "C"], Enrolled::Enrolled, &[3]),
        ('c', "hmo_ind_", &["4"; 12], Enrolled::NotEnrolled, &[]),
        (
            'c',
            "hmo_ind_",
            &["A", "B", "?"],
            Enrolled::Unknown,
            &[1, 2],
        ),
        (
            'c',
            "ptc_cntrct_id_",
            &["H1225", "N"],
            Enrolled::NotEnrolled,
            &[1],
        ),
        (
            'd',
            "ptdcntrct",
            &["S4607", "S4607"],
            Enrolled::Enrolled,
            &[1, 2],
        ),
        (
            'd',
            "ptdcntrct",
            &["S4607", "0"],
            Enrolled::NotEnrolled,
            &[1],
        ),
        ('d', "ptdcntrct", &["*"; 12], Enrolled::Unknown, &[]),
        ('d', "cstshr", &["09", "00"], Enrolled::NotEnrolled, &[1]),
        ('d', "cstshr", &["10", "03"], Enrolled::Enrolled, &[2]),
        ('a', "buyin", &["3", "C"], Enrolled::Enrolled, &[1, 2]),
        ('a', "buyin", &["2", "B"], Enrolled::NotEnrolled, &[]),
        ('b', "buyin", &["1", "A"], Enrolled::NotEnrolled, &[]),
        ('b', "buyin", &["2", "0"], Enrolled::NotEnrolled, &[1]),
    ] {
        let read = backend(part, &months(name, codes), "").enrollment;
        assert_eq!(read.state, state, "{part} {codes:?}");
        assert_eq!(read.months, enrolled, "{part} {codes:?}");
        let last = read.as_of.unwrap();
        assert_eq!(
            (last.year(), last.month().map(usize::from)),
            (2018, Some(codes.len()))
        );
    }
    // Two kinds of months that contradict each other.
    let both = format!(
        "{},{}",
        months("hmo_ind_", &["0"]),
        months("ptc_cntrct_id_", &["H1225"])
    );
    assert_eq!(backend('c', &both, "").enrollment.state, Enrolled::Unknown);
}

#[test]
fn without_months_a_status_alone_says_nothing_of_private_plans() {
    let year = months("x", &[]);
    assert_eq!(backend('c', &year, "").enrollment.state, Enrolled::Unknown);
    assert_eq!(backend('d', &year, "").enrollment.state, Enrolled::Unknown);
    let period = r#","period":{"start":"2010-01-01"}"#;
    assert_eq!(
        backend('d', &year, period).enrollment.state,
        Enrolled::Enrolled
    );
    let ended = r#","period":{"start":"2010-01-01","end":"2012-12-31"}"#;
    assert_eq!(
        backend('d', &year, ended).enrollment.state,
        Enrolled::Unknown
    );
    // Parts A and B have a termination code; who died has it too.
    let left = |part: char, name: &str, code: &str| {
        let code = format!(
            r#"{},{{"url":"https://bluebutton.cms.gov/resources/variables/{name}","valueCoding":{{"code":"{code}"}}}}"#,
            months("buyin", &["3"; 12])
        );
        backend(part, &code, "").enrollment.state
    };
    assert_eq!(left('a', "a_trm_cd", "1"), Enrolled::NotEnrolled);
    assert_eq!(left('b', "b_trm_cd", "9"), Enrolled::NotEnrolled);
    assert_eq!(left('a', "a_trm_cd", "0"), Enrolled::Enrolled);
    assert_eq!(
        backend('a', &year, period).enrollment.state,
        Enrolled::Enrolled
    );
    assert_eq!(backend('a', &year, "").enrollment.state, Enrolled::Unknown);
}

#[test]
fn other_records_say_it_by_status_and_period() {
    let v3 = |status: &str, end: &str| {
        let rest = format!(
            r#","meta":{{"lastUpdated":"2026-02-01T00:00:00Z"}},"status":"{status}","beneficiary":{{"reference":"Patient/1"}},
            "type":{{"coding":[{{"system":"https://nahdo.org/sopt","code":"11"}}]}},"period":{{"start":"2020-01-01"{end}}}"#
        );
        coverage("part-c-1-H1234-003", &rest).enrollment.state
    };
    assert_eq!(v3("active", ""), Enrolled::Enrolled);
    assert_eq!(v3("active", r#","end":"2099-12-31""#), Enrolled::Enrolled);
    assert_eq!(v3("active", r#","end":"2026-12-31""#), Enrolled::Enrolled);
    assert_eq!(v3("active", r#","end":"2025-12-31""#), Enrolled::Unknown);
    assert_eq!(v3("cancelled", ""), Enrolled::NotEnrolled);
    assert_eq!(v3("entered-in-error", ""), Enrolled::Unknown);
    // A part that the person does not have.
    assert_eq!(
        coverage("part-c-1", "").enrollment.state,
        Enrolled::NotEnrolled
    );
}
