//! v3, which the sandbox has on: an id space of its own, from the sign-in to the last call.

use bluegate_http_tests::{Application, Backend, Consent, Flow, Scripted, Stack, Tokens};
use http::Method;

use crate::support::{confidential, entries, public};

const USER: &str = "BBUser28324";
const PATIENT: &str = "-20140000008325";
const SCOPE: &str = "patient/*.rs profile";

fn connected(stack: &Stack, app: &Application, version: &'static str) -> Tokens {
    Flow::new(version)
        .with_scope(SCOPE)
        .tokens(stack, app, USER, Consent::ALLOW)
}

#[test]
fn the_whole_flow_on_v3() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    let tokens = connected(&stack, &app, "v3");
    let own = &tokens.patient;
    assert_ne!(own, PATIENT);

    let about = app.send_token(&stack, "/v3/o/introspect/", &tokens.access);
    assert_eq!(about.expect(200).json()["patient"], **own);
    let get = |url: &str| stack.browser().get_as(&tokens.access, url);
    let person = get("/v3/connect/userinfo").expect(200).json();
    assert_eq!(person["sub"], **own);
    let patient = get(&format!("/v3/fhir/Patient/{own}")).expect(200).json();
    assert_eq!(patient["id"], **own);
    let found = get("/v3/fhir/Patient").expect(200).json();
    assert_eq!(entries(&found), [patient]);
    let base = format!("{}/v3/fhir/Patient", stack.base());
    let address = found["link"][0]["url"].as_str().expect("a link");
    assert!(address.starts_with(&base), "{address}");

    let refreshed = Flow::new("v3").refresh(&stack, &app, &tokens.refresh, None);
    let refreshed = Tokens::read(&refreshed.expect(200));
    assert_eq!(refreshed.patient, *own);
    app.send_token(&stack, "/v3/o/revoke/", &refreshed.access)
        .expect(200);
    let refused = get("/v3/fhir/Patient").expect(403).json();
    assert_eq!(refused["resourceType"], "OperationOutcome");
    assert_eq!(
        refused["issue"][0]["details"]["coding"][0]["code"],
        "grant_revoked"
    );
}

#[test]
fn one_token_serves_v1_v2_and_v3_each_with_its_own_id() {
    let stack = Stack::shared();
    let app = public(&stack);
    let of_v3 = connected(&stack, &app, "v3").patient;
    let tokens = connected(&stack, &app, "v2");
    assert_eq!(tokens.patient, PATIENT);
    let status = |url: String| {
        let answer = stack.browser().get_as(&tokens.access, &url);
        answer.status.as_u16()
    };
    for (version, own, other) in [
        ("v1", PATIENT, &*of_v3),
        ("v2", PATIENT, &of_v3),
        ("v3", &of_v3, PATIENT),
    ] {
        let fhir = format!("/{version}/fhir");
        assert_eq!(status(format!("{fhir}/Patient/{own}")), 200);
        assert_eq!(status(format!("{fhir}/Patient/{other}")), 404);
        assert_eq!(status(format!("{fhir}/Coverage/part-a-{other}")), 404);
        let search = format!("{fhir}/Patient?_id=");
        assert_eq!(status(format!("{search}{own}")), 200);
        assert_eq!(status(format!("{search}{other}")), 403);
    }
}

#[test]
fn the_documents_of_v3_point_to_v3() {
    let stack = Stack::shared();
    let get = |url: &str| stack.browser().get(url).expect(200).json();
    let smart = get("/v3/fhir/.well-known/smart-configuration");
    let base = stack.base();
    assert_eq!(
        smart["authorization_endpoint"],
        format!("{base}/v3/o/authorize/")
    );
    assert_eq!(smart["token_endpoint"], format!("{base}/v3/o/token/"));
    let capabilities = get("/v3/fhir/metadata");
    assert_eq!(capabilities["fhirVersion"], "4.0.1");
    assert_eq!(
        capabilities["implementation"]["url"],
        format!("{base}/v3/fhir")
    );
}

/// The contract lets `scope` be left out on v1 and v2.
#[test]
fn scope_is_required_on_v3() {
    let stack = Stack::shared();
    let app = public(&stack);
    let answer = stack.browser().get(&Flow::new("v3").authorize_url(&app));
    assert_eq!(
        answer.expect(303).redirected("error").as_deref(),
        Some("invalid_scope")
    );
}

#[test]
fn errors_of_v3_are_operation_outcomes() {
    let stack = Stack::shared();
    let app = public(&stack);
    let tokens = connected(&stack, &app, "v3");
    for (url, status, code) in [
        ("/v3/fhir/Patient/x", 404, "not_found"),
        ("/v3/fhir/Patient?_count=51", 400, "invalid_parameter"),
        ("/v3/fhir/Patient?_id=7", 403, "other_person"),
        ("/v3/fhir/Patient?_format=xml", 406, "not_acceptable"),
        (
            "/v3/fhir/Patient/$generate-insurance-card",
            404,
            "not_found",
        ),
    ] {
        let answer = stack.browser().get_as(&tokens.access, url).expect(status);
        assert_eq!(
            answer.json()["issue"][0]["details"]["coding"][0]["code"],
            code,
            "{url}"
        );
    }
    let answer = stack.browser().get("/v3/fhir/Patient").expect(401);
    assert_eq!(answer.json()["resourceType"], "OperationOutcome");
}

/// Plain text is how v3 says 500.
#[test]
fn a_v3_backend_in_trouble_stops_neither_the_other_versions_nor_says_more_than_502() {
    let mut stack = Stack::start();
    let app = public(&stack);
    let tokens = connected(&stack, &app, "v3");
    let sandbox = stack.base().to_owned();
    let backend = Backend::start(Scripted::with_headers(
        500,
        "Content-Type: text/plain\r\n",
        "an unknown error occurred",
    ));
    backend.answers_by(|seen| {
        if seen.target.starts_with("/v3/") {
            Scripted::with_headers(
                500,
                "Content-Type: text/plain\r\n",
                "an unknown error occurred",
            )
        } else {
            let body = format!(r#"{{"resourceType":"Patient","id":"{PATIENT}"}}"#);
            Scripted::fhir(200, body)
        }
    });
    stack.restart(&[
        ("claims_backend_origin", backend.base()),
        ("claims_backend_path", ""),
        ("idp_origin", &sandbox),
    ]);
    let get = |url: &str| {
        stack.browser().send(
            Method::GET,
            url,
            &[("authorization", &format!("Bearer {}", tokens.access))],
            Vec::new(),
        )
    };
    let failed = get("/v3/fhir/Patient").expect(502);
    assert!(!failed.text().contains("unknown error"));
    get(&format!("/v2/fhir/Patient/{PATIENT}")).expect(200);
}
