//! Section 9: what may be registered, over `/o/register`.

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
