//! Bodies as they arrive and as they leave: with and without `Content-Length`, too large, late, broken off or
//! compressed (docs/contract/03-sign-in.md and 05-token-exchange.md, 5.1; RFC 9112, sections 6 and 7).

use std::time::Duration;

use bluegate_http_tests::{
    Answer, Application, Backend, Browser, Flow, Framing, Raw, Scripted, Seen, Stack, Tokens, pairs,
};
use serde_json::{Value, json};

use crate::operators::OPERATORS;
use crate::support::{REDIRECT, assert_problem, confidential, entries, name, tokens_of};

const USER: &str = "BBUser28324";
const SEARCH: &str = "/v2/fhir/ExplanationOfBenefit/_search";

/// How a body may travel, each of which is the same request.
const FRAMINGS: [Framing; 4] = [
    Framing::Length,
    Framing::Chunks(1),
    Framing::Chunks(0x10000),
    Framing::ChunksSlow(150, Duration::from_millis(20)),
];

fn form(stack: &Stack, target: &str, fields: &[(&str, &str)], framing: Framing) -> Answer {
    Raw::form(target, fields).framed(framing).send(stack)
}

fn json_body(method: &str, target: &str, body: &Value, framing: Framing) -> Raw {
    Raw::new(method, target)
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .framed(framing)
}

fn registered(stack: &Stack, framing: Framing) -> Application {
    let metadata = json!({ "client_name": name(), "redirect_uris": [REDIRECT] });
    let answer = json_body("POST", "/o/register", &metadata, framing).send(stack);
    let metadata = answer.expect(201).json();
    let text = |name: &str| metadata[name].as_str().expect("a text").to_owned();
    Application {
        client_id: text("client_id"),
        secret: Some(text("client_secret")),
        redirect_uri: REDIRECT.to_owned(),
        metadata,
    }
}

/// From registration to revocation with every body in one framing.
fn walk(stack: &Stack, framing: Framing) {
    let app = registered(stack, framing);
    let (flow, mut browser) = (Flow::new("v2"), stack.browser());

    let mut request = flow.parameters(&app);
    request.extend(app.credentials().into_iter().skip(1));
    let pushed = form(stack, "/v2/o/par", &pairs(&request), framing).expect(201);
    let pushed = [
        ("client_id", app.client_id.clone()),
        ("request_uri", pushed.field("request_uri")),
    ];
    let started = browser.send_raw(
        stack,
        Raw::form("/v2/o/authorize/", &pairs(&pushed)).framed(framing),
    );
    let page = signed_in(&mut browser, &started.expect(303));
    let decision = [
        ("transaction", page.hidden("transaction")),
        ("csrf", page.hidden("csrf")),
        ("decision", "allow".to_owned()),
        ("demographics", "share".to_owned()),
    ];
    let decided = browser.send_raw(
        stack,
        Raw::form("/v2/o/authorize/consent", &pairs(&decision)).framed(framing),
    );
    let code = decided.expect(303).redirected("code").expect("a code");

    let exchange = flow.exchange_form(&app, &code);
    let exchanged = form(stack, "/v2/o/token/", &pairs(&exchange), framing);
    let tokens = Tokens::read(&exchanged.expect(200));
    search(stack, &tokens, framing);
    manage(stack, &app, framing);

    let mut refresh = vec![
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", tokens.refresh),
    ];
    refresh.extend(app.credentials());
    let refreshed = form(stack, "/v1/o/token", &pairs(&refresh), framing);
    let tokens = Tokens::read(&refreshed.expect(200));
    let mut about = vec![("token", tokens.access.clone())];
    about.extend(app.credentials());
    let active = |target: &str| {
        let answer = form(stack, target, &pairs(&about), framing).expect(200);
        answer.json()["active"].as_bool()
    };
    assert_eq!(active("/v2/o/introspect/"), Some(true));
    form(stack, "/v2/o/revoke_token/", &pairs(&about), framing).expect(200);
    assert_eq!(active("/v2/o/introspect/"), Some(false));
    form(stack, "/v2/o/revoke/", &pairs(&about), framing).expect(200);
}

fn signed_in(browser: &mut Browser, started: &Answer) -> Answer {
    let sign_in = browser.get(started.header("location")).expect(200);
    let password = bluegate_http_tests::password(USER);
    let back = bluegate_http_tests::post_sign_in(browser, &sign_in, USER, &password).expect(303);
    let back = browser.get(back.header("location")).expect(303);
    browser.get(back.header("location")).expect(200)
}

