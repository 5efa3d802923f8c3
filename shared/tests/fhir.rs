//! The parser checklist (docs/claims-backend.md), one test for each item, on small
//! resources written for the purpose: they hold where no fixtures are.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, outside of a test function"
)]

use bluegate_shared::fhir::claim::{DiagnosisKind, Provider};
use bluegate_shared::fhir::{
    Claim, ClaimType, Code, CodeSystem, Coverage, Part, Patient, Resource, parse_bundle,
    parse_resource,
};

fn claim(json: &str) -> Claim {
    let entry = parse_resource(json.as_bytes()).unwrap();
    assert_eq!(entry.notes, [], "{json}");
    match entry.resource {
        Resource::Claim(claim) => *claim,
        other => panic!("not a claim: {other:?}"),
    }
}

fn coverage(json: &str) -> Coverage {
    match parse_resource(json.as_bytes()).unwrap().resource {
        Resource::Coverage(coverage) => coverage,
        other => panic!("not a coverage: {other:?}"),
    }
}

fn patient(json: &str) -> Patient {
    match parse_resource(json.as_bytes()).unwrap().resource {
        Resource::Patient(patient) => patient,
        other => panic!("not a patient: {other:?}"),
    }
}

/// A claim of this id with these further members.
fn eob(id: &str, rest: &str) -> Claim {
    claim(&format!(
        r#"{{"resourceType":"ExplanationOfBenefit","id":"{id}",{rest}}}"#
    ))
}

/// Item 1: both spellings of everything that STU3 and R4 write differently.
#[test]
fn item_01_both_spellings_give_the_same_claim() {
    let stu3 = eob(
        "carrier-1",
        r#""insurance":{"coverage":{"reference":"Coverage/part-b-5"}},
        "information":[{"sequence":3,"category":{"coding":[{
            "system":"https://bluebutton.cms.gov/resources/codesystem/information",
            "code":"https://bluebutton.cms.gov/resources/variables/clm_freq_cd"}]},
            "code":{"coding":[{"system":"https://bluebutton.cms.gov/resources/variables/clm_freq_cd","code":"1"}]}}],
        "totalCost":{"value":12.5,"system":"urn:iso:std:iso:4217","code":"USD"},
        "item":[{"sequence":6,"careTeamLinkId":[2],"diagnosisLinkId":[5,7],
            "service":{"coding":[{"system":"https://bluebutton.cms.gov/resources/codesystem/hcpcs","code":"G0299"}]},
            "adjudication":[{"category":{"coding":[{
                "system":"https://bluebutton.cms.gov/resources/codesystem/adjudication",
                "code":"https://bluebutton.cms.gov/resources/variables/line_nch_pmt_amt"}]},
                "amount":{"value":37.5,"system":"urn:iso:std:iso:4217","code":"USD"}}]}]"#,
    );
    let r4 = eob(
        "carrier-1",
        r#""insurance":[{"focal":true,"coverage":{"reference":"Coverage/part-b-5"}}],
        "supportingInfo":[{"sequence":3,"category":{"coding":[{
            "system":"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSupportingInfoType","code":"typeofbill"}]},
            "code":{"coding":[{"system":"https://bluebutton.cms.gov/resources/variables/clm_freq_cd","code":"1"}]}}],
        "total":[{"category":{"coding":[
            {"system":"http://terminology.hl7.org/CodeSystem/adjudication","code":"submitted"},
            {"system":"https://bluebutton.cms.gov/resources/codesystem/adjudication",
             "code":"https://bluebutton.cms.gov/resources/variables/clm_tot_chrg_amt"}]},
            "amount":{"value":12.50,"currency":"USD"}}],
        "item":[{"sequence":6,"careTeamSequence":[2],"diagnosisSequence":[5,7],
            "productOrService":{"coding":[{"system":"https://bluebutton.cms.gov/resources/codesystem/hcpcs","code":"G0299"}]},
            "adjudication":[{"category":{"coding":[
                {"system":"http://terminology.hl7.org/CodeSystem/adjudication","code":"benefit"},
                {"system":"https://bluebutton.cms.gov/resources/codesystem/adjudication",
                 "code":"https://bluebutton.cms.gov/resources/variables/line_nch_pmt_amt"}]},
                "amount":{"value":37.5,"currency":"USD"}}]}]"#,
    );
    assert_eq!(stu3, r4);
    assert_eq!(r4.coverage.as_ref().unwrap().part, Some(Part::B));
    assert_eq!(r4.totals.charged, Some(1250));
    let line = &r4.lines[0];
    assert_eq!(line.sequence, 6);
    assert_eq!(line.diagnosis_sequences, [5, 7]);
    assert_eq!(line.care_team_sequences, [2]);
    assert_eq!(line.totals.paid, Some(3750));
    assert_eq!(line.service.as_ref().unwrap().code, "G0299");
    assert_eq!(r4.info("clm_freq_cd").unwrap().sequence, 3);
}

