//! docs/contract/03-sign-in.md: who signs in, which patient that is, and a provider that fails or lies.

use super::*;

/// A sign-in of a new browser, up to the callback's answer.
fn attempt(world: &World, client: &Client, person: &Person) -> Answer {
    let browser = Browser::default();
    let started = world.authorize(&browser, client, &[]);
    world.sign_in(&browser, &started, person)
}

#[test]
fn subjects_of_1_and_255_bytes_go_the_whole_way_unchanged() {
    let world = World::new();
    let client = world.app("App");
    for (number, subject) in ["x".to_owned(), "y".repeat(255), "é".repeat(127)]
        .iter()
        .enumerate()
    {
        let (mbi, patient) = (format!("M{number}"), format!("-10{number}"));
        world.patient(&mbi, &[&patient]);
        let tokens = world.connect(&client, &Person::new(subject, &mbi));
        assert_eq!(world.userinfo(&tokens.access).json()["patient"], *patient);
        let stored = world.sql(&format!(
            "SELECT subject FROM identity WHERE patient_id = '{patient}'"
        ));
        assert_eq!(stored[0][0], Value::Blob(subject.as_bytes().to_vec()));
    }
}

#[test]
fn subjects_of_no_or_256_bytes_are_refused() {
    let world = World::new();
    let client = world.app("App");
    for subject in [String::new(), "y".repeat(256), "é".repeat(128)] {
        let answer = attempt(&world, &client, &Person::new(&subject, "1S00A00AA01"));
        answer.is_page(502, "id_token_invalid");
    }
    assert_eq!(world.count("identity"), 0);
}

#[test]
fn subjects_that_differ_in_case_unicode_form_or_a_space_are_different_people() {
    let world = World::new();
    let client = world.app("App");
    let subjects = [
        "ab\u{e9}",
        "abe\u{301}",
        "AB\u{e9}",
        "ab\u{e9} ",
        " ab\u{e9}",
        "ab\u{e9}\u{200b}",
    ];
    let patient_of = |number: usize, subject: &str| {
        let tokens = world.connect(&client, &Person::new(subject, &format!("M{number}")));
        world.userinfo(&tokens.access).json()["patient"].clone()
    };
    for (number, subject) in subjects.iter().enumerate() {
        world.patient(&format!("M{number}"), &[&format!("{number}")]);
        assert_eq!(patient_of(number, subject), number.to_string());
    }
    for (number, subject) in subjects.iter().enumerate() {
        assert_eq!(
            patient_of(number, subject),
            number.to_string(),
            "{subject:?}"
        );
    }
    assert_eq!(world.count("identity"), 6);
}

#[test]
fn a_subject_of_another_form_than_promised_is_refused() {
    let world = World::with(&[("idp_subject_form", "uuid")]);
    let client = world.app("App");
    attempt(&world, &client, &anne()).is_page(403, "subject_form");
    // 96 of 128 bits: what was cut in December 2019.
    let cut = Person::new("0b54e1a7-7c0d-4c4e-9d2b-61e3", "1S00A00AA01");
    attempt(&world, &client, &cut).is_page(403, "subject_form");
    let whole = Person::new("0b54e1a7-7c0d-4c4e-9d2b-61e3f0a1b2c3", "1S00A00AA01");
    assert_eq!(attempt(&world, &client, &whole).status, 303);
}

#[test]
fn two_subjects_for_one_patient_are_a_conflict_that_holds_both() {
    let world = World::new();
    let client = world.app("App");
    assert_eq!(attempt(&world, &client, &anne()).status, 303);
    let second = Person::new("somebody", &anne().mbi);
    attempt(&world, &client, &second).is_page(403, "identity_conflict");
    assert_eq!(
        world.audited(0),
        ["signin", "refused", "identity_conflict", "critical"]
    );
    for person in [&anne(), &second] {
        attempt(&world, &client, person).is_page(403, "identity_conflict");
    }
    assert_eq!(attempt(&world, &client, &bert()).status, 303);
    assert_eq!(
        world.count("identity WHERE patient_id = '-1' AND subject = CAST('anne' AS BLOB)"),
        1
    );
}

