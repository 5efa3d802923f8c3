//! A token request as `multipart/form-data`, as published SDKs send it (docs/contract/05-token-exchange.md, 5.1).

use std::fmt::Write as _;

use bluegate_http_tests::{Answer, Consent, Flow, Stack};
use http::Method;

use crate::support::{assert_oauth_error, confidential, public, works};

fn send(stack: &Stack, content_type: &str, parts: &[(&str, String)]) -> Answer {
    let mut body = String::new();
    for (name, value) in parts {
        let _ = write!(
            body,
            "--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    body.push_str("--limit--\r\n");
    stack.browser().send(
        Method::POST,
        "/v2/o/token/",
        &[("content-type", content_type)],
        body.into_bytes(),
    )
}

const KIND: &str = "multipart/form-data; boundary=limit";

#[test]
fn a_code_is_redeemed_and_refreshed_by_multipart() {
    let stack = Stack::shared();
    for app in [public(&stack), confidential(&stack)] {
        let flow = Flow::new("v2");
        let code = flow.code(&stack, &app, "BBUser00010", Consent::ALLOW);
        let answer = send(&stack, KIND, &flow.exchange_form(&app, &code)).expect(200);
        assert!(works(&stack, &answer.field("access_token")));
        let mut refresh = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", answer.field("refresh_token")),
        ];
        refresh.extend(app.credentials());
        send(&stack, "Multipart/Form-Data; boundary=\"limit\"", &refresh).expect(200);
    }
}

#[test]
fn more_than_16_parts_or_16_kib_are_refused() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let code = flow.code(&stack, &app, "BBUser00010", Consent::ALLOW);
    let form = flow.exchange_form(&app, &code);
    let mut many = form.clone();
    many.extend((0..16).map(|_| ("more", "x".to_owned())));
    let mut large = form.clone();
    large.push(("more", "x".repeat(17 * 1024)));
    for parts in [many, large] {
        let answer = send(&stack, KIND, &parts);
        assert!(
            matches!(answer.status.as_u16(), 400 | 413),
            "{}",
            answer.status
        );
    }
    send(&stack, KIND, &form).expect(200);
}

#[test]
fn a_file_or_a_body_that_cannot_be_read_is_invalid_request() {
    let stack = Stack::shared();
    let post = |content_type: &str, body: &str| {
        stack.browser().send(
            Method::POST,
            "/v2/o/token/",
            &[("content-type", content_type)],
            body.as_bytes().to_vec(),
        )
    };
    let file = "--limit\r\nContent-Disposition: form-data; name=\"grant_type\"; filename=\"x\"\r\n\r\nauthorization_code\r\n--limit--\r\n";
    for (content_type, body) in [
        (KIND, file),
        (KIND, "garbage"),
        (KIND, ""),
        (
            KIND,
            "--limit\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nauthor",
        ),
        ("multipart/form-data", file),
    ] {
        assert_oauth_error(&post(content_type, body), 400, "invalid_request");
    }
}
