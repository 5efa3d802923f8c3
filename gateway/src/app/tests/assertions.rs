//! docs/contract/05-token-exchange.md for `private_key_jwt`, and docs/contract/03-sign-in.md for id_tokens: what a
//! header and each claim may be.

use super::applications::{assertion_claims, presented, with_key};
use super::*;
use crate::base::identity_provider::id_token::tests::signed;

const HEADER: &str = r#"{"alg":"ES256","kid":"k1"}"#;

/// Headers with `crit`, as they are written. Nothing that it may name is understood here.
const CRITICAL: [&str; 9] = [
    r#"{"alg":"ES256","kid":"k1","crit":["exp"],"exp":1}"#,
    r#"{"alg":"ES256","kid":"k1","crit":["http://example.com/absent"]}"#,
    r#"{"alg":"ES256","kid":"k1","crit":["b64"],"b64":true}"#,
    r#"{"alg":"ES256","kid":"k1","crit":["b64"],"b64":false}"#,
    r#"{"alg":"ES256","kid":"k1","crit":["alg"]}"#,
    r#"{"alg":"ES256","kid":"k1","crit":[]}"#,
    r#"{"alg":"ES256","kid":"k1","crit":"exp"}"#,
    r#"{"alg":"ES256","kid":"k1","crit":null}"#,
    r#"{"alg":"ES256","kid":"k1","cr\u0069t":{"exp":true}}"#,
];

/// A refresh of an application whose assertion has these claims as text, and a header.
fn refreshed(world: &World, header: &str, claims: &str, refresh: &str) -> Answer {
    presented(
        world,
        "/v2/o/token/",
        &signed(header, claims),
        &refresh_form(refresh),
    )
}

#[track_caller]
fn is_told(answer: &Answer, word: &str) {
    answer.is_refused(401, "invalid_client");
    let description = answer.json()["error_description"].to_string();
    assert!(description.contains(word), "{word}: {description}");
}

/// An application that uses a key, with a refresh token.
fn keyed(world: &World) -> (Client, String) {
    let client = with_key(world, "App");
    let code = world.code(&client, &anne(), SCOPE);
    let claims = assertion_claims(world, &client, "first", json!({}));
    let assertion = outside::sign(&claims, "k1");
    let answer = presented(world, "/v2/o/token/", &assertion, &exchange_form(&code));
    (client, answer.tokens().refresh)
}

#[test]
fn an_assertion_whose_header_has_crit_is_refused_and_uses_nothing_up() {
    let world = World::new();
    let (client, refresh) = keyed(&world);
    let claims = assertion_claims(&world, &client, "j", json!({})).to_string();
    for header in CRITICAL {
        is_told(&refreshed(&world, header, &claims, &refresh), "crit");
    }
    refreshed(&world, HEADER, &claims, &refresh).tokens();
}

#[test]
fn an_id_token_whose_header_has_crit_signs_nobody_in() {
    let world = World::new();
    let client = world.app("App");
    // `forge` takes no more than a function.
    let forges: [fn(String) -> String; 4] = [
        |token| with_header(CRITICAL[1], &token),
        |token| with_header(CRITICAL[3], &token),
        |token| with_header(CRITICAL[5], &token),
        |token| with_header(CRITICAL[7], &token),
    ];
    for forge in forges {
        world.outside.change(|outside| outside.forge = Some(forge));
        let browser = Browser::default();
        let started = world.authorize(&browser, &client, &[]);
        world
            .sign_in(&browser, &started, &anne())
            .is_page(502, "id_token_invalid");
        assert!(cause(&world).contains("crit"), "{}", cause(&world));
    }
    assert_eq!(world.count("identity"), 0);
    world
        .outside
        .change(|outside| outside.forge = Some(|token| with_header(HEADER, &token)));
    world.connect(&client, &anne());
}

/// The claims of a token under another header, signed again.
fn with_header(header: &str, token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    signed(header, &decoded(claims))
}

fn decoded(part: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    String::from_utf8(bytes.unwrap()).unwrap()
}

/// What the log says about the last sign-in that was refused.
fn cause(world: &World) -> String {
    let log = world.log.0.lock().unwrap();
    let line = log.iter().rfind(|line| line.contains("signin.refused"));
    line.cloned().unwrap_or_default()
}

#[test]
fn times_of_an_assertion_may_have_fractions_and_exponents() {
    let world = World::new();
    let (client, refresh) = keyed(&world);
    let now = world.clock.now().seconds();
    let mut refresh = refresh;
    for (number, (exp, iat)) in [
        (format!("{}.5", now + 100), format!("{now}.999")),
        (format!("{}.0", now + 100), format!("{}e0", now - 1)),
        (format!("{}e-1", (now + 100) * 10), format!("{now}.25E+0")),
    ]
    .iter()
    .enumerate()
    {
        let jti = format!("j-{number}");
        let claims = assertion_claims(&world, &client, &jti, json!({ "exp": "E", "iat": "I" }))
            .to_string()
            .replace("\"E\"", exp)
            .replace("\"I\"", iat);
        refresh = refreshed(&world, HEADER, &claims, &refresh)
            .tokens()
            .refresh;
    }
}

