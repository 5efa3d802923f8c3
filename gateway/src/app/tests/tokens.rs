//! docs/contract/05-token-exchange.md and 06-token-refresh.md: what ends a chain, and what does not.

use base64::Engine as _;

use super::*;

#[test]
fn a_code_gives_tokens_that_read_claims() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    assert_eq!(world.claims(&tokens.access).status, 200);
    assert_eq!(world.userinfo(&tokens.access).json()["patient"], "-1");
    let next = world.refresh(&client, &tokens.refresh).tokens();
    assert_eq!(world.claims(&next.access).status, 200);
}

#[test]
fn a_used_code_ends_the_chain_that_it_gave() {
    let world = World::new();
    let client = world.app("App");
    let code = world.code(&client, &anne(), SCOPE);
    let tokens = world.exchange(&client, &code).tokens();
    let other = world.connect(&client, &anne());
    world
        .exchange(&client, &code)
        .is_refused(400, "invalid_grant");
    assert_eq!(world.audited(0)[2..], ["code_replayed", "warning"]);
    world
        .claims(&tokens.access)
        .is_refused(401, "invalid_token");
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(400, "invalid_grant");
    assert_eq!(world.claims(&other.access).status, 200);
}

#[test]
fn a_used_code_still_ends_its_chain_after_its_60_seconds() {
    let world = World::new();
    let client = world.app("App");
    let code = world.code(&client, &anne(), SCOPE);
    let tokens = world.exchange(&client, &code).tokens();
    world.advance(1000);
    world
        .exchange(&client, &code)
        .is_refused(400, "invalid_grant");
    world
        .claims(&tokens.access)
        .is_refused(401, "invalid_token");
}

#[test]
fn whoever_lacks_verifier_client_or_redirect_uri_consumes_and_ends_nothing() {
    let world = World::new();
    let client = world.app("App");
    let foreign = world.app("Other App");
    let code = world.code(&client, &anne(), SCOPE);
    let wrong = || {
        let mut fields = exchange_form(&code);
        fields[2].1 = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
        world
            .token(&client, &fields)
            .is_refused(400, "invalid_grant");
        fields = exchange_form(&code);
        fields[3].1 = "https://app.example/other";
        world
            .token(&client, &fields)
            .is_refused(400, "invalid_grant");
        world
            .exchange(&foreign, &code)
            .is_refused(400, "invalid_grant");
        let without_redirect = &exchange_form(&code)[..3];
        world
            .token(&client, without_redirect)
            .is_refused(400, "invalid_grant");
    };
    wrong();
    let tokens = world.exchange(&client, &code).tokens();
    wrong();
    assert_eq!(world.claims(&tokens.access).status, 200);
}

#[test]
fn an_ancestor_five_generations_back_ends_the_chain() {
    let world = World::new();
    let client = world.app("App");
    let mut generations = vec![world.connect(&client, &anne())];
    for _ in 0..6 {
        world.advance(100);
        let next = world.refresh(&client, &generations.last().unwrap().refresh);
        generations.push(next.tokens());
    }
    let other = world.connect(&client, &anne());
    world
        .refresh(&client, &generations[1].refresh)
        .is_refused(400, "invalid_grant");
    assert_eq!(
        world.audited(0),
        ["token.refresh", "refused", "refresh_reused", "critical"]
    );
    let last = generations.last().unwrap();
    world.claims(&last.access).is_refused(401, "invalid_token");
    world
        .refresh(&client, &last.refresh)
        .is_refused(400, "invalid_grant");
    assert_eq!(world.claims(&other.access).status, 200);
}

#[test]
fn a_foreign_client_with_a_refresh_token_changes_nothing() {
    let world = World::new();
    let client = world.app("App");
    let foreign = world.app("Other App");
    let first = world.connect(&client, &anne());
    let next = world.refresh(&client, &first.refresh).tokens();
    world
        .refresh(&foreign, &first.refresh)
        .is_refused(400, "invalid_grant");
    world
        .refresh(&foreign, &next.refresh)
        .is_refused(400, "invalid_grant");
    world
        .about_token("revoke_token", &foreign, &next.access)
        .is_refused(403, "invalid_grant");
    assert_eq!(
        world
            .about_token("introspect", &foreign, &next.access)
            .json(),
        json!({ "active": false })
    );
    assert_eq!(world.claims(&next.access).status, 200);
    world.refresh(&client, &next.refresh).tokens();
}

#[test]
fn scopes_narrow_at_refresh_for_good() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let ask = |token: &str, scope: &str| {
        world.token(
            &client,
            &[&refresh_form(token)[..], &[("scope", scope)]].concat(),
        )
    };
    ask(&first.refresh, "patient/Coverage.rs").is_refused(400, "invalid_scope");
    let narrowed = ask(&first.refresh, "patient/Patient.r");
    assert_eq!(narrowed.json()["scope"], "patient/Patient.r");
    let narrowed = narrowed.tokens();
    world
        .claims(&narrowed.access)
        .is_refused(403, "insufficient_scope");
    ask(&narrowed.refresh, SCOPE).is_refused(400, "invalid_scope");
    assert_eq!(
        world.refresh(&client, &narrowed.refresh).json()["scope"],
        "patient/Patient.r"
    );
}

