//! docs/contract/02-authorize.md, 05-token-exchange.md and 09-applications.md for applications: suspension, PAR,
//! assertions, and changes by the registration token.

use super::*;
use crate::base::identity_provider::id_token::tests::public_key;

#[test]
fn a_suspended_application_is_stopped_at_the_very_next_request() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let tokens = world.connect(&client, &anne());
    let code = world.code(&client, &anne(), SCOPE);
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    world.suspend(&client);

    world
        .authorize(&browser, &client, &[])
        .is_page(403, "application_inactive");
    let path = format!("/v2/o/authorize/consent?transaction={}", page.transaction);
    browser
        .get(&world, &path)
        .is_page(403, "application_inactive");
    let decided = world.decide(&browser, &page, "allow", "share");
    browser
        .get(&world, decided.location())
        .is_page(403, "application_inactive");
    world
        .exchange(&client, &code)
        .is_refused(403, "invalid_client");
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(403, "invalid_client");
    world
        .about_token("introspect", &client, &tokens.access)
        .is_refused(403, "invalid_client");
    world
        .send(Call::post("/v2/o/par").client(&client, &[]))
        .is_refused(403, "invalid_client");
    world
        .claims(&tokens.access)
        .is_refused(401, "application_inactive");
    world
        .userinfo(&tokens.access)
        .is_refused(401, "application_inactive");
    let text = world.claims(&tokens.access).text();
    assert!(
        text.contains("This application, App, is temporarily inactive."),
        "{text}"
    );

    // Nothing was consumed meanwhile.
    world.set_status(&client, "active");
    assert_eq!(world.claims(&tokens.access).status, 200);
    world.refresh(&client, &tokens.refresh).tokens();
    world.exchange(&client, &code).tokens();
    world.decide(&browser, &page, "allow", "share").code();
}

#[test]
fn a_foreign_application_that_knows_nothing_learns_nothing_of_a_suspension() {
    let world = World::new();
    let client = world.app("App");
    world.suspend(&client);
    let guess = Client {
        secret: "guessed".to_owned(),
        ..client
    };
    world
        .exchange(&guess, "x")
        .is_refused(401, "invalid_client");
}

fn pushed(world: &World, client: &Client, changes: &[(&str, &str)]) -> Answer {
    let mut parameters = request_of(client);
    for (name, value) in changes {
        parameters.insert(name, value);
    }
    let fields: Vec<_> = parameters
        .into_iter()
        .filter(|(name, _)| *name != "client_id")
        .collect();
    world.send(Call::post("/v2/o/par").client(client, &fields))
}

fn use_pushed(world: &World, client: &Client, uri: &str) -> Answer {
    let query = form([("client_id", client.id.as_str()), ("request_uri", uri)]);
    Browser::default().get(world, &format!("/v2/o/authorize/?{query}"))
}

#[test]
fn a_pushed_request_is_used_once_within_90_seconds_by_its_own_client() {
    let world = World::new();
    let (client, foreign) = (world.app("App"), world.app("Other App"));
    let push = || {
        let answer = pushed(&world, &client, &[]);
        assert_eq!(
            (answer.status, &answer.json()["expires_in"]),
            (201, &json!(90))
        );
        answer.json()["request_uri"].as_str().unwrap().to_owned()
    };
    let uri = push();
    use_pushed(&world, &foreign, &uri).is_page(400, "invalid_request_uri");
    world.advance(89);
    assert!(
        use_pushed(&world, &client, &uri)
            .location()
            .starts_with(outside::ISSUER)
    );
    use_pushed(&world, &client, &uri).is_page(400, "invalid_request_uri");
    let late = push();
    world.advance(90);
    use_pushed(&world, &client, &late).is_page(400, "invalid_request_uri");
    use_pushed(&world, &client, "urn:ietf:params:oauth:request_uri:x")
        .is_page(400, "invalid_request_uri");
}

#[test]
fn a_pushed_request_goes_the_whole_way_and_the_url_adds_nothing_to_it() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let answer = pushed(&world, &client, &[("scope", "patient/Coverage.rs")]);
    let uri = answer.json()["request_uri"].as_str().unwrap().to_owned();
    let changes = [
        ("request_uri", uri.as_str()),
        ("scope", SCOPE),
        ("state", "another-state-value"),
    ];
    let started = world.authorize(&browser, &client, &changes);
    let back = world.sign_in(&browser, &started, &anne());
    let page = ConsentForm::of(&browser.get(&world, back.location()));
    let code = world.decide(&browser, &page, "allow", "share").code();
    assert_eq!(
        world.exchange(&client, &code).json()["scope"],
        "patient/Coverage.rs"
    );
}