#[test]
fn a_claim_of_an_assertion_that_does_not_fit_is_told_as_that_claim() {
    let world = World::new();
    let (client, refresh) = keyed(&world);
    let now = world.clock.now().seconds();
    let in_time = (now + 100).to_string();
    let text = format!("\"{in_time}\"");
    for name in ["exp", "iat", "nbf"] {
        for value in [
            &text,
            "-1",
            "-0.5",
            "1e400",
            "1e12",
            "99999999999999999999999",
            "true",
            "[]",
            "\"inf\"",
            "\"\"",
        ] {
            let told = with_claim(&world, &client, name, value, &refresh);
            is_told(&told, name);
        }
    }
    for (name, value) in [
        ("exp", "null"),
        ("jti", "null"),
        ("jti", "7"),
        ("jti", "\"\""),
        ("iss", "null"),
        ("iss", "7"),
        ("aud", "null"),
        ("aud", "7"),
        ("aud", "[7]"),
        ("aud", "{}"),
    ] {
        is_told(&with_claim(&world, &client, name, value, &refresh), name);
    }
    // Without `sub` the client is known only where the request names it.
    let claims = assertion_claims(&world, &client, "j", json!({ "sub": null })).to_string();
    let named = [
        ("client_id", client.id.as_str()),
        ("grant_type", "refresh_token"),
        ("refresh_token", &refresh),
    ];
    let answer = presented(&world, "/v2/o/token/", &signed(HEADER, &claims), &named);
    is_told(&answer, "sub");
    let twice = assertion_claims(&world, &client, "j", json!({}))
        .to_string()
        .replace("{\"iss\"", "{\"jti\":\"k\",\"iss\"");
    refreshed(&world, HEADER, &twice, &refresh).is_refused(401, "invalid_client");
}

/// A refresh with a claim as it is written.
fn with_claim(world: &World, client: &Client, name: &str, value: &str, refresh: &str) -> Answer {
    let claims = assertion_claims(world, client, "j", json!({ name: "@" }))
        .to_string()
        .replace("\"@\"", value);
    refreshed(world, HEADER, &claims, refresh)
}

#[test]
fn an_assertion_has_exactly_one_audience() {
    let world = World::new();
    let (client, mut refresh) = keyed(&world);
    let endpoint = format!("{BASE}/v2/o/token/");
    let send = |jti: &str, aud: Json, refresh: &str| {
        let claims = assertion_claims(&world, &client, jti, json!({ "aud": aud })).to_string();
        refreshed(&world, HEADER, &claims, refresh)
    };
    for refused in [
        json!([endpoint, "https://other.example/token"]),
        json!(["https://other.example/token", endpoint]),
        json!([endpoint, BASE]),
        json!([endpoint, endpoint]),
        json!([]),
        json!(""),
        json!("https://other.example/token"),
        json!(format!("{BASE}/")),
        json!(format!("{endpoint}/")),
        json!(format!("{BASE}/v2/o/par")),
    ] {
        is_told(&send("j", refused, &refresh), "aud");
    }
    for (number, accepted) in [
        json!([endpoint]),
        json!(BASE),
        json!([BASE]),
        json!(format!("{BASE}/v1/o/token")),
    ]
    .into_iter()
    .enumerate()
    {
        refresh = send(&format!("j-{number}"), accepted, &refresh)
            .tokens()
            .refresh;
    }
}

#[test]
fn a_pushed_request_may_be_signed_for_the_par_endpoint() {
    let world = World::new();
    let client = with_key(&world, "App");
    let push = |jti: &str, aud: &str| {
        let claims = assertion_claims(&world, &client, jti, json!({ "aud": aud })).to_string();
        let fields: Vec<_> = request_of(&client).into_iter().collect();
        presented(&world, "/v2/o/par", &signed(HEADER, &claims), &fields)
    };
    for (number, audience) in ["/v2/o/par", "/v2/o/par/", "/v1/o/par", "/v2/o/token/", ""]
        .iter()
        .enumerate()
    {
        let answer = push(&format!("j-{number}"), &format!("{BASE}{audience}"));
        assert_eq!(answer.status, 201, "{audience}: {}", answer.text());
    }
    for other in ["/v2/o/parx", "/v2/o/introspect/", "/v2/o/par//", "/"] {
        is_told(&push("j", &format!("{BASE}{other}")), "aud");
    }
}

#[test]
fn times_of_an_id_token_may_have_fractions() {
    let world = World::new();
    let client = world.app("App");
    let now = world.clock.now().seconds();
    let times = [("exp", now + 300), ("iat", now)];
    world.outside.change(|outside| {
        outside.claims = times
            .iter()
            .map(|(name, at)| (*name, format!("{at}.75").parse().unwrap()))
            .collect();
    });
    world.connect(&client, &anne());
}

#[test]
fn a_claim_of_an_id_token_that_does_not_fit_is_told_in_the_log() {
    let world = World::new();
    let client = world.app("App");
    let now = world.clock.now().seconds();
    for (name, value) in [
        ("exp", json!((now + 300).to_string())),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("exp", Json::Null),
        ("iat", json!(true)),
        ("sub", json!(12345)),
        ("aud", json!({})),
        ("nonce", json!(7)),
        ("mbi", json!(["1S00A00AA01"])),
        ("name", json!({})),
        ("azp", json!(1)),
    ] {
        world
            .outside
            .change(|outside| outside.claims = [(name, value.clone())].into());
        let browser = Browser::default();
        let started = world.authorize(&browser, &client, &[]);
        let answer = world.sign_in(&browser, &started, &anne());
        answer.is_page(502, "id_token_invalid");
        let told = cause(&world);
        assert!(
            told.contains(&format!("in the id_token, {name} ")),
            "{told}"
        );
        assert!(told.contains(answer.header("x-request-id")), "{told}");
    }
    assert_eq!(world.count("identity"), 0);
}
