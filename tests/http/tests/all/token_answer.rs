//! The answer to a token request, and how long access lasts (docs/contract/04-consent.md and 05-token-exchange.md).

use bluegate_http_tests::{Consent, Flow, Stack, Tokens};
use rusqlite::Connection;
use serde_json::json;

use crate::support::{assert_oauth_error, assert_problem, entries, public, public_with, works};

const USER: &str = "BBUser28324";

#[test]
fn the_fields_come_in_the_order_of_the_contract_and_are_never_cached() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let code = flow.code(&stack, &app, USER, Consent::ALLOW);
    let exchanged = flow.exchange(&stack, &app, &code).expect(200);
    let refreshed = flow
        .refresh(&stack, &app, &exchanged.field("refresh_token"), None)
        .expect(200);
    for answer in [exchanged, refreshed] {
        let text = answer.text();
        let names = [
            "access_token",
            "expires_in",
            "token_type",
            "scope",
            "refresh_token",
            "patient",
            "access_grant_expiration",
        ];
        let places: Vec<_> = names
            .iter()
            .map(|name| {
                text.find(&format!("\"{name}\":"))
                    .unwrap_or_else(|| panic!("no {name} in {text}"))
            })
            .collect();
        assert!(places.is_sorted(), "{text}");
        let body = answer.json();
        assert_eq!(
            body.as_object().map(serde_json::Map::len),
            Some(names.len()),
            "nothing else"
        );
        assert_eq!(
            (&body["expires_in"], &body["token_type"]),
            (&json!(3600), &json!("Bearer"))
        );
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
        let token = answer.field("access_token");
        assert_eq!(token.len(), 43, "256 bits in base64url");
    }
}

#[test]
fn scopes_come_back_in_the_spelling_that_was_asked_for() {
    let stack = Stack::shared();
    let app = public(&stack);
    for scope in [
        "patient/Patient.rs patient/Coverage.rs profile",
        "patient/Patient.read openid",
        "patient/Coverage.r",
        "patient/ExplanationOfBenefit.s launch/patient",
        "patient/*.read",
        "patient/*.rs offline_access",
    ] {
        let tokens = Flow::new("v2")
            .with_scope(scope)
            .tokens(&stack, &app, USER, Consent::ALLOW);
        let granted = tokens.body["scope"].as_str().expect("scope");
        let sorted = |scope: &str| {
            let mut scopes: Vec<_> = scope.split(' ').map(str::to_owned).collect();
            scopes.sort();
            scopes
        };
        assert_eq!(sorted(granted), sorted(scope));
        assert!(
            !tokens.refresh.is_empty(),
            "with and without offline_access"
        );
    }
}

#[test]
fn without_scope_everything_is_granted_in_the_spelling_read() {
    let stack = Stack::shared();
    for version in ["v1", "v2"] {
        let tokens = Flow::new(version).tokens(&stack, &public(&stack), USER, Consent::ALLOW);
        let scope = tokens.body["scope"].as_str().expect("scope").to_owned();
        let scopes: Vec<_> = scope.split(' ').collect();
        for name in ["Patient", "Coverage", "ExplanationOfBenefit"] {
            assert!(
                scopes.contains(&format!("patient/{name}.read").as_str()),
                "{scope}"
            );
        }
        assert!(scopes.contains(&"profile"), "{scope}");
        assert!(!scope.contains(".rs"), "{scope}");
    }
}

