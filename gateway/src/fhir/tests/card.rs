//! The insurance card of v3 (sections 7.2, 7.3 and 7.4): the whole chain, and a foreign person in each element.

use super::*;

mod foreign;

/// The person of the token in the id space of v3.
const OWN_V3: &str = "405764107";
const OTHER_V3: &str = "405764108";
const NUMBER: &str = "1S00E00AA00";
const FORMER: &str = "1S00E00AA01";
const OTHER_NUMBER: &str = "1S00E00AA99";
/// What the card calls its Patient and its payer.
const ON_CARD: &str = "3f0c1a2b-1a2b-4c3d-8ef5-6a1b2c3d4e5f";
const PAYER: &str = "9a0c1a2b-1a2b-4c3d-8ef5-6a1b2c3d4e5f";
const MBI: &str = "http://hl7.org/fhir/sid/us-mbi";
const C4DIC: &str = "http://hl7.org/fhir/us/insurance-card/StructureDefinition/C4DIC-";

fn world() -> World {
    let world = World::with(&[("v3_enabled", "true")]);
    world.sql(&format!("UPDATE identity SET patient_id_v3 = '{OWN_V3}'"));
    world
}

fn call() -> Call {
    let mut call = read(PATIENT, "").version(Version::V3);
    call.target.interaction = Interaction::Card;
    call
}

fn record() -> Json {
    json!({
        "resourceType": "Patient", "id": OWN_V3,
        "identifier": [{ "system": MBI, "value": NUMBER }, { "system": MBI, "value": FORMER }],
        "name": [{ "family": "Doe", "given": ["Jane", "X"] }],
        "birthDate": "1949-06-01", "gender": "female",
        "address": [{ "state": "AL", "postalCode": "36609" }],
        "extension": [{ "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-sex", "valueCode": "248152002" }],
    })
}

fn coverage(id: &str, part: &str) -> Json {
    let person = json!({ "reference": format!("Patient/{ON_CARD}") });
    let payer = json!({ "reference": format!("Organization/{PAYER}") });
    json!({
        "resourceType": "Coverage", "id": id, "status": "active",
        "extension": [{ "url": format!("{C4DIC}AdditionalCardInformation-extension"), "valueAnnotation": { "text": "Show this." } }],
        "identifier": [{ "type": { "coding": [{ "code": "MB" }] }, "system": MBI, "value": NUMBER, "assigner": payer }],
        "subscriber": person, "subscriberId": NUMBER, "beneficiary": person,
        "period": { "start": "2014-06-01" }, "payor": [payer],
        "class": [{ "type": { "coding": [{ "code": "plan" }] }, "value": part }],
    })
}

fn card() -> Json {
    let mut patient = record();
    let members = patient.as_object_mut().unwrap();
    members.remove("identifier");
    members.insert("id".to_owned(), json!(ON_CARD));
    let organization = json!({
        "resourceType": "Organization", "id": PAYER, "active": true, "name": "Medicare",
        "contact": [{ "telecom": [{ "system": "phone", "value": "1-800-633-4227" }] }],
    });
    let part_c = format!("part-c-{OWN_V3}-H1234-003");
    let resources = [
        patient,
        organization,
        coverage("5b0c1a2b-1a2b-4c3d-8ef5-6a1b2c3d4e5f", "Part A"),
        coverage(&part_c, "Part C"),
    ];
    let entries = resources.map(|resource| {
        json!({ "fullUrl": format!("urn:uuid:{}", resource["id"].as_str().unwrap()), "resource": resource })
    });
    json!({ "resourceType": "Bundle", "type": "collection", "meta": { "lastUpdated": "2026-11-27T00:00:00Z" }, "entry": entries })
}

/// The backend answers with these two.
fn answers(world: &World, record: &Json, card: &str) {
    let (record, card) = (record.to_string(), card.to_owned());
    world.backend(move |request| {
        let is_card = request.url.ends_with("/$generate-insurance-card");
        let body = if is_card { &card } else { &record };
        Ok(ok(Bytes::from(body.clone())))
    });
}

