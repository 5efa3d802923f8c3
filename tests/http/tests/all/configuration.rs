//! Production, and wrong or missing variables (docs/contract/11-sandbox.md; the house rule on configuration).

use std::path::Path;

use bluegate_http_tests::{Answer, Stack};

use crate::support::assert_problem;

const ROUTES: [&str; 8] = [
    "/",
    "/v2/o/authorize/?client_id=x",
    "/v2/fhir/Patient",
    "/v2/fhir/metadata",
    "/.well-known/openid-configuration",
    "/signin/callback",
    "/nothing",
    "/health/ready",
];

/// Good values for production, none of them the sandbox's.
const PRODUCTION: [(&str, &str); 13] = [
    ("environment", "production"),
    ("public_base_url", "https://gateway.example"),
    ("claims_backend_origin", "https://backend.example"),
    ("claims_backend_path", ""),
    ("idp_origin", "https://idp.example"),
    ("idp_path", "/oidc"),
    ("idp_client_id", "gateway"),
    ("idp_client_secret", "a-secret-of-the-provider-0123456789"),
    (
        "store_key",
        "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    ),
    (
        "token_key",
        "k1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8",
    ),
    (
        "audit_key",
        "k1:QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8",
    ),
    (
        "chain_key",
        "k1:YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8",
    ),
    ("idp_subject_form", "uuid"),
];

/// Production with one variable set to another value.
fn production(change: Option<(&'static str, &'static str)>) -> Vec<(&'static str, &'static str)> {
    let mut variables: Vec<_> = PRODUCTION
        .into_iter()
        .filter(|(name, _)| change.is_none_or(|(changed, _)| changed != *name))
        .collect();
    variables.extend(change);
    variables
}

/// Each in the shape of its route: a page, an OAuth error, or a problem.
#[track_caller]
fn assert_told(answer: &Answer) {
    if answer.header("content-type").starts_with("text/html") {
        assert_eq!(answer.status.as_u16(), 503);
        assert_eq!(answer.page_code(), "not_configured");
    } else if answer.json().get("error").is_some() {
        assert_eq!(answer.status.as_u16(), 503);
        assert_eq!(answer.field("code"), "not_configured");
    } else {
        assert_problem(answer, 503, "not_configured");
    }
}

/// Every route but `/health` is 503, and the log names the variable in one line.
#[track_caller]
fn assert_not_configured(stack: &Stack, variable: &str) {
    for route in ROUTES {
        let answer = stack.browser().get(route);
        assert_told(&answer);
        assert!(!answer.header("retry-after").is_empty(), "{route}");
        assert!(
            !answer.text().contains(variable),
            "the public learns no internals"
        );
    }
    let token = stack
        .browser()
        .post("/v2/o/token/", &[("grant_type", "refresh_token")]);
    assert_told(&token);
    stack.browser().get("/health").expect(200);
    let log = stack.log();
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("critical"))
        .collect();
    assert!(!lines.is_empty(), "nothing in the log:\n{log}");
    for line in &lines {
        let line: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        let problem = line["problem"].as_str().expect("the problem");
        assert!(problem.contains(variable), "{problem}");
        assert!(
            problem.contains(&format!("SPIN_VARIABLE_{}", variable.to_uppercase())),
            "{problem}"
        );
    }
    assert!(!log.contains("c2FuZGJveC1vbmx5"), "no key in the log");
    assert!(
        !log.contains("sandbox-only-idp-client-secret"),
        "no secret in the log"
    );
}

#[test]
fn production_with_sandbox_defaults_is_503_everywhere_but_health() {
    let stack = Stack::with(&[("environment", "production")]);
    for route in ROUTES {
        assert_told(&stack.browser().get(route));
    }
    stack.browser().get("/health").expect(200);
    stack.browser().get("/health/").expect(200);
    assert!(
        stack.log().contains("\"problem\":\"variable "),
        "{}",
        stack.log()
    );
}

