//! What operators do (docs/contract/01-routes.md and 10-audit.md).

use super::*;
use crate::base::adapters::native::Fault;
use crate::base::secret::SecretHash;

/// Tokens are names.
pub(super) fn operators() -> String {
    [
        ("reader", "read"),
        ("ann", "approve"),
        ("lou", "lock"),
        ("max", "lock"),
    ]
    .map(|(name, role)| format!("{name}:{role}:{}", SecretHash::of(name).hex()))
    .join(",")
}

pub(super) fn operated() -> World {
    World::with(&[("operators", &operators())])
}

impl World {
    pub(super) fn act(&self, operator: &str, target: &str, body: Json) -> Answer {
        self.send(Call::post(target).bearer(operator).json(&body))
    }

    pub(super) fn lock_down(&self, scope: &str, target: &str) -> i64 {
        let answer = self.act(
            "lou",
            "/ops/lock-down",
            json!({ "scope": scope, "target": target, "reason": "a test" }),
        );
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_i64().unwrap()
    }

    fn lift(&self, id: i64) -> Answer {
        self.act(
            "max",
            &format!("/ops/lock-down/{id}/lift"),
            json!({ "reason": "mended" }),
        )
    }
}

pub(super) const INTERNAL: &str = crate::base::errors::INTERNAL_ISSUE;

#[track_caller]
pub(super) fn is_locked(answer: &Answer, text: &str) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(answer.header("retry-after"), "60");
    assert!(answer.text().contains(text), "{}", answer.text());
}

#[test]
fn a_lock_down_stops_every_door_that_gives_data_and_no_other() {
    for (scope, of_app) in [("all", false), ("version", false), ("application", true)] {
        let world = operated();
        let client = world.app("One");
        let other = world.app("Two");
        let tokens = world.connect(&client, &anne());
        let others = world.connect(&other, &bert());
        let code = world.code(&client, &anne(), SCOPE);
        let browser = Browser::default();
        let open = world.consent_page(&browser, &client, &anne(), SCOPE);
        let target = match scope {
            "all" => "",
            "version" => "v2",
            _ => &client.id,
        };
        let id = world.lock_down(scope, target);

        is_locked(
            &world.authorize(&Browser::default(), &client, &[]),
            INTERNAL,
        );
        is_locked(
            &browser.get(
                &world,
                &format!("/v2/o/authorize/consent?transaction={}", open.transaction),
            ),
            INTERNAL,
        );
        // A decision is always answered by a redirect; what follows says the same, and nothing was granted.
        let decided = world.decide(&browser, &open, "allow", "share");
        is_locked(&browser.get(&world, decided.location()), INTERNAL);
        is_locked(&world.exchange(&client, &code), INTERNAL);
        is_locked(&world.refresh(&client, &tokens.refresh), INTERNAL);
        is_locked(&world.claims(&tokens.access), INTERNAL);
        is_locked(&world.userinfo(&tokens.access), INTERNAL);
        is_locked(
            &world.about_token("introspect", &client, &tokens.access),
            INTERNAL,
        );
        let pushed = request_of(&client).into_iter().collect::<Vec<_>>();
        is_locked(
            &world.send(Call::post("/v2/o/par").client(&client, &pushed[1..])),
            INTERNAL,
        );

        assert_eq!(
            world.claims(&others.access).status == 200,
            of_app,
            "{scope}"
        );
        let v1 = world.send(Call::get("/v1/connect/userinfo").bearer(&tokens.access));
        assert_eq!(v1.status == 200, scope == "version", "{}", v1.text());
        for open in [
            "/health",
            "/.well-known/openid-configuration",
            "/v2/fhir/metadata",
            "/v2/fhir/.well-known/smart-configuration",
        ] {
            assert_eq!(world.send(Call::get(open)).status, 200, "{open}");
        }
        assert_eq!(
            world
                .send(Call::get("/ops/lock-down").bearer("reader"))
                .status,
            200
        );

        // Nothing was spent meanwhile.
        assert_eq!(world.lift(id).status, 200);
        assert_eq!(world.claims(&tokens.access).status, 200);
        assert_eq!(world.exchange(&client, &code).status, 200);
        assert_eq!(world.refresh(&client, &tokens.refresh).status, 200);
        world.decide(&browser, &open, "allow", "share").code();
    }
}

