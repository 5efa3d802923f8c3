//! Section 2: the order of the checks, cookies over https, and limits; section 4: no `Origin` is believed.

use super::*;

#[test]
fn of_several_faults_the_first_in_the_order_of_the_contract_is_told() {
    let world = World::new();
    let client = world.app("App");
    // Parameter, wrong value, what is answered, and a word of the description.
    let faults = [
        (
            "client_id",
            "AbcdefghijAbcdefghijAbcdefghijAbcdefghij",
            "invalid_client",
            "client_id",
        ),
        (
            "redirect_uri",
            "https://evil.example/",
            "invalid_redirect_uri",
            "redirect_uri",
        ),
        ("client_secret", "x", "invalid_request", "client_secret"),
        (
            "response_type",
            "token",
            "unsupported_response_type",
            "response_type",
        ),
        ("state", "short", "invalid_request", "state"),
        (
            "code_challenge",
            "short",
            "invalid_request",
            "code_challenge",
        ),
        (
            "code_challenge_method",
            "plain",
            "invalid_request",
            "code_challenge_method",
        ),
        ("scope", "patient/Nothing.rs", "invalid_scope", ""),
        (
            "aud",
            "https://other.example/v2/fhir",
            "invalid_request",
            "aud",
        ),
    ];
    for first in 0..faults.len() {
        let wrong: Vec<_> = faults[first..]
            .iter()
            .map(|fault| (fault.0, fault.1))
            .collect();
        let answer = world.authorize(&Browser::default(), &client, &wrong);
        let (name, _, code, word) = faults[first];
        if first < 2 {
            answer.is_page(400, code);
            assert!(answer.text().contains(word), "{name}: {}", answer.text());
        } else {
            assert_eq!(answer.back("error"), code, "{name}: {}", answer.location());
            let description = answer.back("error_description");
            assert!(description.contains(word), "{name}: {description}");
        }
    }
    assert_eq!(world.count("authorization_request"), 0);
}

#[test]
fn a_suspended_application_is_told_before_its_redirect_uri_is_looked_at() {
    let world = World::new();
    let client = world.app("App");
    world.suspend(&client);
    let wrong = [("redirect_uri", "https://evil.example/"), ("state", "")];
    let answer = world.authorize(&Browser::default(), &client, &wrong);
    answer.is_page(403, "application_inactive");
}

#[test]
fn over_https_the_cookies_have_the_host_prefix_and_the_whole_flow_works() {
    let world = World::with(&[("public_base_url", "https://gw.example")]);
    let client = world.app("App");
    let browser = Browser::default();
    let started = world.authorize(&browser, &client, &[]);
    assert!(
        started
            .header("strict-transport-security")
            .contains("max-age=")
    );
    let cookie = started.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-bg="), "{cookie}");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.to_lowercase().contains("domain"), "{cookie}");
    let back = world.sign_in(&browser, &started, &anne());
    assert!(back.header("set-cookie").starts_with("__Host-bgp-"));
    assert!(back.header("set-cookie").contains("; Secure"));
    let page = ConsentForm::of(&browser.get(&world, back.location()));
    assert!(is_random(&page.transaction), "{}", page.transaction);
    let answer = world.decide(&browser, &page, "allow", "share");
    assert_eq!(answer.back("iss"), "https://gw.example");
    world.exchange(&client, &answer.back("code")).tokens();
}

/// 256 bits in base64url.
fn is_random(text: &str) -> bool {
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == 43 && text.bytes().all(alphabet)
}

#[test]
fn on_plain_http_the_cookie_has_neither_prefix_nor_secure() {
    let world = World::new();
    let started = world.authorize(&Browser::default(), &world.app("App"), &[]);
    let cookie = started.header("set-cookie");
    assert!(
        cookie.starts_with("bg=") && !cookie.contains("Secure"),
        "{cookie}"
    );
    assert_eq!(started.header("strict-transport-security"), "");
}

