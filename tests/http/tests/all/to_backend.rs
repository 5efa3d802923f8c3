//! What the gateway asks of the claims backend (docs/contract/03-sign-in.md and 07-fhir.md, 7.3).

use bluegate_http_tests::{Backend, Consent, Flow, Scripted, Seen, Stack, Tokens};
use http::Method;
use serde_json::json;

use crate::support::{public, tokens_of};

const USER: &str = "BBUser28324";
const PATIENT: &str = "-20140000008325";

/// A person who is signed in, and then a backend that only listens.
fn listening(variables: &[(&str, &str)]) -> (Stack, Tokens, Backend) {
    let mut stack = Stack::start();
    let tokens = tokens_of(&stack, USER);
    let backend = Backend::start(Scripted::fhir(404, "{}"));
    let mut all = vec![
        ("claims_backend_origin", backend.base()),
        ("claims_backend_path", "/base"),
    ];
    all.extend_from_slice(variables);
    stack.restart(&all);
    (stack, tokens, backend)
}

/// The only request that a call caused.
#[track_caller]
fn asked(stack: &Stack, tokens: &Tokens, backend: &Backend, url: &str) -> Seen {
    stack.browser().get_as(&tokens.access, url);
    let mut seen = backend.seen();
    assert_eq!(seen.len(), 1, "{url}: {seen:?}");
    seen.remove(0)
}

