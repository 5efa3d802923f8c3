//! v3, which the sandbox has on: an id space of its own, from the sign-in to the last call.

use bluegate_http_tests::{Application, Backend, Consent, Flow, Scripted, Stack, Tokens};
use http::Method;

use crate::support::{confidential, entries, pages, public};

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

    // Every claim once, by following `next`, and nothing of anybody else.
    let claims: Vec<_> = pages(
        &stack,
        &tokens.access,
        "/v3/fhir/ExplanationOfBenefit?_count=7",
    )
    .iter()
    .flat_map(entries)
    .collect();
    let mut ids: Vec<_> = claims.iter().map(|claim| claim["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), claims.len());
    let of_v2 = pages(
        &stack,
        &tokens.access,
        "/v2/fhir/ExplanationOfBenefit?_count=50",
    );
    assert_eq!(ids.len(), of_v2.iter().flat_map(entries).count());
    for claim in &claims {
        assert_eq!(claim["patient"]["reference"], format!("Patient/{own}"));
    }
    let first = format!(
        "/v3/fhir/ExplanationOfBenefit/{}",
        claims[0]["id"].as_str().expect("id")
    );
    assert_eq!(get(&first).expect(200).json(), claims[0]);
    let count = get("/v3/fhir/ExplanationOfBenefit?_count=0").expect(200);
    assert_eq!(count.json()["total"], claims.len());
    let drugs = get("/v3/fhir/ExplanationOfBenefit?type=pde&_count=50").expect(200);
    let drugs = entries(&drugs.json()).len();
    assert!(0 < drugs && drugs < claims.len());
    let past = get("/v3/fhir/ExplanationOfBenefit?startIndex=5000").expect(200);
    assert!(entries(&past.json()).is_empty());

    let coverages = entries(&get("/v3/fhir/Coverage").expect(200).json());
    assert!(!coverages.is_empty());
    for coverage in &coverages {
        let id = coverage["id"].as_str().expect("id");
        assert_eq!(
            get(&format!("/v3/fhir/Coverage/{id}")).expect(200).json(),
            *coverage
        );
    }
    let one = get("/v3/fhir/Coverage?_count=1").expect(200).json();
    assert_eq!(entries(&one), coverages[..1]);
    assert_eq!(one["total"], coverages.len());
    // The backend answers 200 with nothing but the id to a part that the person does not have.
    let absent: Vec<_> = ["part-a", "part-b", "part-c", "part-d", "dual"]
        .into_iter()
        .filter(|part| {
            !coverages
                .iter()
                .any(|it| it["id"].as_str().is_some_and(|id| id.starts_with(part)))
        })
        .collect();
    assert!(!absent.is_empty());
    for part in absent {
        get(&format!("/v3/fhir/Coverage/{part}-{own}")).expect(404);
    }
    get(&format!("/v3/fhir/Coverage/part-x-{own}")).expect(400);

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
        ("/v3/fhir/Patient/$everything", 404, "not_found"),
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