/// Item 2: EOB type, then id prefix, then claim type code, then unknown.
#[test]
fn item_02_the_claim_type_has_three_sources() {
    let coding = |system: &str, code: &str| {
        format!(r#""type":{{"coding":[{{"system":"{system}","code":"{code}"}}]}}"#)
    };
    let eob_type = "https://bluebutton.cms.gov/resources/codesystem/eob-type";
    let eob_type_v3 = "https://bluebutton.cms.gov/fhir/CodeSystem/EOB-TYPE";
    let type_code = "https://bluebutton.cms.gov/fhir/CodeSystem/CLM-TYPE-CD";
    let fhir_type = "http://terminology.hl7.org/CodeSystem/claim-type";
    for (id, system, code, expected) in [
        // The coding wins over the id, in any case.
        ("carrier-1", eob_type, "DME", ClaimType::Dme),
        ("1", eob_type_v3, "SNF", ClaimType::Snf),
        ("1", eob_type_v3, "hospice", ClaimType::Hospice),
        // An unknown coding does not hide the id.
        ("hha--1", eob_type, "DENTAL", ClaimType::Hha),
        ("pde-89", fhir_type, "professional", ClaimType::Pde),
        ("1", type_code, "71", ClaimType::Carrier),
        ("1", type_code, "82", ClaimType::Dme),
        ("1", type_code, "10", ClaimType::Hha),
        ("1", type_code, "30", ClaimType::Snf),
        ("1", type_code, "40", ClaimType::Outpatient),
        ("1", type_code, "50", ClaimType::Hospice),
        ("1", type_code, "64", ClaimType::Inpatient),
        ("1", type_code, "3", ClaimType::Pde),
        ("1", type_code, "1013", ClaimType::Outpatient),
        ("1", type_code, "2021", ClaimType::Snf),
        ("1", type_code, "2700", ClaimType::Carrier),
        ("1", type_code, "2800", ClaimType::Dme),
        ("1", type_code, "2900", ClaimType::Hospice),
        // By the FHIR type where there is nothing else, and never an error.
        ("1", fhir_type, "institutional", ClaimType::Institutional),
        (
            "dental-1",
            fhir_type,
            "professional",
            ClaimType::Professional,
        ),
        ("1", type_code, "99999", ClaimType::Unknown),
        ("1", type_code, "é", ClaimType::Unknown),
    ] {
        assert_eq!(
            eob(id, &coding(system, code)).claim_type,
            expected,
            "{id} {code}"
        );
    }
    assert_eq!(eob("1", r#""type":{}"#).claim_type, ClaimType::Unknown);
    // Medicare's FHIR type says something else.
    let both = format!(
        r#""type":{{"coding":[{{"system":"{type_code}","code":"99999"}},{{"system":"{fhir_type}","code":"professional"}}]}}"#
    );
    assert_eq!(eob("1", &both).claim_type, ClaimType::Unknown);
}

/// Other payers have CARIN's types alone.
#[test]
fn other_payers_say_the_type_by_carin() {
    let read = |code: &str, sub: &str| {
        let sub = match sub {
            "" => String::new(),
            sub => format!(
                r#","subType":{{"coding":[{{"system":"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBInstitutionalClaimSubType","code":"{sub}"}}]}}"#
            ),
        };
        let kind = format!(
            r#""type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"{code}"}}]}}{sub},
            "item":[{{"sequence":1,"productOrService":{{"coding":[{{"system":"http://hl7.org/fhir/sid/ndc","code":"00093014801","display":"Naproxen"}}]}}}}]"#
        );
        eob("EOB1", &kind)
    };
    assert_eq!(
        read("institutional", "inpatient").claim_type,
        ClaimType::Inpatient
    );
    assert_eq!(
        read("institutional", "outpatient").claim_type,
        ClaimType::Outpatient
    );
    for (code, sub, expected) in [
        ("institutional", "", ClaimType::Institutional),
        ("institutional", "other", ClaimType::Institutional),
        ("professional", "", ClaimType::Professional),
        ("oral", "", ClaimType::Oral),
        ("vision", "", ClaimType::Vision),
        ("other", "", ClaimType::Unknown),
    ] {
        assert_eq!(read(code, sub).claim_type, expected, "{code} {sub}");
    }
    let pharmacy = read("pharmacy", "");
    assert_eq!(pharmacy.claim_type, ClaimType::Pde);
    let drug = pharmacy.drug.as_ref().unwrap();
    assert_eq!(
        (drug.ndc.as_deref(), drug.name.as_deref()),
        (Some("00093014801"), Some("Naproxen"))
    );
}

/// Item 3: ids with a sign, of all forms; see also the unit tests of `fhir::ids`.
#[test]
fn item_03_ids_may_be_negative() {
    let read = eob(
        "carrier--10000930037921",
        r#""patient":{"reference":"Patient/-20140000008325"}"#,
    );
    assert_eq!(read.claim_id.as_deref(), Some("-10000930037921"));
    assert_eq!(read.patient_id.as_deref(), Some("-20140000008325"));
    let read = coverage(r#"{"resourceType":"Coverage","id":"part-d--20140000008325-S1234-007"}"#);
    assert_eq!(read.part, Some(Part::D));
    assert_eq!(read.contract.as_deref(), Some("S1234"));
    assert_eq!(read.plan.as_deref(), Some("007"));
}

/// Item 4: things are found by their sequence, which has gaps and any order.
#[test]
fn item_04_sequences_are_names_and_not_positions() {
    let read = eob(
        "inpatient-1",
        r#""careTeam":[{"sequence":9,"provider":{"display":"Late"}},{"sequence":2,"provider":{"display":"Early"}}],
        "diagnosis":[{"sequence":7,"diagnosisCodeableConcept":{"coding":[{"code":"A02"}]}},
                     {"sequence":3,"diagnosisCodeableConcept":{"coding":[{"code":"A03"}]}}],
        "procedure":[{"sequence":"4","procedureCodeableConcept":{"coding":[{"code":"X"}]}}],
        "item":[{"sequence":25,"diagnosisSequence":[7],"careTeamSequence":[9]},{"sequence":6}]"#,
    );
    let sequences: Vec<_> = read.lines.iter().map(|line| line.sequence).collect();
    assert_eq!(sequences, [6, 25]);
    let line = &read.lines[1];
    assert_eq!(
        read.diagnosis(line.diagnosis_sequences[0]).unwrap().code,
        "A02"
    );
    let member = read.care_team_member(line.care_team_sequences[0]).unwrap();
    assert_eq!(member.provider.name.as_deref(), Some("Late"));
    assert_eq!(read.diagnosis(1), None);
    assert_eq!(read.care_team[0].sequence, 2);
    assert_eq!(read.procedures[0].sequence, 4);
}

/// Item 5: the variable is the key, a URL in v1 and v2 and bare in v3; the CARIN code is not.
#[test]
fn item_05_amounts_are_keyed_by_their_variable() {
    let read = eob(
        "1",
        r#""item":[{"sequence":1,"adjudication":[
            {"category":{"coding":[
                {"system":"http://terminology.hl7.org/CodeSystem/adjudication","code":"submitted"},
                {"system":"https://bluebutton.cms.gov/resources/codesystem/adjudication",
                 "code":"https://bluebutton.cms.gov/resources/variables/rev_cntr_rate_amt","display":"Rate"}]},
             "amount":{"value":1.1,"currency":"USD"}},
            {"category":{"coding":[
                {"system":"http://terminology.hl7.org/CodeSystem/adjudication","code":"submitted"},
                {"system":"https://bluebutton.cms.gov/fhir/CodeSystem/Adjudication","code":"CLM_LINE_SBMT_CHRG_AMT"}]},
             "amount":{"value":2.2,"currency":"USD"}},
            {"category":{"coding":[{"system":"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication","code":"drugcost"}]},
             "amount":{"value":3.3,"currency":"USD"}},
            {"category":{"coding":[
                {"system":"http://terminology.hl7.org/CodeSystem/adjudication","code":"eligible"},
                {"system":"https://bluebutton.cms.gov/fhir/CodeSystem/Adjudication","code":"CLM_LINE_NEW_AMT"}]},
             "amount":{"value":4.4,"currency":"USD"}}]}]"#,
    );
    let line = &read.lines[0];
    assert_eq!(line.amounts.get("rev_cntr_rate_amt"), Some(110));
    assert_eq!(line.amounts.get("clm_line_sbmt_chrg_amt"), Some(220));
    assert_eq!(line.amounts.get("drugcost"), Some(330));
    assert_eq!(line.amounts.get("submitted"), None);
    let first = line.amounts.iter().next().unwrap();
    assert_eq!(first.label.as_deref(), Some("Rate"));
    // A rate filed under `submitted` is not the charge; an unknown variable has its category.
    assert_eq!(line.totals.charged, Some(220));
    assert_eq!(line.totals.allowed, Some(440));
}

/// Item 6: two codings of one diagnosis are one diagnosis, dots or not.
#[test]
fn item_06_a_diagnosis_counts_once() {
    let read = eob(
        "1",
        r#""diagnosis":[
            {"sequence":1,"diagnosisCodeableConcept":{"coding":[
                {"system":"http://hl7.org/fhir/sid/icd-10","code":"A021","display":"old"},
                {"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"A02.1","display":"new"}]},
             "type":[{"coding":[{"code":"patientreasonforvisit"}]}],
             "onAdmission":{"coding":[{"code":"Y"}]}},
            {"sequence":2,"diagnosisCodeableConcept":{"coding":[
                {"system":"http://hl7.org/fhir/sid/icd-9-cm","code":"304.95"}]},
             "type":[{"coding":[{"code":"principal"}]}],
             "extension":[{"url":"https://bluebutton.cms.gov/resources/variables/clm_poa_ind_sw2",
                "valueCoding":{"code":"N"}}]}]"#,
    );
    let [first, second] = &read.diagnoses[..] else {
        panic!("{:?}", read.diagnoses)
    };
    assert_eq!(first.code, "A021");
    assert_eq!(first.system, CodeSystem::Icd10);
    assert_eq!(first.display.as_deref(), Some("new"));
    assert_eq!(first.kind, DiagnosisKind::ReasonForVisit);
    assert_eq!(first.present_on_admission.as_deref(), Some("Y"));
    assert_eq!(second.code, "30495");
    assert_eq!(second.system, CodeSystem::Icd9);
    assert_eq!(second.present_on_admission.as_deref(), Some("N"));
    assert_eq!(read.main_diagnosis(), Some(second));
}

/// Item 7: anything may be missing.
#[test]
fn item_07_missing_parts_are_no_errors() {
    let bundle = parse_bundle(br#"{"resourceType":"Bundle"}"#).unwrap();
    assert_eq!((bundle.total, bundle.entries.len()), (None, 0));
    assert_eq!(bundle.links.next, None);

    let bundle = parse_bundle(
        br#"{"resourceType":"Bundle","total":0,"link":[{"relation":"self","url":"u"}],"entry":[]}"#,
    );
    let bundle = bundle.unwrap();
    assert_eq!(bundle.total, Some(0));
    assert_eq!(bundle.links.this.as_deref(), Some("u"));

    // No insurer, no display, a diagnosis without a concept, a referral without an intent.
    let read = eob(
        "carrier-1",
        r##""contained":[{"resourceType":"ReferralRequest","id":"1","requester":{"agent":{"identifier":{
            "system":"http://hl7.org/fhir/sid/us-npi","value":"8765676"}}}}],"referral":{"reference":"#1"},
        "diagnosis":[{"sequence":1,"packageCode":{"coding":[{"code":"695"}]}}],
        "item":[{"sequence":1,"detail":[{"type":{"coding":[{"code":"RXDINV"}]}}]}]"##,
    );
    assert_eq!(read.drg.as_deref(), Some("695"));
    assert_eq!(read.diagnoses, []);
    let referring = Provider {
        npi: Some("8765676".to_owned()),
        ..Provider::default()
    };
    assert_eq!(read.referring, Some(referring));
    assert_eq!(read.purpose, "claim");

    // v3 answers a part that the person does not have with an id alone.
    let empty = coverage(r#"{"resourceType":"Coverage","id":"part-a-289169129"}"#);
    let expected = Coverage {
        id: "part-a-289169129".to_owned(),
        part: Some(Part::A),
        ..Coverage::default()
    };
    assert_eq!(empty, expected);
}

