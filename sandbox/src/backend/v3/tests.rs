//! v3 over its HTTP interface.

use http::StatusCode;
use serde_json::Value;

use crate::people::{Mbi, Person, PersonNumber};
use crate::testing::{Answer, encode, get, post};

const DOE: &str = "-398429691";

fn v3(path: &str) -> Answer {
    get(&format!("/sandbox/claims/v3/fhir/{path}"))
}

fn found(path: &str) -> Value {
    let answer = v3(path);
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

fn refused(path: &str, status: u16, diagnostics: &str) {
    let answer = v3(path);
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    assert_eq!(
        answer.json()["issue"][0]["diagnostics"],
        diagnostics,
        "{path}"
    );
}

fn ids(bundle: &Value) -> Vec<&str> {
    bundle["entry"]
        .as_array()
        .map(|entries| {
            entries
                .iter()
                .map(|entry| entry["resource"]["id"].as_str().unwrap())
                .collect()
        })
        .unwrap_or_default()
}

#[test]
fn a_patient_has_an_id_of_v3_and_the_same_medicare_number_as_elsewhere() {
    let patient = found(&format!("Patient/{DOE}"));
    assert_eq!(patient["id"], DOE);
    let person = Person::of(PersonNumber::DOE);
    assert_eq!(patient["identifier"][0]["value"], person.mbi.as_str());
    assert_eq!(patient["name"][0]["family"], "Doe");
    let older = get(&format!(
        "/sandbox/claims/v2/fhir/Patient/{}",
        person.number.patient_id()
    ))
    .json();
    for key in ["gender", "birthDate", "address"] {
        assert_eq!(patient[key], older[key], "{key}");
    }
    // The ids of one space lead nowhere in the other.
    let id = person.number.patient_id();
    refused(
        &format!("Patient/{id}"),
        404,
        &format!("HAPI-0971: Resource Patient/{id} is not known"),
    );
    assert_eq!(
        get(&format!("/sandbox/claims/v2/fhir/Patient/{DOE}")).status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn a_medicare_number_finds_its_owner_by_post_and_by_get() {
    let token = |person| format!("http://hl7.org/fhir/sid/us-mbi|{}", Mbi::of(person));
    let form = token(PersonNumber::DOE);
    let posted = post(
        "/sandbox/claims/v3/fhir/Patient/_search",
        &[("identifier", &form)],
    )
    .json();
    assert_eq!((ids(&posted), &posted["total"]), (vec![DOE], &1.into()));
    let query = encode(&[("identifier", &form)]);
    assert_eq!(ids(&found(&format!("Patient?{query}"))), [DOE]);
    // Two patients have this number.
    let pair = encode(&[("identifier", &token(PersonNumber::new(30_003).unwrap()))]);
    assert_eq!(found(&format!("Patient?{pair}"))["total"], 2);
}

#[test]
fn a_record_that_was_merged_away_leads_to_the_present_one() {
    let person = PersonNumber::all().find(|p| p.is_merged()).unwrap();
    let (own, former) = (person.v3_id(), person.former_v3_id().unwrap());
    let patient = found(&format!("Patient/{own}"));
    assert_eq!(patient["link"][0]["type"], "replaces");
    assert_eq!(
        patient["link"][0]["other"]["reference"],
        format!("Patient/{former}")
    );
    assert_eq!(patient["identifier"].as_array().unwrap().len(), 2);
    let gone = found(&format!("Patient/{former}"));
    assert_eq!(
        gone,
        serde_json::json!({
            "resourceType": "Patient",
            "id": former.to_string(),
            "link": [{
                "other": {"reference": format!("Patient/{own}"), "display": own.to_string()},
                "type": "replaced-by"
            }]
        })
    );
    assert_eq!(
        found(&format!("Patient?_id={former}"))["entry"][0]["resource"],
        gone
    );
    let mbi = format!(
        "http://hl7.org/fhir/sid/us-mbi|{}",
        Mbi::former(person).unwrap()
    );
    let query = encode(&[("identifier", &mbi)]);
    assert_eq!(ids(&found(&format!("Patient?{query}"))), [own.to_string()]);
    // v2 has one record with two numbers.
    let older = get(&format!(
        "/sandbox/claims/v2/fhir/Patient/{}",
        person.patient_id()
    ))
    .json();
    let values: Vec<&Value> = older["identifier"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| &i["value"])
        .collect();
    assert_eq!(
        values[..2],
        [
            Mbi::former(person).unwrap().as_str(),
            Mbi::of(person).as_str()
        ]
    );
}

#[test]
fn an_empty_bundle_has_no_total() {
    let bundle = found("Patient?_id=-999");
    assert!(bundle.get("total").is_none() && bundle.get("entry").is_none());
    assert_eq!(bundle["type"], "searchset");
    assert_eq!(
        bundle["link"],
        serde_json::json!([{
            "relation": "self",
            "url": "http://127.0.0.1:3000/sandbox/claims/v3/fhir/Patient?_id=-999"
        }])
    );
}

#[test]
fn refusals_of_patient_have_the_words_of_v3() {
    refused("Patient/abc", 400, "ID is not a valid number");
    refused(
        "Patient/999",
        404,
        "HAPI-0971: Resource Patient/999 is not known",
    );
    refused(
        "Patient?identifier=9AB2WW3GR44",
        400,
        "Invalid or missing system",
    );
}

/// The first person for whom a test of theirs holds.
fn someone(test: impl Fn(&Person) -> bool) -> Person {
    PersonNumber::all().map(Person::of).find(test).unwrap()
}

#[test]
fn a_search_finds_only_the_coverages_that_a_person_has() {
    let rich = someone(|p| p.part_c.is_some() && p.part_d.is_some() && p.dual != "NA");
    let id = rich.number.v3_id();
    let bundle = found(&format!("Coverage?beneficiary=Patient/{id}"));
    let found_ids = ids(&bundle);
    assert_eq!((found_ids.len(), &bundle["total"]), (5, &5.into()));
    let (contract, plan) = rich.part_c.unwrap();
    assert_eq!(found_ids[0], format!("part-a-{id}"));
    assert_eq!(found_ids[2], format!("part-c-{id}-{contract}-{plan}"));
    assert_eq!(found_ids[4], format!("dual-{id}"));
    let poor = someone(|p| p.part_c.is_none() && p.part_d.is_none() && p.dual == "NA");
    let id = poor.number.v3_id();
    let bundle = found(&format!("Coverage?beneficiary={id}"));
    assert_eq!(
        ids(&bundle),
        ["part-a", "part-b"].map(|part| format!("{part}-{id}"))
    );
    // A read of what they do not have knows them and says nothing.
    assert_eq!(
        found(&format!("Coverage/dual-{id}")),
        serde_json::json!({"resourceType": "Coverage", "id": format!("dual-{id}")})
    );
}

#[test]
fn every_coverage_of_a_search_can_be_read_by_the_short_id_and_by_the_long_one() {
    let person = someone(|p| p.part_c.is_some() && p.part_d.is_some() && p.dual != "NA");
    let id = person.number.v3_id();
    let bundle = found(&format!("Coverage?beneficiary={id}"));
    for (entry, short) in bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["part-a", "part-b", "part-c", "part-d", "dual"])
    {
        let long = entry["resource"]["id"].as_str().unwrap();
        assert_eq!(found(&format!("Coverage/{long}")), entry["resource"]);
        assert_eq!(found(&format!("Coverage/{short}-{id}")), entry["resource"]);
        assert_eq!(ids(&found(&format!("Coverage?_id={long}"))), [long]);
    }
}

#[test]
fn class_value_selects_a_part_and_an_unknown_one_selects_all() {
    let all = ids(&found(&format!("Coverage?beneficiary={DOE}"))).len();
    for value in ["part-b", "Part%20B", "part_b"] {
        let bundle = found(&format!("Coverage?beneficiary={DOE}&class-value={value}"));
        assert_eq!(ids(&bundle), [format!("part-b-{DOE}")], "{value}");
    }
    let unknown = found(&format!("Coverage?beneficiary={DOE}&class-value=part-x"));
    assert_eq!(ids(&unknown).len(), all);
}

const EOB: &str = "ExplanationOfBenefit";

#[test]
fn every_claim_of_v2_is_there_under_an_id_of_v3() {
    for person in [PersonNumber::DOE, PersonNumber::FIRST] {
        let id = person.v3_id();
        let bundle = found(&format!("{EOB}?patient=Patient/{id}"));
        let older = get(&format!(
            "/sandbox/claims/v2/fhir/{EOB}?patient={}",
            person.patient_id()
        ))
        .json();
        assert_eq!(bundle["total"], older["total"]);
        let all = ids(&bundle);
        assert_eq!(all.len(), older["entry"].as_array().unwrap().len());
        let numbers: Vec<i64> = all.iter().map(|id| id.parse().unwrap()).collect();
        assert!(numbers.is_sorted() && numbers.iter().all(|number| *number < 0));
        for (id, entry) in all.iter().zip(bundle["entry"].as_array().unwrap()) {
            assert_eq!(found(&format!("{EOB}/{id}")), entry["resource"]);
        }
        assert!(
            bundle["entry"].as_array().unwrap().iter().all(|entry| {
                entry["resource"]["patient"]["reference"] == format!("Patient/{id}")
            })
        );
    }
}

#[test]
fn pages_follow_the_rules_of_v3() {
    let base = format!("{EOB}?patient={DOE}&_count=10");
    let mut path = base.clone();
    let (mut seen, mut totals, mut relations) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let bundle = found(&path);
        seen.extend(ids(&bundle).into_iter().map(str::to_owned));
        totals.push(bundle.get("total").cloned());
        let links = bundle["link"].as_array().unwrap();
        let names: Vec<&str> = links
            .iter()
            .map(|link| link["relation"].as_str().unwrap())
            .collect();
        relations.push(names.join(","));
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else {
            let previous = links[0]["url"].as_str().unwrap();
            assert!(previous.ends_with("&_count=10&_offset=20"), "{previous}");
            break;
        };
        let url = next["url"].as_str().unwrap();
        path = url.split_once("/v3/fhir/").unwrap().1.to_owned();
    }
    // The total counts the entries of the last page, and only that one tells it.
    assert_eq!(totals, [None, None, None, Some(2.into())]);
    assert_eq!(
        relations,
        [
            "next,self",
            "next,previous,self",
            "next,previous,self",
            "previous,self"
        ]
    );
    let whole = found(&format!("{EOB}?patient={DOE}"));
    assert_eq!(seen, ids(&whole));
    // `startIndex` is an alias, an offset of zero is left out, and a page of none is an empty bundle.
    let alias = found(&format!("{base}&startIndex=10"));
    assert_eq!(ids(&alias), seen[10..20]);
    let previous = &alias["link"][1];
    assert_eq!(previous["relation"], "previous");
    assert!(previous["url"].as_str().unwrap().ends_with("&_count=10"));
    for path in [
        format!("{EOB}?patient={DOE}&_count=0"),
        format!("{EOB}?patient={DOE}&_offset=32"),
        format!("{EOB}?patient=-999"),
    ] {
        let bundle = found(&path);
        assert!(
            bundle.get("total").is_none() && bundle.get("entry").is_none(),
            "{path}"
        );
        assert_eq!(bundle["link"].as_array().unwrap().len(), 1, "{path}");
    }
}

#[test]
fn a_search_selects_by_type_date_tag_source_and_outcome() {
    let count = |query: &str| ids(&found(&format!("{EOB}?patient={DOE}&{query}"))).len();
    assert_eq!(count("type=carrier"), 25);
    assert_eq!(count("type=carrier,pde"), 30);
    assert_eq!(count("type=carrier&type=pde"), 30);
    assert_eq!(
        count("type=https://bluebutton.cms.gov/fhir/CodeSystem/EOB-TYPE|PDE"),
        5
    );
    assert_eq!(count("type=*"), 32);
    assert_eq!(count("_source=ddps"), 5);
    assert_eq!(count("_source=NCH,DDPS") + count("_source=MCS"), 32);
    let tag = "_tag=https://bluebutton.cms.gov/fhir/CodeSystem/System-Type|";
    assert_eq!(count(&format!("{tag}DDPS")), 5);
    assert_eq!(count(&format!("{tag}DDPS&{tag}NationalClaimsHistory")), 0);
    assert_eq!(count("outcome=complete") + count("outcome=partial"), 32);
    assert_eq!(count("_security=42CFRPart2"), 0);
    assert_eq!(count("_security:not=42CFRPart2"), 32);
    // A bare date bounds both sides.
    let first = &found(&format!("{EOB}?patient={DOE}"))["entry"][0]["resource"];
    let end = first["billablePeriod"]["end"].as_str().unwrap();
    assert!(count(&format!("service-date={end}")) >= 1);
    assert_eq!(
        count(&format!("service-date=lt{end}")) + count(&format!("service-date=ge{end}")),
        32
    );
    let updated = &first["meta"]["lastUpdated"].as_str().unwrap()[..10];
    assert!(count(&format!("_lastUpdated={updated}")) >= 1);
    // By id, up to a hundred.
    let all = found(&format!("{EOB}?patient={DOE}"));
    let three = ids(&all)[..3].join(",");
    assert_eq!(ids(&found(&format!("{EOB}?_id={three}"))).len(), 3);
}

#[test]
fn refusals_of_claims_have_the_words_of_v3() {
    for (path, status, text) in [
        ("junk", 400, "ID is not a valid number"),
        ("dental-1", 400, "ID is not a valid number"),
        (
            "-3999999999999",
            404,
            "HAPI-0971: Resource ExplanationOfBenefit/-3999999999999 is not known",
        ),
    ] {
        refused(&format!("{EOB}/{path}"), status, text);
    }
    let failed = v3(&format!("{EOB}?patient={DOE}&type=dental"));
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(failed.text(), "an unknown error occurred");
    assert!(failed.header("content-type").starts_with("text/plain"));
    let many = vec!["1"; 101].join(",");
    refused(
        &format!("{EOB}?_id={many}"),
        400,
        "A maximum of 100 claim IDs may be requested at once.",
    );
    assert_eq!(
        v3(&format!("{EOB}?patient={DOE}&excludeSAMHSA=true")).status,
        400
    );
    assert_eq!(v3(EOB).status, 400);
}

fn card(id: &str) -> Value {
    found(&format!("Patient/{id}/$generate-insurance-card"))
}

fn on_card<'c>(card: &'c Value, kind: &str) -> Vec<&'c Value> {
    card["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"])
        .filter(|resource| resource["resourceType"] == kind)
        .collect()
}

