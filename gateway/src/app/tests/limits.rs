//! docs/contract/02-authorize.md, 07-fhir.md, 7.1 and 7.5: what counts where, and what a refusal leaves.

use super::*;

#[test]
fn userinfo_counts_with_fhir() {
    let world = World::with(&[("rate_limit_per_minute", "30")]);
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    for left in (0..30).rev().step_by(2) {
        assert_eq!(world.claims(&tokens.access).status, 200);
        let answer = world.userinfo(&tokens.access);
        assert_eq!(answer.status, 200);
        for prefix in ["", "x-"] {
            let name = |name: &str| answer.headers[format!("{prefix}ratelimit-{name}")].clone();
            assert_eq!(name("limit"), "30");
            assert_eq!(name("remaining"), (left - 1).to_string().as_str());
            assert_eq!(name("reset"), "60");
        }
    }
    for answer in [
        world.userinfo(&tokens.access),
        world.claims(&tokens.access),
        world.userinfo(&tokens.access),
    ] {
        assert_eq!(answer.status, 429);
        assert_eq!(answer.json()["code"], "rate_limited");
        assert_eq!(answer.headers["retry-after"], "60");
        assert_eq!(answer.headers["ratelimit-remaining"], "0");
    }
    assert_eq!(
        world.audited(0),
        ["userinfo", "refused", "rate_limited", "info"]
    );
    world.clock.advance_seconds(60);
    assert_eq!(world.userinfo(&tokens.access).status, 200);
}

#[test]
fn another_instance_counts_on() {
    let world = World::with(&[("rate_limit_per_minute", "20")]);
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    for _ in 0..20 {
        assert_eq!(world.userinfo(&tokens.access).status, 200);
        world.restart();
    }
    assert_eq!(world.userinfo(&tokens.access).status, 429);
}

#[test]
fn userinfo_is_refused_for_its_scope_first() {
    let world = World::with(&[("rate_limit_per_minute", "20")]);
    let client = world.app("App");
    let code = world.code(&client, &anne(), "patient/Patient.rs");
    let tokens = world.exchange(&client, &code).tokens();
    for _ in 0..25 {
        let answer = world.userinfo(&tokens.access);
        assert_eq!(answer.status, 403);
        assert!(!answer.headers.contains_key("ratelimit-limit"));
    }
}

/// Authorization requests name an application and prove nothing.
#[test]
fn whoever_knows_a_client_id_uses_up_nothing_of_its_application() {
    let world = World::with(&[("rate_limit_per_minute", "20")]);
    let public = json!({ "token_endpoint_auth_method": "none" });
    let client = world.register("App", public);
    let tokens = world.connect(&client, &anne());
    let named: Vec<_> = [("client_id", client.id.as_str())].into();
    let ask = |host: u8, call: Call| world.send_from(&format!("203.0.113.{host}:1"), call);
    for number in 0..100 {
        // From ever other addresses, so that none of them reaches its own limit.
        let authorize = format!("/v2/o/authorize/?client_id={}&state=x", client.id);
        assert_ne!(ask(number, Call::get(&authorize)).status, 429);
        for (endpoint, field) in [
            ("token", ("grant_type", "refresh_token")),
            ("revoke_token", ("token", "x")),
            ("revoke", ("token", "x")),
            ("introspect", ("token", "x")),
            ("par", ("state", "x")),
        ] {
            let fields = named.iter().copied().chain([field, ("refresh_token", "y")]);
            let call = Call::post(&format!("/v2/o/{endpoint}/")).form(fields);
            assert_ne!(ask(number, call).status, 429, "{endpoint}");
        }
    }
    assert_eq!(world.refresh(&client, &tokens.refresh).status, 200);
    assert_eq!(world.claims(&tokens.access).status, 200);
    world.connect(&client, &bert());
    assert_eq!(
        world.count("audit WHERE client_id <> '' AND code <> '' AND actor = 'application'"),
        0
    );
}