/// A search form counts, also where it names somebody else.
fn search(stack: &Stack, tokens: &Tokens, framing: Framing) {
    let ask = |fields: &[(&str, &str)]| {
        let request = Raw::form(SEARCH, fields).framed(framing);
        request.bearer(&tokens.access).send(stack)
    };
    let types: Vec<_> = entries(&ask(&[("type", "pde"), ("_count", "50")]).expect(200).json())
        .iter()
        .map(|claim| claim["id"].as_str().expect("an id")[..4].to_owned())
        .collect();
    assert!(
        !types.is_empty() && types.iter().all(|kind| kind == "pde-"),
        "{types:?}"
    );
    assert_problem(&ask(&[("patient", "-1")]), 403, "other_person");
}

/// The metadata is replaced by a body of PUT.
fn manage(stack: &Stack, app: &Application, framing: Framing) {
    let token = app.metadata["registration_access_token"]
        .as_str()
        .expect("a registration token");
    let target = format!("/o/register/{}", app.client_id);
    let body = json!({
        "client_id": app.client_id, "client_name": app.metadata["client_name"],
        "redirect_uris": [REDIRECT], "description": "in pieces",
    });
    let changed = json_body("PUT", &target, &body, framing)
        .bearer(token)
        .send(stack);
    assert_eq!(changed.expect(200).json()["description"], "in pieces");
}

#[test]
fn a_body_is_what_arrives_with_and_without_its_length_on_every_oauth_and_fhir_route() {
    let stack = Stack::shared();
    for framing in FRAMINGS {
        walk(&stack, framing);
    }
}

#[test]
fn a_body_without_its_length_counts_on_pages_and_for_operators() {
    let stack = Stack::with(&[("operators", &OPERATORS)]);
    for framing in FRAMINGS {
        let mut browser = stack.browser();
        let user = name().to_lowercase().replace(' ', "-");
        let account = [
            ("action", "create"),
            ("name", &user),
            ("password", "a long password of a test"),
        ];
        let entered = browser.send_raw(&stack, Raw::form("/developer/", &account).framed(framing));
        assert_eq!(entered.status.as_u16(), 303, "{}", entered.text());
        browser.get("/developer/").expect(200);

        let tried = [("operation", "metadata"), ("p.version", "v2")];
        let tried = form(&stack, "/docs", &tried, framing).expect(200);
        assert!(tried.text().contains("CapabilityStatement"));

        let lock = json!({ "scope": "version", "target": "v1", "reason": "a test" });
        let locked = json_body("POST", "/ops/lock-down", &lock, framing)
            .bearer("locker")
            .send(&stack);
        assert!(locked.status.is_success(), "{}", locked.text());
    }
}

#[test]
fn a_post_without_a_body_is_answered_at_once_however_that_is_told() {
    let stack = Stack::shared();
    for framing in [Framing::Untold, Framing::Length, Framing::Chunks(1)] {
        let tokens = tokens_of(&stack, USER);
        let request = Raw::new("POST", SEARCH).framed(framing);
        let found = request.bearer(&tokens.access).send(&stack).expect(200);
        assert_eq!(entries(&found.json()).len(), 10);
        let refused = Raw::new("POST", "/v2/o/token/")
            .framed(framing)
            .send(&stack);
        assert_eq!(refused.expect(400).field("error"), "invalid_request");
    }
}

#[test]
fn content_of_a_get_means_nothing() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    for framing in [Framing::Length, Framing::Chunks(3)] {
        let request = Raw::new("GET", "/v2/fhir/ExplanationOfBenefit?_count=1")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Content-Encoding", "gzip")
            .bearer(&tokens.access)
            .body("patient=-1")
            .framed(framing);
        assert_eq!(entries(&request.send(&stack).expect(200).json()).len(), 1);
    }
}

