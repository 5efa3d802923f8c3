//! The identity provider over its HTTP interface.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Request, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::app;
use crate::testing::{Answer, NOW, ORIGIN, config, encode, get, post, posting, send, site};

const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-accepted-1";
const CALLBACK: &str = "http://127.0.0.1:3000/signin/callback";
const ISSUER: &str = "http://127.0.0.1:3000/sandbox/idp";

/// A correct authorization request with some parameters replaced; an empty value removes one.
fn authorize_with(changes: &[(&str, &str)]) -> Answer {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", "bluegate-sandbox"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile"),
        ("state", "st&te"),
        ("nonce", "n0nce"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        pairs.retain(|(key, _)| key != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    get(&format!("/sandbox/idp/authorize?{}", encode(&pairs)))
}

/// The hidden field of a sign-in page.
fn hidden_field(page: &Answer) -> String {
    let text = page.text();
    let start = text.find("name=\"request\" value=\"").unwrap() + "name=\"request\" value=\"".len();
    text[start..].split('"').next().unwrap().to_owned()
}

fn sign_in(username: &str, password: &str) -> Answer {
    let field = hidden_field(&authorize_with(&[]));
    post(
        "/sandbox/idp/signin",
        &[
            ("request", &field),
            ("username", username),
            ("password", password),
        ],
    )
}

/// The parameters of a redirect to the gateway.
fn redirected(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let (target, query) = answer.header("location").split_once('?').unwrap();
    assert_eq!(target, CALLBACK);
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn value<'p>(pairs: &'p [(String, String)], name: &str) -> &'p str {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map_or("", |(_, value)| value)
}

fn code(username: &str, password: &str) -> String {
    value(&redirected(&sign_in(username, password)), "code").to_owned()
}