#[test]
fn a_wrong_pushed_request_is_answered_in_json() {
    let world = World::new();
    let client = world.app("App");
    for (name, value, code) in [
        ("redirect_uri", "https://evil.example/", "invalid_request"),
        ("state", "short", "invalid_request"),
        ("scope", "patient/Nothing.rs", "invalid_scope"),
        ("response_type", "token", "unsupported_response_type"),
        ("request_uri", "urn:x", "invalid_request"),
    ] {
        pushed(&world, &client, &[(name, value)]).is_refused(400, code);
    }
    let stranger = Client {
        secret: "guessed".to_owned(),
        ..client
    };
    pushed(&world, &stranger, &[]).is_refused(401, "invalid_client");
    assert_eq!(world.count("pushed_request"), 0);
}

#[test]
fn an_application_may_require_that_its_requests_are_pushed() {
    let world = World::new();
    let client = world.register(
        "App",
        json!({ "require_pushed_authorization_requests": true }),
    );
    let direct = world.authorize(&Browser::default(), &client, &[]);
    assert_eq!(direct.back("error"), "invalid_request");
    let uri = pushed(&world, &client, &[]).json()["request_uri"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        use_pushed(&world, &client, &uri)
            .location()
            .starts_with(outside::ISSUER)
    );
}

pub(super) fn asserted(
    world: &World,
    client: &Client,
    jti: &str,
    changes: Json,
    fields: &[(&str, &str)],
) -> Answer {
    let claims = assertion_claims(world, client, jti, changes);
    presented(world, "/v2/o/token/", &outside::sign(&claims, "k1"), fields)
}

/// The claims of a good assertion for the token endpoint, with `changes`.
pub(super) fn assertion_claims(world: &World, client: &Client, jti: &str, changes: Json) -> Json {
    let now = world.clock.now().seconds();
    let mut claims = json!({
        "iss": client.id, "sub": client.id, "aud": format!("{BASE}/v2/o/token/"), "exp": now + 300, "jti": jti,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// A request of a client with this assertion.
pub(super) fn presented(
    world: &World,
    endpoint: &str,
    assertion: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let mut all = vec![
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
    ];
    all.extend_from_slice(fields);
    world.send(Call::post(endpoint).form(all))
}

pub(super) fn with_key(world: &World, name: &str) -> Client {
    let metadata = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [public_key()] },
    });
    world.register(name, metadata)
}

#[test]
fn an_assertion_counts_once() {
    let world = World::new();
    let client = with_key(&world, "App");
    let code = world.code(&client, &anne(), SCOPE);
    let same = json!({});
    let tokens = asserted(&world, &client, "j-1", same.clone(), &exchange_form(&code)).tokens();
    let refresh = refresh_form(&tokens.refresh);
    asserted(&world, &client, "j-1", same.clone(), &refresh).is_refused(401, "invalid_client");
    asserted(&world, &client, "j-2", same.clone(), &refresh).tokens();
    // Until it has expired and cannot be presented at all.
    world.advance(359);
    let old = json!({ "exp": world.clock.now().seconds() - 59 });
    asserted(&world, &client, "j-1", old.clone(), &refresh).is_refused(401, "invalid_client");
    // Another application may use the same jti.
    let other = with_key(&world, "Other App");
    asserted(&world, &other, "j-1", same, &refresh).is_refused(400, "invalid_grant");
}

#[test]
fn a_wrong_assertion_uses_up_nothing() {
    let world = World::new();
    let client = with_key(&world, "App");
    let code = world.code(&client, &anne(), SCOPE);
    for wrong in [
        json!({ "aud": "https://other.example" }),
        json!({ "exp": 1 }),
        json!({ "iss": "x" }),
    ] {
        asserted(&world, &client, "j-1", wrong, &exchange_form(&code))
            .is_refused(401, "invalid_client");
    }
    asserted(&world, &client, "j-1", json!({}), &exchange_form(&code)).tokens();
}

fn manage(world: &World, method: Method, client: &Client) -> Answer {
    let call = Call::new(method, &format!("/o/register/{}", client.id));
    world.send(call.bearer(&client.registration_token))
}

