//! How pages look to a browser: their words, languages and headers (docs/contract/02-authorize.md, 04-consent.md and
//! 07-fhir.md, 7.5).

use bluegate_http_tests::{Answer, Browser, Consent, Flow, Stack};
use http::Method;
use serde_json::json;

use crate::support::{public, public_with};

const USER: &str = "BBUser28324";

#[test]
fn the_page_says_who_asks_for_what_and_for_how_long() {
    let stack = Stack::shared();
    let app = public_with(
        &stack,
        &json!({ "tos_uri": "https://app.example/terms", "policy_uri": "https://app.example/privacy" }),
    );
    let page = Flow::new("v2")
        .to_consent(&mut stack.browser(), &app, USER)
        .text();
    for part in [
        app.metadata["client_name"].as_str().expect("its name"),
        "Doe",
        "13 months",
        "https://app.example/terms",
        "https://app.example/privacy",
        "value=\"allow\"",
        "value=\"deny\"",
        "value=\"share\" checked",
        "value=\"withhold\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let coverage = Flow::new("v2").with_scope("patient/Coverage.rs");
    let page = coverage.to_consent(&mut stack.browser(), &app, USER).text();
    assert!(
        !page.contains("name=\"demographics\""),
        "no choice where nothing can be withheld"
    );
}

#[test]
fn the_page_is_spanish_by_lang_or_by_accept_language() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let language = |url: &str, accept: &str| {
        let mut browser = stack.browser();
        let start = browser
            .get_with(url, &[("accept-language", accept)])
            .expect(303);
        let form = browser.get(start.header("location")).expect(200);
        let signed_in =
            bluegate_http_tests::post_sign_in(&mut browser, &form, USER, "PW28324!").expect(303);
        let callback = browser.get(signed_in.header("location")).expect(303);
        let page = browser.get(callback.header("location")).expect(200).text();
        let lang = page
            .split("<html lang=\"")
            .nth(1)
            .and_then(|rest| rest.get(..2))
            .unwrap_or_default();
        assert_eq!(page.contains("Permitir"), lang == "es");
        lang.to_owned()
    };
    let plain = flow.authorize_url(&app);
    let (spanish, english) = (format!("{plain}&lang=es"), format!("{plain}&lang=en"));
    assert_eq!(language(&spanish, "en"), "es");
    assert_eq!(language(&english, "es"), "en");
    assert_eq!(language(&plain, "es-MX,es;q=0.9,en;q=0.5"), "es");
    assert_eq!(language(&plain, "en-US,en;q=0.9,es;q=0.8"), "en");
    assert_eq!(language(&plain, "fr"), "en");
}

#[test]
fn error_pages_are_spanish_too() {
    let stack = Stack::shared();
    let page = stack
        .browser()
        .get("/v2/o/authorize/?client_id=x&lang=es")
        .expect(400);
    assert!(
        page.text().contains("<html lang=\"es\">"),
        "{}",
        page.text()
    );
    let page = stack
        .browser()
        .get_with("/signin/callback", &[("accept-language", "es")])
        .expect(400);
    assert!(page.text().contains("<html lang=\"es\">"));
}

#[test]
fn pages_forbid_framing_inline_code_sniffing_and_referrers() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let consent = flow.to_consent(&mut browser, &app, USER);
    let problem = browser.get("/v2/o/authorize/?client_id=x").expect(400);
    for page in [&consent, &problem] {
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") || policy.contains("default-src 'self'"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"),
            "{policy}"
        );
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("access-control-allow-origin"), "");
        let text = page.text();
        assert!(!text.contains("<script") && !text.contains(" style=") && !text.contains("<style"));
        assert!(!text.contains(" onclick") && !text.contains("javascript:"));
    }
}

/// Chromium holds `form-action` against every redirect after a form; tests/browser/redirects.test.mjs presses them.
#[test]
fn only_a_page_whose_forms_end_here_says_where_forms_may_lead() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let policy = |page: &Answer| page.header("content-security-policy").to_owned();
    let consent = flow.to_consent(&mut browser, &app, USER);
    assert!(!policy(&consent).contains("form-action"));
    let account = flow
        .sign_in_at(&mut browser, "/account/", USER, "PW28324!")
        .expect(303);
    let account = browser.get(account.header("location")).expect(303);
    let account = browser.get(account.header("location")).expect(200);
    assert!(account.text().contains("sign_out"), "{}", account.text());
    assert!(!policy(&account).contains("form-action"));
    for url in ["/developer/", "/docs", "/v2/o/authorize/?client_id=x"] {
        let here = policy(&browser.get(url));
        assert!(here.ends_with("form-action 'self'"), "{url} {here}");
    }
}

#[test]
fn a_decision_goes_to_the_custom_scheme_of_a_native_app() {
    let stack = Stack::shared();
    let app = public_with(
        &stack,
        &json!({ "redirect_uris": ["gov.cms.bluebutton.oauthtester:/callback"] }),
    );
    let (flow, mut browser) = (Flow::new("v2"), stack.browser());
    let page = flow.to_consent(&mut browser, &app, USER);
    let answer = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    assert!(
        answer
            .header("location")
            .starts_with("gov.cms.bluebutton.oauthtester:/callback?code=")
    );
}

#[test]
fn cookies_are_http_only_and_lax_without_prefix_on_plain_http() {
    let stack = Stack::shared();
    let answer = stack
        .browser()
        .get(&Flow::new("v2").authorize_url(&public(&stack)))
        .expect(303);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("bg="), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure") && !cookie.contains("Domain"),
        "{cookie}"
    );
}

#[test]
fn the_consent_page_can_be_asked_for_without_its_body() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = flow.to_consent(&mut browser, &app, USER);
    let head = head(&mut browser, &consent_url(&page)).expect(200);
    assert_eq!(head.header("content-length"), page.body.len().to_string());
}

fn head(browser: &mut Browser, url: &str) -> Answer {
    browser.send(Method::HEAD, url, &[], Vec::new())
}

fn consent_url(page: &Answer) -> String {
    format!(
        "/v2/o/authorize/consent?transaction={}",
        page.hidden("transaction")
    )
}