/// A token request with the secret in the body and some parameters replaced.
fn token_request(code: &str, changes: &[(&str, &str)]) -> Request<Body> {
    let secret = config().idp_client_secret;
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", "bluegate-sandbox"),
        ("client_secret", secret.as_str()),
    ];
    for (name, value) in changes {
        pairs.retain(|(key, _)| key != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    posting("/sandbox/idp/token", &pairs)
}

fn token_with(code: &str, changes: &[(&str, &str)]) -> Answer {
    send(&mut site(), token_request(code, changes))
}

fn claims(id_token: &str) -> Value {
    let payload = id_token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn id_token_of(username: &str, password: &str) -> Value {
    let answer = token_with(&code(username, password), &[]);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    claims(answer.json()["id_token"].as_str().unwrap())
}

#[test]
fn a_login_hint_of_an_account_fills_the_form_so_that_one_press_signs_in() {
    let answer = authorize_with(&[("login_hint", "BBUser00100")]);
    let page = answer.text();
    assert!(page.contains("value=\"BBUser00100\"") && page.contains("value=\"PW00100!\""));
    for other in ["", "nobody", "BBUser99999", "\"><script>"] {
        let answer = authorize_with(&[("login_hint", other)]);
        let page = answer.text();
        assert!(!page.contains("value=\"PW"), "{other}");
        assert!(!page.contains("<script>"), "{other}");
    }
}

#[test]
fn discovery_names_what_exists() {
    let document = get("/sandbox/idp/.well-known/openid-configuration").json();
    assert_eq!(document["issuer"], ISSUER);
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "end_session_endpoint",
        "userinfo_endpoint",
    ] {
        let path = document[name]
            .as_str()
            .unwrap()
            .strip_prefix(ORIGIN)
            .unwrap()
            .to_owned();
        let status = get(&path).status;
        assert_ne!(status, StatusCode::NOT_FOUND, "{name}");
    }
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        serde_json::json!(["ES256"])
    );
    assert_eq!(
        get("/sandbox/idp/jwks").json()["keys"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn the_whole_flow_gives_a_signed_identity() {
    let pairs = redirected(&sign_in("BBUser28324", "PW28324!"));
    assert_eq!(
        (value(&pairs, "state"), value(&pairs, "iss")),
        ("st&te", ISSUER)
    );
    let answer = token_with(value(&pairs, "code"), &[]);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(
        (answer.header("cache-control"), answer.header("pragma")),
        ("no-store", "no-cache")
    );
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], "bluegate-sandbox");
    assert_eq!(
        (claims["iat"].as_i64(), claims["exp"].as_i64()),
        (Some(NOW), Some(NOW + 300))
    );
    assert_eq!(claims["nonce"], "n0nce");
    assert_eq!(claims["family_name"], "Doe");
    assert_eq!(claims["mbi"].as_str().unwrap().len(), 11);
    assert_eq!(claims["sub"].as_str().unwrap().len(), 36);
    let request = Request::get("/sandbox/idp/userinfo")
        .header(
            "authorization",
            format!("Bearer {}", tokens["access_token"].as_str().unwrap()),
        )
        .body(Body::empty())
        .unwrap();
    assert_eq!(send(&mut site(), request).json()["sub"], claims["sub"]);
}

#[test]
fn a_wrong_password_shows_the_form_again_with_words() {
    for (username, password) in [("BBUser28324", "PW28323!"), ("<b>", "x"), ("", "")] {
        let answer = sign_in(username, password);
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(
            answer.text().contains("do not belong together"),
            "{}",
            answer.text()
        );
        assert!(!answer.text().contains("<b>"));
        // The form that came back works.
        let field = hidden_field(&answer);
        let again = post(
            "/sandbox/idp/signin",
            &[
                ("request", &field),
                ("username", "BBUser28324"),
                ("password", "PW28324!"),
            ],
        );
        assert!(!value(&redirected(&again), "code").is_empty());
    }
}

#[test]
fn many_wrong_passwords_make_the_account_wait_even_with_the_right_one() {
    // One router is one memory: the helpers of the other tests make a fresh one for each request.
    let mut app = app::router(config(), || NOW);
    let field = hidden_field(&authorize_with(&[]));
    let mut attempt = |username: &str, password: &str| {
        let pairs = [
            ("request", field.as_str()),
            ("username", username),
            ("password", password),
        ];
        send(&mut app, posting("/sandbox/idp/signin", &pairs))
    };
    for _ in 0..5 {
        assert_eq!(attempt("BBUser28324", "x").status, StatusCode::UNAUTHORIZED);
    }
    let waiting = attempt("BBUser28324", "PW28324!");
    assert_eq!(waiting.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        waiting.text().contains("Wait a minute"),
        "{}",
        waiting.text()
    );
    assert_eq!(
        attempt("BBUser20023", "PW20023!").status,
        StatusCode::SEE_OTHER
    );
}

#[test]
fn a_form_that_was_changed_or_is_old_is_refused() {
    let field = hidden_field(&authorize_with(&[]));
    let fields = |field: &str| {
        [
            ("request", field.to_owned()),
            ("username", "BBUser28324".to_owned()),
            ("password", "PW28324!".to_owned()),
        ]
    };
    let send_at = |clock: fn() -> i64, field: &str| {
        let fields = fields(field);
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        send(
            &mut app::router(config(), clock),
            posting("/sandbox/idp/signin", &pairs),
        )
        .status
    };
    assert_eq!(send_at(|| NOW + 599, &field), StatusCode::SEE_OTHER);
    assert_eq!(send_at(|| NOW + 600, &field), StatusCode::BAD_REQUEST);
    assert_eq!(send_at(|| NOW, &field[1..]), StatusCode::BAD_REQUEST);
    assert_eq!(send_at(|| NOW, ""), StatusCode::BAD_REQUEST);
    // A code is sealed as well, but for another purpose.
    assert_eq!(
        send_at(|| NOW, &code("BBUser28324", "PW28324!")),
        StatusCode::BAD_REQUEST
    );
}

#[test]
fn faults_of_client_and_redirect_are_told_to_the_person() {
    for change in [
        ("client_id", "other"),
        ("client_id", ""),
        ("redirect_uri", "http://127.0.0.1:3000/signin/callback/"),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", ""),
    ] {
        let answer = authorize_with(&[change]);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{change:?}");
        assert_eq!(answer.header("location"), "");
    }
    let twice = get("/sandbox/idp/authorize?client_id=bluegate-sandbox&client_id=bluegate-sandbox");
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
}

#[test]
fn other_faults_go_back_to_the_client() {
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "unsupported_response_type"),
        (("scope", "profile"), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("nonce", ""), "invalid_request"),
        (("state", ""), "invalid_request"),
        (("prompt", "none"), "login_required"),
        (("request", "x.y.z"), "request_not_supported"),
    ] {
        let pairs = redirected(&authorize_with(&[change]));
        assert_eq!(
            (value(&pairs, "error"), value(&pairs, "iss")),
            (error, ISSUER),
            "{change:?}"
        );
        assert_eq!(
            value(&pairs, "state"),
            if change.0 == "state" { "" } else { "st&te" }
        );
    }
}

