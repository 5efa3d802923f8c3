//! v3, where it is on: a patient id of its own from the sign-in to the last call (docs/contract/03-sign-in.md to
//! 08-userinfo.md).

use super::*;

/// Anne is 700 in v3, Bert is not there.
fn world() -> World {
    let world = World::with(&[("v3_enabled", "true")]);
    world.patient_v3(&anne().mbi, &["700"]);
    world
}

/// A sign-in of a new browser, up to the callback's answer.
fn attempt(world: &World, client: &Client, person: &Person) -> Answer {
    let browser = Browser::default();
    let started = world.authorize(&browser, client, &[]);
    world.sign_in(&browser, &started, person)
}

fn get(world: &World, access: &str, path: &str) -> Answer {
    world.send(Call::get(path).bearer(access))
}

/// The code of an OperationOutcome.
fn outcome(answer: &Answer) -> (u16, String) {
    let json = answer.json();
    assert_eq!(
        json["resourceType"],
        "OperationOutcome",
        "{}",
        answer.text()
    );
    let code = json["issue"][0]["details"]["coding"][0]["code"]
        .as_str()
        .unwrap();
    (answer.status, code.to_owned())
}

#[test]
fn the_whole_flow_on_v3_uses_the_id_of_v3_everywhere() {
    let world = world();
    let client = world.app("App");
    let browser = Browser::default();
    let parameters = request_of(&client);
    let started = browser.get(&world, &format!("/v3/o/authorize/?{}", form(parameters)));
    let back = world.sign_in(&browser, &started, &anne());
    assert!(back.location().starts_with("/v3/o/authorize/consent"));
    let page = ConsentForm::of(&browser.get(&world, back.location()));
    let fields = [
        ("transaction", page.transaction.as_str()),
        ("csrf", &page.csrf),
        ("decision", "allow"),
        ("demographics", "share"),
    ];
    let decided = browser.send(&world, Call::post("/v3/o/authorize/consent").form(fields));
    let answer =
        world.send(Call::post("/v3/o/token/").client(&client, &exchange_form(&decided.code())));
    assert_eq!(answer.json()["patient"], "700");
    let tokens = answer.tokens();

    let answer =
        world.send(Call::post("/v3/o/introspect/").client(&client, &[("token", &tokens.access)]));
    assert_eq!(answer.json()["patient"], "700");
    let person = get(&world, &tokens.access, "/v3/connect/userinfo").json();
    assert_eq!(
        (&person["sub"], &person["patient"]),
        (&json!("700"), &json!("700"))
    );
    let read = get(&world, &tokens.access, "/v3/fhir/Patient/700");
    assert_eq!(
        (read.status, read.json()["id"].clone()),
        (200, json!("700"))
    );
    let claims = get(&world, &tokens.access, "/v3/fhir/ExplanationOfBenefit").json();
    assert_eq!(
        claims["entry"][0]["resource"]["patient"]["reference"],
        "Patient/700"
    );
    assert_eq!(
        world
            .outside
            .asked("/v3/fhir/ExplanationOfBenefit?patient=700&"),
        1
    );
    let refreshed =
        world.send(Call::post("/v3/o/token/").client(&client, &refresh_form(&tokens.refresh)));
    assert_eq!(refreshed.json()["patient"], "700");
    let access = refreshed.tokens().access;
    world.send(Call::post("/v3/o/revoke/").client(&client, &[("token", &access)]));
    assert_eq!(
        outcome(&get(&world, &access, "/v3/fhir/Patient/700")),
        (403, "grant_revoked".to_owned())
    );
}

/// One token, two id spaces: each version is given its own id, and the other space's is another person's.
#[test]
fn one_token_serves_all_versions_each_with_its_own_id() {
    let world = world();
    let client = world.app("App");
    let code = world.code(&client, &anne(), "patient/*.rs profile");
    let tokens = world.exchange(&client, &code).tokens();
    for version in ["v1", "v2", "v3"] {
        let (own, other) = if version == "v3" {
            ("700", "-1")
        } else {
            ("-1", "700")
        };
        let path = |path: &str| format!("/{version}/{path}");
        let asked = |answer: Answer| answer.status;
        let get = |path: String| get(&world, &tokens.access, &path);
        assert_eq!(get(path("connect/userinfo")).json()["patient"], own);
        assert_eq!(asked(get(path(&format!("fhir/Patient/{own}")))), 200);
        assert_eq!(asked(get(path(&format!("fhir/Patient/{other}")))), 404);
        assert_eq!(
            asked(get(path(&format!("fhir/Coverage/part-a-{other}")))),
            404
        );
        let search = path("fhir/ExplanationOfBenefit");
        assert_eq!(asked(get(format!("{search}?patient={own}"))), 200);
        assert_eq!(asked(get(format!("{search}?patient={other}"))), 403);
    }
    assert_eq!(world.outside.asked("v3/fhir/Patient/-1"), 0);
    assert_eq!(world.outside.asked("v2/fhir/Patient/700"), 0);
}

#[test]
fn who_is_not_in_v3_signs_in_and_gets_403_there() {
    let world = world();
    let client = world.app("App");
    let tokens = world.connect(&client, &bert());
    for path in [
        "v3/connect/userinfo",
        "v3/fhir/Patient",
        "v3/fhir/Patient/-2",
    ] {
        assert_eq!(
            outcome(&get(&world, &tokens.access, &format!("/{path}"))),
            (403, "no_patient_in_version".to_owned()),
            "{path}"
        );
        assert_eq!(world.audited(0)[1..3], ["refused", "no_patient_in_version"]);
    }
    assert_eq!(world.outside.asked("v3/fhir/Patient/-2"), 0);
    assert_eq!(world.claims(&tokens.access).status, 200);
    let refreshed =
        world.send(Call::post("/v3/o/token/").client(&client, &refresh_form(&tokens.refresh)));
    assert_eq!(refreshed.status, 200);
    assert_eq!(refreshed.json().get("patient"), None);
}