#[test]
fn tokens_can_be_revoked_during_a_lock_down() {
    let world = operated();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    let id = world.lock_down("all", "");
    assert_eq!(
        world.about_token("revoke", &client, &tokens.access).status,
        200
    );
    assert_eq!(world.lift(id).status, 200);
    assert_eq!(world.claims(&tokens.access).status, 403);
}

/// The lock-down is committed just before each statement of a request: whichever it is, no token comes of it.
#[test]
fn no_statement_of_the_token_endpoint_gives_a_token_after_a_lock_down() {
    const LOCK: &str =
        "INSERT INTO lock_down (kind, target, reason, operator, started_at, request_id)
        SELECT 'all', '', 'a test', 'lou', 1, 'r' WHERE NOT EXISTS (SELECT 1 FROM lock_down)";
    for refreshes in [false, true] {
        let (mut statement, mut answered) = (0, 0);
        loop {
            let world = operated();
            let client = world.app("One");
            let tokens = world.connect(&client, &anne());
            let code = world.code(&client, &anne(), SCOPE);
            world.database.plan(Some((
                statement,
                crate::base::adapters::native::Fault::Meanwhile(LOCK),
            )));
            let answer = if refreshes {
                world.refresh(&client, &tokens.refresh)
            } else {
                world.exchange(&client, &code)
            };
            let statements = world.database.finish();
            if statement >= statements.len() {
                break;
            }
            // After the statement that gives the token, only the audit row is left.
            if answer.status == 200 {
                assert!(
                    statements[statement].contains("INSERT INTO audit"),
                    "{}",
                    statements[statement]
                );
                answered += 1;
            } else {
                is_locked(&answer, INTERNAL);
            }
            statement += 1;
        }
        assert!(statement > 2 && answered <= 1, "{statement} {answered}");
    }
}

#[test]
fn a_lock_down_and_its_end_need_a_reason_and_the_role_and_are_audited_by_name() {
    let world = operated();
    for (operator, body, status, code) in [
        (
            "ann",
            json!({ "scope": "all", "reason": "x" }),
            403,
            "role_missing",
        ),
        (
            "nobody",
            json!({ "scope": "all", "reason": "x" }),
            401,
            "operator_unknown",
        ),
        ("lou", json!({ "scope": "all" }), 400, "reason_missing"),
        (
            "lou",
            json!({ "scope": "all", "reason": " " }),
            400,
            "reason_missing",
        ),
        ("lou", json!({ "reason": "x" }), 400, "invalid_parameter"),
        (
            "lou",
            json!({ "scope": "all", "target": "v2", "reason": "x" }),
            400,
            "invalid_parameter",
        ),
        (
            "lou",
            json!({ "scope": "version", "target": "v9", "reason": "x" }),
            400,
            "invalid_parameter",
        ),
        (
            "lou",
            json!({ "scope": "application", "target": "x", "reason": "x" }),
            400,
            "invalid_parameter",
        ),
    ] {
        world
            .act(operator, "/ops/lock-down", body)
            .is_refused(status, code);
    }
    assert_eq!(world.count("lock_down"), 0);

    let id = world.lock_down("all", "");
    assert_eq!(world.audited(0), ["ops.lock_down", "ok", "all", "critical"]);
    let again = world.act(
        "max",
        "/ops/lock-down",
        json!({ "scope": "all", "reason": "me too" }),
    );
    assert_eq!(
        (again.status, &again.json()["operator"]),
        (200, &json!("lou"))
    );
    world
        .act("max", &format!("/ops/lock-down/{id}/lift"), json!({}))
        .is_refused(400, "reason_missing");
    world
        .act("max", "/ops/lock-down/99/lift", json!({ "reason": "x" }))
        .is_refused(404, "not_found");
    assert_eq!(world.lift(id).status, 200);
    world.lift(id).is_refused(404, "not_found");

    let list = world
        .send(Call::get("/ops/lock-down").bearer("reader"))
        .json();
    let lock = &list["lock_downs"][0];
    for (member, value) in [
        ("operator", "lou"),
        ("reason", "a test"),
        ("lifted_by", "max"),
        ("lift_reason", "mended"),
    ] {
        assert_eq!(lock[member], value, "{list}");
    }
    let actors = world.sql("SELECT DISTINCT actor FROM audit WHERE action LIKE 'ops.lock_down%' AND outcome = 'ok' ORDER BY 1");
    let named = |name: &str| vec![Value::Text(format!("operator:{name}"))];
    assert_eq!(actors, [named("lou"), named("max"), named("reader")]);
    assert!(
        world
            .log
            .0
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.contains("mended") && line.contains("operator:max"))
    );
}