#[test]
fn revoking_a_token_ends_its_chain_and_no_other() {
    for pick in [
        |tokens: &Tokens| tokens.access.clone(),
        |tokens: &Tokens| tokens.refresh.clone(),
    ] {
        let world = World::new();
        let client = world.app("App");
        let tokens = world.connect(&client, &anne());
        let other = world.connect(&client, &anne());
        let answer = world.about_token("revoke_token", &client, &pick(&tokens));
        assert_eq!(answer.status, 200);
        world
            .claims(&tokens.access)
            .is_refused(401, "invalid_token");
        world
            .refresh(&client, &tokens.refresh)
            .is_refused(400, "invalid_grant");
        assert_eq!(world.claims(&other.access).status, 200);
        // Again, and one that never was: 200.
        assert_eq!(
            world
                .about_token("revoke_token", &client, &pick(&tokens))
                .status,
            200
        );
        assert_eq!(
            world.about_token("revoke_token", &client, "nothing").status,
            200
        );
    }
}

#[test]
fn revoking_the_grant_ends_every_chain_of_this_person_and_application() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let second = world.connect(&client, &anne());
    let bert = world.connect(&client, &bert());
    assert_eq!(
        world.about_token("revoke", &client, &tokens.access).status,
        200
    );
    for tokens in [&tokens, &second] {
        world
            .claims(&tokens.access)
            .is_refused(403, "grant_revoked");
        world
            .refresh(&client, &tokens.refresh)
            .is_refused(403, "invalid_grant");
    }
    assert_eq!(world.claims(&bert.access).status, 200);
    // A new consent is a new grant; what was revoked stays so.
    let new = world.connect(&client, &anne());
    assert_eq!(world.claims(&new.access).status, 200);
    assert_ne!(world.claims(&tokens.access).status, 200);
    assert_ne!(world.refresh(&client, &tokens.refresh).status, 200);
}

#[test]
fn a_code_of_a_revoked_grant_gives_nothing() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let code = world.code(&client, &anne(), SCOPE);
    assert_eq!(
        world.about_token("revoke", &client, &tokens.access).status,
        200
    );
    world
        .exchange(&client, &code)
        .is_refused(400, "invalid_grant");
}

#[test]
fn a_public_client_may_refresh_without_naming_itself_and_a_confidential_one_may_not() {
    let world = World::new();
    let public = world.register("Public", json!({ "token_endpoint_auth_method": "none" }));
    let confidential = world.app("App");
    let tokens = world.connect(&public, &anne());
    let bare = |token: &str| world.send(Call::post("/v2/o/token/").form(refresh_form(token)));
    bare(&tokens.refresh).tokens();
    let tokens = world.connect(&confidential, &anne());
    bare(&tokens.refresh).is_refused(401, "invalid_client");
    let id_only = Client {
        secret: String::new(),
        ..confidential.clone()
    };
    world
        .refresh(&id_only, &tokens.refresh)
        .is_refused(401, "invalid_client");
    world.refresh(&confidential, &tokens.refresh).tokens();
}

