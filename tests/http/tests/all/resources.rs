//! FHIR calls that are refused (docs/contract/07-fhir.md, 7.1 to 7.3).

use bluegate_http_tests::{Consent, Flow, Stack, verifier};

use crate::support::{assert_oauth_error, assert_problem, entries, link, public, tokens_of};

const USER: &str = "BBUser28324";
const PATIENT: &str = "-20140000008325";

const ROUTES: [&str; 6] = [
    "/v1/fhir/Patient",
    "/v2/fhir/Patient/-20140000008325",
    "/v1/fhir/Coverage",
    "/v2/fhir/Coverage/part-a--20140000008325",
    "/v2/fhir/ExplanationOfBenefit",
    "/v2/connect/userinfo",
];

#[test]
fn no_token_is_401_with_a_challenge_without_error() {
    let stack = Stack::shared();
    for url in ROUTES {
        let answer = stack.browser().get(url);
        assert_problem(&answer, 401, "no_credentials");
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer") && !challenge.contains("error"),
            "{challenge}"
        );
    }
    let basic = stack
        .browser()
        .get_with(ROUTES[0], &[("authorization", "Basic YTpi")]);
    assert_problem(&basic, 401, "no_credentials");
}

#[test]
fn a_garbage_token_is_401_invalid_token() {
    let stack = Stack::shared();
    let unknown = verifier();
    for token in [
        unknown.as_str(),
        "x",
        "a b c",
        "'; DROP TABLE access_token; --",
    ] {
        for url in ROUTES {
            let answer = stack.browser().get_as(token, url);
            assert_problem(&answer, 401, "invalid_token");
            assert!(
                answer
                    .header("www-authenticate")
                    .contains("error=\"invalid_token\"")
            );
        }
    }
}

/// The audience of a token is the gateway that gave it: another one of the same build and the same keys knows nothing of it.
#[test]
fn a_token_of_another_gateway_is_401_invalid_token() {
    let (here, there) = (Stack::shared(), Stack::start());
    let foreign = tokens_of(&there, USER);
    there
        .browser()
        .get_as(&foreign.access, ROUTES[0])
        .expect(200);
    for url in ROUTES {
        let answer = here.browser().get_as(&foreign.access, url);
        assert_problem(&answer, 401, "invalid_token");
    }
    let app = public(&here);
    let refreshed = Flow::new("v2").refresh(&here, &app, &foreign.refresh, None);
    assert_oauth_error(&refreshed, 400, "invalid_grant");
}

#[test]
fn a_refresh_token_or_a_code_is_no_access_token() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let code = flow.code(&stack, &app, USER, Consent::ALLOW);
    for token in [tokens.refresh, code] {
        assert_problem(
            &stack.browser().get_as(&token, ROUTES[0]),
            401,
            "invalid_token",
        );
    }
}

#[test]
fn a_token_in_the_query_or_the_form_is_400() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    for url in ROUTES {
        let answer = stack
            .browser()
            .get(&format!("{url}?access_token={}", tokens.access));
        assert_problem(&answer, 400, "token_in_query");
        // Also beside a good header.
        let answer = stack.browser().get_as(
            &tokens.access,
            &format!("{url}?access_token={}", tokens.access),
        );
        assert_problem(&answer, 400, "token_in_query");
    }
    let form = stack.browser().post(
        "/v2/fhir/Coverage/_search",
        &[("access_token", &tokens.access)],
    );
    assert_problem(&form, 400, "token_in_query");
}

#[test]
fn an_expired_token_is_401_invalid_token() {
    let mut stack = Stack::with(&[("access_token_ttl_s", "60")]);
    let tokens = tokens_of(&stack, USER);
    assert_eq!(tokens.body["expires_in"], 60);
    stack
        .browser()
        .get_as(&tokens.access, ROUTES[0])
        .expect(200);
    stack.restart(&[("clock_offset_s", "120")]);
    for url in ROUTES {
        assert_problem(
            &stack.browser().get_as(&tokens.access, url),
            401,
            "invalid_token",
        );
    }
}

#[test]
fn a_grant_past_its_end_is_401_grant_expired() {
    let mut stack = Stack::with(&[("access_token_ttl_s", "86400")]);
    let (app, flow) = (public(&stack), Flow::new("v2"));
    flow.tokens(&stack, &app, USER, Consent::ALLOW);
    // Thirteen months later than the consent, but a token that was made shortly before lives on.
    stack.restart(&[
        ("access_token_ttl_s", "86400"),
        ("clock_offset_s", "-34300000"),
    ]);
    let early = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let refreshed = flow.refresh(&stack, &app, &early.refresh, None).expect(200);
    stack.restart(&[("access_token_ttl_s", "86400")]);
    let refused = flow.refresh(&stack, &app, &refreshed.field("refresh_token"), None);
    assert_eq!(refused.status.as_u16(), 401);
    assert_eq!(refused.field("error"), "invalid_grant");
    assert_eq!(
        refused.field("error_description"),
        "User access has timed out. To refresh Medicare data, end user must re-authenticate and consent to share their data."
    );
    assert!(!refused.header("www-authenticate").is_empty());
}

