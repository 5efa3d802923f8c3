//! docs/contract/02-authorize.md: the order of the checks, cookies over https, and limits;
//! docs/contract/04-consent.md: no `Origin` is believed.

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

/// docs/contract/02-authorize.md and 05-token-exchange.md: more parameters than anybody needs are not read at all.
#[test]
fn of_more_than_100_parameters_none_is_read_anywhere() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let junk = |count: usize| (0..count).map(|n| format!("&p{n}=1")).collect::<String>();
    let many = junk(3_000);
    let authorize = form(request_of(&client)) + &many;
    for call in [
        Call::get(&format!(
            "/v2/o/authorize/?{}",
            form(request_of(&client)) + &junk(100)
        )),
        raw_form("/v2/o/authorize/", &authorize),
    ] {
        world.send(call).is_page(400, "invalid_request");
    }
    for endpoint in ["token/", "par", "revoke_token/", "introspect/"] {
        let body = format!(
            "client_id={}&client_secret={}{many}",
            client.id, client.secret
        );
        world
            .send(raw_form(&format!("/v2/o/{endpoint}"), &body))
            .is_refused(400, "invalid_request");
    }
    let search = "/v2/fhir/ExplanationOfBenefit";
    for call in [
        Call::get(&format!("{search}?{}", &junk(101)[1..])),
        raw_form(&format!("{search}/_search"), &many[1..]),
        Call::get(&format!("/v2/fhir/Patient/-1?{}", &junk(101)[1..])),
    ] {
        let answer = world.send(call.bearer(&tokens.access));
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(
            answer.text().contains("at most 100 parameters"),
            "{}",
            answer.text()
        );
    }
    // What is read is read as before.
    let within = form(request_of(&client)) + &junk(90);
    let answer = world.send(Call::get(&format!("/v2/o/authorize/?{within}")));
    assert!(answer.location().starts_with(outside::ISSUER));
    let searched =
        world.send(Call::get(&format!("{search}?{}", &junk(90)[1..])).bearer(&tokens.access));
    assert_eq!(searched.status, 200);
}

fn raw_form(target: &str, body: &str) -> Call {
    let mut call = Call::post(target).header("content-type", "application/x-www-form-urlencoded");
    call.body = body.to_owned().into();
    call
}

#[test]
fn a_state_of_more_than_4_kib_is_neither_stored_nor_sent_back() {
    let world = World::new();
    let client = world.app("App");
    let ask = |state: &str| world.authorize(&Browser::default(), &client, &[("state", state)]);
    let by_form = |length: usize| {
        let (state, mut request) = ("s".repeat(length), request_of(&client));
        request.insert("state", &state);
        world.send(raw_form("/v2/o/authorize/", &form(request)))
    };
    for answer in [ask(&"s".repeat(4097)), by_form(4097), by_form(20_000)] {
        assert_eq!(answer.back("error"), "invalid_request");
        assert!(answer.back("error_description").contains("4 KiB"));
        assert_eq!(answer.back("state"), "");
    }
    assert_eq!(world.count("authorization_request"), 0);
    assert!(
        ask(&"s".repeat(4096))
            .location()
            .starts_with(outside::ISSUER)
    );
}

/// RFC 9126: what is pushed is kept until it is used, so nothing that nobody reads is.
#[test]
fn of_a_pushed_request_only_what_is_read_is_kept() {
    let world = World::new();
    let client = world.app("App");
    let mut fields: Vec<_> = request_of(&client).into_iter().collect();
    fields.retain(|(name, _)| *name != "client_id");
    let junk = "j".repeat(20_000);
    fields.push(("junk", &junk));
    let answer = world.send(Call::post("/v2/o/par").client(&client, &fields));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(
        world.count("pushed_request WHERE length(parameters) > 2000"),
        0
    );
    let uri = answer.json()["request_uri"].as_str().unwrap().to_owned();
    let query = form([("client_id", client.id.as_str()), ("request_uri", &uri)]);
    let used = Browser::default().get(&world, &format!("/v2/o/authorize/?{query}"));
    assert!(used.location().starts_with(outside::ISSUER));
}

#[test]
fn an_application_cannot_ask_without_a_page_or_for_another_answer() {
    let world = World::new();
    let client = world.app("App");
    let error = |changes: &[(&str, &str)]| {
        let answer = world.authorize(&Browser::default(), &client, changes);
        assert_eq!(answer.back("state"), STATE);
        assert_eq!(answer.back("iss"), BASE);
        answer.back("error")
    };
    assert_eq!(error(&[("prompt", "none")]), "login_required");
    // What is wrong otherwise is told first.
    assert_eq!(
        error(&[("prompt", "none"), ("scope", "admin")]),
        "invalid_scope"
    );
    for (name, value) in [
        ("prompt", "none login"),
        ("prompt", "create"),
        ("response_mode", "form_post"),
        ("response_mode", "fragment"),
        ("response_mode", "x"),
        ("max_age", "x"),
    ] {
        assert_eq!(error(&[(name, value)]), "invalid_request", "{name}={value}");
    }
    let anew = |changes: &[(&str, &str)]| {
        let answer = world.authorize(&Browser::default(), &client, changes);
        answer.location().contains("prompt=login")
    };
    assert!(!anew(&[("response_mode", "query")]));
    assert!(!anew(&[("prompt", "consent")]));
    assert!(anew(&[("prompt", "select_account consent")]));
    assert!(anew(&[("max_age", "3600")]));
}

/// SMART clients send these always.
#[test]
fn scopes_of_smart_that_open_nothing_here_do_not_end_the_flow() {
    let world = World::new();
    let client = world.app("App");
    let asked = "launch/patient openid fhirUser online_access launch/encounter patient/Coverage.rs";
    let granted = "launch/patient openid patient/Coverage.rs";
    let code = world.code(&client, &anne(), asked);
    let answer = world.exchange(&client, &code);
    assert_eq!(answer.json()["scope"], granted);
    let tokens = answer.tokens();
    let again = [&refresh_form(&tokens.refresh)[..], &[("scope", asked)]].concat();
    assert_eq!(world.token(&client, &again).json()["scope"], granted);
    // One that would open a resource is never left out silently.
    for refused in ["patient/Observation.rs openid", "user/*.rs", "fhirUser"] {
        let answer = world.authorize(&Browser::default(), &client, &[("scope", refused)]);
        assert_eq!(answer.back("error"), "invalid_scope", "{refused}");
    }
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