#[test]
fn an_insurance_card_shows_what_the_person_has_by_ids_of_its_own() {
    let card = card(DOE);
    assert_eq!(card["type"], "collection");
    let person = Person::of(PersonNumber::DOE);
    let patients = on_card(&card, "Patient");
    let own = found(&format!("Patient/{DOE}"));
    assert_eq!(patients.len(), 1);
    for member in ["name", "birthDate", "gender", "address", "extension"] {
        assert_eq!(patients[0][member], own[member], "{member}");
    }
    assert!(patients[0].get("identifier").is_none());
    let patient = format!("Patient/{}", patients[0]["id"].as_str().unwrap());
    assert!(!card.to_string().contains(DOE));

    let coverages = on_card(&card, "Coverage");
    let known = found(&format!("Coverage?beneficiary={DOE}"));
    let known = on_card(&known, "Coverage");
    assert_eq!(coverages.len(), known.len());
    for (shown, known) in coverages.iter().zip(known) {
        assert_eq!(shown["beneficiary"]["reference"], *patient);
        assert_eq!(shown["subscriberId"], person.mbi.as_str());
        for member in ["class", "period", "status", "type"] {
            assert_eq!(shown[member], known[member], "{member}");
        }
    }
    // The same bytes each time, and nobody else's ids.
    assert_eq!(card, self::card(DOE));
    let other = self::card(&PersonNumber::FIRST.v3_id().to_string());
    assert_ne!(other["entry"][0]["fullUrl"], card["entry"][0]["fullUrl"]);
}