#[test]
fn what_is_proved_counts_for_the_application_at_each_surface_alone() {
    for metadata in [json!({}), json!({ "token_endpoint_auth_method": "none" })] {
        let world = World::with(&[("rate_limit_per_minute", "10")]);
        let client = world.register("App", metadata);
        let mut tokens = world.connect(&client, &anne());
        let mut refreshed = 0;
        for host in 0..20 {
            let form = refresh_form(&tokens.refresh);
            let call = Call::post("/v2/o/token/").client(&client, &form);
            let answer = world.send_from(&format!("203.0.113.{host}:1"), call);
            if answer.status == 429 {
                break;
            }
            tokens = answer.tokens();
            refreshed += 1;
        }
        // The exchange of the code is the first of ten.
        assert_eq!(refreshed, 9);
        let rows = "audit WHERE code = 'rate_limited'";
        assert_eq!(world.count(rows), 1);
        assert_eq!(
            world.count(&format!(
                "{rows} AND actor = 'application' AND client_id <> ''"
            )),
            1
        );
        assert_eq!(world.claims(&tokens.access).status, 200);
    }
}

#[test]
fn many_limited_requests_are_one_row_for_each_bucket_and_minute() {
    let world = World::with(&[
        ("rate_limit_per_minute", "5"),
        ("registration_limit_per_minute", "5"),
        ("password_limit_per_minute", "5"),
    ]);
    let client = world.app("App");
    let before = world.count("audit");
    for (call, status) in [
        (Call::get("/v2/o/authorize/"), 400),
        (Call::post("/v2/o/token/").client(&client, &[]), 400),
        (Call::post("/o/register").json(&json!({})), 400),
        (Call::get("/ops/metrics").bearer("x"), 401),
        (Call::get("/v2/connect/userinfo"), 401),
    ] {
        // The application of above was one of five registrations.
        world.advance(60);
        let rows = world.count("audit");
        for _ in 0..5 {
            assert_eq!(world.send(call.clone()).status, status, "{}", call.target);
        }
        assert_eq!(world.count("audit"), rows + 5, "{}", call.target);
        for number in 0..30 {
            // No refuge in the network that the address is one of, or in another instance.
            if number == 15 {
                world.restart();
            }
            let answer = world.send_from(&format!("[::ffff:192.0.2.1]:{number}"), call.clone());
            assert_eq!(answer.status, 429, "{}", call.target);
            assert!(answer.headers.contains_key("retry-after"));
        }
        assert_eq!(world.count("audit"), rows + 6, "{}", call.target);
        assert_eq!(world.audited(0)[1..3], ["refused", "rate_limited"]);
        world.advance(60);
        assert_eq!(world.send(call.clone()).status, status, "{}", call.target);
    }
    assert!(world.count("audit") < before + 50);
}

#[test]
fn registrations_are_few_for_an_address_and_for_all() {
    let world = World::with(&[("registration_limit_per_minute", "3")]);
    let register = |peer: &str, name: &str| {
        let body = json!({ "client_name": name, "redirect_uris": [REDIRECT] });
        world
            .send_from(peer, Call::post("/o/register").json(&body))
            .status
    };
    let statuses: Vec<_> = (0..5)
        .map(|number| {
            register(
                &format!("[2001:db8:1:2::{number}]:1"),
                &format!("App {number}"),
            )
        })
        .collect();
    assert_eq!(statuses, [201, 201, 201, 429, 429]);
    for network in 3..12 {
        for number in 0..3 {
            let name = format!("Application {network} {number}");
            register(&format!("[2001:db8:1:{network}::1]:1"), &name);
        }
    }
    assert_eq!(world.count("application WHERE client_name LIKE 'App%'"), 30);
    assert_eq!(register("198.51.100.9:1", "One too many"), 429);
    // What would not be kept uses up nothing of the others'.
    world.advance(60);
    for host in 0..100 {
        let call = Call::post("/o/register").json(&json!({}));
        assert_eq!(
            world.send_from(&format!("203.0.113.{host}:1"), call).status,
            400
        );
    }
    assert_eq!(register("198.51.100.9:1", "The first"), 201);
}