/// Item 8: an end before the start is data; days stay days.
#[test]
fn item_08_days_are_as_written() {
    let read = eob(
        "inpatient-1",
        r#""billablePeriod":{"start":"2016-01-27","end":"2016-01-15"},
        "procedure":[{"sequence":1,"date":"2016-01-16T00:00:00+00:00","procedureCodeableConcept":{"coding":[{"code":"X"}]}}],
        "payment":{"date":"2016-02"}"#,
    );
    let period = read.billable_period.unwrap();
    assert!(period.end < period.start);
    assert_eq!(read.service_date, period.end);
    assert_eq!(read.procedures[0].date.unwrap().to_string(), "2016-01-16");
    assert_eq!(read.payment.unwrap().date.unwrap().to_string(), "2016-02");
}

/// Item 9: an extension may come twice; only race has extensions inside.
#[test]
fn item_09_extensions_are_a_multimap() {
    let ime = |value: &str| {
        format!(
            r#"{{"url":"https://bluebutton.cms.gov/resources/variables/ime_op_clm_val_amt",
            "valueMoney":{{"value":{value},"code":"USD"}}}}"#
        )
    };
    let extensions = [ime("66125.51"), ime("66125.51"), ime("1")].join(",");
    let read = eob("inpatient-1", &format!(r#""extension":[{extensions}]"#));
    let cents: Vec<_> = read.amounts.iter().map(|amount| amount.cents).collect();
    assert_eq!(cents, [6_612_551, 100]);

    // CMS's own code is preferred to the US Core one.
    let us_core = r#"{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[
        {"url":"ombCategory","valueCoding":{"code":"2028-9","display":"Asian"}},{"url":"text","valueString":"Asian"}]}"#;
    let own = r#"{"url":"https://bluebutton.cms.gov/resources/variables/race","valueCoding":{"code":"4","display":"Asian"}}"#;
    let race = |extensions: &str| {
        let json = format!(r#"{{"resourceType":"Patient","id":"1","extension":[{extensions}]}}"#);
        patient(&json).race
    };
    let code = |code: &str| {
        Some(Code {
            code: code.to_owned(),
            display: Some("Asian".to_owned()),
        })
    };
    assert_eq!(race(us_core), code("2028-9"));
    assert_eq!(race(&format!("{us_core},{own}")), code("4"));
}

