//! What several areas need.

use std::sync::atomic::{AtomicU32, Ordering};

use bluegate_http_tests::{Answer, Application, Consent, Flow, Stack, Tokens};
use serde_json::{Value, json};

/// The redirect URI of the tests' applications. Nobody listens there.
pub(crate) const REDIRECT: &str = "http://127.0.0.1:9/callback";

/// The text that a person or an app gets while the backend is in trouble (contract, 7.5).
pub(crate) const INTERNAL_ISSUE: &str = "Medicare is unable to retrieve your data at this time due to an internal issue. Our team is aware of the issue and is working to resolve it. Please try again at a later time. We apologize for any inconvenience.";

/// A public application with a name of its own.
pub(crate) fn public(stack: &Stack) -> Application {
    Application::public(stack, &name())
}

/// A confidential application with a name of its own.
pub(crate) fn confidential(stack: &Stack) -> Application {
    Application::confidential(stack, &name())
}

/// A public application with more metadata.
pub(crate) fn public_with(stack: &Stack, more: &Value) -> Application {
    let mut metadata = json!({
        "client_name": name(),
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "none",
    });
    for (key, value) in more.as_object().expect("an object") {
        metadata[key] = value.clone();
    }
    Application::register(stack, metadata)
}

/// A name that no other application of this run has.
pub(crate) fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("Test app {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Tokens of a person for a new public application, everything allowed.
pub(crate) fn tokens_of(stack: &Stack, user: &str) -> Tokens {
    Flow::new("v2").tokens(stack, &public(stack), user, Consent::ALLOW)
}

/// The resources of a Bundle.
pub(crate) fn entries(bundle: &Value) -> Vec<Value> {
    assert_eq!(bundle["resourceType"], "Bundle", "{bundle}");
    bundle["entry"]
        .as_array()
        .map(|entries| {
            entries
                .iter()
                .map(|entry| entry["resource"].clone())
                .collect()
        })
        .unwrap_or_default()
}

/// The address of a page of a Bundle.
pub(crate) fn link(bundle: &Value, relation: &str) -> Option<String> {
    bundle["link"]
        .as_array()?
        .iter()
        .find(|link| link["relation"] == relation)
        .map(|link| link["url"].as_str().expect("a link").to_owned())
}

/// All pages of a search, by following `next`.
pub(crate) fn pages(stack: &Stack, token: &str, url: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut next = Some(url.to_owned());
    while let Some(url) = next {
        let page = stack.browser().get_as(token, &url).expect(200).json();
        next = link(&page, "next");
        assert!(
            next.as_deref()
                .is_none_or(|next| next.starts_with(stack.base())),
            "{next:?}"
        );
        pages.push(page);
        assert!(pages.len() < 100, "next leads nowhere");
    }
    pages
}

/// Whether a FHIR call works.
pub(crate) fn works(stack: &Stack, token: &str) -> bool {
    let answer = stack.browser().get_as(token, "/v2/fhir/Coverage");
    match answer.status.as_u16() {
        200 => true,
        401 | 403 => false,
        other => panic!("{other} {}", answer.text()),
    }
}

/// The refusal of an OAuth endpoint: status, `error`, and never to be cached.
#[track_caller]
pub(crate) fn assert_oauth_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.field("error").as_str()),
        (status, error),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.field("error_description").is_empty());
}

/// The refusal of a FHIR route of v1 and v2, or of any other JSON route: `{"detail":…,"code":…}`.
#[track_caller]
pub(crate) fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.field("code").as_str()),
        (status, code),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(!answer.field("detail").is_empty());
    assert_eq!(answer.json().as_object().map(serde_json::Map::len), Some(2));
}

/// An error that is sent back to the application: `error`, `state` and `iss` (docs/contract/02-authorize.md, step 3).
#[track_caller]
pub(crate) fn assert_redirected_error(
    stack: &Stack,
    answer: &Answer,
    error: &str,
    state: Option<&str>,
) {
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
    assert!(
        answer
            .header("location")
            .starts_with(&format!("{REDIRECT}?")),
        "{}",
        answer.header("location")
    );
    assert_eq!(answer.redirected("error").as_deref(), Some(error));
    assert!(
        answer
            .redirected("error_description")
            .is_some_and(|text| !text.is_empty())
    );
    assert_eq!(answer.redirected("state").as_deref(), state);
    assert_eq!(answer.redirected("iss").as_deref(), Some(stack.base()));
    assert_eq!(answer.redirected("code"), None);
}