fn refused(world: &World, record: &Json, card: &str) -> (u16, String) {
    answers(world, record, card);
    let answer = world.call(call());
    if answer.status != 200 {
        for other in [OTHER_V3, OTHER_NUMBER] {
            answer.tells_nothing_of(other);
        }
    }
    answer.refusal()
}

fn guarded() -> (u16, String) {
    (502, "release_guard".to_owned())
}

/// Puts a value where the pointer leads, adding the last step where it is not there.
fn put(body: &mut Json, pointer: &str, value: Json) {
    let (outer, last) = pointer.rsplit_once('/').unwrap();
    match body
        .pointer_mut(outer)
        .unwrap_or_else(|| panic!("{pointer}"))
    {
        Json::Object(members) => {
            members.insert(last.to_owned(), value);
        }
        Json::Array(elements) if last.parse::<usize>().unwrap() == elements.len() => {
            elements.push(value);
        }
        Json::Array(elements) => elements[last.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer}"),
    }
}

#[test]
fn the_card_of_the_tokens_person_is_released_as_it_came() {
    let world = world();
    let sent = card().to_string();
    answers(&world, &record(), &sent);
    let answer = world.call(call());
    assert_eq!(answer.status, 200, "{}", answer.problem());
    assert_eq!(answer.body, sent);
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert_eq!(
        world.asked(),
        ["", "/$generate-insurance-card"].map(|operation| {
            format!("http://backend:8080/claims/v3/fhir/Patient/{OWN_V3}{operation}")
        })
    );
    assert_eq!(world.audited(), ["fhir.card", "ok", "", "info"]);
    assert_eq!(
        world.audit().pop().unwrap()["bytes"],
        Value::Integer(i64::try_from(sent.len()).unwrap())
    );
}

#[test]
fn a_card_needs_reading_the_patient_and_searching_coverage() {
    let world = world();
    answers(&world, &record(), &card().to_string());
    for (scopes, status) in [
        ("patient/*.read", 200),
        ("patient/Patient.read patient/Coverage.read", 200),
        ("patient/Patient.r patient/Coverage.s", 200),
        ("patient/Patient.rs patient/Coverage.rs", 200),
        ("patient/Patient.s patient/Coverage.s", 403),
        ("patient/Patient.r patient/Coverage.r", 403),
        ("patient/Patient.read profile", 403),
        // What is left to an application where the person keeps name and address to themselves.
        (
            "patient/Coverage.read patient/ExplanationOfBenefit.read",
            403,
        ),
    ] {
        let token = scopes.replace([' ', '/', '.', '*'], "_");
        world.issue(&token, scopes);
        let answer = world.call(call().token(&token));
        assert_eq!(answer.status, status, "{scopes}");
        if status == 403 {
            assert_eq!(answer.refusal().1, "insufficient_scope");
            let challenge = answer.header("www-authenticate");
            let wanted = r#"scope="patient/Patient.read patient/Coverage.read""#;
            assert!(challenge.contains(wanted), "{challenge}");
        }
    }
    assert_eq!(
        world.asked().len(),
        8,
        "no refused call reached the backend"
    );
}

#[test]
fn a_card_has_no_parameter_but_the_format() {
    let world = world();
    answers(&world, &record(), &card().to_string());
    for (query, status) in [
        ("_format=json", 200),
        ("_format=application/fhir%2Bjson", 200),
        ("_format=xml", 406),
        // Not understood, and it never makes a part of the card look like all of it.
        ("_elements=name&_summary=count&_count=1&patient=7", 200),
    ] {
        let answer = world.call(call().query(query));
        assert_eq!(answer.status, status, "{query}");
        if status == 200 {
            assert_eq!(answer.json(), card(), "{query}");
        }
    }
    let strict = |query| {
        let call = call().query(query).header("prefer", "handling=strict");
        world.call(call).status
    };
    assert_eq!(strict("_format=json"), 200);
    assert_eq!(strict("_elements=name"), 400);
    let xml = call().header("accept", "application/fhir+xml");
    assert_eq!(world.call(xml).refusal().0, 406);
}