fn update(world: &World, client: &Client, changes: Json) -> Answer {
    let mut body =
        json!({ "client_id": client.id, "client_name": "App", "redirect_uris": [REDIRECT] });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    let call = Call::new(Method::PUT, &format!("/o/register/{}", client.id));
    world.send(call.bearer(&client.registration_token).json(&body))
}

#[test]
fn a_rotated_secret_works_at_once_and_the_former_one_no_longer() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let answer = update(&world, &client, json!({ "rotate_client_secret": true }));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let secret = answer.json()["client_secret"].as_str().unwrap().to_owned();
    let rotated = Client {
        secret,
        ..client.clone()
    };
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(401, "invalid_client");
    world.refresh(&rotated, &tokens.refresh).tokens();
    assert!(
        manage(&world, Method::GET, &client)
            .json()
            .get("client_secret")
            .is_none()
    );
}

#[test]
fn a_changed_redirect_uri_or_scope_counts_at_once() {
    let world = World::new();
    let client = world.app("App");
    // A page that somebody has in front of them, and a code on its way, are of before the change.
    let waiting = Browser::default();
    let page = world.consent_page(&waiting, &client, &anne(), SCOPE);
    let code = world.code(&client, &anne(), SCOPE);
    let changed =
        json!({ "redirect_uris": ["https://app.example/new"], "scope": "patient/Coverage.rs" });
    assert_eq!(update(&world, &client, changed).status, 200);
    let decided = world.decide(&waiting, &page, "allow", "share");
    assert!(
        decided.location().starts_with("/v2/"),
        "{}",
        decided.location()
    );
    let tokens = world.exchange(&client, &code).tokens();
    world
        .claims(&tokens.access)
        .is_refused(403, "insufficient_scope");
    let browser = Browser::default();
    world
        .authorize(&browser, &client, &[])
        .is_page(400, "invalid_redirect_uri");
    let new = world.authorize(
        &browser,
        &client,
        &[("redirect_uri", "https://app.example/new")],
    );
    assert_eq!(new.back("error"), "invalid_scope");
}

#[test]
fn a_one_time_application_may_not_refresh_what_it_had_before_the_change() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    assert_eq!(
        update(&world, &client, json!({ "data_access_type": "ONE_TIME" })).status,
        200
    );
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(403, "invalid_grant");
}

/// docs/contract/09-applications.md: the registered method is the method.
#[test]
fn an_application_that_changed_to_a_key_is_no_longer_known_by_its_secret() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let changed = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [public_key()] } });
    assert_eq!(update(&world, &client, changed).status, 200);
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(401, "invalid_client");
    let keyed = Client {
        secret: String::new(),
        ..client
    };
    asserted(
        &world,
        &keyed,
        "j",
        json!({}),
        &refresh_form(&tokens.refresh),
    )
    .tokens();
}

#[test]
fn a_deleted_application_and_everything_it_was_given_end_at_once() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let code = world.code(&client, &anne(), SCOPE);
    assert_eq!(manage(&world, Method::DELETE, &client).status, 204);
    assert_eq!(world.claims(&tokens.access).status, 401);
    world
        .exchange(&client, &code)
        .is_refused(401, "invalid_client");
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(401, "invalid_client");
    manage(&world, Method::GET, &client).is_refused(401, "invalid_token");
    assert_eq!(world.count("token_chain WHERE ended_at IS NULL"), 0);
    // Its name is free again.
    world.app("App");
}

/// docs/contract/02-authorize.md, step 1, and docs/contract/05-token-exchange.md: an unknown client is unknown, not
/// "temporarily inactive".
#[test]
fn a_deleted_application_is_unknown() {
    let world = World::new();
    let client = world.register("App", json!({ "token_endpoint_auth_method": "none" }));
    assert_eq!(manage(&world, Method::DELETE, &client).status, 204);
    world
        .authorize(&Browser::default(), &client, &[])
        .is_page(400, "invalid_client");
    world
        .exchange(&client, "x")
        .is_refused(401, "invalid_client");
}