#[test]
fn turning_back_denies_access() {
    let field = hidden_field(&authorize_with(&[]));
    let pairs = redirected(&post(
        "/sandbox/idp/signin",
        &[("request", &field), ("cancel", "yes")],
    ));
    assert_eq!(
        (value(&pairs, "error"), value(&pairs, "state")),
        ("access_denied", "st&te")
    );
}

#[test]
fn the_form_is_accessible_and_speaks_two_languages() {
    let page = authorize_with(&[("prompt", "login")]);
    assert_eq!(page.status, StatusCode::OK);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(page.header("cache-control"), "no-store");
    for part in [
        "<html lang=\"en\">",
        "<label for=\"username\">",
        "<label for=\"password\">",
        "name=\"password\"",
        "width=device-width",
    ] {
        assert!(page.text().contains(part), "{part}");
    }
    assert!(!page.text().contains("<script") && !page.text().contains("style="));
    for language in ["es", "es-MX en", "fr es"] {
        let page = authorize_with(&[("ui_locales", language)]);
        assert!(
            page.text().contains("<html lang=\"es\">") && page.text().contains("Contraseña"),
            "{language}"
        );
        assert_eq!(page.header("content-language"), "es");
    }
    assert!(
        get("/sandbox/idp/style.css")
            .header("content-type")
            .starts_with("text/css")
    );
}

#[test]
fn the_form_changes_its_language_keeps_what_was_typed_and_the_browser_keeps_the_language() {
    let form = authorize_with(&[("ui_locales", "en")]);
    let fields = |field: &str, language: &str| {
        post(
            "/sandbox/idp/signin",
            &[
                ("request", field),
                ("username", "BBUser00017"),
                ("password", "PW0001"),
                ("language", language),
            ],
        )
    };
    let spanish = fields(&hidden_field(&form), "es");
    assert_eq!(spanish.status, StatusCode::OK, "nobody tried to sign in");
    assert!(spanish.text().contains("<html lang=\"es\">"));
    assert!(spanish.text().contains("value=\"BBUser00017\""));
    assert!(!spanish.text().contains("PW0001"));
    assert_eq!(
        spanish.header("set-cookie"),
        "bg-lang=es; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
    );
    let english = fields(&hidden_field(&spanish), "en");
    assert!(english.text().contains("<html lang=\"en\">"));
    // What is no language of ours is English, and the form still signs in.
    let other = fields(&hidden_field(&english), "fr");
    assert!(other.text().contains("<html lang=\"en\">"));
    let signed_in = post(
        "/sandbox/idp/signin",
        &[
            ("request", &hidden_field(&other)),
            ("username", "BBUser00017"),
            ("password", "PW00017!"),
        ],
    );
    assert!(!value(&redirected(&signed_in), "code").is_empty());
    // A page that no request of the client leads to is in the language that was chosen.
    for (cookie, language) in [
        ("a=b; bg-lang=es", "es"),
        ("bg-lang=en", "en"),
        ("bg-lang=fr", "en"),
    ] {
        let request = Request::get("/sandbox/idp/logout")
            .header("cookie", cookie)
            .body(Body::empty())
            .unwrap();
        let page = send(&mut site(), request);
        assert_eq!(page.header("content-language"), language, "{cookie}");
    }
}