#[test]
fn the_page_takes_the_token_once_and_then_a_cookie_for_15_minutes() {
    let world = operated();
    let browser = Browser::default();
    assert!(
        browser
            .get(&world, "/ops/")
            .text()
            .contains("name=\"token\"")
    );
    let sign_in =
        |token: &str| browser.send(&world, Call::post("/ops/sign-in").form([("token", token)]));
    assert_eq!(sign_in("nobody").status, 401);
    assert_eq!(
        world.audited(0),
        ["ops.sign_in", "refused", "operator_unknown", "warning"]
    );
    let signed_in = sign_in("lou");
    assert_eq!(signed_in.location(), "/ops/");
    let cookie = signed_in.header("set-cookie");
    for part in ["bgo=lou.", "HttpOnly", "SameSite=Strict", "Max-Age=900"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let page = browser.get(&world, "/ops/");
    assert!(
        page.text().contains("No lock-down holds") && !page.text().contains("<script"),
        "{}",
        page.text()
    );
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );

    let csrf = between(&page.text(), "name=\"csrf\" value=\"", "\"");
    let lock = |csrf: &str| {
        let fields = [
            ("scope", "all"),
            ("reason", "by the page <b>"),
            ("csrf", csrf),
            ("target", ""),
        ];
        browser.send(&world, Call::post("/ops/lock-down").form(fields))
    };
    lock("").is_page(403, "form_foreign");
    lock(&csrf[1..]).is_page(403, "form_foreign");
    assert_eq!(lock(&csrf).location(), "/ops/");
    let page = browser.get(&world, "/ops/").text();
    assert!(page.contains("by the page &#60;b&#62;"), "{page}");
    let action = between(&page, "action=\"/ops/lock-down/", "\"");
    let fields = [("reason", ""), ("csrf", csrf.as_str())];
    browser
        .send(
            &world,
            Call::post(&format!("/ops/lock-down/{action}")).form(fields),
        )
        .is_page(400, "reason_missing");

    world.advance(15 * 60);
    assert!(
        browser
            .get(&world, "/ops/")
            .text()
            .contains("name=\"token\"")
    );
    assert_eq!(lock(&csrf).status, 401);
}

#[test]
fn a_session_is_the_operators_own_and_ends_with_the_token() {
    let world = operated();
    let browser = Browser::default();
    browser.send(
        &world,
        Call::post("/ops/sign-in").form([("token", "reader")]),
    );
    let cookie = browser.0.borrow()["bgo"].clone();
    let with = |cookie: &str| {
        world.send(
            Call::get("/ops/")
                .header("cookie", &format!("bgo={cookie}"))
                .header("accept", "application/json"),
        )
    };
    assert_eq!(with(&cookie).status, 200);
    for forged in [
        cookie.replace("reader", "lou"),
        cookie.replacen(".1", ".2", 1),
        format!("{cookie}x"),
        String::new(),
    ] {
        assert_eq!(with(&forged).status, 401, "{forged}");
    }
    let elsewhere = World::with(&[(
        "operators",
        &operators().replace(
            &SecretHash::of("reader").hex(),
            &SecretHash::of("new").hex(),
        ),
    )]);
    let answer = elsewhere.send(
        Call::get("/ops/")
            .header("cookie", &format!("bgo={cookie}"))
            .header("accept", "application/json"),
    );
    assert_eq!(answer.status, 401);
}

