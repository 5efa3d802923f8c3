//! The implicit flow: off, and with the variable on only where everything else is as docs/contract/02-authorize.md
//! says.

use bluegate_http_tests::{Answer, Application, Consent, Flow, Stack};
use serde_json::json;

use crate::support::{REDIRECT, name, public, public_with, works};

const ON: (&str, &str) = ("allow_implicit_flow_insecure", "true");

fn implicit(stack: &Stack) -> Application {
    public_with(
        stack,
        &json!({ "grant_types": ["authorization_code", "refresh_token", "implicit"], "response_types": ["code", "token"] }),
    )
}

fn ask(stack: &Stack, app: &Application, version: &'static str) -> Answer {
    let flow = Flow::new(version);
    let mut parameters = flow.parameters(app);
    parameters.retain(|(name, _)| {
        !matches!(
            *name,
            "response_type" | "code_challenge" | "code_challenge_method"
        )
    });
    parameters.push(("response_type", "token".to_owned()));
    stack.browser().get(&flow.url_of(&parameters))
}

#[test]
fn no_application_can_register_for_it_while_it_is_off() {
    let stack = Stack::shared();
    for more in [
        json!({ "grant_types": ["implicit"] }),
        json!({ "response_types": ["token"] }),
    ] {
        let mut body = json!({ "client_name": name(), "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" });
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        let answer = stack.browser().send(
            http::Method::POST,
            "/o/register",
            &[("content-type", "application/json")],
            body.to_string().into_bytes(),
        );
        assert_eq!(answer.expect(400).field("error"), "invalid_client_metadata");
    }
}

#[test]
fn with_it_on_a_public_application_that_registered_for_it_gets_a_token_in_the_fragment_on_v1() {
    let stack = Stack::with(&[ON]);
    let app = implicit(&stack);
    let flow = Flow::new("v1");
    let mut parameters = flow.parameters(&app);
    parameters.retain(|(name, _)| {
        !matches!(
            *name,
            "response_type" | "code_challenge" | "code_challenge_method"
        )
    });
    parameters.push(("response_type", "token".to_owned()));
    let mut browser = stack.browser();
    let start = browser.get(&flow.url_of(&parameters)).expect(303);
    let form = browser.get(start.header("location")).expect(200);
    let signed_in =
        bluegate_http_tests::post_sign_in(&mut browser, &form, "BBUser00012", "PW00012!")
            .expect(303);
    let callback = browser.get(signed_in.header("location")).expect(303);
    let page = browser.get(callback.header("location")).expect(200);
    let decided = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    let location = decided.header("location");
    let (before, fragment) = location.split_once('#').expect("a fragment");
    assert_eq!(before, REDIRECT, "nothing in the query");
    let value = |wanted: &str| {
        form_urlencoded::parse(fragment.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(value("state").as_deref(), Some(flow.state.as_str()));
    assert_eq!(value("token_type").as_deref(), Some("Bearer"));
    assert!(value("expires_in").is_some() && value("scope").is_some());
    assert_eq!(value("refresh_token"), None);
    assert_eq!(value("code"), None);
    assert!(works(&stack, &value("access_token").expect("a token")));
}

#[test]
fn with_it_on_everybody_else_is_still_refused() {
    let stack = Stack::with(&[ON]);
    let app = implicit(&stack);
    let v2 = ask(&stack, &app, "v2").expect(303);
    assert!(
        v2.header("location")
            .contains("error=unsupported_response_type"),
        "v1 only"
    );
    let ordinary = ask(&stack, &public(&stack), "v1").expect(303);
    assert!(
        ordinary
            .header("location")
            .contains("error=unsupported_response_type"),
        "not registered for it"
    );
}

#[test]
fn discovery_says_implicit_only_while_it_is_on() {
    let stack = Stack::with(&[ON]);
    let of = |version: &str| {
        let url = format!("/{version}/connect/.well-known/openid-configuration");
        stack.browser().get(&url).expect(200).json()["response_types_supported"].clone()
    };
    assert_eq!(
        (of("v1"), of("v2")),
        (json!(["code", "token"]), json!(["code"]))
    );
}