/// docs/contract/03-sign-in.md: v3 may be switched on later.
#[test]
fn the_id_of_v3_is_filled_in_at_the_next_sign_in() {
    let world = world();
    let client = world.app("App");
    let tokens = world.connect(&client, &bert());
    world.patient_v3(&bert().mbi, &["701"]);
    assert_eq!(get(&world, &tokens.access, "/v3/fhir/Patient").status, 403);
    assert_eq!(attempt(&world, &client, &bert()).status, 303);
    // Tokens that he gave earlier are his, too.
    assert_eq!(
        get(&world, &tokens.access, "/v3/fhir/Patient/701").status,
        200
    );
    // It is not taken away again.
    world.patient_v3(&bert().mbi, &[]);
    assert_eq!(attempt(&world, &client, &bert()).status, 303);
    assert_eq!(
        get(&world, &tokens.access, "/v3/fhir/Patient/701").status,
        200
    );
}

#[test]
fn while_v3_is_off_nobody_is_looked_up_there() {
    let world = World::with(&[("v3_enabled", "false")]);
    world.patient_v3(&anne().mbi, &["700"]);
    let client = world.app("App");
    assert_eq!(attempt(&world, &client, &anne()).status, 303);
    assert_eq!(world.outside.asked("/v3/"), 0);
    assert_eq!(world.count("identity WHERE patient_id_v3 IS NULL"), 1);
}

#[test]
fn a_changed_patient_id_of_v3_is_a_conflict_that_holds_both_people() {
    let world = world();
    let client = world.app("App");
    world.patient_v3(&bert().mbi, &["701"]);
    for person in [anne(), bert()] {
        assert_eq!(attempt(&world, &client, &person).status, 303);
    }
    world.patient_v3(&anne().mbi, &["701"]);
    attempt(&world, &client, &anne()).is_page(403, "identity_conflict");
    assert_eq!(
        world.audited(0),
        ["signin", "refused", "identity_conflict", "critical"]
    );
    world.patient_v3(&anne().mbi, &["700"]);
    for person in [anne(), bert()] {
        attempt(&world, &client, &person).is_page(403, "identity_conflict");
    }
    assert_eq!(world.count("identity WHERE held_at IS NOT NULL"), 2);
    assert_eq!(
        world.count("identity WHERE patient_id = '-1' AND patient_id_v3 = '700'"),
        1
    );
}

#[test]
fn a_patient_of_v3_that_another_subject_has_is_a_conflict_that_holds_both() {
    let world = world();
    let client = world.app("App");
    assert_eq!(attempt(&world, &client, &anne()).status, 303);
    world.patient_v3(&bert().mbi, &["700"]);
    attempt(&world, &client, &bert()).is_page(403, "identity_conflict");
    assert_eq!(world.audited(0)[3], "critical");
    for person in [anne(), bert()] {
        attempt(&world, &client, &person).is_page(403, "identity_conflict");
    }
    assert_eq!(world.count("identity"), 1);
}

#[test]
fn two_patients_of_v3_for_one_medicare_number_are_a_conflict() {
    let world = world();
    let client = world.app("App");
    world.patient_v3(&anne().mbi, &["700", "701"]);
    attempt(&world, &client, &anne()).is_page(403, "identity_conflict");
    assert_eq!(world.audited(0)[3], "critical");
    assert_eq!(world.count("identity"), 0);
}

/// v3 answers internal errors as plain text.
#[test]
fn a_v3_backend_that_fails_can_be_tried_again() {
    let world = world();
    let client = world.app("App");
    world.outside.change(|outside| outside.v3_down = true);
    attempt(&world, &client, &anne()).is_page(503, "backend_unavailable");
    assert_eq!(world.count("identity"), 0);
    world.outside.change(|outside| outside.v3_down = false);
    let tokens = world.connect(&client, &anne());
    world.outside.change(|outside| outside.v3_down = true);
    assert_eq!(
        outcome(&get(&world, &tokens.access, "/v3/fhir/Patient")),
        (502, "backend_error".to_owned())
    );
    assert_eq!(world.claims(&tokens.access).status, 200);
}

/// What no FHIR handler ever sees, as well.
#[test]
fn errors_of_the_router_below_v3_are_operation_outcomes() {
    let world = world();
    let tokens = world.connect(&world.app("App"), &anne());
    for path in [
        "/v3/fhir/Claim",
        "/v3/fhir/Coverage/x/junk",
        "/v3/fhir/Patient/_history/1",
    ] {
        let answer = get(&world, &tokens.access, path);
        assert_eq!(outcome(&answer), (404, "not_found".to_owned()), "{path}");
        assert_eq!(answer.header("content-type"), "application/fhir+json");
    }
    let answer = world.send(Call::post("/v3/fhir/Patient").bearer(&tokens.access));
    assert_eq!(outcome(&answer), (405, "method_not_allowed".to_owned()));
    assert!(answer.header("allow").contains("GET"));
    let off = World::with(&[("v3_enabled", "false")]);
    let answer = off.send(Call::get("/v3/fhir/metadata"));
    assert_eq!(outcome(&answer), (404, "version_off".to_owned()));
    // Elsewhere it is the JSON of all routes.
    let answer = world.send(Call::get("/v2/fhir/Claim"));
    assert_eq!(answer.json()["code"], "not_found");
    // Userinfo answers in the shape of the FHIR routes.
    let answer = off.send(Call::get("/v3/connect/userinfo"));
    assert_eq!(outcome(&answer), (404, "version_off".to_owned()));
}