#[test]
fn a_session_ends_by_sign_out_for_whoever_kept_its_cookie() {
    let world = operated();
    let (browser, other) = (Browser::default(), Browser::default());
    for browser in [&browser, &other] {
        browser.send(&world, Call::post("/ops/sign-in").form([("token", "lou")]));
    }
    let page = browser.get(&world, "/ops/");
    let csrf = between(&page.text(), "name=\"csrf\" value=\"", "\"");
    let kept = browser.clone();
    let out = Call::post("/ops/sign-out").form([("csrf", csrf.as_str())]);
    assert_eq!(browser.send(&world, out).location(), "/ops/");
    assert_eq!(world.audited(0)[..2], ["ops.sign_out", "ok"]);
    let lock = [
        ("scope", "all"),
        ("reason", "kept"),
        ("csrf", csrf.as_str()),
        ("target", ""),
    ];
    let answer = kept.send(&world, Call::post("/ops/lock-down").form(lock));
    assert_eq!(answer.status, 401);
    assert_eq!(world.count("lock_down"), 0);
    assert!(kept.get(&world, "/ops/").text().contains("name=\"token\""));
    let theirs = other.get(&world, "/ops/");
    assert!(
        !theirs.text().contains("name=\"token\""),
        "another session goes on"
    );
    // A store that cannot say is no session.
    world.database.plan(Some((0, Fault::Before)));
    let failed = other.get(&world, "/ops/alerts");
    world.database.finish();
    assert_eq!(failed.status, 503);
}

#[test]
fn the_state_is_told_as_json_too() {
    let world = operated();
    world.lock_down("version", "v1");
    let state = world.send(Call::get("/ops/").bearer("reader")).json();
    assert_eq!(state["environment"], "sandbox");
    assert_eq!(state["lock_downs"][0]["target"], "v1");
    assert_eq!(state["breaker"]["open"], false);
    assert_eq!(state["applications_waiting"], json!([]));
    assert_eq!(state["identity_conflicts"], json!([]));
}

#[test]
fn the_scheme_of_an_operators_token_has_no_case() {
    let world = operated();
    for (credentials, status) in [
        ("Bearer reader", 200),
        ("bearer reader", 200),
        ("BEARER  reader ", 200),
        ("Bearer", 401),
        ("Bearer readers", 401),
        ("Basic reader", 401),
    ] {
        let call = Call::get("/ops/").header("authorization", credentials);
        assert_eq!(world.send(call).status, status, "{credentials}");
    }
}

#[test]
fn the_page_leads_two_operators_through_an_identity_conflict() {
    let world = operated();
    let client = world.app("One");
    world.connect(&client, &anne());
    let attempt = |browser: &Browser| {
        let started = world.authorize(browser, &client, &[]);
        world.sign_in(browser, &started, &Person::new("mallory", "1S00A00AA01"))
    };
    attempt(&Browser::default()).is_page(403, "identity_conflict");
    let page_of = |operator: &str| {
        let browser = Browser::default();
        browser.send(
            &world,
            Call::post("/ops/sign-in").form([("token", operator)]),
        );
        browser
    };
    for (operator, wanted) in [("ann", "Propose to end it"), ("lou", "Confirm and end it")] {
        let browser = page_of(operator);
        let page = browser.get(&world, "/ops/").text();
        assert!(
            page.contains("patient_taken") && page.contains(wanted),
            "{page}"
        );
        let action = between(&page, "action=\"/ops/identity/", "\"");
        let csrf = between(&page, "name=\"csrf\" value=\"", "\"");
        let fields = [
            ("csrf", csrf.as_str()),
            ("reason", "seen with the provider"),
        ];
        let done = browser.send(
            &world,
            Call::post(&format!("/ops/identity/{action}")).form(fields),
        );
        assert_eq!(done.location(), "/ops/");
    }
    let page = page_of("reader").get(&world, "/ops/").text();
    assert!(
        !page.contains("<form method=\"post\" action=\"/ops/identity")
            && page.contains("None is open"),
        "{page}"
    );
    let state = world.send(Call::get("/ops/").bearer("reader")).json();
    assert_eq!(state["identities_held"], json!([]));
}