#[test]
fn the_browsers_language_counts_where_the_client_names_none() {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let query = encode(&[
        ("response_type", "code"),
        ("client_id", "bluegate-sandbox"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    for (header, spanish) in [
        ("es-ES,es;q=0.9,en;q=0.8", true),
        ("en-US,en;q=0.9,es;q=0.8", false),
        ("fr", false),
    ] {
        let request = Request::get(format!("/sandbox/idp/authorize?{query}"))
            .header("accept-language", header)
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            send(&mut site(), request)
                .text()
                .contains("<html lang=\"es\">"),
            spanish,
            "{header}"
        );
    }
}

#[test]
fn a_client_authenticates_by_basic_or_in_the_body() {
    let code = code("BBUser00000", "PW00000!");
    let form = encode(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]);
    let basic = |id: &str, secret: &str, extra: &str| {
        let encoded =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
        let request = Request::post("/sandbox/idp/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", format!("Basic {pair}"))
            .body(Body::from(format!("{form}{extra}")))
            .unwrap();
        send(&mut site(), request)
    };
    let secret = config().idp_client_secret;
    assert_eq!(
        basic("bluegate-sandbox", &secret, "").status,
        StatusCode::OK
    );
    for (id, given) in [
        ("bluegate-sandbox", "wrong"),
        ("other", secret.as_str()),
        ("", ""),
    ] {
        let answer = basic(id, given, "");
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.header("www-authenticate").starts_with("Basic"));
        assert_eq!(answer.json()["error"], "invalid_client");
    }
    let both = basic("bluegate-sandbox", &secret, "&client_secret=x");
    assert_eq!(
        (both.status, &both.json()["error"]),
        (StatusCode::BAD_REQUEST, &Value::from("invalid_request"))
    );
    assert_eq!(
        token_with(&code, &[("client_secret", "")]).status,
        StatusCode::UNAUTHORIZED
    );
}

#[test]
fn the_token_endpoint_refuses_as_rfc_6749_says() {
    let code = code("BBUser00000", "PW00000!");
    for (change, error) in [
        (("grant_type", "password"), "unsupported_grant_type"),
        (("grant_type", ""), "invalid_request"),
        (("code", ""), "invalid_request"),
        (("code", "x.y"), "invalid_grant"),
        (("redirect_uri", "http://127.0.0.1:3000/"), "invalid_grant"),
        (("redirect_uri", ""), "invalid_grant"),
        (("code_verifier", ""), "invalid_request"),
        (
            (
                "code_verifier",
                "another-verifier-that-is-long-enough-to-be-read",
            ),
            "invalid_grant",
        ),
    ] {
        let answer = token_with(&code, &[change]);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{change:?}");
        assert_eq!(answer.json()["error"], error, "{change:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let json = Request::post("/sandbox/idp/token")
        .header("content-type", "application/json")
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(send(&mut site(), json).json()["error"], "invalid_request");
}

#[test]
fn a_code_lives_for_a_minute() {
    let code = code("BBUser00000", "PW00000!");
    let secret = config().idp_client_secret;
    let redeem = |clock: fn() -> i64| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", "bluegate-sandbox"),
            ("client_secret", secret.as_str()),
        ];
        send(
            &mut app::router(config(), clock),
            posting("/sandbox/idp/token", &form),
        )
        .status
    };
    assert_eq!(redeem(|| NOW + 59), StatusCode::OK);
    assert_eq!(redeem(|| NOW + 60), StatusCode::BAD_REQUEST);
}