#[test]
fn a_card_stops_where_every_release_stops() {
    let world = world();
    answers(&world, &record(), &card().to_string());
    assert_eq!(
        world.call(call().without_token()).refusal(),
        (401, "no_credentials".to_owned())
    );
    let off = World::new();
    assert_eq!(off.call(call()).refusal(), (404, "version_off".to_owned()));
    let nobody = World::with(&[("v3_enabled", "true")]);
    assert_eq!(
        nobody.call(call()).refusal(),
        (403, "no_patient_in_version".to_owned())
    );
    // A grant that ends while the backend thinks.
    let database = world.database.clone();
    let (own, sent) = (record().to_string(), card().to_string());
    world.backend(move |request| {
        if !request.url.ends_with("/$generate-insurance-card") {
            return Ok(ok(Bytes::from(own.clone())));
        }
        database.run("UPDATE consent_grant SET ended_at = 2, end_reason = 'revoked' WHERE id = 1");
        Ok(ok(Bytes::from(sent.clone())))
    });
    assert_eq!(
        world.call(call()).refusal(),
        (403, "grant_revoked".to_owned())
    );
    let locked = self::world();
    locked.lock_down("all", "");
    assert_eq!(locked.call(call()).status, 503);
    assert!(locked.asked().is_empty());
}

/// One call, however often the backend is asked for it.
#[test]
fn a_card_counts_as_one_call_of_its_application() {
    let world = World::with(&[("v3_enabled", "true"), ("rate_limit_per_minute", "2")]);
    world.sql(&format!("UPDATE identity SET patient_id_v3 = '{OWN_V3}'"));
    answers(&world, &record(), &card().to_string());
    for left in ["1", "0"] {
        let answer = world.call(call());
        assert_eq!(
            (answer.status, answer.header("ratelimit-remaining")),
            (200, left)
        );
    }
    assert_eq!(
        world.call(call()).refusal(),
        (429, "rate_limited".to_owned())
    );
    assert_eq!(world.asked().len(), 4);
}

#[test]
fn who_has_no_card_gets_404() {
    let world = world();
    let empty = r#"{"resourceType":"Bundle","type":"searchset","meta":{"lastUpdated":"2026-11-27T00:00:00Z"}}"#;
    assert_eq!(
        refused(&world, &record(), empty),
        (404, "not_found".to_owned())
    );
    world.answers_with(404, &[], "");
    assert_eq!(world.call(call()).refusal(), (404, "not_found".to_owned()));
}

/// The record is read for the guard alone: it is held to what a search is held to, since the gateway named the person.
#[test]
fn a_card_is_not_asked_for_beside_a_record_that_is_not_the_persons() {
    let world = world();
    let mut other = record();
    other["id"] = json!(OTHER_V3);
    assert_eq!(refused(&world, &other, &card().to_string()), guarded());
    assert_eq!(world.asked().len(), 1);
    assert_eq!(
        world.audited(),
        ["fhir.card", "failed", "release_guard", "critical"]
    );
    let mut merged = record();
    merged["link"] = json!([{ "other": { "reference": "Patient/1" }, "type": "replaced-by" }]);
    assert_eq!(
        refused(&world, &merged, &card().to_string()),
        (403, "no_patient_in_version".to_owned())
    );
    merged["link"][0]["type"] = json!("replaces");
    answers(&world, &merged, &card().to_string());
    assert_eq!(world.call(call()).status, 200);
}

/// Somebody else's whole card, by whatever ids.
#[test]
fn another_persons_card_is_not_released() {
    let world = world();
    let text = card().to_string();
    for (from, to) in [
        (NUMBER, OTHER_NUMBER),
        ("Doe", "Smith"),
        ("1949-06-01", "1950-06-01"),
        (OWN_V3, OTHER_V3),
        (ON_CARD, OTHER_V3),
    ] {
        let other = text.replace(from, to);
        assert_ne!(other, text);
        assert_eq!(refused(&world, &record(), &other), guarded(), "{from}");
    }
    // A record that has no number proves no card.
    let mut bare = record();
    bare.as_object_mut().unwrap().remove("identifier");
    assert_eq!(refused(&world, &bare, &text), guarded());
}