#[test]
fn a_plan_of_an_insurer_has_its_name_colours_and_mark() {
    let person = PersonNumber::all()
        .map(Person::of)
        .find(|person| person.part_c.is_some() && person.part_d.is_some())
        .unwrap();
    let card = card(&person.number.v3_id().to_string());
    let coverages = on_card(&card, "Coverage");
    let of_c = coverages
        .iter()
        .find(|coverage| coverage["class"][0]["value"] == "Part C")
        .unwrap();
    let has = |name: &str| {
        let extensions = of_c["extension"].as_array().unwrap();
        extensions
            .iter()
            .any(|extension| extension["url"].as_str().unwrap().ends_with(name))
    };
    assert!(has("C4DIC-BackgroundColor-extension") && has("C4DIC-Logo-extension"));
    let payer = of_c["payor"][0]["reference"].as_str().unwrap();
    let payers = on_card(&card, "Organization");
    let payer = payers
        .iter()
        .find(|payer_of| payer == format!("Organization/{}", payer_of["id"].as_str().unwrap()))
        .unwrap();
    assert_ne!(payer["name"], "Centers for Medicare and Medicaid Services");
}

#[test]
fn who_is_unknown_and_a_record_that_was_merged_away_have_an_empty_card() {
    let merged = PersonNumber::all().find_map(PersonNumber::former_v3_id);
    for id in ["-7".to_owned(), merged.unwrap().to_string()] {
        let card = card(&id);
        assert_eq!(card["type"], "searchset");
        assert!(card.get("entry").is_none());
    }
    refused(
        "Patient/x/$generate-insurance-card",
        400,
        "ID is not a valid number",
    );
}
