//! docs/contract/09-applications.md: what may be registered, over `/o/register`.

use super::*;

/// The answer to a registration with these members.
fn ask(world: &World, changes: &Json) -> Answer {
    let mut body = json!({ "client_name": "App", "redirect_uris": [REDIRECT] });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.send(Call::post("/o/register").json(&body))
}

#[track_caller]
fn is_told(answer: &Answer, code: &str, word: &str) {
    answer.is_refused(400, code);
    let description = answer.json()["error_description"].to_string();
    assert!(description.contains(word), "{word}: {description}");
}

#[test]
fn an_address_that_only_a_browser_repairs_is_refused() {
    let world = World::new();
    for bad in [
        "https:/a.example/cb",
        "https:a.example/cb",
        r"https:\\a.example/cb",
        r"https://a.example\@b.example/cb",
        "https://a.example/<cb>",
        "https://a.example/\"cb",
        "https://a.example/%zz",
        "https://a.example/c b",
        "https://a.exa\tmple/cb",
        "https://a.example/cb\n",
        "https://\u{e4}.example/cb",
        "https://a.example/x/../cb",
        "https://user@a.example/cb",
        "https://a.example:0/cb",
        "https://a.example./cb",
        "https://127.1/cb",
    ] {
        let redirect = ask(&world, &json!({ "redirect_uris": [REDIRECT, bad] }));
        is_told(&redirect, "invalid_redirect_uri", "redirect_uri ");
        for name in ["client_uri", "logo_uri", "tos_uri", "policy_uri"] {
            let answer = ask(&world, &json!({ name: bad }));
            is_told(&answer, "invalid_client_metadata", name);
        }
    }
    assert_eq!(world.count("application WHERE client_name = 'App'"), 0);
    let good =
        json!({ "client_uri": "https://a.example", "tos_uri": "http://a.example/t?v=1#top" });
    assert_eq!(ask(&world, &good).status, 201);
}

#[test]
fn a_redirect_uri_is_neither_an_answer_nor_this_gateway() {
    let world = World::with(&[("public_base_url", "https://gw.example")]);
    for bad in [
        "https://a.example/cb?code=x&state=y",
        "https://a.example/cb?tenant=1&stat%65=y",
        "https://a.example/cb?error=access_denied",
        "https://gw.example/account/",
        "https://GW.example:443/",
    ] {
        let answer = ask(&world, &json!({ "redirect_uris": [bad] }));
        is_told(&answer, "invalid_redirect_uri", "must not");
    }
    let tenant = json!({ "redirect_uris": ["https://a.example/cb?tenant=1"] });
    assert_eq!(ask(&world, &tenant).status, 201);
}

#[test]
fn keys_are_fetched_from_a_plain_address_only() {
    let world = World::with(&[("client_jwks_origin", "https://keys.example")]);
    let with = |uri: &str| {
        let method = "private_key_jwt";
        ask(
            &world,
            &json!({ "token_endpoint_auth_method": method, "jwks_uri": uri }),
        )
    };
    for bad in [
        "https:/keys.example/a.json",
        "https://u@keys.example/a.json",
        "https://keys.example/a.json#one",
        r"https://keys.example\@b.example/a.json",
        "https://keys.example/../a.json",
    ] {
        is_told(&with(bad), "invalid_client_metadata", "jwks_uri");
    }
    assert_eq!(with("https://keys.example/a.json").status, 201);
}