#[test]
fn production_refuses_each_sandbox_value_and_names_the_variable() {
    for (name, value) in [
        (
            "store_key",
            "sandbox:c2FuZGJveC1vbmx5LXN0b3JlLWtleS0zMi1ieXRlcyE",
        ),
        (
            "token_key",
            "renamed:c2FuZGJveC1vbmx5LXRva2VuLWtleS0zMi1ieXRlcyE",
        ),
        (
            "audit_key",
            "sandbox:QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8",
        ),
        (
            "chain_key",
            "renamed:c2FuZGJveC1vbmx5LWNoYWluLWtleS0zMi1ieXRlcyE",
        ),
        ("retention_audit_d", "2191"),
        ("idp_client_secret", "sandbox-only-idp-client-secret"),
        ("idp_path", "/sandbox/idp"),
        ("claims_backend_path", "/sandbox/claims"),
        ("clock_offset_s", "1"),
        ("public_base_url", "http://gateway.example"),
        ("idp_origin", "http://idp.example"),
        ("claims_backend_origin", "http://backend.example"),
        ("idp_extra_origin", "http://keys.example"),
        ("client_jwks_origin", "http://keys.example"),
        (
            "former_store_keys",
            "old:c2FuZGJveC1vbmx5LXN0b3JlLWtleS0zMi1ieXRlcyE",
        ),
        (
            "former_audit_keys",
            "old:c2FuZGJveC1vbmx5LWF1ZGl0LWtleS0zMi1ieXRlcyE",
        ),
        ("public_base_url", "http://127.0.0.1:3000"),
        (
            "token_key",
            "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        // The same as `store_key`.
        (
            "audit_key",
            "k2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        ),
    ] {
        let stack = Stack::with(&production(Some((name, value))));
        assert_not_configured(&stack, name);
    }
}

#[test]
fn the_sandbox_does_not_start_with_a_real_backend_or_provider() {
    for name in ["claims_backend_origin", "idp_origin"] {
        let stack = Stack::with(&[(name, "https://claims.example.org")]);
        assert_not_configured(&stack, name);
    }
}

#[test]
fn a_wrong_or_empty_variable_is_503_and_named() {
    for (name, value) in [
        ("environment", "staging"),
        ("store_key", ""),
        ("token_key", "short:AAAA"),
        ("idp_client_secret", ""),
        ("access_token_ttl_s", "59"),
        ("access_token_ttl_s", "an hour"),
        ("v3_enabled", "maybe"),
        ("public_base_url", "not an address"),
        ("idp_subject_form", "short"),
    ] {
        let stack = Stack::with(&[(name, value)]);
        assert_not_configured(&stack, name);
    }
}

#[test]
fn production_with_good_values_answers_and_has_no_sandbox() {
    let stack = Stack::with(&production(None));
    assert_production(&stack);
    for path in [
        "/sandbox/idp/.well-known/openid-configuration",
        "/sandbox/idp/authorize",
        "/sandbox/claims/v2/fhir/metadata",
        "/demo/",
    ] {
        assert_eq!(stack.browser().get(path).status.as_u16(), 404, "{path}");
    }
}

#[test]
fn the_deployment_manifest_holds_the_gateway_alone() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/spin.toml");
    if !manifest.exists() {
        println!("skipped: deploy/spin.toml is not there");
        return;
    }
    let text = std::fs::read_to_string(&manifest).expect("the manifest");
    for sandbox in [
        "component.sandbox",
        "component.demo",
        "sandbox-only",
        "/sandbox/",
    ] {
        assert!(!text.contains(sandbox), "{sandbox}");
    }
    let stack = Stack::of_manifest("deploy/spin.toml", &production(None));
    assert_production(&stack);
    for path in [
        "/sandbox/idp/jwks",
        "/sandbox/claims/v2/fhir/metadata",
        "/demo/",
        "/",
    ] {
        assert_problem(&stack.browser().get(path), 404, "not_found");
    }
    for path in [
        "/sandbox/try/expire-token",
        "/sandbox/try/suspend",
        "/sandbox/faults",
        "/sandbox/idp/keys/rotate",
    ] {
        assert_problem(&stack.browser().post(path, &[]), 404, "not_found");
    }
}

#[test]
fn a_variable_that_the_component_is_not_given_is_503_and_named() {
    for name in [
        "environment",
        "token_key",
        "public_base_url",
        "rate_limit_per_minute",
    ] {
        let without = |text: String| -> String {
            let line = format!("{name} = \"{{{{ {name} }}}}\"\n");
            assert!(text.contains(&line), "{name}");
            // The gateway comes first in the manifest; the sandbox keeps its own.
            text.replacen(&line, "", 1)
        };
        assert_not_configured(&Stack::of_changed_manifest(without, &[]), name);
    }
}

#[test]
fn the_deployment_manifest_does_not_start_without_a_required_variable() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/spin.toml");
    if !manifest.exists() {
        println!("skipped: deploy/spin.toml is not there");
        return;
    }
    let all = production(None);
    for missing in ["store_key", "idp_client_secret", "token_key"] {
        let given: Vec<_> = all
            .iter()
            .copied()
            .filter(|(name, _)| *name != missing)
            .collect();
        let log = Stack::refusal_of_manifest("deploy/spin.toml", &given);
        assert!(log.contains(missing), "{log}");
    }
}