#[test]
fn a_token_without_the_scope_is_403_and_names_the_scope() {
    let stack = Stack::shared();
    let app = public(&stack);
    let coverage =
        Flow::new("v2")
            .with_scope("patient/Coverage.s")
            .tokens(&stack, &app, USER, Consent::ALLOW);
    stack
        .browser()
        .get_as(&coverage.access, "/v2/fhir/Coverage")
        .expect(200);
    for (url, scope) in [
        (
            "/v2/fhir/Coverage/part-a--20140000008325",
            "patient/Coverage.",
        ),
        ("/v2/fhir/Patient", "patient/Patient."),
        ("/v1/fhir/Patient/-20140000008325", "patient/Patient."),
        (
            "/v2/fhir/ExplanationOfBenefit",
            "patient/ExplanationOfBenefit.",
        ),
        ("/v2/connect/userinfo", "profile"),
    ] {
        let answer = stack.browser().get_as(&coverage.access, url);
        assert_problem(&answer, 403, "insufficient_scope");
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.contains("error=\"insufficient_scope\""),
            "{challenge}"
        );
        assert!(
            challenge.contains(&format!("scope=\"{scope}")),
            "{challenge}"
        );
    }
}

#[test]
fn a_foreign_patient_id_is_404_on_a_read_and_403_on_a_search() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    for version in ["v1", "v2"] {
        for foreign in [
            "-20140000000024",
            "-2014000000832",
            "-201400000083250",
            "20140000008325",
        ] {
            let get = |url: String| stack.browser().get_as(&tokens.access, &url);
            for (url, status) in [
                (format!("/{version}/fhir/Patient/{foreign}"), 404),
                (format!("/{version}/fhir/Coverage/part-a-{foreign}"), 404),
                (format!("/{version}/fhir/Patient?_id={foreign}"), 403),
                (
                    format!("/{version}/fhir/Coverage?beneficiary=Patient/{foreign}"),
                    403,
                ),
                (
                    format!("/{version}/fhir/ExplanationOfBenefit?patient={foreign}"),
                    403,
                ),
            ] {
                let answer = get(url);
                let code = if status == 404 {
                    "not_found"
                } else {
                    "other_person"
                };
                assert_problem(&answer, status, code);
                assert!(!answer.text().contains(foreign));
            }
        }
    }
}

#[test]
fn an_unknown_id_is_404() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    for url in [
        "/v2/fhir/ExplanationOfBenefit/carrier-1",
        "/v2/fhir/ExplanationOfBenefit/carrier--1",
        "/v2/fhir/ExplanationOfBenefit/pde-999999999999",
        "/v2/fhir/Coverage/part-z--20140000008325",
        "/v1/fhir/Patient/x",
        "/v1/fhir/Patient/..%2F..%2Fmetadata",
        "/v2/fhir/Patient/$everything",
    ] {
        assert_problem(
            &stack.browser().get_as(&tokens.access, url),
            404,
            "not_found",
        );
    }
}

#[test]
fn an_id_that_the_backend_calls_malformed_is_400_with_a_sentence_of_ours() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    let url = "/v2/fhir/ExplanationOfBenefit/nothing";
    assert_problem(
        &stack.browser().get_as(&tokens.access, url),
        400,
        "backend_rejected",
    );
}

#[test]
fn a_parameter_with_a_wrong_value_is_400() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    for query in [
        "_count=51",
        "_count=-1",
        "_count=ten",
        "_count=",
        "startIndex=-1",
        "startIndex=x",
        "_lastUpdated=2020-01-01",
        "_lastUpdated=eq2020-01-01",
        "_lastUpdated=ge2020-13-01",
        "service-date=yesterday",
        "_count=2&_count=3",
        "type=pde&type=carrier",
        "patient=x",
    ] {
        let url = format!("/v2/fhir/ExplanationOfBenefit?{query}");
        let answer = stack.browser().get_as(&tokens.access, &url);
        assert_eq!(answer.status.as_u16(), 400, "{query} {}", answer.text());
        assert!(!answer.field("detail").is_empty());
    }
}