#[test]
fn a_member_that_occurs_twice_makes_a_card_unproved() {
    let world = world();
    let text = card().to_string();
    for (from, to) in [
        (
            r#""name":[{"family":"Doe""#,
            r#""name":[{"family":"Smith","family":"Doe""#,
        ),
        (
            r#""birthDate":"#,
            r#""birthDate":"1950-06-01","birthDate":"#,
        ),
        (
            r#""subscriberId":"#,
            r#""subscriberId":"1S00E00AA99","subscriberId":"#,
        ),
        (r#""entry":"#, r#""entry":[],"entry":"#),
        (
            r#""type":"collection""#,
            r#""type":"collection","type":"collection""#,
        ),
    ] {
        let twice = text.replacen(from, to, 1);
        assert_ne!(twice, text, "{from}");
        assert_eq!(refused(&world, &record(), &twice), guarded(), "{from}");
    }
    for broken in [
        &text[1..],
        &text[..text.len() - 1],
        "",
        "null",
        "[]",
        "\u{feff}{}",
    ] {
        assert_eq!(refused(&world, &record(), broken), guarded());
    }
}

/// What is the person's passes in the other forms that backends give it.
#[test]
fn the_persons_own_card_passes_in_each_form() {
    let world = world();
    let forms: [(&str, Json); 6] = [
        // A former number of the person's, and one that the plan knows the person by.
        ("/entry/2/resource/subscriberId", json!(FORMER)),
        (
            "/entry/3/resource/identifier/0",
            json!({ "type": { "coding": [{ "code": "MB" }] }, "value": "194710044" }),
        ),
        (
            "/entry/2/resource/contained",
            json!([{ "resourceType": "Organization", "id": "o" }]),
        ),
        (
            "/entry/2/resource/beneficiary/reference",
            json!(format!("urn:uuid:{ON_CARD}")),
        ),
        (
            "/entry/0/resource/identifier",
            json!([{ "system": MBI, "value": NUMBER }]),
        ),
        (
            "/link",
            json!([{ "relation": "self", "url": format!("http://b/v3/fhir/Patient/{OWN_V3}/$generate-insurance-card") }]),
        ),
    ];
    for (pointer, value) in forms {
        let mut body = card();
        put(&mut body, pointer, value);
        answers(&world, &record(), &body.to_string());
        let answer = world.call(call());
        assert_eq!(answer.status, 200, "{pointer}");
        assert_eq!(answer.json(), body);
    }
    // By the id that the person has elsewhere.
    let text = card().to_string().replace(ON_CARD, OWN_V3);
    answers(&world, &record(), &text);
    assert_eq!(world.call(call()).status, 200);
}

/// The recorded card of the real backend. Its ids are left out of it, and its record is not among the recorded answers.
#[test]
fn the_recorded_card_is_released_to_its_person_and_to_nobody_else() {
    let Some(folder) = super::fixtures::folder() else {
        return;
    };
    let path = folder.join("v3/coverage-generate-insurance-card.json");
    let text = std::fs::read_to_string(path).unwrap();
    let body: Json = serde_json::from_str(&text).unwrap();
    let mut own = body["entry"][0]["resource"].clone();
    own["id"] = json!(OWN_V3);
    own["identifier"] = json!([{ "system": MBI, "value": "8Z73WV0QC20" }]);
    let world = world();
    answers(&world, &own, &text);
    let answer = world.call(call());
    assert_eq!(answer.status, 200, "{}", answer.problem());
    assert_eq!(answer.body, text);

    let other = World::with(&[("v3_enabled", "true")]);
    other.sql(&format!("UPDATE identity SET patient_id_v3 = '{OTHER_V3}'"));
    own["id"] = json!(OTHER_V3);
    assert_eq!(refused(&other, &own, &text), guarded());
    assert_eq!(refused(&world, &record(), &text), guarded());
}