#[test]
fn the_page_says_how_far_the_chain_is_and_offers_what_the_role_may_do() {
    let world = operated();
    world.drain();
    let state = world.send(Call::get("/ops/").bearer("reader")).json();
    let chain = &state["audit_chain"];
    assert_eq!(chain["broken"], false);
    assert!(chain["links"].as_i64().unwrap() >= 1, "{chain}");
    for (operator, lock, approve) in [
        ("reader", false, false),
        ("ann", false, true),
        ("lou", true, true),
    ] {
        let browser = Browser::default();
        browser.send(
            &world,
            Call::post("/ops/sign-in").form([("token", operator)]),
        );
        let page = browser.get(&world, "/ops/").text();
        assert_eq!(page.contains("action=\"/ops/lock-down\""), lock);
        assert_eq!(page.contains("action=\"/ops/reauthenticate\""), lock);
        assert!(page.contains("/ops/audit/verify"));
        assert_eq!(
            page.contains("role approve") || page.contains("role lock"),
            approve
        );
    }
}

#[test]
fn every_operator_route_is_refused_to_strangers_and_audited_by_name() {
    let world = operated();
    let client = world.app("One");
    let id = &client.id;
    for (method, route) in [
        (Method::GET, "/ops/lock-down".to_owned()),
        (Method::POST, "/ops/lock-down".to_owned()),
        (Method::POST, "/ops/lock-down/1/lift".to_owned()),
        (Method::GET, "/ops/applications".to_owned()),
        (Method::POST, format!("/ops/applications/{id}/suspend")),
        (Method::GET, "/ops/alerts".to_owned()),
        (Method::POST, "/ops/alerts/1/acknowledge".to_owned()),
        (Method::GET, "/ops/metrics".to_owned()),
        (Method::GET, "/ops/incident".to_owned()),
        (Method::POST, "/ops/tick".to_owned()),
        (Method::GET, "/ops/audit/verify".to_owned()),
        (Method::GET, "/ops/audit/reconcile".to_owned()),
        (Method::GET, "/ops/audit/export".to_owned()),
        (Method::GET, "/ops/identity".to_owned()),
        (Method::POST, "/ops/identity/1/resolve".to_owned()),
        (Method::POST, "/ops/reauthenticate".to_owned()),
        (Method::GET, "/ops/reauthenticate/1".to_owned()),
    ] {
        for token in ["", "nobody", id] {
            let call = Call::new(method.clone(), &route).bearer(token);
            world.send(call).is_refused(401, "operator_unknown");
            assert_eq!(
                world.audited(0),
                ["ops.access", "refused", "operator_unknown", "warning"],
                "{route}"
            );
        }
        let reason = json!({ "reason": "a test", "scope": "version", "target": "v1" });
        let call = Call::new(method.clone(), &route)
            .bearer("lou")
            .json(&reason);
        let before = world.count("audit WHERE actor = 'operator:lou'");
        assert_ne!(world.send(call).status, 401, "{route}");
        let after = world.count("audit WHERE actor = 'operator:lou'");
        let by_machines = matches!(route.as_str(), "/ops/metrics" | "/ops/tick");
        // What is not well formed, or about nothing, is told to the operator and changes nothing.
        let malformed = route.starts_with("/ops/reauthenticate");
        assert_eq!(after > before, !by_machines && !malformed, "{route}");
    }
}