#[test]
fn a_changed_patient_id_is_a_conflict_that_holds_both_people() {
    let world = World::new();
    let client = world.app("App");
    assert_eq!(attempt(&world, &client, &anne()).status, 303);
    assert_eq!(attempt(&world, &client, &bert()).status, 303);
    world.patient(&anne().mbi, &["-2"]);
    attempt(&world, &client, &anne()).is_page(403, "identity_conflict");
    assert_eq!(world.audited(0)[3], "critical");
    world.patient(&anne().mbi, &["-1"]);
    for person in [&anne(), &bert()] {
        attempt(&world, &client, person).is_page(403, "identity_conflict");
    }
    assert_eq!(world.count("identity WHERE held_at IS NOT NULL"), 2);
    assert_eq!(
        world.count("identity WHERE patient_id = '-1' AND subject = CAST('anne' AS BLOB)"),
        1
    );
}

#[test]
fn two_patients_for_one_medicare_number_are_a_conflict_and_none_is_not_found() {
    let world = World::new();
    let client = world.app("App");
    world.patient(&anne().mbi, &["-1", "-9"]);
    attempt(&world, &client, &anne()).is_page(403, "identity_conflict");
    assert_eq!(
        world.audited(0),
        ["signin", "refused", "identity_conflict", "critical"]
    );
    world.patient(&anne().mbi, &[]);
    attempt(&world, &client, &anne()).is_page(404, "not_found");
    assert_eq!(world.count("identity"), 0);
}

#[test]
fn a_new_key_of_the_provider_is_fetched_when_it_is_first_seen() {
    // Also where the keys were read only just before.
    for seconds in [0, 30] {
        let world = World::new();
        let client = world.app("App");
        assert_eq!(attempt(&world, &client, &anne()).status, 303);
        assert_eq!(world.outside.asked("/keys"), 1);
        world.advance(seconds);
        world.outside.change(|outside| {
            outside.kids = vec!["k1", "k2"];
            outside.signs_with = "k2";
        });
        assert_eq!(attempt(&world, &client, &anne()).status, 303);
        assert_eq!(world.outside.asked("/keys"), 2);
        assert_eq!(attempt(&world, &client, &anne()).status, 303);
        assert_eq!(world.outside.asked("/keys"), 2);
    }
}

#[test]
fn an_unknown_key_asks_the_provider_at_most_once_in_ten_seconds() {
    let world = World::new();
    let client = world.app("App");
    assert_eq!(attempt(&world, &client, &anne()).status, 303);
    world.advance(30);
    world.outside.change(|outside| outside.signs_with = "k9");
    for _ in 0..5 {
        attempt(&world, &client, &anne()).is_page(502, "id_token_invalid");
    }
    assert_eq!(world.outside.asked("/keys"), 2);
}

#[test]
fn a_provider_that_is_down_at_the_start_can_be_tried_again() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    world.outside.change(|outside| outside.provider_down = true);
    let down = world.authorize(&browser, &client, &[]);
    down.is_page(503, "provider_unavailable");
    world
        .outside
        .change(|outside| outside.provider_down = false);
    let started = browser.get(&world, &down.button());
    let back = world.sign_in(&browser, &started, &anne());
    let page = ConsentForm::of(&browser.get(&world, back.location()));
    let code = world.decide(&browser, &page, "allow", "share").code();
    world.exchange(&client, &code).tokens();
}

#[test]
fn a_provider_or_backend_that_is_down_at_the_callback_can_be_tried_again() {
    for (down, code) in [
        (
            (|outside, down| outside.provider_down = down) as fn(&mut outside::State, bool),
            "provider_unavailable",
        ),
        (
            |outside, down| outside.backend_down = down,
            "backend_unavailable",
        ),
    ] {
        let world = World::new();
        let client = world.app("App");
        let browser = Browser::default();
        let started = world.authorize(&browser, &client, &[]);
        world.outside.change(|outside| down(outside, true));
        let failed = world.sign_in(&browser, &started, &anne());
        failed.is_page(503, code);
        assert_eq!(world.audited(0)[..3], ["signin", "refused", code]);
        world.outside.change(|outside| down(outside, false));
        let started = browser.get(&world, &failed.button());
        let back = world.sign_in(&browser, &started, &anne());
        let page = ConsentForm::of(&browser.get(&world, back.location()));
        world.decide(&browser, &page, "allow", "share").code();
    }
}

#[test]
fn the_patient_lookup_is_retried_once_and_only_where_no_connection_came_about() {
    let world = World::new();
    let client = world.app("App");
    world.outside.change(|outside| outside.backend_down = true);
    attempt(&world, &client, &anne()).is_page(503, "backend_unavailable");
    assert_eq!(world.outside.asked(LOOKUP), 2);

    let world = World::new();
    let client = world.app("App");
    world
        .outside
        .change(|outside| outside.backend_broken = true);
    attempt(&world, &client, &anne()).is_page(503, "backend_unavailable");
    assert_eq!(world.outside.asked(LOOKUP), 1);
}