#[test]
fn reads_and_searches_are_written_with_the_persons_own_id_from_the_grant() {
    let (stack, tokens, backend) = listening(&[]);
    for (url, path, query) in [
        (
            "/v2/fhir/Patient/-20140000008325",
            "/base/v2/fhir/Patient/-20140000008325",
            &[][..],
        ),
        (
            "/v1/fhir/Coverage/part-a--20140000008325",
            "/base/v1/fhir/Coverage/part-a--20140000008325",
            &[],
        ),
        (
            "/v2/fhir/ExplanationOfBenefit/carrier--7",
            "/base/v2/fhir/ExplanationOfBenefit/carrier--7",
            &[],
        ),
        (
            "/v1/fhir/Patient",
            "/base/v1/fhir/Patient",
            &[("_id", PATIENT), ("_count", "10")],
        ),
        (
            "/v2/fhir/Coverage?_count=2",
            "/base/v2/fhir/Coverage",
            &[("beneficiary", "Patient/-20140000008325"), ("_count", "2")],
        ),
        (
            "/v2/fhir/ExplanationOfBenefit?type=pde,snf&startIndex=20&service-date=ge2020&patient=-20140000008325&unknown=1&_lastUpdated=lt2030-01-01",
            "/base/v2/fhir/ExplanationOfBenefit",
            &[
                ("patient", PATIENT),
                ("type", "pde,snf"),
                ("startIndex", "20"),
                ("service-date", "ge2020"),
                ("_lastUpdated", "lt2030-01-01"),
                ("_count", "10"),
            ],
        ),
    ] {
        let seen = asked(&stack, &tokens, &backend, url);
        assert_eq!(seen.method, "GET");
        let (seen_path, seen_query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
        assert_eq!(seen_path, path);
        let mut pairs: Vec<_> = form_urlencoded::parse(seen_query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let mut expected: Vec<_> = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        pairs.sort();
        expected.sort();
        assert_eq!(pairs, expected, "{url}");
    }
}

#[test]
fn exactly_the_headers_of_the_contract_are_sent_and_none_of_the_client() {
    let (stack, tokens, backend) = listening(&[]);
    let bearer = format!("Bearer {}", tokens.access);
    let answer = stack.browser().send(
        Method::GET,
        "/v2/fhir/Patient",
        &[
            ("authorization", &bearer),
            ("cookie", "bg=secret"),
            ("x-forwarded-host", "evil.example"),
            ("x-request-id", "forged"),
            (
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ),
            ("includeidentifiers", "true"),
            ("includeaddressfields", "true"),
            ("includetaxnumbers", "true"),
            ("bluebutton-beneficiaryid", "patientId:-7"),
            ("accept-language", "es"),
            ("user-agent", "test"),
            ("x-anything", "else"),
        ],
        Vec::new(),
    );
    let seen = backend.seen().remove(0);
    let id = answer.header("x-request-id");
    for (name, value) in [
        ("accept", "application/fhir+json"),
        ("accept-encoding", "gzip"),
        ("x-request-id", id),
        ("bluebutton-originalqueryid", id),
        (
            "x-forwarded-host",
            stack.base().trim_start_matches("http://"),
        ),
        ("x-forwarded-proto", "http"),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
    assert!(seen.header("bluebutton-beneficiaryid").ends_with(PATIENT));
    assert!(
        seen.header("bluebutton-application")
            .starts_with("Test app")
    );
    assert_eq!(seen.header("bluebutton-applicationid").len(), 40);
    assert!(
        seen.header("bluebutton-originalquerytimestamp")
            .contains('T')
    );
    let trace: Vec<_> = seen.header("traceparent").split('-').collect();
    assert_eq!(
        trace.iter().map(|part| part.len()).collect::<Vec<_>>(),
        [2, 32, 16, 2],
        "{trace:?}"
    );
    let known = [
        "accept",
        "accept-encoding",
        "x-request-id",
        "traceparent",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-prefix",
        "bluebutton-originalqueryid",
        "bluebutton-originalquerytimestamp",
        "bluebutton-beneficiaryid",
        "bluebutton-application",
        "bluebutton-applicationid",
        // What HTTP itself needs.
        "host",
        "content-length",
        "connection",
        "transfer-encoding",
    ];
    for (name, value) in &seen.headers {
        assert!(known.contains(&name.as_str()), "{name}: {value}");
        assert!(
            !value.contains(&tokens.access) && !value.contains("evil"),
            "{name}: {value}"
        );
    }
}

#[test]
fn the_backend_gets_its_own_authorization_where_one_is_set() {
    let (stack, tokens, backend) =
        listening(&[("claims_backend_authorization", "Basic Z2F0ZXdheTp4")]);
    let seen = asked(&stack, &tokens, &backend, "/v2/fhir/Patient");
    assert_eq!(seen.header("authorization"), "Basic Z2F0ZXdheTp4");
    assert!(
        !stack.log().contains("Z2F0ZXdheTp4"),
        "and the log does not"
    );
}

#[test]
fn what_is_refused_before_the_backend_never_reaches_it() {
    let (stack, tokens, backend) = listening(&[("v3_enabled", "false")]);
    for url in [
        "/v2/fhir/Patient/-20140000000024",
        "/v2/fhir/Coverage/part-a--20140000000024",
        "/v2/fhir/Patient?_id=-20140000000024",
        "/v2/fhir/ExplanationOfBenefit?patient=-20140000000024",
        "/v2/fhir/ExplanationOfBenefit?_count=51",
        "/v2/fhir/ExplanationOfBenefit?type=dental",
        "/v2/fhir/Patient?_format=xml",
        "/v2/fhir/Patient/a%2Fb",
        "/v3/fhir/Patient",
    ] {
        let answer = stack.browser().get_as(&tokens.access, url);
        assert!(answer.status.is_client_error(), "{url}");
    }
    stack.browser().get("/v2/fhir/Patient").expect(401);
    stack
        .browser()
        .get_as("unknown", "/v2/fhir/Patient")
        .expect(401);
    assert!(backend.seen().is_empty());
}

#[test]
fn a_count_of_0_asks_the_backend_with_1() {
    let (stack, tokens, backend) = listening(&[]);
    let seen = asked(
        &stack,
        &tokens,
        &backend,
        "/v2/fhir/ExplanationOfBenefit?_count=0",
    );
    assert!(
        seen.target.contains("_count=1") && !seen.target.contains("_count=10"),
        "{}",
        seen.target
    );
}

#[test]
fn at_sign_in_the_medicare_number_is_in_the_body_of_a_post_and_in_no_url() {
    for (v3, expected) in [("false", &["v2"][..]), ("true", &["v2", "v3"])] {
        let backend = Backend::start(found(&[PATIENT]));
        let stack = Stack::with(&[
            ("claims_backend_origin", backend.base()),
            ("claims_backend_path", ""),
            ("v3_enabled", v3),
        ]);
        let tokens = tokens_of(&stack, USER);
        assert_eq!(tokens.patient, PATIENT);
        let mut seen = backend.seen();
        seen.sort_by(|one, other| one.target.cmp(&other.target));
        assert_eq!(seen.len(), expected.len());
        for (seen, version) in seen.iter().zip(expected) {
            assert_eq!(seen.method, "POST");
            assert_eq!(seen.target, format!("/{version}/fhir/Patient/_search"));
            let form: Vec<_> = form_urlencoded::parse(seen.body.as_bytes()).collect();
            assert_eq!(form.len(), 1);
            assert_eq!(form[0].0, "identifier");
            let system = "http://hl7.org/fhir/sid/us-mbi|1S00";
            assert!(form[0].1.starts_with(system), "{}", form[0].1);
        }
    }
}

#[test]
fn a_patient_id_that_changed_since_the_last_sign_in_is_a_conflict() {
    let backend = Backend::start(found(&[PATIENT]));
    let stack = Stack::with(&[
        ("claims_backend_origin", backend.base()),
        ("claims_backend_path", ""),
    ]);
    let (app, flow) = (public(&stack), Flow::new("v2"));
    flow.tokens(&stack, &app, USER, Consent::ALLOW);
    backend.answers(found(&["-20140000000024"]));
    for _ in 0..2 {
        assert_eq!(sign_in_page(&stack), "identity_conflict");
        // Even the right one again: the person is held until operators resolve it.
        backend.answers(found(&[PATIENT]));
    }
}

#[test]
fn an_answer_to_the_lookup_that_is_not_exactly_one_patient_ends_the_sign_in() {
    let backend = Backend::start(found(&[]));
    let stack = Stack::with(&[
        ("claims_backend_origin", backend.base()),
        ("claims_backend_path", ""),
    ]);
    assert_eq!(sign_in_page(&stack), "not_found");
    backend.answers(found(&[PATIENT, "-20140000000024"]));
    assert_eq!(sign_in_page(&stack), "identity_conflict");
    for broken in [
        Scripted::fhir(500, "{}"),
        Scripted::fhir(200, "{\"resourceType\":\"Bundle\",\"total\":1,\"entry\":[{\"resource\":"),
        Scripted::fhir(200, "<html>"),
        Scripted::fhir(200, ""),
        Scripted::fhir(200, json!({ "resourceType": "Bundle", "total": 1, "entry": [{ "resource": { "resourceType": "Patient", "id": "not a number" } }] }).to_string()),
        Scripted::fhir(200, json!({ "resourceType": "Bundle", "total": 1, "entry": [{ "resource": { "resourceType": "Coverage", "id": PATIENT } }] }).to_string()),
        found(&[PATIENT]).cut(),
    ] {
        backend.answers(broken.clone());
        let code = sign_in_page(&stack);
        assert!(!code.is_empty() && code != "not_found", "{code} for {broken:?}");
    }
    backend.answers(found(&[PATIENT]));
    assert_eq!(
        tokens_of(&stack, USER).patient,
        PATIENT,
        "nothing of it stuck"
    );
}

/// The code of the page that a sign-in ends with.
fn sign_in_page(stack: &Stack) -> String {
    let (app, flow, mut browser) = (public(stack), Flow::new("v2"), stack.browser());
    let signed_in = flow
        .sign_in(&mut browser, &app, USER, "PW28324!")
        .expect(303);
    let page = browser.get(signed_in.header("location"));
    assert!(
        page.status.is_client_error() || page.status.is_server_error(),
        "{}",
        page.status
    );
    page.page_code()
}

/// The answer of a lookup that found these patients.
fn found(patients: &[&str]) -> Scripted {
    let entries: Vec<_> = patients
        .iter()
        .map(|id| json!({ "resource": { "resourceType": "Patient", "id": id } }))
        .collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": patients.len(), "entry": entries });
    Scripted::fhir(200, bundle.to_string())
}