/// Item 10: lists are sorted by the last day, newest first.
#[test]
fn item_10_rows_sort_newest_first() {
    let claim = |id: &str, end: &str| eob(id, &format!(r#""billablePeriod":{{{end}}}"#));
    let claims = [
        claim("carrier-3", ""),
        claim("carrier-2", r#""end":"2015-05-12""#),
        claim("carrier-1", r#""end":"2016-01-27""#),
        claim("carrier-0", r#""end":"2015-05-12""#),
    ];
    let mut rows: Vec<_> = claims.iter().map(Claim::row).collect();
    rows.sort_by(|a, b| a.newest_first(b));
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, ["carrier-1", "carrier-0", "carrier-2", "carrier-3"]);
}

/// docs/claims-backend.md#claims: a display that the server forgot to fill in is none.
#[test]
fn placeholder_displays_are_absent() {
    let read = eob(
        "pde-1",
        r#""provider":{"identifier":{"system":"http://hl7.org/fhir/sid/us-npi","value":"1"},"display":"replaceProvider[1]"},
        "item":[{"sequence":1,"productOrService":{"coding":[{"system":"http://hl7.org/fhir/sid/ndc",
            "code":"000000000","display":"replaceDrugCode[000000000]"}]}}]"#,
    );
    assert_eq!(read.billing.unwrap().name, None);
    assert_eq!(read.drug.unwrap().name, None);
}

/// docs/claims-backend.md#claims: the unit of a drug quantity among the modifiers, the deductible among the revenue
/// codes.
#[test]
fn v2_line_oddities_are_put_right() {
    let read = eob(
        "inpatient-1",
        r#""item":[{"sequence":1,
            "revenue":{"coding":[{"system":"https://www.nubc.org/CodeSystem/RevenueCodes","code":"A"},
                {"system":"https://bluebutton.cms.gov/resources/variables/rev_cntr","code":"6767"}]},
            "modifier":[{"coding":[{"system":"http://unitsofmeasure.org","code":"GG"}]},
                {"coding":[{"system":"https://bluebutton.cms.gov/resources/codesystem/hcpcs","code":"LT"}]}]}]"#,
    );
    assert_eq!(read.lines[0].modifiers, ["LT"]);
    assert_eq!(read.lines[0].revenue_center.as_ref().unwrap().code, "6767");
}

/// docs/claims-backend.md#claims: a compound has no NDC of its own.
#[test]
fn v3_compounds_list_their_ingredients() {
    let read = eob(
        "1",
        r#""type":{"coding":[{"system":"https://bluebutton.cms.gov/fhir/CodeSystem/EOB-TYPE","code":"PDE"}]},
        "supportingInfo":[
            {"sequence":1,"category":{"coding":[{"code":"dayssupply"}]},"valueQuantity":{"value":30}},
            {"sequence":2,"category":{"coding":[{"code":"CLM_LINE_RX_NUM",
                "system":"https://bluebutton.cms.gov/fhir/CodeSystem/Supporting-Information"}]},"valueString":"7"}],
        "item":[{"sequence":1,"quantity":{"value":10.0,"unit":"ML"},"servicedDate":"2025-08-10",
            "productOrService":{"coding":[{"system":"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBCompoundLiteral","code":"compound"}]},
            "detail":[{"sequence":1,"productOrService":{"coding":[{"system":"http://hl7.org/fhir/sid/ndc","code":"00338004904"}]}},
                {"sequence":2,"productOrService":{"coding":[{"system":"http://hl7.org/fhir/sid/ndc","code":"00264180031"}]}}]}]"#,
    );
    let drug = read.drug.as_ref().unwrap();
    assert_eq!(drug.ndc, None);
    let ingredients: Vec<_> = drug
        .ingredients
        .iter()
        .map(|code| code.code.as_str())
        .collect();
    assert_eq!(ingredients, ["00338004904", "00264180031"]);
    assert_eq!(drug.days_supply.as_ref().unwrap().as_str(), "30");
    assert_eq!(drug.quantity.as_ref().unwrap().as_str(), "10");
    assert_eq!(drug.rx_number.as_deref(), Some("7"));
    assert_eq!(read.service_date.unwrap().to_string(), "2025-08-10");
    assert_eq!(read.row().drug.unwrap().code, "00338004904");
}

/// docs/claims-backend.md#claims: providers are contained, by reference.
#[test]
fn contained_providers_are_found() {
    let read = eob(
        "1",
        r##""contained":[{"resourceType":"Practitioner","id":"p","name":[{"family":"Potter","given":["Harry"]}],
            "identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"1093792350"}]},
            {"resourceType":"Organization","id":"o","name":"CMS"}],
        "provider":{"reference":"#p"},
        "careTeam":[{"sequence":1,"provider":{"reference":"#p"},"role":{"coding":[{"code":"referring"}]}}]"##,
    );
    let potter = Provider {
        npi: Some("1093792350".to_owned()),
        number: None,
        name: Some("Harry Potter".to_owned()),
    };
    assert_eq!(read.billing.as_ref(), Some(&potter));
    assert_eq!(read.referring.as_ref(), Some(&potter));
    assert_eq!(read.care_team[0].provider, potter);
    assert_eq!(read.organization, None);
    let row = read.row();
    assert_eq!(row.provider.as_deref(), Some("Harry Potter"));
    assert_eq!(row.npi, Some("1093792350"));
}

/// docs/claims-backend.md#people: which Medicare number is current is said in three ways.
#[test]
fn the_current_mbi_is_found_in_all_versions() {
    let with = |identifiers: &str| {
        let json = format!(r#"{{"resourceType":"Patient","id":"1","identifier":[{identifiers}]}}"#);
        patient(&json).mbi
    };
    let currency = |code: &str| {
        let url = "https://bluebutton.cms.gov/resources/codesystem/identifier-currency";
        format!(r#""extension":[{{"url":"{url}","valueCoding":{{"code":"{code}"}}}}]"#)
    };
    let mbi = |rest: &str, value: &str| {
        format!(r#"{{"system":"http://hl7.org/fhir/sid/us-mbi",{rest},"value":"{value}"}}"#)
    };
    let v1 = [
        mbi(&currency("historic"), "OLD"),
        mbi(&currency("current"), "NEW"),
    ];
    assert_eq!(with(&v1.join(",")).as_deref(), Some("NEW"));
    let v2 = |code: &str| {
        format!(
            r#""type":{{"coding":[{{"code":"MC",{}}}]}}"#,
            currency(code)
        )
    };
    let v2 = [mbi(&v2("historic"), "OLD"), mbi(&v2("current"), "NEW")];
    assert_eq!(with(&v2.join(",")).as_deref(), Some("NEW"));
    let v3 = |period: &str| format!(r#""period":{{{period}}}"#);
    let v3 = [
        mbi(&v3(r#""start":"2020-12-19","end":"2024-12-31""#), "ENDED"),
        mbi(&v3(r#""start":"2020-04-21T00:00:00+00:00""#), "OLD"),
        mbi(&v3(r#""start":"2020-12-19","end":"2099-12-31""#), "NEW"),
    ];
    assert_eq!(with(&v3.join(",")).as_deref(), Some("NEW"));
    let other =
        r#"{"system":"https://bluebutton.cms.gov/resources/variables/bene_id","value":"1"}"#;
    assert_eq!(with(other), None);
}

/// docs/claims-backend.md#coverage: months in order, the second set of Part D contracts passed over.
#[test]
fn coverage_months_are_read_once() {
    let month = |name: &str, code: &str| {
        format!(
            r#"{{"url":"https://bluebutton.cms.gov/resources/variables/{name}","valueCoding":{{"code":"{code}"}}}}"#
        )
    };
    let extensions = [
        month("ptdcntrct02", "S4607"),
        month("ptdcntrct02/2018-2", "S4607"),
        month("ptdcntrct01", "S4606"),
        month("ptdcntrct01/2018-1", "S4606"),
        month("ptdcntrct12", "N"),
        month("ptdpbpid02", "003"),
        month("dual_01", "**"),
        month("dual_13", "NA"),
    ];
    let read = coverage(&format!(
        r#"{{"resourceType":"Coverage","id":"part-d-1","extension":[{}],"grouping":{{"subPlan":"Part D"}}}}"#,
        extensions.join(",")
    ));
    let months = read
        .contracts
        .iter()
        .map(|month| (month.month, month.code.as_str()));
    assert_eq!(
        months.collect::<Vec<_>>(),
        [(1, "S4606"), (2, "S4607"), (12, "N")]
    );
    assert_eq!(read.contract.as_deref(), Some("S4607"));
    assert_eq!(read.plan.as_deref(), Some("003"));
    assert_eq!(read.dual.len(), 1);
    assert_eq!(read.plan_name.as_deref(), Some("Part D"));
}
