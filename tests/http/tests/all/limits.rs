//! Rate limits (docs/contract/02-authorize.md, 07-fhir.md, 7.1 and 7.5).

use bluegate_http_tests::{Answer, Consent, Flow, Stack};

use crate::support::{assert_oauth_error, public, tokens_of};

/// Repeats until a limit of `at_most` a minute must have been reached, and gives the last answer.
fn until_limited(at_most: usize, mut send: impl FnMut() -> Answer) -> Answer {
    // The minute may begin again once in between.
    for _ in 0..=2 * at_most {
        let answer = send();
        if answer.status == 429 {
            return answer;
        }
    }
    panic!("no limit within {} requests", 2 * at_most + 1);
}

#[track_caller]
fn assert_retry_after(answer: &Answer) {
    let seconds: u32 = answer.header("retry-after").parse().expect("Retry-After");
    assert!((1..=60).contains(&seconds), "{seconds}");
}

#[test]
fn too_many_authorization_requests_are_a_429_page() {
    let stack = Stack::with(&[("rate_limit_per_minute", "5")]);
    let app = public(&stack);
    let url = Flow::new("v2").authorize_url(&app);
    let page = until_limited(5, || stack.browser().get(&url));
    assert_eq!(page.page_code(), "rate_limited");
    assert_eq!(page.header("location"), "");
    assert_retry_after(&page);
    stack.browser().get("/health").expect(200);
    stack
        .browser()
        .get("/.well-known/openid-configuration")
        .expect(200);
}

#[test]
fn too_many_token_requests_are_429_json() {
    let stack = Stack::with(&[("rate_limit_per_minute", "5")]);
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let answer = until_limited(5, || flow.exchange(&stack, &app, "unknown"));
    assert!(!answer.field("error").is_empty());
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_retry_after(&answer);
}

#[test]
fn too_many_fhir_calls_are_429_for_the_application_and_the_next_minute_is_new() {
    let mut stack = Stack::with(&[("rate_limit_per_minute", "40")]);
    let tokens = tokens_of(&stack, "BBUser00011");
    let answer = until_limited(40, || {
        stack
            .browser()
            .get_as(&tokens.access, "/v2/fhir/Coverage?_count=0")
    });
    assert_eq!(answer.field("code"), "rate_limited");
    assert_retry_after(&answer);
    stack.restart(&[("rate_limit_per_minute", "40"), ("clock_offset_s", "61")]);
    stack
        .browser()
        .get_as(&tokens.access, "/v2/fhir/Coverage")
        .expect(200);
}

#[test]
fn fhir_answers_say_how_much_of_the_limit_is_left() {
    let stack = Stack::with(&[
        ("rate_limit_per_minute", "1000"),
        ("person_limit_per_minute", "1000"),
    ]);
    let tokens = tokens_of(&stack, "BBUser00011");
    let get = || {
        stack
            .browser()
            .get_as(&tokens.access, "/v2/fhir/Coverage")
            .expect(200)
    };
    let number = |answer: &Answer, name: &str| -> i64 {
        answer
            .header(name)
            .parse()
            .unwrap_or_else(|_| panic!("no number {name}"))
    };
    let first = get();
    assert_eq!(number(&first, "ratelimit-limit"), 1000);
    let (left, reset) = (
        number(&first, "ratelimit-remaining"),
        number(&first, "ratelimit-reset"),
    );
    assert!(
        (0..1000).contains(&left) && (0..=60).contains(&reset),
        "{left} {reset}"
    );
    for name in ["limit", "remaining"] {
        assert_eq!(
            number(&first, &format!("x-ratelimit-{name}")),
            number(&first, &format!("ratelimit-{name}"))
        );
    }
}

#[test]
fn an_address_that_a_client_makes_up_does_not_help() {
    let stack = Stack::with(&[("rate_limit_per_minute", "5")]);
    let mut number = 0;
    let answer = until_limited(5, || {
        number += 1;
        let address = format!("10.0.0.{number}");
        stack.browser().post_with(
            "/v2/o/token/",
            &[
                ("x-forwarded-for", &address),
                ("spin-client-addr", &format!("{address}:1")),
                ("forwarded", &format!("for={address}")),
            ],
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", "x"),
                ("client_id", &"F".repeat(40)),
            ],
        )
    });
    assert_retry_after(&answer);
}

#[test]
fn the_default_limit_is_far_away_from_normal_use() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    for _ in 0..20 {
        let answer = flow.exchange(&stack, &app, "unknown");
        assert_oauth_error(&answer, 400, "invalid_grant");
    }
    flow.tokens(&stack, &app, "BBUser00011", Consent::ALLOW);
}