#[test]
fn a_type_of_another_value_or_case_is_400_not_a_valid_value() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    for value in [
        "dental",
        "PDE",
        "pde,dental",
        ",",
        "https://other.example|pde",
    ] {
        let url = format!("/v2/fhir/ExplanationOfBenefit?type={value}");
        let answer = stack.browser().get_as(&tokens.access, &url);
        assert_eq!(answer.status.as_u16(), 400, "{value}");
        assert_eq!(answer.field("detail"), "not a valid value", "{value}");
    }
    for value in [
        "pde",
        "pde,",
        "+pde%20,",
        "https://bluebutton.cms.gov/resources/codesystem/eob-type|pde",
    ] {
        let url = format!("/v2/fhir/ExplanationOfBenefit?type={value}");
        let page = stack
            .browser()
            .get_as(&tokens.access, &url)
            .expect(200)
            .json();
        assert_eq!(page["total"], 5, "{value}");
    }
}

#[test]
fn an_unknown_parameter_is_ignored_or_400_where_strict_handling_is_preferred() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    let header = format!("Bearer {}", tokens.access);
    let url = "/v2/fhir/Coverage?colour=blue";
    stack.browser().get_as(&tokens.access, url).expect(200);
    let strict = stack.browser().get_with(
        url,
        &[("authorization", &header), ("prefer", "handling=strict")],
    );
    assert_problem(&strict, 400, "invalid_parameter");
}

#[test]
fn claims_and_coverage_are_found_by_id_on_each_version() {
    let stack = Stack::shared();
    let other = tokens_of(&stack, "BBUser20023");
    for version in ["v1", "v2", "v3"] {
        let flow = Flow::new(version).with_scope("patient/*.rs");
        let tokens = flow.tokens(&stack, &public(&stack), USER, Consent::ALLOW);
        for resource in ["Coverage", "ExplanationOfBenefit"] {
            let base = format!("/{version}/fhir/{resource}");
            let find = |token: &str, query: &str| {
                let answer = stack.browser().get_as(token, &format!("{base}?{query}"));
                answer.expect(200).json()
            };
            let all = entries(&find(&tokens.access, "_count=3"));
            let ids: Vec<_> = all
                .iter()
                .map(|found| found["id"].as_str().expect("an id"))
                .collect();
            assert!(ids.len() >= 2, "{version} {resource}");
            let named = format!("_id={},{}", ids[1], ids[0]);
            let found = find(&tokens.access, &named);
            assert_eq!(entries(&found), [all[1].clone(), all[0].clone()], "{named}");
            assert_eq!(found["total"], 2);
            // Somebody else finds none of them, or may not even ask.
            let foreign = stack
                .browser()
                .get_as(&other.access, &format!("{base}?{named}"));
            if foreign.status == 200 {
                assert_eq!(entries(&foreign.json()).len(), 0, "{named}");
            } else {
                assert_eq!(foreign.status.as_u16(), 403, "{named}");
            }
        }
        let tagged = stack.browser().get_as(
            &tokens.access,
            &format!("/{version}/fhir/ExplanationOfBenefit?_source=DDPS&_count=0"),
        );
        let total = tagged.expect(200).json()["total"].as_u64();
        assert_eq!(total == Some(5), version == "v3", "{version} {total:?}");
    }
}

#[test]
fn identical_repeats_of_a_parameter_count_once() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    let url = format!(
        "/v2/fhir/ExplanationOfBenefit?_count=7&startIndex=7&_count=7&startIndex=7&patient={PATIENT}&patient={PATIENT}"
    );
    let page = stack
        .browser()
        .get_as(&tokens.access, &url)
        .expect(200)
        .json();
    assert_eq!(entries(&page).len(), 7);
}

#[test]
fn a_pager_may_repeat_its_own_query_on_top_of_a_next_link() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    let mut url =
        "/v2/fhir/ExplanationOfBenefit?type=carrier&_lastUpdated=ge2000-01-01&_count=10".to_owned();
    let mut ids = std::collections::BTreeSet::new();
    loop {
        let page = stack
            .browser()
            .get_as(&tokens.access, &url)
            .expect(200)
            .json();
        for claim in entries(&page) {
            assert!(ids.insert(claim["id"].to_string()), "seen twice");
        }
        let Some(next) = link(&page, "next") else {
            break;
        };
        url = format!("{next}&type=carrier&_lastUpdated=ge2000-01-01&_count=10");
    }
    assert_eq!(ids.len(), 25);
}