/// A route, and how its errors look.
const SHAPES: [(&str, &str, Shape); 14] = [
    ("POST", "/v2/o/token/", Shape::OAuth),
    ("POST", "/v1/o/revoke_token", Shape::OAuth),
    ("POST", "/v2/o/revoke/", Shape::OAuth),
    ("POST", "/v2/o/introspect/", Shape::OAuth),
    ("POST", "/v3/o/par", Shape::OAuth),
    ("POST", "/o/register", Shape::OAuth),
    ("PUT", "/o/register/unknown", Shape::OAuth),
    ("POST", SEARCH, Shape::Problem),
    ("POST", "/v3/fhir/Coverage/_search", Shape::Outcome),
    ("POST", "/v2/o/authorize/", Shape::Page),
    ("POST", "/v1/o/authorize/consent", Shape::Page),
    ("POST", "/account/", Shape::Page),
    ("POST", "/developer", Shape::Page),
    ("POST", "/nothing", Shape::Problem),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    OAuth,
    Outcome,
    Page,
    Problem,
}

/// The refusal has the shape of its route, and all that every answer has.
#[track_caller]
fn assert_refused(answer: &Answer, (path, shape): (&str, Shape), status: u16, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(answer.header("vary"), "Accept-Encoding", "{path}");
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    let cross_origin = !matches!(shape, Shape::Page) && path != "/nothing";
    let origin = answer.header("access-control-allow-origin");
    assert_eq!(origin == "*", cross_origin, "{path}");
    let (media, told) = match shape {
        Shape::OAuth => {
            assert_eq!(answer.field("error"), "invalid_request", "{path}");
            assert!(!answer.field("error_description").is_empty());
            ("application/json", answer.field("code"))
        }
        Shape::Outcome => {
            let body = answer.json();
            assert_eq!(body["resourceType"], "OperationOutcome");
            let code = &body["issue"][0]["details"]["coding"][0]["code"];
            (
                "application/fhir+json",
                code.as_str().expect("a code").to_owned(),
            )
        }
        Shape::Page => ("text/html; charset=utf-8", answer.page_code()),
        Shape::Problem => {
            assert!(!answer.field("detail").is_empty(), "{path}");
            ("application/json", answer.field("code"))
        }
    };
    assert_eq!(
        (answer.header("content-type"), told.as_str()),
        (media, code),
        "{path}"
    );
}

/// A form of so many bytes.
fn large(method: &str, path: &str, length: usize) -> Raw {
    Raw::new(method, path)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("x".repeat(length))
}

#[test]
fn a_body_of_more_than_its_route_takes_is_413_in_the_shape_of_it() {
    let stack = Stack::shared();
    for (method, path, shape) in SHAPES {
        for framing in [Framing::Length, Framing::Chunks(5000)] {
            let answer = large(method, path, 262_145).framed(framing).send(&stack);
            assert_refused(&answer, (path, shape), 413, "body_too_large");
        }
    }
    let whole = large("POST", "/v2/o/token/", 32_768).framed(Framing::Chunks(5000));
    assert_eq!(
        whole.send(&stack).expect(400).field("error"),
        "invalid_request"
    );
}

#[test]
fn a_body_that_breaks_off_is_400_in_the_shape_of_its_route() {
    let stack = Stack::shared();
    for (method, path, shape) in SHAPES {
        let answer = large(method, path, 100)
            .framed(Framing::ChunksBroken)
            .send(&stack);
        assert_refused(&answer, (path, shape), 400, "body_broken");
    }
}

#[test]
fn a_body_with_a_content_encoding_is_415_in_the_shape_of_its_route() {
    let stack = Stack::shared();
    for (method, path, shape) in SHAPES {
        for coding in ["gzip", "br", "identity, deflate"] {
            let request = large(method, path, 10).header("Content-Encoding", coding);
            let answer = request.send(&stack);
            assert_refused(&answer, (path, shape), 415, "encoding_unsupported");
            assert_eq!(answer.header("accept-encoding"), "identity");
        }
    }
    let plain =
        Raw::form("/v2/o/token/", &[("grant_type", "x")]).header("Content-Encoding", "identity");
    assert_eq!(
        plain.send(&stack).expect(400).field("error"),
        "unsupported_grant_type"
    );
}

#[test]
fn two_authorization_headers_are_400_in_the_shape_of_the_route() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, USER);
    let reads = [
        ("GET", "/v2/fhir/Patient", Shape::Problem),
        ("GET", "/v3/fhir/Patient", Shape::Outcome),
        ("GET", "/connect/userinfo", Shape::Problem),
    ];
    for (method, path, shape) in SHAPES.into_iter().chain(reads) {
        let answer = Raw::new(method, path)
            .bearer(&tokens.access)
            .bearer(&tokens.access)
            .send(&stack);
        assert_refused(&answer, (path, shape), 400, "authorization_repeated");
    }
}