/// docs/contract/09-applications.md: what an application may have is looked at with each call, not only when a
/// person decides.
#[test]
fn an_application_that_was_narrowed_reads_less_with_the_next_call() {
    let world = World::new();
    let client = world.app("App");
    let all = "openid profile patient/*.rs";
    let code = || world.code(&client, &anne(), all);
    let tokens = world.exchange(&client, &code()).tokens();
    let unused = code();
    let patient = |access: &str| world.send(Call::get("/v2/fhir/Patient").bearer(access));
    assert_eq!(patient(&tokens.access).status, 200);
    let change = |changes: Json| {
        let mut body =
            json!({ "client_id": client.id, "client_name": "App", "redirect_uris": [REDIRECT] });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let call = Call::new(Method::PUT, &format!("/o/register/{}", client.id));
        let answer = world.send(call.bearer(&client.registration_token).json(&body));
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    change(json!({ "requires_demographics": false }));
    let narrowed = "openid patient/Coverage.rs patient/ExplanationOfBenefit.rs";
    patient(&tokens.access).is_refused(403, "insufficient_scope");
    world
        .userinfo(&tokens.access)
        .is_refused(403, "insufficient_scope");
    assert_eq!(world.claims(&tokens.access).status, 200);
    let told =
        |token: &str| world.about_token("introspect", &client, token).json()["scope"].clone();
    assert_eq!(told(&tokens.access), narrowed);
    let exchanged = world.exchange(&client, &unused);
    assert_eq!(exchanged.json()["scope"], narrowed);
    patient(&exchanged.tokens().access).is_refused(403, "insufficient_scope");
    let refreshed = world.refresh(&client, &tokens.refresh);
    assert_eq!(refreshed.json()["scope"], narrowed);
    let refreshed = refreshed.tokens();
    patient(&refreshed.access).is_refused(403, "insufficient_scope");
    assert_eq!(world.claims(&refreshed.access).status, 200);

    change(json!({ "scope": "openid patient/Coverage.read" }));
    world
        .claims(&refreshed.access)
        .is_refused(403, "insufficient_scope");
    assert_eq!(told(&refreshed.access), "openid patient/Coverage.rs");
}

/// RFC 6749, section 2.3.1: an empty secret may be left out, so one that is sent is none.
#[test]
fn a_public_client_may_name_itself_by_basic_with_an_empty_secret_and_a_confidential_one_may_not() {
    let world = World::new();
    let public = world.register("Public", json!({ "token_endpoint_auth_method": "none" }));
    let confidential = world.app("App");
    let keyed = super::applications::with_key(&world, "Keyed App");
    let by_basic = |client: &Client, endpoint: &str, fields: &[(&str, &str)]| {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:", client.id));
        let call = Call::post(&format!("/v2/o/{endpoint}")).form(fields.iter().copied());
        world.send(call.header("authorization", &format!("Basic {pair}")))
    };
    let code = world.code(&public, &anne(), SCOPE);
    let tokens = by_basic(&public, "token/", &exchange_form(&code)).tokens();
    let tokens = by_basic(&public, "token/", &refresh_form(&tokens.refresh)).tokens();
    let unnamed = |client| {
        let request = request_of(client).into_iter();
        request
            .filter(|(name, _)| *name != "client_id")
            .collect::<Vec<_>>()
    };
    let request = unnamed(&public);
    assert_eq!(by_basic(&public, "par", &request).status, 201);
    let token = [("token", tokens.access.as_str())];
    by_basic(&public, "introspect/", &token).is_refused(401, "invalid_client");
    assert_eq!(by_basic(&public, "revoke_token/", &token).status, 200);
    world
        .claims(&tokens.access)
        .is_refused(401, "invalid_token");

    let tokens = world.connect(&confidential, &anne());
    let code = world.code(&confidential, &anne(), SCOPE);
    let token = [("token", tokens.access.as_str())];
    let request = unnamed(&confidential);
    for (endpoint, fields) in [
        ("token/", &exchange_form(&code)[..]),
        ("token/", &refresh_form(&tokens.refresh)[..]),
        ("revoke_token/", &token),
        ("revoke/", &token),
        ("introspect/", &token),
        ("par", &request),
    ] {
        by_basic(&confidential, endpoint, fields).is_refused(401, "invalid_client");
        by_basic(&keyed, endpoint, fields).is_refused(401, "invalid_client");
    }
    assert_eq!(world.claims(&tokens.access).status, 200);
    world.exchange(&confidential, &code).tokens();
}

/// Codes are purged long before the chains that they gave: the next code may not take a number that one has.
#[test]
fn a_code_after_a_purge_gives_tokens_like_any_other() {
    let world = World::new();
    let client = world.app("App");
    let earlier = world.connect(&client, &anne());
    world.sql("DELETE FROM authorization_code");
    let tokens = world.connect(&client, &bert());
    assert_eq!(world.claims(&tokens.access).status, 200);
    assert_eq!(world.claims(&earlier.access).status, 200);
}

/// docs/contract/06-token-refresh.md: a lost answer is repeated from where it was asked for, once or twice. More may
/// be two who share a token.
#[test]
fn repeats_from_a_second_address_or_again_and_again_are_warnings() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let refresh = |peer: &str, token: &str| {
        let call = Call::post("/v2/o/token/").client(&client, &refresh_form(token));
        world.send_from(peer, call).tokens().refresh
    };
    let told = || {
        let [_, outcome, code, level] = world.audited(0);
        assert_eq!(outcome, "ok");
        (code, level)
    };
    let said = |code: &str, level: &str| (code.to_owned(), level.to_owned());
    let one = "[2001:db8:1:2::1]:1";
    let second = refresh(one, &tokens.refresh);
    assert_eq!(told(), said("", "info"));
    // Another address of the same network, twice.
    for _ in 0..2 {
        assert_eq!(refresh("[2001:db8:1:2::9]:7", &tokens.refresh), second);
        assert_eq!(told(), said("repeated", "info"));
    }
    assert_eq!(refresh(one, &tokens.refresh), second);
    assert_eq!(told(), said("repeated_often", "warning"));

    // Thief and victim in one network, who both refresh when the access token ends: the third time it is seen.
    let mut token = world.connect(&client, &bert()).refresh;
    for round in 0..3 {
        world.advance(3600);
        let next = refresh(one, &token);
        assert_eq!(refresh(one, &token), next);
        let often = round == 2;
        let (code, level) = if often {
            ("repeated_often", "warning")
        } else {
            ("repeated", "info")
        };
        assert_eq!(told(), said(code, level), "{round}");
        token = next;
    }
    // And in two at once.
    let next = refresh(one, &token);
    assert_eq!(refresh("[2001:db8:1:3::1]:1", &token), next);
    assert_eq!(told(), said("repeated_elsewhere", "warning"));
}
