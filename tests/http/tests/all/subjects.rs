//! The fault of December 2019: two people whose subjects share their first 96 bits.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bluegate_http_tests::{
    Consent, Flow, Stack, Tokens, challenge, password, post_sign_in, verifier,
};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::support::{assert_problem, entries, pages, public, tokens_of};

const ONE: &str = "BBHard01";
const TWO: &str = "BBHard02";
const PATIENT_ONE: &str = "-20190000000001";
const PATIENT_TWO: &str = "-20190000000002";

#[test]
fn the_subjects_of_the_hard_pair_share_their_first_96_bits_and_differ_after() {
    let stack = Stack::shared();
    let (one, two) = (subject(&stack, ONE), subject(&stack, TWO));
    let hex = |subject: &str| subject.replace('-', "");
    assert_eq!((one.len(), two.len()), (36, 36));
    assert_eq!(
        hex(&one)[..24],
        hex(&two)[..24],
        "24 hex digits are 96 bits"
    );
    assert_ne!(hex(&one)[24..], hex(&two)[24..]);
}

#[test]
fn each_of_the_pair_gets_their_own_patient_id_claims_and_coverage() {
    let stack = Stack::shared();
    let app = public(&stack);
    for version in ["v1", "v2", "v3"] {
        let flow = Flow::new(version).with_scope("patient/*.rs profile");
        let one = flow.tokens(&stack, &app, ONE, Consent::ALLOW);
        let two = flow.tokens(&stack, &app, TWO, Consent::ALLOW);
        assert_ne!(one.patient, two.patient);
        if version != "v3" {
            assert_eq!(
                (one.patient.as_str(), two.patient.as_str()),
                (PATIENT_ONE, PATIENT_TWO)
            );
        }
        let (of_one, of_two) = (
            everything(&stack, version, &one),
            everything(&stack, version, &two),
        );
        assert!(
            of_one.len() > 5 && of_two.len() > 5,
            "patient, coverages and claims"
        );
        for (owner, other, all) in [
            (&one.patient, &two.patient, &of_one),
            (&two.patient, &one.patient, &of_two),
        ] {
            for (id, resource) in all {
                let text = resource.to_string();
                assert!(
                    !text.contains(other.as_str()),
                    "{id} names the other person"
                );
                assert!(text.contains(owner.as_str()), "{id}");
            }
        }
        assert!(
            of_one.keys().all(|id| !of_two.contains_key(id)),
            "no resource in common"
        );
    }
}