#[test]
fn what_is_left_empty_is_left_out() {
    let world = World::new();
    let empty = json!({
        "client_uri": "", "logo_uri": "", "tos_uri": " ", "policy_uri": "", "jwks_uri": "", "scope": "",
        "description": "", "contacts": [""], "grant_types": [], "response_types": [],
        "data_access_type": "", "token_endpoint_auth_method": "",
    });
    let answer = ask(&world, &empty);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    for name in [
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "jwks_uri",
        "description",
        "contacts",
    ] {
        assert!(body.get(name).is_none(), "{name}: {body}");
    }
    assert_eq!(
        body["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(body["response_types"], json!(["code"]));
    assert_eq!(body["token_endpoint_auth_method"], "client_secret_basic");
    for (name, code) in [
        (json!({ "redirect_uris": [""] }), "invalid_redirect_uri"),
        (json!({ "client_name": "" }), "invalid_client_metadata"),
    ] {
        ask(&world, &name).is_refused(400, code);
    }
}

#[test]
fn what_is_not_offered_is_left_out_beside_what_is_and_the_answer_tells() {
    let world = World::new();
    let mixed = json!({
        "grant_types": ["client_credentials", "authorization_code", "implicit", "refresh_token", "refresh_token",
                        "urn:ietf:params:oauth:grant-type:device_code"],
        "response_types": ["code", "token", "code id_token", "none"],
        "scope": "openid fhirUser launch/patient email patient/Coverage.rs patient/Observation.rs user/*.read",
        "software_id": "junk", "junk": { "a": ["b".repeat(1000)] },
    });
    let answer = ask(&world, &mixed);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    assert_eq!(
        body["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(body["response_types"], json!(["code"]));
    assert_eq!(body["scope"], "openid launch/patient patient/Coverage.rs");
    assert!(body.get("junk").is_none() && body.get("software_id").is_none());
    for (nothing, word) in [
        (
            json!({ "grant_types": ["client_credentials"] }),
            "grant_types",
        ),
        (
            json!({ "grant_types": ["refresh_token", "password"] }),
            "grant_types",
        ),
        (
            json!({ "response_types": ["token", "id_token"] }),
            "response_types",
        ),
        (json!({ "scope": "admin fhirUser" }), "scope"),
    ] {
        is_told(&ask(&world, &nothing), "invalid_client_metadata", word);
    }
}

#[test]
fn metadata_has_at_most_16_kb_and_unknown_members_are_not_kept() {
    let world = World::new();
    let mut key = crate::base::identity_provider::id_token::tests::public_key();
    key["x5c"] = json!(["A".repeat(20_000)]);
    key["junk"] = json!("A".repeat(20_000));
    let jwks = json!({ "keys": [key], "junk": "A".repeat(15_000) });
    let signed = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks });
    let answer = ask(&world, &signed);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(answer.body.len() < 2_000, "{}", answer.body.len());
    assert_eq!(world.count("application WHERE length(metadata) > 2000"), 0);
    // The key works as it did.
    let client = super::applications::with_key(&world, "Other App");
    world.code(&client, &anne(), SCOPE);

    let long = |count: usize| -> Vec<String> {
        (0..count)
            .map(|n| format!("https://a.example/{n}{}", "x".repeat(1900)))
            .collect()
    };
    let named = |name: &str, changes: Json| {
        let mut body = changes;
        body["client_name"] = json!(name);
        ask(&world, &body)
    };
    assert_eq!(
        named("Small", json!({ "redirect_uris": long(8) })).status,
        201
    );
    is_told(
        &named("Large", json!({ "redirect_uris": long(9) })),
        "invalid_client_metadata",
        "16 KB in all; its largest part is redirect_uris",
    );
    let kid = "k".repeat(17_000);
    let mut key = crate::base::identity_provider::id_token::tests::public_key();
    key["kid"] = json!(kid);
    is_told(
        &named("Keys", json!({ "jwks": { "keys": [key] } })),
        "invalid_client_metadata",
        "its largest part is jwks",
    );
}

#[test]
fn a_name_is_visible_and_looks_like_no_other() {
    let world = World::new();
    let named = |name: &str| ask(&world, &json!({ "client_name": name }));
    for bad in [
        "Blue\u{200b}Button",
        "Blue\u{202e}nottuB",
        "Blue\u{3164}Button",
        "Blue\u{2800}Button",
        "Blue\u{a0}Button",
        "B\u{301}\u{302}\u{303}\u{304}lue Button",
        "Blue Butt\u{43e}n",
    ] {
        is_told(&named(bad), "invalid_client_metadata", "client_name must");
    }
    assert_eq!(named("Blue Oil").status, 201);
    let client = world.app("Another");
    for alike in [
        "Blue Oil",
        "BLUE OIL",
        "Blue 0il",
        "BIue OiI",
        "B1ue Oil",
        "\u{ff22}lue Oil",
        "Blue  Oil",
    ] {
        is_told(&named(alike), "invalid_client_metadata", "looks like one");
        let body =
            json!({ "client_id": client.id, "client_name": alike, "redirect_uris": [REDIRECT] });
        let call = Call::new(Method::PUT, &format!("/o/register/{}", client.id));
        let update = world.send(call.bearer(&client.registration_token).json(&body));
        is_told(&update, "invalid_client_metadata", "looks like one");
    }
    assert_eq!(named("Blue Oils").status, 201);
}

#[test]
fn a_reserved_word_is_refused_and_names_are_set_apart_on_pages() {
    let world = World::with(&[("reserved_names", "medicare, cms")]);
    for bad in [
        "Medicare",
        "my-MEDICARE",
        "Medi care",
        "CMS tools",
        "\u{ff23}MS",
    ] {
        let answer = ask(&world, &json!({ "client_name": bad }));
        is_told(&answer, "invalid_client_metadata", "reserved");
    }
    let client = world.app("\u{5d1}\u{5e8}\u{5d9}\u{5d0}\u{5d5}\u{5ea} 1");
    let page = world.consent_page(&Browser::default(), &client, &anne(), SCOPE);
    let shown = "<bdi>\u{5d1}\u{5e8}\u{5d9}\u{5d0}\u{5d5}\u{5ea} 1</bdi>";
    assert!(page.page.contains(shown), "{}", page.page);
}