#[test]
fn a_body_that_does_not_come_within_30_seconds_is_408_in_the_shape_of_its_route() {
    let stack = Stack::start();
    std::thread::scope(|scope| {
        for (method, path, shape) in SHAPES {
            let stack = &stack;
            scope.spawn(move || {
                let stalled = large(method, path, 100).framed(Framing::LengthStalled);
                assert_refused(&stalled.send(stack), (path, shape), 408, "body_late");
            });
        }
    });
}

/// The host may refuse it first; the gateway never takes it for a fault of its own.
#[test]
fn a_head_that_is_too_long_is_the_clients_fault() {
    let stack = Stack::shared();
    for length in [20_000, 60_000, 65_600, 120_000, 300_000] {
        let long = "x".repeat(length);
        for request in [
            Raw::new("GET", &format!("/v2/fhir/Patient?x={long}")),
            Raw::new("GET", "/v2/fhir/Patient").header("X-Long", &long),
        ] {
            let status = request.send(&stack).status.as_u16();
            assert!(matches!(status, 401 | 414 | 431), "{status} for {length}");
        }
    }
    let mut many = Raw::new("GET", "/v2/fhir/Patient");
    for number in 0..90 {
        many = many.header(&format!("X-{number}"), &"x".repeat(2_000));
    }
    let status = many.send(&stack).status.as_u16();
    assert!(matches!(status, 401 | 431), "{status}");
}

/// Each has a length, and nothing is sent in chunks.
#[track_caller]
fn assert_measured(seen: &Seen) {
    let length = seen.body.len().to_string();
    assert_eq!(seen.header("content-length"), length, "{seen:?}");
    assert_eq!(seen.header("transfer-encoding"), "", "{seen:?}");
}

#[test]
fn what_the_gateway_sends_to_the_provider_has_its_length() {
    let provider = Backend::start(Scripted::fhir(404, "{}"));
    let base = provider.base().to_owned();
    provider.answers_by(move |seen| {
        let document = json!({
            "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        let status = if seen.method == "GET" { 200 } else { 400 };
        Scripted::with_headers(
            status,
            "Content-Type: application/json\r\n",
            document.to_string(),
        )
    });
    let stack = Stack::with(&[("idp_origin", provider.base()), ("idp_path", "")]);
    let mut browser = stack.browser();
    let app = confidential(&stack);
    let started = browser
        .get(&Flow::new("v2").authorize_url(&app))
        .expect(303);
    let state = started.redirected("state").expect("a state");
    browser.get(&format!("/signin/callback?code=x&state={state}"));
    let seen = provider.seen();
    let posted: Vec<_> = seen.iter().filter(|seen| seen.method == "POST").collect();
    assert_eq!(posted.len(), 1, "{seen:?}");
    assert!(posted[0].body.contains("grant_type=authorization_code"));
    seen.iter()
        .filter(|seen| seen.method == "POST" || !seen.header("content-length").is_empty())
        .for_each(assert_measured);
}

#[test]
fn what_the_gateway_sends_to_the_backend_has_its_length() {
    let mut stack = Stack::start();
    let app = confidential(&stack);
    let backend = Backend::start(Scripted::fhir(404, "{}"));
    stack.restart(&[
        ("claims_backend_origin", backend.base()),
        ("claims_backend_path", ""),
    ]);
    let mut browser = stack.browser();
    let started = browser
        .get(&Flow::new("v2").authorize_url(&app))
        .expect(303);
    let sign_in = browser.get(started.header("location")).expect(200);
    let password = bluegate_http_tests::password(USER);
    let back = bluegate_http_tests::post_sign_in(&mut browser, &sign_in, USER, &password);
    browser.get(back.expect(303).header("location"));
    let seen = backend.seen();
    let looked_up: Vec<_> = seen.iter().filter(|seen| seen.method == "POST").collect();
    assert!(!looked_up.is_empty(), "{seen:?}");
    for seen in looked_up {
        assert!(seen.body.starts_with("identifier="), "{seen:?}");
        assert_measured(seen);
    }
}