#[test]
fn the_clock_can_be_moved() {
    let mut settings = config();
    settings.clock_offset_s = 3_600;
    let answer = send(
        &mut app::router(settings, || NOW),
        posting(
            "/sandbox/idp/signin",
            &[("request", &hidden_field(&authorize_with(&[])))],
        ),
    );
    // The form is from an hour ago for the moved clock.
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[test]
fn the_hard_cases_arrive_in_the_id_token() {
    let first = id_token_of("BBHard01", "PWHard01!");
    let second = id_token_of("BBHard02", "PWHard02!");
    let bits = |claims: &Value| claims["sub"].as_str().unwrap().replace('-', "");
    assert_eq!(bits(&first)[..24], bits(&second)[..24]);
    assert_ne!(first["sub"], second["sub"]);
    assert_ne!(first["mbi"], second["mbi"]);
    assert!(id_token_of("BBHard03", "PWHard03!").get("mbi").is_none());
    assert_eq!(
        id_token_of("BBHard05", "PWHard05!")["sub"]
            .as_str()
            .unwrap()
            .len(),
        255
    );
}

#[test]
fn sign_out_goes_back_to_the_gateway_only() {
    let out = |query: &[(&str, &str)]| get(&format!("/sandbox/idp/logout?{}", encode(query)));
    let back = out(&[
        (
            "post_logout_redirect_uri",
            "http://127.0.0.1:3000/signout?done=1",
        ),
        ("state", "a b"),
    ]);
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert_eq!(
        back.header("location"),
        "http://127.0.0.1:3000/signout?done=1&state=a+b"
    );
    for target in [
        "https://evil.example/",
        "http://127.0.0.1:30001/",
        "http://127.0.0.1:3000.evil.example/",
        "http://127.0.0.1:3000/\r\nx: y",
    ] {
        let page = out(&[("post_logout_redirect_uri", target)]);
        assert_eq!(
            (page.status, page.header("location")),
            (StatusCode::OK, ""),
            "{target}"
        );
    }
    assert!(out(&[]).text().contains("You are signed out"));
}

fn kids(app: &mut axum::Router) -> Vec<String> {
    let request = Request::get("/sandbox/idp/jwks")
        .body(Body::empty())
        .unwrap();
    let keys = send(app, request).json()["keys"]
        .as_array()
        .unwrap()
        .clone();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn exchange(app: &mut axum::Router, code: &str) -> Answer {
    send(app, token_request(code, &[]))
}

fn kid_of(answer: &Answer) -> String {
    let token = answer.json()["id_token"].as_str().unwrap().to_owned();
    let head = token.split('.').next().unwrap();
    let head = URL_SAFE_NO_PAD.decode(head).unwrap();
    let head: Value = serde_json::from_slice(&head).unwrap();
    head["kid"].as_str().unwrap().to_owned()
}

#[test]
fn a_code_is_redeemed_once() {
    let mut app = app::router(config(), || NOW);
    let code = code("BBUser28324", "PW28324!");
    // An attempt that fails does not use it up.
    let wrong = token_request(&code, &[("code_verifier", "x".repeat(43).as_str())]);
    assert_eq!(send(&mut app, wrong).status, 400);
    assert_eq!(exchange(&mut app, &code).status, 200);
    let again = exchange(&mut app, &code);
    assert_eq!(again.status, 400);
    assert_eq!(again.json()["error"], "invalid_grant");
}

#[test]
fn keys_rotate_on_request_announced_or_not() {
    let mut app = app::router(config(), || NOW);
    let rotate = |app: &mut axum::Router, form: &[(&str, &str)]| {
        send(app, posting("/sandbox/idp/keys/rotate", form)).json()["signs_with"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let before = kids(&mut app);
    let first = kid_of(&exchange(&mut app, &code("BBUser00001", "PW00001!")));
    assert_eq!(before[0], first);
    // Announced: everybody could have known the key.
    let second = rotate(&mut app, &[]);
    assert_eq!(before[1], second);
    assert_eq!(
        kid_of(&exchange(&mut app, &code("BBUser00002", "PW00002!"))),
        second
    );
    let between = kids(&mut app);
    assert!(between.contains(&first) && between.contains(&second));
    // Not announced: nobody could.
    let third = rotate(&mut app, &[("unannounced", "true")]);
    assert!(!between.contains(&third));
    assert_eq!(
        kid_of(&exchange(&mut app, &code("BBUser00003", "PW00003!"))),
        third
    );
    let after = kids(&mut app);
    assert!(after.contains(&third) && !after.contains(&second));
}