#[test]
fn sign_ins_and_fhir_calls_share_one_circuit_breaker() {
    let world = World::new();
    let client = world.app("App");
    let token = world.connect(&client, &anne()).access;
    world
        .outside
        .change(|outside| outside.backend_broken = true);
    for _ in 0..20 {
        attempt(&world, &client, &anne());
        world.send(Call::get("/v2/fhir/Patient").bearer(&token));
    }
    // At the sign-in and with a token, that is one person.
    assert_eq!(world.count("audit WHERE code = 'breaker_open'"), 0);
    attempt(&world, &client, &bert());
    assert_eq!(world.count("audit WHERE code = 'breaker_open'"), 1);
    // Nobody waits for a backend that is known to fail, and nobody asks it.
    let asked = world.outside.asked("/sandbox/claims/");
    attempt(&world, &client, &anne()).is_page(503, "backend_unavailable");
    let fhir = world.send(Call::get("/v2/fhir/Patient").bearer(&token));
    assert_eq!(fhir.refusal(), (503, "backend_busy".to_owned()));
    assert_eq!(world.outside.asked("/sandbox/claims/"), asked);

    // Five seconds later a sign-in may be the one that tries, and closes it for everybody.
    world
        .outside
        .change(|outside| outside.backend_broken = false);
    world.advance(6);
    world.connect(&client, &anne());
    let fhir = world.send(Call::get("/v2/fhir/Patient").bearer(&token));
    assert_eq!(fhir.status, 200);
    assert_eq!(world.count("audit WHERE code = 'breaker_closed'"), 1);
}

#[test]
fn an_id_token_that_says_something_else_is_refused() {
    let world = World::new();
    let client = world.app("App");
    let now = world.clock.now().seconds();
    for (claim, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("other")),
        ("aud", json!(["bluegate-sandbox", "other"])),
        ("nonce", json!("other")),
        ("nonce", Json::Null),
        ("exp", json!(now - 61)),
        ("iat", json!(now + 61)),
        ("sub", json!(17)),
    ] {
        world
            .outside
            .change(|outside| outside.claims = [(claim, value.clone())].into());
        let answer = attempt(&world, &client, &anne());
        assert_eq!(
            (answer.status, answer.page_error().as_str()),
            (502, "id_token_invalid"),
            "{claim}={value}"
        );
        assert_eq!(
            world.audited(0)[..3],
            ["signin", "refused", "id_token_invalid"]
        );
    }
    assert_eq!(world.count("identity"), 0);
}

/// A code of somebody else's sign-in, at a provider that does not look at the verifier: the nonce is what is left.
#[test]
fn a_sign_in_with_the_nonce_of_another_is_refused() {
    let world = World::new();
    let client = world.app("App");
    world
        .outside
        .change(|outside| outside.ignores_verifiers = true);
    let (victim, attacker) = (Browser::default(), Browser::default());
    let code = |back: &str| between(back, "code=", "&");
    let started = world.authorize(&victim, &client, &[]);
    let back = world.outside.sign_in(started.location(), &anne());
    let other = world.authorize(&attacker, &client, &[]);
    let injected = world.outside.sign_in(other.location(), &bert());
    let mixed = back.replace(&code(&back), &code(&injected));
    let answer = victim.get(&world, &mixed);
    answer.is_page(502, "id_token_invalid");
    assert_eq!(world.count("identity"), 0, "nobody was signed in");
    // The own code of the same sign-in is good.
    assert_eq!(victim.get(&world, &back).status, 303);
}

#[test]
fn an_id_token_with_a_wrong_signature_or_none_is_refused() {
    let world = World::new();
    let client = world.app("App");
    let forgeries: [fn(String) -> String; 3] = [
        |token| {
            let (head, signature) = token.rsplit_once('.').unwrap();
            format!("{head}.{}", signature.chars().rev().collect::<String>())
        },
        // {"alg":"none","kid":"k1"}
        |token| {
            format!(
                "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.{}.",
                token.split('.').nth(1).unwrap()
            )
        },
        |_| "not.a.token".to_owned(),
    ];
    for forge in forgeries {
        world.outside.change(|outside| outside.forge = Some(forge));
        attempt(&world, &client, &anne()).is_page(502, "id_token_invalid");
    }
    assert_eq!(world.count("identity"), 0);
}