#[test]
fn each_scope_opens_its_own_door_and_no_other() {
    let stack = Stack::shared();
    let app = public(&stack);
    let everything = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    let claims = "/v2/fhir/ExplanationOfBenefit?_count=1";
    let claims = stack
        .browser()
        .get_as(&everything.access, claims)
        .expect(200);
    let claim = entries(&claims.json())[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let claim = format!("/v2/fhir/ExplanationOfBenefit/{claim}");
    let doors = [
        ("/v2/fhir/Patient/-20140000008325", "Patient", 'r'),
        ("/v2/fhir/Patient", "Patient", 's'),
        ("/v2/fhir/Coverage/part-a--20140000008325", "Coverage", 'r'),
        ("/v2/fhir/Coverage", "Coverage", 's'),
        (claim.as_str(), "ExplanationOfBenefit", 'r'),
        (
            "/v2/fhir/ExplanationOfBenefit?_count=1",
            "ExplanationOfBenefit",
            's',
        ),
    ];
    for scope in [
        "patient/Patient.r",
        "patient/Patient.s",
        "patient/Coverage.rs",
        "patient/ExplanationOfBenefit.read",
        "patient/*.rs",
        "patient/*.read",
    ] {
        let tokens = Flow::new("v2")
            .with_scope(scope)
            .tokens(&stack, &app, USER, Consent::ALLOW);
        let (_, rest) = scope.split_once('/').expect("a scope");
        let (resource, rights) = rest.split_once('.').expect("a scope");
        for (url, of, right) in doors {
            let allowed =
                (resource == "*" || resource == of) && (rights == "read" || rights.contains(right));
            let answer = stack.browser().get_as(&tokens.access, url);
            assert_eq!(
                answer.status.as_u16(),
                if allowed { 200 } else { 403 },
                "{scope} at {url}"
            );
        }
    }
}

#[test]
fn thirteen_months_are_13_calendar_months_from_the_consent() {
    let stack = Stack::shared();
    let tokens = Flow::new("v2").tokens(&stack, &public(&stack), USER, Consent::ALLOW);
    let expected = clock("SELECT strftime('%s', 'now', '+13 months', 'floor')");
    assert!(
        (seconds(&tokens) - expected).abs() <= 120,
        "{}",
        tokens.body
    );
}

#[test]
fn thirteen_months_from_the_end_of_january_end_with_february() {
    for (today, end) in [
        ("2027-01-31 12:00:00", "2028-02-29T12:"),
        ("2026-01-31 12:00:00", "2027-02-28T12:"),
    ] {
        let offset = clock(&format!(
            "SELECT strftime('%s', '{today}') - strftime('%s', 'now')"
        ));
        let stack = Stack::with(&[("clock_offset_s", &offset.to_string())]);
        let tokens = Flow::new("v2").tokens(&stack, &public(&stack), USER, Consent::ALLOW);
        let expiration = tokens.body["access_grant_expiration"]
            .as_str()
            .expect("a date");
        assert!(
            expiration.starts_with(end) && expiration.ends_with('Z'),
            "{expiration}"
        );
    }
}

#[test]
fn a_refresh_does_not_lengthen_the_grant_but_a_new_consent_does() {
    let mut stack = Stack::start();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    stack.restart(&[("clock_offset_s", "864000")]);
    let refreshed = Tokens::read(
        &flow
            .refresh(&stack, &app, &tokens.refresh, None)
            .expect(200),
    );
    assert_eq!(seconds(&refreshed), seconds(&tokens));
    let later = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    assert!(seconds(&later) > seconds(&tokens) + 9 * 86_400);
}

#[test]
fn one_time_access_has_no_refresh_token_and_ends_with_the_access_token() {
    let mut stack = Stack::start();
    let app = public_with(&stack, &json!({ "data_access_type": "ONE_TIME" }));
    let flow = Flow::new("v2");
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    assert!(
        tokens.body.get("refresh_token").is_none(),
        "{}",
        tokens.body
    );
    let expected = clock("SELECT strftime('%s', 'now') + 3600");
    assert!(
        (seconds(&tokens) - expected).abs() <= 120,
        "{}",
        tokens.body
    );
    assert!(works(&stack, &tokens.access));
    let refused = flow.refresh(&stack, &app, "anything", None);
    assert_oauth_error(&refused, 403, "invalid_grant");
    assert!(refused.field("error_description").contains("not refresh"));
    stack.restart(&[("clock_offset_s", "3700")]);
    let answer = stack.browser().get_as(&tokens.access, "/v2/fhir/Coverage");
    assert_eq!(answer.status.as_u16(), 401, "{}", answer.text());
}

#[test]
fn a_research_study_has_no_end_date() {
    let mut stack = Stack::start();
    let app = public_with(&stack, &json!({ "data_access_type": "RESEARCH_STUDY" }));
    let flow = Flow::new("v2");
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    assert_eq!(tokens.body["access_grant_expiration"], "");
    // Five years later.
    stack.restart(&[("clock_offset_s", "157680000")]);
    let refreshed = Tokens::read(
        &flow
            .refresh(&stack, &app, &tokens.refresh, None)
            .expect(200),
    );
    assert!(works(&stack, &refreshed.access));
}

#[test]
fn a_token_of_one_person_names_only_that_person() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v2");
    let doe = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let other = Flow::new("v2").tokens(&stack, &app, "BBUser20023", Consent::ALLOW);
    for (tokens, foreign) in [(&doe, &other), (&other, &doe)] {
        let url = format!("/v2/fhir/Patient/{}", foreign.patient);
        assert_problem(
            &stack.browser().get_as(&tokens.access, &url),
            404,
            "not_found",
        );
    }
}

/// The end of the grant, in Unix seconds.
fn seconds(tokens: &Tokens) -> i64 {
    let text = tokens.body["access_grant_expiration"]
        .as_str()
        .expect("a date");
    assert!(
        text.len() == "2027-12-21T19:30:13Z".len() && text.ends_with('Z'),
        "{text}"
    );
    clock(&format!("SELECT strftime('%s', '{text}')"))
}

/// Calendar arithmetic of SQLite, which is not the gateway's.
fn clock(sql: &str) -> i64 {
    Connection::open_in_memory()
        .and_then(|calendar| {
            calendar.query_row(&format!("SELECT CAST(({sql}) AS INTEGER)"), [], |row| {
                row.get(0)
            })
        })
        .expect("a time")
}