#[test]
fn codes_secrets_and_tokens_are_256_bits_in_base64url() {
    let world = World::new();
    let client = world.app("App");
    assert!(client.id.len() == 40 && client.id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let code = world.code(&client, &anne(), SCOPE);
    let tokens = world.exchange(&client, &code).tokens();
    let next = world.refresh(&client, &tokens.refresh).tokens();
    let all = [
        &client.secret,
        &client.registration_token,
        &code,
        &tokens.access,
        &tokens.refresh,
        &next.access,
        &next.refresh,
    ];
    for secret in all {
        assert!(is_random(secret), "{secret}");
    }
    let different: std::collections::BTreeSet<_> = all.into_iter().collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn the_decision_is_protected_by_its_token_and_not_by_origin() {
    let world = World::new();
    let client = world.app("App");
    for origin in [None, Some("null"), Some("https://evil.example"), Some(BASE)] {
        let browser = Browser::default();
        let page = world.consent_page(&browser, &client, &anne(), SCOPE);
        let send = |csrf: &str| {
            let fields = [
                ("transaction", page.transaction.as_str()),
                ("csrf", csrf),
                ("decision", "allow"),
            ];
            let mut call = Call::post("/v2/o/authorize/consent").form(fields);
            if let Some(origin) = origin {
                call = call.header("origin", origin);
            }
            browser.send(&world, call)
        };
        for forged in ["", "x", &page.csrf[1..]] {
            assert!(
                send(forged)
                    .location()
                    .starts_with("/v2/o/authorize/consent?"),
                "{origin:?}"
            );
        }
        send(&page.csrf).code();
    }
}

fn from(world: &World, address: &str, forwarded: &str, call: Call) -> Answer {
    let call = call.header("x-forwarded-for", forwarded);
    world.send_from(address, call)
}

#[test]
fn behind_a_trusted_proxy_the_forwarded_address_counts() {
    let world = World::with(&[
        ("rate_limit_per_minute", "5"),
        ("trusted_proxies", "192.0.2.9"),
    ]);
    let ask = |peer: &str, forwarded: &str| {
        from(&world, peer, forwarded, Call::get("/v2/o/authorize/")).status
    };
    for _ in 0..5 {
        assert_eq!(ask("192.0.2.9:1", "203.0.113.1"), 400);
    }
    assert_eq!(ask("192.0.2.9:2", "203.0.113.1"), 429);
    // What the client itself wrote stands further left and counts for nothing.
    assert_eq!(ask("192.0.2.9:2", "198.51.100.7, 203.0.113.1"), 429);
    assert_eq!(ask("192.0.2.9:2", "203.0.113.2"), 400);
    // An untrusted peer is its own address, whatever it says.
    for number in 0..5 {
        assert_eq!(
            ask("192.0.2.50:1", &format!("203.0.113.{}", 100 + number)),
            400
        );
    }
    assert_eq!(ask("192.0.2.50:1", "203.0.113.200"), 429);
    world.advance(60);
    assert_eq!(ask("192.0.2.9:2", "203.0.113.1"), 400);
}

#[test]
fn callback_and_pushed_requests_count_for_their_address() {
    let world = World::with(&[("rate_limit_per_minute", "5")]);
    let client = world.app("App");
    for (call, is_page) in [
        (Call::get("/signin/callback?code=x&state=y"), true),
        (Call::post("/v2/o/par").client(&client, &[]), false),
        (
            Call::post("/v2/o/token/").client(&client, &[("grant_type", "x")]),
            false,
        ),
    ] {
        world.advance(60);
        for _ in 0..5 {
            assert_eq!(world.send(call.clone()).status, 400);
        }
        let answer = world.send(call);
        assert_eq!(answer.status, 429, "{}", answer.text());
        let seconds: u32 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds));
        assert_eq!(
            answer.page_error() == "rate_limited",
            is_page,
            "{}",
            answer.text()
        );
    }
}