#[test]
fn an_answer_of_another_issuer_or_with_an_error_is_refused() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let started = world.authorize(&browser, &client, &[]);
    let back = world.outside.sign_in(started.location(), &anne());
    let with = |more: &str| browser.get(&world, &format!("{back}{more}"));
    with("&iss=https%3A%2F%2Fother.example").is_page(502, "id_token_invalid");
    with("&error=access_denied").is_page(400, "signin_cancelled");
    with("&error=server_error").is_page(400, "signin_refused");
    // Nothing was consumed by them.
    assert_eq!(
        with("&iss=http%3A%2F%2F127.0.0.1%3A3000%2Fsandbox%2Fidp").status,
        303
    );
}

#[test]
fn a_callback_that_is_repeated_signs_nobody_in_twice() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let started = world.authorize(&browser, &client, &[]);
    let back = world.outside.sign_in(started.location(), &anne());
    assert_eq!(browser.get(&world, &back).status, 303);
    // The provider refuses its used code; the first sign-in stands.
    let again = browser.get(&world, &back);
    again.is_page(400, "signin_refused");
    assert_eq!(browser.get(&world, &again.button()).status, 303);
}

#[test]
fn prompt_login_is_passed_on() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let url = |changes: &[(&str, &str)]| {
        world
            .authorize(&browser, &client, changes)
            .location()
            .to_owned()
    };
    assert!(!url(&[]).contains("prompt="));
    assert!(url(&[("prompt", "login")]).contains("prompt=login"));
    assert!(url(&[("prompt", "consent login")]).contains("prompt=login"));
}

/// docs/contract/02-authorize.md: the account that an application means is a hint to the provider, and nothing else
/// is done with it.
#[test]
fn a_login_hint_is_passed_on_where_it_can_be_one() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let url = |hint: &str| {
        world
            .authorize(&browser, &client, &[("login_hint", hint)])
            .location()
            .to_owned()
    };
    assert!(url("BBUser00100").contains("login_hint=BBUser00100"));
    assert!(url("a@b.example&prompt=none").contains("login_hint=a%40b.example%26prompt%3Dnone"));
    let long = "x".repeat(256);
    for bad in ["", "a\nb", "\u{7f}", long.as_str()] {
        assert!(!url(bad).contains("login_hint"), "{bad:?}");
    }
}

/// docs/contract/03-sign-in.md: browsers send no cookie with a form of another site, so a provider that answers by
/// one is not heard.
#[test]
fn the_callback_takes_no_form() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let started = world.authorize(&browser, &client, &[]);
    let back = world.outside.sign_in(started.location(), &anne());
    let answer = browser.send(&world, Call::post(&back));
    assert_eq!((answer.status, answer.header("allow")), (405, "GET,HEAD"));
    assert_eq!(browser.get(&world, &back).status, 303);
}

#[test]
fn rs256_and_eddsa_are_accepted_beside_es256() {
    for signer in [keys::rsa(), keys::ed25519()] {
        let world = World::new();
        let client = world.app("App");
        world
            .outside
            .change(|outside| outside.signer = Some(signer.clone()));
        assert_eq!(
            attempt(&world, &client, &anne()).status,
            303,
            "{:?}",
            signer.algorithm
        );
        // The same key under another key's name is refused.
        world
            .outside
            .change(|outside| outside.forge = Some(|token| token.replacen('A', "B", 1)));
        assert_ne!(attempt(&world, &client, &anne()).status, 303);
    }
}

#[test]
fn provider_metadata_of_another_issuer_is_refused() {
    let world = World::new();
    let client = world.app("App");
    for issuer in [
        "https://other.example",
        "http://127.0.0.1:3000/sandbox/idp/",
    ] {
        world.outside.change(|outside| outside.issuer = issuer);
        let answer = world.authorize(&Browser::default(), &client, &[]);
        answer.is_page(503, "provider_unavailable");
    }
    world
        .outside
        .change(|outside| outside.issuer = outside::ISSUER);
    assert_eq!(attempt(&world, &client, &anne()).status, 303);
}

#[test]
fn the_patient_is_looked_up_at_each_sign_in_and_the_number_is_in_no_url() {
    let world = World::new();
    let client = world.app("App");
    for _ in 0..3 {
        assert_eq!(attempt(&world, &client, &anne()).status, 303);
    }
    assert_eq!(
        world
            .outside
            .asked("POST http://127.0.0.1:3000/sandbox/claims/v2/fhir/Patient/_search"),
        3
    );
    assert_eq!(world.outside.asked(&anne().mbi), 0);
}

/// In the id space of v1 and v2; v3 is asked as well.
const LOOKUP: &str = "v2/fhir/Patient/_search";
