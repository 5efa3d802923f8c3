//! The incident drill (docs/incident-drill.md): the fault of December 2019 is planted, and each layer catches it on
//! its own, with the layers before it out of the way. Then the audit alone says who was affected.

use super::ops::operators;
use super::*;
use crate::base::secret::{hex, keyed_hash};
use crate::signin::planted::{Fault, Planted, cut};

/// The same 96 bits, and another person.
const ANNE: &str = "0b54e1a7-7c0d-4c4e-9d2b-61e3f0a1b2c3";
const BERT: &str = "0b54e1a7-7c0d-4c4e-9d2b-61e3ffffffff";
const CAROL: &str = "77777777-7c0d-4c4e-9d2b-61e3f0a1b2c3";

fn anne() -> Person {
    Person::new(ANNE, "1S00A00AA01")
}

fn bert() -> Person {
    Person::new(BERT, "1S00A00AA02")
}

fn carol() -> Person {
    Person::new(CAROL, "1S00A00AA03")
}

fn world(more: &[(&'static str, &str)]) -> World {
    let operators = operators();
    let mut variables = vec![("operators", operators.as_str())];
    variables.extend_from_slice(more);
    let world = World::with(&variables);
    world.patient("1S00A00AA03", &["-3"]);
    world
}

/// Kinds of the open alerts, once everything is drained.
fn alerts(world: &World) -> Vec<String> {
    world.drain();
    let alerts = world.send(Call::get("/ops/alerts").bearer("reader")).json();
    let mut kinds: Vec<_> = alerts["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort_unstable();
    kinds
}

fn attempt(world: &World, client: &Client, person: &Person) -> Answer {
    let browser = Browser::default();
    let started = world.authorize(&browser, client, &[]);
    world.sign_in(&browser, &started, person)
}

/// Without the fault the two are two people.
#[test]
fn without_the_fault_each_sees_their_own_and_nothing_is_found() {
    let world = world(&[("idp_subject_form", "uuid")]);
    let client = world.app("One");
    for person in [anne(), bert()] {
        let tokens = world.connect(&client, &person);
        assert_eq!(world.claims(&tokens.access).status, 200);
    }
    assert_eq!(alerts(&world), Vec::<String>::new());
    let found = world
        .send(Call::get("/ops/incident").bearer("reader"))
        .json();
    assert_eq!(found, json!({ "affected": [] }));
}

/// Layer 1, types: shown by the compile-fail tests of `Subject`. What gets past them has the promised form no more.
#[test]
fn types_and_form_a_cut_subject_is_no_uuid() {
    let world = world(&[("idp_subject_form", "uuid")]);
    let client = world.app("One");
    let whole = bluegate_shared::id::Subject::parse(BERT).unwrap();
    let shortened = String::from_utf8(Vec::from(cut(&whole).whole())).unwrap();
    assert_eq!(shortened.len(), 28);
    // The provider's side of the adapter is where it is cut: the id_token says so.
    let answer = attempt(&world, &client, &Person::new(&shortened, "1S00A00AA02"));
    answer.is_page(403, "subject_form");
    assert_eq!(world.count("identity"), 0);
}

/// Layer 2, schema: bytes that are fewer than were measured are not stored, and two people are not one row.
#[test]
fn schema_a_cut_subject_is_not_what_was_measured() {
    let world = world(&[]);
    let insert = |subject: &str, length: usize, patient: &str| {
        block_on(world.app.database.execute(
            crate::base::ports::Durability::Durable,
            "INSERT INTO identity (issuer, subject, subject_length, patient_id, created_at, request_id)
             VALUES ('i', ?, ?, ?, 1, 'r')",
            vec![
                subject.as_bytes().into(),
                i64::try_from(length).unwrap().into(),
                patient.into(),
            ],
        ))
    };
    assert!(insert(&BERT[..28], BERT.len(), "-2").is_err());
    assert!(
        insert(&ANNE[..28], 28, "-1").is_ok(),
        "what was measured after the cut"
    );
    assert!(
        insert(&BERT[..28], 28, "-2").is_err(),
        "is one row, not two"
    );
    assert!(
        insert(BERT, BERT.len(), "-1").is_err(),
        "and a patient has one"
    );
}

/// Layer 3, identity rules: the cut subject is known with another patient.
#[test]
fn identity_rules_a_known_subject_with_another_patient_stops_both() {
    let world = world(&[]);
    let client = world.app("One");
    let _planted = Planted::plant(Fault::Cut);
    let tokens = world.connect(&client, &anne());
    attempt(&world, &client, &bert()).is_page(403, "identity_conflict");
    attempt(&world, &client, &anne()).is_page(403, "identity_conflict");
    assert_eq!(world.count("consent_grant"), 1, "nobody got a second grant");
    assert_eq!(
        world.claims(&tokens.access).status,
        200,
        "what was right goes on"
    );
    assert_eq!(alerts(&world), ["identity_conflict"]);
}

/// Layer 4, release guard: the same cut one step further back, in what gives claims to people.
#[test]
fn guard_claims_of_the_other_person_are_not_released() {
    let world = world(&[]);
    let client = world.app("One");
    world.connect(&client, &anne());
    let tokens = world.connect(&client, &bert());
    world
        .outside
        .change(|outside| outside.claims_owner = Some("-1"));
    let answer = world.claims(&tokens.access);
    answer.is_refused(502, "release_guard");
    assert!(!answer.text().contains("carrier"));
    assert_eq!(alerts(&world), ["release_guard"]);
}

/// Layer 5, watch: with types, form, schema, rules and guard all passed, the audit has what the provider said.
#[test]
fn watch_two_accounts_of_one_person_are_an_alert_within_one_drain() {
    let world = world(&[]);
    let client = world.app("One");
    let _planted = Planted::plant(Fault::CutAndCached);
    world.connect(&client, &anne());
    assert_eq!(alerts(&world), Vec::<String>::new());
    let tokens = world.connect(&client, &bert());
    assert_eq!(
        world.claims(&tokens.access).status,
        200,
        "as it was in 2019"
    );
    assert_eq!(alerts(&world), ["two_subjects"]);
}

/// Layer 6, lock-down: by rule before the second person's application has read anything, or by an operator.
#[test]
fn lock_down_nothing_more_is_released() {
    let world = world(&[("lock_down_rules", "two_subjects:all")]);
    let client = world.app("One");
    let _planted = Planted::plant(Fault::CutAndCached);
    let tokens = world.connect(&client, &anne());
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &bert(), SCOPE);
    // The sign-in is enough; this is what an instance does after its answer.
    world.drain();
    let decided = world.decide(&browser, &page, "allow", "share");
    browser
        .get(&world, decided.location())
        .is_page(503, "locked_down");
    world.claims(&tokens.access).is_refused(503, "locked_down");
    assert_eq!(world.count("consent_grant"), 1);
}

/// Layer 7, audit: exactly whose data reached whom, through which applications.
#[test]
fn audit_says_exactly_who_was_affected_and_through_which_applications() {
    let world = world(&[]);
    let (one, two, three) = (world.app("One"), world.app("Two"), world.app("Three"));
    let fault = Planted::plant(Fault::CutAndCached);
    for client in [&one, &three] {
        let tokens = world.connect(client, &anne());
        world.claims(&tokens.access);
    }
    let carols = world.connect(&one, &carol());
    world.claims(&carols.access);
    // Bert sees Anne's claims in one application, twice, and in another only gets a token.
    world.advance(60);
    let berts = world.connect(&one, &bert());
    world.claims(&berts.access);
    world.send(Call::get("/v2/fhir/Patient/-1").bearer(&berts.access));
    world.userinfo(&berts.access);
    world.connect(&two, &bert());
    drop(fault);
    // And later the build is replaced; Carol goes on.
    world.claims(&carols.access);

    let found = world
        .send(Call::get("/ops/incident").bearer("reader"))
        .json();
    let config = &world.app.config;
    let person = hex(&keyed_hash(&config.audit_key, "person", &[b"-1"]));
    let account = |subject: &str| {
        let issuer = config.idp_issuer.as_str().as_bytes();
        hex(&keyed_hash(
            &config.audit_key,
            "account",
            &[issuer, subject.as_bytes()],
        ))
    };
    let affected: Vec<_> = found["affected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            assert_eq!(item["person"], person, "whose data it was");
            assert_eq!(item["account"], account(BERT), "who saw it");
            (
                item["client_id"].clone(),
                item["answers"].clone(),
                item["tokens"].clone(),
            )
        })
        .collect();
    assert_eq!(
        affected,
        [
            (json!(one.id), json!(3), json!(1)),
            (json!(two.id), json!(0), json!(1)),
        ]
    );
    let flow = found["affected"][0]["flows"][0].as_str().unwrap();
    let calls = world.count(&format!(
        "audit WHERE flow_id = '{flow}' AND outcome = 'ok' AND (action LIKE 'fhir.%' OR action = 'userinfo')"
    ));
    assert_eq!(calls, 3, "each call can be found by its flow");
    for secret in [
        "1S00A00AA01",
        "1S00A00AA02",
        ANNE,
        BERT,
        "\"-1\"",
        "Patient/",
    ] {
        assert!(!found.to_string().contains(secret), "{secret}");
    }

    // Only what came later, where that is wanted.
    let since = jiff::Timestamp::from_millisecond(world.clock.now().0 + 1).unwrap();
    let later = world
        .send(Call::get(&format!("/ops/incident?since={since}")).bearer("reader"))
        .json();
    assert_eq!(later, json!({ "affected": [] }));
    world
        .send(Call::get("/ops/incident?since=yesterday").bearer("reader"))
        .is_refused(400, "invalid_parameter");
    assert_eq!(world.send(Call::get("/ops/incident")).status, 401);
}