#[test]
fn only_its_own_registration_token_opens_a_registration() {
    let world = World::new();
    let (client, other) = (world.app("App"), world.app("Other App"));
    let crossed = Client {
        registration_token: other.registration_token.clone(),
        ..client.clone()
    };
    for method in [Method::GET, Method::DELETE] {
        manage(&world, method, &crossed).is_refused(401, "invalid_token");
    }
    update(&world, &crossed, json!({})).is_refused(401, "invalid_token");
    assert_eq!(manage(&world, Method::GET, &client).status, 200);
    // A name that is taken stays its owner's, whatever the case.
    let taken = update(&world, &client, json!({ "client_name": "OTHER app" }));
    assert_eq!(taken.status, 400, "{}", taken.text());
    assert_eq!(
        manage(&world, Method::GET, &client).json()["client_name"],
        "App"
    );
}

#[test]
fn in_production_a_registration_and_each_change_wait_for_an_operator() {
    let world = World::with(crate::base::config::tests::PRODUCTION);
    let client = world.app("App");
    let status = || manage(&world, Method::GET, &client).json()["status"].clone();
    assert_eq!(status(), "pending");
    world
        .authorize(&Browser::default(), &client, &[])
        .is_page(403, "application_inactive");
    world
        .exchange(&client, "x")
        .is_refused(403, "invalid_client");
    world.set_status(&client, "active");
    world
        .exchange(&client, "x")
        .is_refused(400, "invalid_grant");
    assert_eq!(update(&world, &client, json!({})).status, 200);
    assert_eq!(status(), "pending");
    world
        .exchange(&client, "x")
        .is_refused(403, "invalid_client");
    // A suspended one does not become active or pending by a change.
    world.suspend(&client);
    assert_eq!(update(&world, &client, json!({})).status, 200);
    assert_eq!(status(), "suspended");
}

#[test]
fn keys_at_a_jwks_uri_are_fetched_once_and_again_when_a_new_one_appears() {
    let world = World::with(&[("client_jwks_origin", "http://127.0.0.1:3000")]);
    let address = format!("{}/keys", outside::ISSUER);
    let metadata = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": address });
    let client = world.register("App", metadata);
    let code = world.code(&client, &anne(), SCOPE);
    world.outside.change(|state| state.kids = vec!["k0"]);
    world.advance(601);
    let before = world.outside.asked(&address);
    asserted(&world, &client, "j-1", json!({}), &refresh_form("none"))
        .is_refused(401, "invalid_client");
    // Once as usual, and once more for the key that was not there. It is there now, and ten seconds have passed.
    world.outside.change(|state| state.kids = vec!["k1"]);
    world.advance(11);
    asserted(&world, &client, "j-2", json!({}), &refresh_form("none"))
        .is_refused(400, "invalid_grant");
    assert_eq!(world.outside.asked(&address) - before, 3);
    let _ = code;
}

#[test]
fn a_jwks_uri_elsewhere_is_refused() {
    let world = World::new();
    let call = Call::post("/o/register").json(&json!({
        "client_name": "App", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://keys.example/jwks",
    }));
    world.send(call).is_refused(400, "invalid_client_metadata");
}

#[test]
fn a_logo_is_uploaded_with_the_registration_token_and_served_to_the_consent_page() {
    let world = World::new();
    let client = world.app("App");
    let place = format!("/o/register/{}/logo", client.id);
    let picture = Bytes::from_static(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on");
    let put = |token: &str, body: &Bytes| {
        let mut call = Call::new(Method::PUT, &place).bearer(token);
        call.body = body.clone();
        world.send(call)
    };
    let served = format!("/o/logo/{}", client.id);
    assert_eq!(world.send(Call::get(&served)).status, 404);
    put("x", &picture).is_refused(401, "invalid_token");
    put(&client.registration_token, &Bytes::from_static(b"<svg/>"))
        .is_refused(400, "invalid_client_metadata");
    assert_eq!(put(&client.registration_token, &picture).status, 204);

    let answer = world.send(Call::get(&served));
    assert_eq!(answer.header("content-type"), "image/png");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.body, picture);
    let page = world.consent_page(&Browser::default(), &client, &anne(), SCOPE);
    assert!(
        page.page.contains(&format!("src=\"{served}\"")),
        "{}",
        page.page
    );
}

#[test]
fn an_application_without_the_refresh_grant_gets_no_refresh_token() {
    let world = World::new();
    let client = world.register("App", json!({ "grant_types": ["authorization_code"] }));
    let code = world.code(&client, &anne(), SCOPE);
    let answer = world.exchange(&client, &code);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json().get("refresh_token"), None);
    world
        .refresh(&client, "none")
        .is_refused(400, "unauthorized_client");
}
