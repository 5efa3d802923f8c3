//! Routes, methods, headers and cross-origin rules (docs/contract/01-routes.md and 07-fhir.md, 7.5).

use std::collections::BTreeSet;

use bluegate_http_tests::{Answer, Stack};
use http::Method;

use crate::support::{assert_problem, tokens_of};

const ID: &str = "-20140000008325";

/// Every route of this application and its methods.
const ROUTES: [(&str, &[&str]); 28] = [
    ("/v1/o/authorize", &["GET", "POST"]),
    ("/v2/o/authorize", &["GET", "POST"]),
    ("/v2/o/authorize/consent", &["GET", "POST"]),
    ("/signin/callback", &["GET"]),
    ("/signout", &["GET", "POST"]),
    ("/v2/o/token", &["POST"]),
    ("/v1/o/token", &["POST"]),
    ("/v2/o/revoke_token", &["POST"]),
    ("/v2/o/revoke", &["POST"]),
    ("/v1/o/introspect", &["POST"]),
    ("/o/register", &["POST"]),
    ("/o/register/unknown", &["GET", "PUT", "DELETE"]),
    ("/v2/o/par", &["POST"]),
    ("/v1/connect/userinfo", &["GET", "POST"]),
    ("/v2/connect/UserInfo", &["GET", "POST"]),
    ("/connect/userinfo", &["GET", "POST"]),
    ("/v2/fhir/Patient", &["GET"]),
    ("/v1/fhir/Coverage", &["GET"]),
    ("/v2/fhir/ExplanationOfBenefit", &["GET"]),
    ("/v2/fhir/ExplanationOfBenefit/_search", &["POST"]),
    ("/v2/fhir/Patient/-20140000008325", &["GET"]),
    ("/v2/fhir/metadata", &["GET"]),
    ("/v1/fhir/.well-known/smart-configuration", &["GET"]),
    ("/.well-known/oauth-authorization-server", &["GET"]),
    ("/.well-known/openid-configuration", &["GET"]),
    ("/v2/connect/.well-known/openid-configuration", &["GET"]),
    ("/health", &["GET"]),
    ("/health/ready", &["GET"]),
];

fn send(stack: &Stack, method: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    stack.browser().send(method, url, headers, Vec::new())
}

#[test]
fn every_route_works_with_and_without_the_trailing_slash_without_a_redirect() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    let bearer = format!("Bearer {}", tokens.access);
    for (route, methods) in ROUTES {
        for method in methods {
            let headers = [("authorization", bearer.as_str())];
            let bare = send(&stack, method, route, &headers);
            let slashed = send(&stack, method, &format!("{route}/"), &headers);
            assert_ne!(bare.status.as_u16(), 404, "{method} {route}");
            assert_ne!(bare.status.as_u16(), 405, "{method} {route}");
            assert_eq!(slashed.status, bare.status, "{method} {route}");
            // Some routes redirect, but never from one spelling to the other.
            assert_eq!(
                slashed.header("location"),
                bare.header("location"),
                "{method} {route}"
            );
            assert!(!bare.header("location").contains(&format!("{route}/")));
        }
    }
}

#[test]
fn an_unknown_path_is_404_json() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    for path in [
        "/nothing",
        "/v2",
        "/v2/fhir",
        "/v2/fhir/Claim",
        "/v2/fhir/patient",
        "/v2/fhir/Coverage/x/junk",
        "/v2/fhir/Coverage//",
        "/v4/fhir/Patient",
        "/v2/fhir/Patient/-20140000008325/_history",
        "/v2/o/token/more",
        "/V2/fhir/Patient",
        "//v2/fhir/Patient",
        "/v2/o/Token",
        "/.env",
    ] {
        let answer = stack.browser().get_as(&tokens.access, path);
        assert_problem(&answer, 404, "not_found");
    }
}

#[test]
fn a_wrong_method_is_405_with_allow() {
    let stack = Stack::shared();
    for (route, methods) in ROUTES {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            if methods.contains(&method) {
                continue;
            }
            let answer = send(&stack, method, route, &[]);
            assert_eq!(answer.status.as_u16(), 405, "{method} {route}");
            assert_eq!(
                answer.field("code"),
                "method_not_allowed",
                "{method} {route}"
            );
            let allowed: BTreeSet<_> = answer
                .header("allow")
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect();
            for method in methods {
                assert!(allowed.contains(*method), "{route}: {allowed:?}");
            }
            assert!(!allowed.contains(method), "{route}: {allowed:?}");
        }
    }
}

#[test]
fn every_answer_has_a_request_id_of_its_own() {
    let stack = Stack::shared();
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        for (route, methods) in ROUTES {
            let answer = send(&stack, methods[0], route, &[]);
            let id = answer.header("x-request-id").to_owned();
            assert!(id.len() >= 16, "{route}: {id}");
            assert!(seen.insert(id), "{route}");
        }
    }
}

#[test]
fn every_answer_has_vary_content_length_and_nosniff() {
    let stack = Stack::shared();
    for (route, methods) in ROUTES {
        let answer = send(&stack, methods[0], route, &[]);
        assert!(
            answer
                .header("vary")
                .to_lowercase()
                .contains("accept-encoding"),
            "{route}"
        );
        assert_eq!(
            answer.header("content-length"),
            answer.body.len().to_string(),
            "{route}"
        );
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{route}"
        );
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "plain http has no HSTS"
        );
        assert_eq!(answer.header("server"), "", "{route}");
    }
}