#[test]
fn the_ids_of_one_are_not_found_with_the_token_of_the_other() {
    let stack = Stack::shared();
    let (one, two) = (tokens_of(&stack, ONE), tokens_of(&stack, TWO));
    for version in ["v1", "v2", "v3"] {
        let unknown_claim = if version == "v3" { "7" } else { "carrier-1" };
        for (mine, theirs) in [(&one, &two), (&two, &one)] {
            let unknown = stack.browser().get_as(
                &mine.access,
                &format!("/{version}/fhir/ExplanationOfBenefit/{unknown_claim}"),
            );
            assert_eq!(unknown.status.as_u16(), 404, "{}", unknown.text());
            for (id, resource) in everything(&stack, version, theirs) {
                let answer = stack
                    .browser()
                    .get_as(&mine.access, &format!("/{version}/fhir/{id}"));
                assert_eq!(answer.status.as_u16(), 404, "{id}");
                // Not one byte differs from the answer for an id that nobody has.
                assert_eq!(answer.body, unknown.body, "{id}");
                let length = resource.to_string().len().to_string();
                for (name, value) in &answer.headers {
                    let value = value.to_str().expect("text");
                    assert!(
                        !value.contains(&theirs.patient) && value != length,
                        "{name}: {value}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_search_that_names_the_other_is_403_and_shows_nothing() {
    let stack = Stack::shared();
    let one = tokens_of(&stack, ONE);
    let header = format!("Bearer {}", one.access);
    for version in ["v1", "v2"] {
        for (resource, parameter) in [
            ("Patient", "_id"),
            ("Coverage", "beneficiary"),
            ("ExplanationOfBenefit", "patient"),
        ] {
            for value in [PATIENT_TWO.to_owned(), format!("Patient/{PATIENT_TWO}")] {
                let base = format!("/{version}/fhir/{resource}");
                let mut browser = stack.browser();
                for answer in [
                    browser.get_as(&one.access, &format!("{base}?{parameter}={value}")),
                    browser.get_as(
                        &one.access,
                        &format!("{base}?{parameter}={PATIENT_ONE}&{parameter}={value}"),
                    ),
                    browser.post_with(
                        &format!("{base}/_search"),
                        &[("authorization", &header)],
                        &[(parameter, &value)],
                    ),
                ] {
                    // Two different values of one parameter are refused as such already (contract, 5.1).
                    let status = answer.status.as_u16();
                    assert!(matches!(status, 400 | 403), "{status} {}", answer.text());
                    assert!(!answer.text().contains("resourceType"));
                }
                assert_problem(
                    &browser.get_as(&one.access, &format!("{base}?{parameter}={value}")),
                    403,
                    "other_person",
                );
                let own = format!("{base}?{parameter}={PATIENT_ONE}");
                browser.get_as(&one.access, &own).expect(200);
            }
        }
    }
}

#[test]
fn the_store_holds_both_subjects_in_full() {
    let stack = Stack::start();
    tokens_of(&stack, ONE);
    tokens_of(&stack, TWO);
    let rows = identities(&stack);
    assert_eq!(rows.len(), 2);
    for (user, patient) in [(ONE, PATIENT_ONE), (TWO, PATIENT_TWO)] {
        let subject = subject(&stack, user);
        let row = rows.get(patient).expect("its identity");
        assert_eq!(row, &(subject.into_bytes(), 36));
    }
}

#[test]
fn the_store_refuses_a_subject_that_lost_a_byte() {
    let stack = Stack::start();
    tokens_of(&stack, ONE);
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.db");
    database(&stack)
        .execute("VACUUM INTO ?1", [copy.to_str().expect("a path")])
        .expect("a copy");
    let store = Connection::open(&copy).expect("the copy");
    let subject = subject(&stack, TWO).into_bytes();
    let insert = |subject: &[u8], length: i64, patient: &str| {
        store.execute(
            "INSERT INTO identity (issuer, subject, subject_length, patient_id, created_at, request_id) VALUES ('https://idp.example', ?1, ?2, ?3, 0, 'test')",
            rusqlite::params![subject, length, patient],
        )
    };
    // 96 of 128 bits are 27 of 36 characters; the length was measured at the id_token.
    for cut in [27, 35, 24, 1, 0] {
        let error = insert(&subject[..cut], 36, "-7").expect_err("a shortened subject");
        assert!(
            error.to_string().contains("CHECK constraint failed"),
            "{cut}: {error}"
        );
    }
    let text = store.execute(
        "INSERT INTO identity (issuer, subject, subject_length, patient_id, created_at, request_id) VALUES ('https://idp.example', ?1, 36, '-7', 0, 'test')",
        [std::str::from_utf8(&subject).expect("text")],
    );
    assert!(text.is_err(), "a subject is bytes, never text");
    assert_eq!(insert(&subject, 36, "-7").expect("a whole one"), 1);

    let change = store
        .execute(
            "UPDATE identity SET subject = substr(subject, 1, 27), subject_length = 27",
            [],
        )
        .expect_err("a link is final");
    assert!(change.to_string().contains("never changed"), "{change}");
    let other = insert(b"another", 7, "-7").expect_err("one patient id has one subject");
    assert!(
        other.to_string().contains("UNIQUE constraint failed"),
        "{other}"
    );
}

#[test]
fn a_subject_of_255_bytes_is_kept_in_full_and_serves_its_person() {
    let stack = Stack::with(&[("idp_subject_form", "any")]);
    let tokens = tokens_of(&stack, "BBHard05");
    assert_eq!(tokens.patient, "-20190000000006");
    assert_eq!(
        everything(&stack, "v2", &tokens)
            .get("Patient/-20190000000006")
            .map(|patient| patient["id"].clone()),
        Some("-20190000000006".into())
    );
    let subject = subject(&stack, "BBHard05");
    assert_eq!(subject.len(), 255);
    assert_eq!(
        identities(&stack).get("-20190000000006"),
        Some(&(subject.into_bytes(), 255))
    );
}

#[test]
fn a_subject_of_another_form_than_the_provider_promised_is_refused_at_sign_in() {
    let stack = Stack::with(&[("idp_subject_form", "uuid")]);
    assert_eq!(tokens_of(&stack, ONE).patient, PATIENT_ONE);
    let page = refused_sign_in(&stack, "BBHard05", 0);
    assert!(page.is_client_error() || page.is_server_error());
    assert_eq!(identities(&stack).len(), 1, "nothing is stored of it");
}

#[test]
fn a_second_subject_for_one_patient_is_refused_and_both_are_held() {
    let stack = Stack::start();
    let first = tokens_of(&stack, "BBHard07");
    assert_eq!(first.patient, "-20190000000007");
    refused_sign_in(&stack, "BBHard08", 1);
    // New sign-ins of both people stop; nothing was overwritten.
    refused_sign_in(&stack, "BBHard07", 1);
    let rows = identities(&stack);
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows["-20190000000007"].0,
        subject(&stack, "BBHard07").into_bytes()
    );
    let critical: i64 = database(&stack)
        .query_row(
            "SELECT count(*) FROM audit WHERE level = 'critical'",
            [],
            |row| row.get(0),
        )
        .expect("the audit");
    assert!(critical >= 1, "an audit event of level critical");
}

#[test]
fn two_patients_for_one_medicare_number_are_a_conflict() {
    refused_sign_in(&Stack::shared(), "BBHard04", 1);
}

#[test]
fn a_person_without_a_medicare_record_is_not_found() {
    let stack = Stack::shared();
    for user in ["BBHard03", "BBHard06"] {
        refused_sign_in(&stack, user, 2);
    }
}

/// Signs in and expects a page: 1 `identity_conflict`, 2 `not_found`, 0 anything.
#[track_caller]
fn refused_sign_in(stack: &Stack, user: &str, kind: u8) -> http::StatusCode {
    let (app, flow, mut browser) = (public(stack), Flow::new("v2"), stack.browser());
    let signed_in = flow
        .sign_in(&mut browser, &app, user, &password(user))
        .expect(303);
    let page = browser.get(signed_in.header("location"));
    assert!(
        page.status.is_client_error() || page.status.is_server_error(),
        "{}",
        page.status
    );
    match kind {
        1 => assert_eq!(page.page_code(), "identity_conflict"),
        2 => assert_eq!(page.page_code(), "not_found"),
        _ => assert!(!page.page_code().is_empty()),
    }
    page.status
}

/// Every resource that a token shows, by type and id.
fn everything(stack: &Stack, version: &str, tokens: &Tokens) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for resource in ["Patient", "Coverage", "ExplanationOfBenefit"] {
        let url = format!("/{version}/fhir/{resource}?_count=50");
        for found in pages(stack, &tokens.access, &url).iter().flat_map(entries) {
            let id = format!("{resource}/{}", found["id"].as_str().expect("an id"));
            all.insert(id, found);
        }
    }
    all
}

/// The subject of an account, from the identity provider itself: applications never see it.
fn subject(stack: &Stack, user: &str) -> String {
    let redirect = format!("{}/signin/callback", stack.base());
    let secret = verifier();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "bluegate-sandbox")
        .append_pair("redirect_uri", &redirect)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid profile")
        .append_pair("state", "state-of-the-test")
        .append_pair("nonce", "nonce-of-the-test")
        .append_pair("code_challenge", &challenge(&secret))
        .append_pair("code_challenge_method", "S256")
        .finish();
    let mut browser = stack.browser();
    let form = browser
        .get(&format!("/sandbox/idp/authorize?{query}"))
        .expect(200);
    let answer = post_sign_in(&mut browser, &form, user, &password(user)).expect(303);
    let tokens = browser
        .post(
            "/sandbox/idp/token",
            &[
                ("grant_type", "authorization_code"),
                ("code", &answer.redirected("code").expect("a code")),
                ("redirect_uri", &redirect),
                ("code_verifier", &secret),
                ("client_id", "bluegate-sandbox"),
                ("client_secret", "sandbox-only-idp-client-secret"),
            ],
        )
        .expect(200);
    let token = tokens.field("id_token");
    let payload = token.split('.').nth(1).expect("a JWT");
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON");
    claims["sub"].as_str().expect("sub").to_owned()
}

fn database(stack: &Stack) -> Connection {
    Connection::open_with_flags(stack.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
        .expect("the store")
}

/// Patient id → subject and its measured length.
fn identities(stack: &Stack) -> BTreeMap<String, (Vec<u8>, i64)> {
    let store = database(stack);
    let mut statement = store
        .prepare("SELECT patient_id, subject, subject_length FROM identity")
        .expect("the table of identities");
    statement
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
        .expect("its rows")
        .map(|row| row.expect("a row"))
        .collect()
}