#[test]
fn dates_pick_claims_and_two_of_them_make_an_interval() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    let total = |query: &str| {
        let url = format!("/v2/fhir/ExplanationOfBenefit?_count=0&{query}");
        stack
            .browser()
            .get_as(&tokens.access, &url)
            .expect(200)
            .json()["total"]
            .as_i64()
            .expect("a total")
    };
    let first = stack
        .browser()
        .get_as(&tokens.access, "/v2/fhir/ExplanationOfBenefit?_count=1")
        .expect(200)
        .json();
    let claim = entries(&first).remove(0);
    let updated = claim["meta"]["lastUpdated"].as_str().expect("a time")[..10].to_owned();
    let served = claim["billablePeriod"]["end"].as_str().expect("a date")[..10].to_owned();
    for (name, date) in [("_lastUpdated", updated), ("service-date", served)] {
        let (before, after) = (
            total(&format!("{name}=lt{date}")),
            total(&format!("{name}=ge{date}")),
        );
        assert_eq!(before + after, 32, "{name} {date}");
        assert!(after >= 1);
        assert_eq!(
            total(&format!("{name}=le{date}")) + total(&format!("{name}=gt{date}")),
            32
        );
        let interval = format!("{name}=ge{date}&{name}=le{date}");
        let within = total(&interval);
        assert!((1..=after).contains(&within), "{interval}: {within}");
        assert_eq!(
            total(&format!("{name}=ge1900-01-01&{name}=lt1900-01-02")),
            0
        );
    }
}

#[test]
fn a_stray_content_type_on_a_get_is_ignored() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    let header = format!("Bearer {}", tokens.access);
    for content_type in [
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
    ] {
        stack
            .browser()
            .get_with(
                "/v2/fhir/Coverage",
                &[("authorization", &header), ("content-type", content_type)],
            )
            .expect(200);
    }
}

#[test]
fn a_count_of_0_gives_the_total_only_and_a_start_past_the_end_an_empty_page() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    for version in ["v1", "v2"] {
        for query in [
            "_count=0",
            "_summary=count",
            "startIndex=32",
            "startIndex=4000",
        ] {
            let url = format!("/{version}/fhir/ExplanationOfBenefit?{query}");
            let page = stack
                .browser()
                .get_as(&tokens.access, &url)
                .expect(200)
                .json();
            assert_eq!(
                (&page["total"], entries(&page).len()),
                (&32.into(), 0),
                "{query}"
            );
            assert_eq!(link(&page, "next"), None, "{query}");
        }
        let url = format!("/{version}/fhir/ExplanationOfBenefit?type=snf");
        let page = stack
            .browser()
            .get_as(&tokens.access, &url)
            .expect(200)
            .json();
        assert_eq!(page["total"], 0);
        assert_eq!(
            link(&page, "last"),
            None,
            "no last link when there is nothing"
        );
    }
}

#[test]
fn only_json_is_served_and_anything_else_is_406() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    let header = format!("Bearer {}", tokens.access);
    let get = |url: &str, accept: &str| {
        stack
            .browser()
            .get_with(url, &[("authorization", &header), ("accept", accept)])
    };
    for (accept, media) in [
        ("*/*", "application/fhir+json"),
        ("application/fhir+json", "application/fhir+json"),
        ("application/json", "application/json"),
        ("text/html, application/json;q=0.5", "application/json"),
    ] {
        let answer = get("/v2/fhir/Coverage", accept).expect(200);
        assert!(
            answer.header("content-type").starts_with(media),
            "{accept}: {}",
            answer.header("content-type")
        );
    }
    for accept in ["application/fhir+xml", "text/html"] {
        assert_problem(&get("/v2/fhir/Coverage", accept), 406, "not_acceptable");
    }
    assert_problem(
        &get("/v2/fhir/Coverage?_format=xml", "*/*"),
        406,
        "not_acceptable",
    );
    get("/v2/fhir/Coverage?_format=json", "*/*").expect(200);
}

#[test]
fn elements_are_picked_at_the_gateway() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    let url = format!("/v2/fhir/Patient/{PATIENT}?_elements=birthDate");
    let patient = stack
        .browser()
        .get_as(&tokens.access, &url)
        .expect(200)
        .json();
    assert_eq!(patient["birthDate"], "2014-06-01");
    assert_eq!(patient["id"], PATIENT);
    assert!(
        patient.get("name").is_none() && patient.get("address").is_none(),
        "{patient}"
    );
}

#[test]
fn v3_is_404_version_off() {
    let stack = Stack::with(&[("v3_enabled", "false")]);
    let tokens = tokens_of(&stack, USER);
    for url in [
        "/v3/fhir/Patient",
        "/v3/fhir/ExplanationOfBenefit/1",
        "/v3/fhir/metadata",
        "/v3/connect/userinfo",
        "/v3/o/authorize/",
        "/v3/fhir/.well-known/smart-configuration",
    ] {
        let answer = stack.browser().get_as(&tokens.access, url);
        assert_eq!(answer.status.as_u16(), 404, "{url}");
        assert!(
            answer.text().contains("version_off"),
            "{url} {}",
            answer.text()
        );
    }
    let card = stack
        .browser()
        .get_as(&tokens.access, "/v3/fhir/Patient/$generate-insurance-card");
    assert_eq!(card.status.as_u16(), 404);
    card.json();
}