#[test]
fn fhir_answers_are_private_and_never_stored() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    for url in [
        "/v1/fhir/Patient",
        &format!("/v2/fhir/Patient/{ID}"),
        "/v2/fhir/Coverage",
    ] {
        let answer = stack.browser().get_as(&tokens.access, url).expect(200);
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert!(
            answer
                .header("content-type")
                .starts_with("application/fhir+json")
        );
    }
    let refused = stack.browser().get("/v2/fhir/Patient");
    assert!(refused.header("cache-control").contains("no-store"));
}

/// Where web applications of other origins may call.
const OPEN: [(&str, &str); 19] = [
    ("GET", "/v2/fhir/Patient"),
    ("GET", "/v1/fhir/Coverage/x"),
    ("POST", "/v1/fhir/ExplanationOfBenefit/_search"),
    ("GET", "/v3/fhir/Patient"),
    ("GET", "/v2/fhir/metadata"),
    ("GET", "/v2/connect/userinfo"),
    ("GET", "/connect/userinfo"),
    ("POST", "/v2/o/token/"),
    ("POST", "/v2/o/par"),
    ("POST", "/v2/o/revoke_token/"),
    ("POST", "/v2/o/revoke/"),
    ("POST", "/v2/o/introspect/"),
    ("POST", "/o/register"),
    ("PUT", "/o/register/unknown"),
    ("DELETE", "/o/register/unknown"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/v1/connect/.well-known/openid-configuration"),
    ("GET", "/v2/fhir/.well-known/smart-configuration"),
];

#[test]
fn other_origins_may_call_fhir_token_registration_and_discovery_without_cookies() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    let bearer = format!("Bearer {}", tokens.access);
    for (method, url) in OPEN {
        for authorization in [bearer.as_str(), "Bearer unknown"] {
            let answer = send(
                &stack,
                method,
                url,
                &[
                    ("origin", "https://app.example"),
                    ("authorization", authorization),
                ],
            );
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{url}");
            assert_eq!(
                answer.header("access-control-allow-credentials"),
                "",
                "{url}"
            );
            let exposed = answer
                .header("access-control-expose-headers")
                .to_lowercase();
            for name in [
                "ETag",
                "WWW-Authenticate",
                "RateLimit-Limit",
                "RateLimit-Remaining",
                "RateLimit-Reset",
                "Retry-After",
                "X-Request-ID",
                "Location",
            ] {
                assert!(exposed.contains(&name.to_lowercase()), "{url} {name}");
            }
        }
    }
}

#[test]
fn a_preflight_is_answered_with_the_methods_of_the_route() {
    let stack = Stack::shared();
    for (method, url) in OPEN {
        let answer = send(
            &stack,
            "OPTIONS",
            url,
            &[
                ("origin", "https://app.example"),
                ("access-control-request-method", method),
                (
                    "access-control-request-headers",
                    "authorization, content-type",
                ),
            ],
        );
        assert!(answer.status.is_success(), "{url} {}", answer.status);
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{url}");
        assert!(
            answer
                .header("access-control-allow-methods")
                .contains(method),
            "{url}"
        );
        assert_eq!(answer.header("access-control-max-age"), "86400", "{url}");
        let allowed = answer.header("access-control-allow-headers").to_lowercase();
        for name in [
            "authorization",
            "content-type",
            "prefer",
            "if-none-match",
            "traceparent",
            "x-request-id",
            "x-requested-with",
            "cache-control",
        ] {
            assert!(allowed.contains(name), "{url} {name}");
        }
    }
}

#[test]
fn other_origins_may_not_call_authorize_consent_or_sign_in() {
    let stack = Stack::shared();
    for url in [
        "/v2/o/authorize/",
        "/v2/o/authorize/consent",
        "/signin/callback",
        "/signout",
    ] {
        for method in ["GET", "OPTIONS"] {
            let answer = send(
                &stack,
                method,
                url,
                &[
                    ("origin", "https://evil.example"),
                    ("access-control-request-method", "POST"),
                ],
            );
            for name in [
                "access-control-allow-origin",
                "access-control-allow-methods",
                "access-control-allow-credentials",
            ] {
                assert_eq!(answer.header(name), "", "{method} {url}");
            }
        }
    }
}

#[test]
fn errors_have_detail_and_code_and_nothing_else() {
    let stack = Stack::shared();
    for (url, status, code) in [
        ("/v2/fhir/Patient", 401, "no_credentials"),
        ("/v1/connect/userinfo", 401, "no_credentials"),
        ("/nothing", 404, "not_found"),
        ("/v2/o/token/", 405, "method_not_allowed"),
    ] {
        assert_problem(&stack.browser().get(url), status, code);
    }
}

#[test]
fn the_host_header_decides_nothing() {
    let stack = Stack::shared();
    for url in [
        "/.well-known/oauth-authorization-server",
        "/v2/fhir/metadata",
        "/v2/fhir/.well-known/smart-configuration",
    ] {
        let answer = stack
            .browser()
            .get_with(
                url,
                &[
                    ("host", "evil.example"),
                    ("x-forwarded-host", "evil.example"),
                    ("forwarded", "host=evil.example"),
                ],
            )
            .expect(200);
        assert!(!answer.text().contains("evil.example"), "{url}");
        assert!(answer.text().contains(stack.base()), "{url}");
    }
}

#[test]
fn a_request_id_of_the_client_does_not_replace_ours() {
    let stack = Stack::shared();
    let answer = stack
        .browser()
        .get_with("/health", &[("x-request-id", "forged\"id")])
        .expect(200);
    assert_ne!(answer.header("x-request-id"), "forged\"id");
}

#[test]
fn the_root_leads_to_the_demo_page() {
    let stack = Stack::shared();
    let answer = stack.browser().get("/");
    assert!(answer.status.is_redirection());
    assert!(answer.header("location").ends_with("/demo/"));
    let page = stack.browser().get("/demo/").expect(200);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.contains("'wasm-unsafe-eval'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
}