#[test]
fn over_https_cookies_have_the_host_prefix_and_hsts_is_sent() {
    let stack = Stack::with(&[("public_base_url", "https://gateway.example")]);
    let app = crate::support::public(&stack);
    let answer = stack
        .browser()
        .get(&bluegate_http_tests::Flow::new("v2").authorize_url(&app));
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-bg="), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(
        answer
            .header("strict-transport-security")
            .contains("max-age=")
    );
}

#[test]
fn the_deployment_manifest_guesses_nothing() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/spin.toml");
    if !manifest.exists() {
        println!("skipped: deploy/spin.toml is not there");
        return;
    }
    let stack = Stack::of_manifest("deploy/spin.toml", &production(Some(("store_key", ""))));
    assert_not_configured(&stack, "store_key");
}

/// What a production gateway does without backend and provider: it answers, with https rules.
fn assert_production(stack: &Stack) {
    let mut browser = stack.browser();
    browser.get("/health").expect(200);
    browser.get("/health/ready").expect(503);
    let document = browser
        .get("/.well-known/oauth-authorization-server")
        .expect(200);
    assert_eq!(document.json()["issuer"], "https://gateway.example");
    assert!(
        document
            .header("strict-transport-security")
            .contains("max-age=")
    );
    assert_problem(&browser.get("/v2/fhir/Patient"), 401, "no_credentials");
    let page = browser.get("/v2/o/authorize/?client_id=BluegateDemoPublicClientForSandbox000001");
    assert_eq!(
        page.status.as_u16(),
        400,
        "the demo application is the sandbox's"
    );
    assert_eq!(page.page_code(), "invalid_client");
    // A new application waits for an operator.
    let body = serde_json::json!({
        "client_name": "In production",
        "redirect_uris": ["https://app.example/callback"],
        "token_endpoint_auth_method": "none",
    });
    let answer = browser.send(
        http::Method::POST,
        "/o/register",
        &[("content-type", "application/json")],
        body.to_string().into_bytes(),
    );
    let answer = answer.expect(201);
    let page = browser
        .get(&format!(
            "/v2/o/authorize/?client_id={}",
            answer.field("client_id")
        ))
        .expect(403);
    assert!(
        page.text()
            .contains("This application, In production, is temporarily inactive.")
    );
    let token = browser.post(
        "/v2/o/token/",
        &[
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("code_verifier", &"v".repeat(43)),
            ("client_id", &answer.field("client_id")),
        ],
    );
    assert_eq!(
        (token.status.as_u16(), token.field("error").as_str()),
        (403, "invalid_client")
    );
    assert!(
        token
            .field("error_description")
            .contains("temporarily inactive")
    );
    // http only on loopback addresses.
    let body = body
        .to_string()
        .replace("https://app", "http://app")
        .replace("In production", "Plain");
    let refused = browser.send(
        http::Method::POST,
        "/o/register",
        &[("content-type", "application/json")],
        body.into_bytes(),
    );
    assert_eq!(refused.expect(400).field("error"), "invalid_redirect_uri");
}
