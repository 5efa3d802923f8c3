//! Metrics, the watch for anomalies, alerts and rules (docs/contract/10-audit.md): each rule by what happens at
//! the routes, or by rows of the audit where nothing at the routes can cause it.

use super::ops::operators;
use super::*;
use crate::audit::verify::{Head, verify};
use crate::base::config::webhook::SigningSecret;
use crate::base::drain::Turn;
use crate::base::ports::UnixMillis;
use crate::base::signature::Signer;
use crate::maintenance::watch::take_turn;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn watched() -> World {
    watched_with(&[])
}

fn watched_with(more: &[(&'static str, &str)]) -> World {
    let operators = operators();
    let mut variables = vec![
        ("operators", operators.as_str()),
        ("alert_origin", "https://hook.example"),
        ("alert_path", "/alerts"),
        ("alert_secret", SECRET),
    ];
    variables.extend_from_slice(more);
    World::with(&variables)
}

impl World {
    /// Kinds of the alerts that are open, after everything was drained.
    fn alerts(&self) -> Vec<String> {
        self.drain();
        let rows = self.sql("SELECT kind FROM alert WHERE acknowledged_at IS NULL ORDER BY kind");
        rows.into_iter()
            .map(|row| match &row[0] {
                Value::Text(kind) => kind.clone(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// Bodies that the webhook got.
    fn delivered(&self) -> Vec<Json> {
        let mut bodies = Vec::new();
        self.outside.change(|outside| {
            bodies = outside
                .delivered
                .iter()
                .map(|request| serde_json::from_slice(&request.body).unwrap())
                .collect();
        });
        bodies
    }

    /// Heads of the chain that it got.
    fn heads(&self) -> Vec<Json> {
        let mut all = self.delivered();
        all.retain(|body| body["type"] == "audit.head");
        all
    }

    /// A row of the audit, as if it had happened now.
    fn happened(&self, action: &str, outcome: &str, more: &str) {
        let now = self.clock.now().0;
        self.sql(&format!(
            "INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level,
                                account, matches)
             SELECT {now}, {now}, 'r', e.flow_id, 'application', e.client_id, e.person, '{action}', '{outcome}', '', 'info',
                    e.account, e.matches
             FROM ({more}) e"
        ));
    }
}

/// One made-up event: flow, application, person, account, claims.
fn event(flow: &str, client: &str, person: &str, account: &str, matches: &str) -> String {
    format!(
        "SELECT '{flow}' AS flow_id, '{client}' AS client_id, CAST('{person}' AS BLOB) AS person,
                CAST('{account}' AS BLOB) AS account, {matches} AS matches"
    )
}

#[test]
fn the_usual_course_of_things_raises_no_alert() {
    let world = watched();
    let client = world.app("One");
    for person in [anne(), bert(), anne()] {
        let tokens = world.connect(&client, &person);
        assert_eq!(world.claims(&tokens.access).status, 200);
        assert_eq!(world.refresh(&client, &tokens.refresh).status, 200);
        world.advance(30);
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
    assert_eq!(world.delivered().len(), 0);
}

#[test]
fn a_guard_refusal_on_a_search_is_an_alert_that_the_webhook_gets_signed() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    world
        .outside
        .change(|outside| outside.claims_owner = Some("-2"));
    for _ in 0..3 {
        assert_eq!(world.claims(&tokens.access).status, 502);
    }
    assert_eq!(world.alerts(), ["release_guard"]);
    let delivered = world.delivered();
    assert_eq!(delivered.len(), 1, "three events, one alert");
    assert_eq!(delivered[0]["type"], "alert.release_guard");
    let data = &delivered[0]["data"];
    assert_eq!(
        (&data["count"], &data["client_id"]),
        (&json!(3), &json!(client.id))
    );
    assert!(data["meaning"].as_str().unwrap().contains("not provably"));
    world.outside.change(|outside| {
        let request = &outside.delivered[0];
        let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
        let at: i64 = header("webhook-timestamp").parse().unwrap();
        assert_eq!(at, world.clock.now().seconds());
        let wanted =
            SigningSecret::parse(SECRET)
                .unwrap()
                .headers(&header("webhook-id"), at, &request.body);
        assert_eq!(
            request.headers["webhook-signature"],
            wanted["webhook-signature"]
        );
        assert!(!String::from_utf8_lossy(&request.body).contains("-1\""));
    });
}

#[test]
fn an_alert_goes_out_after_the_very_answer_that_raised_it() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    let gateway = world.gateway.borrow().clone();
    if let Some(turn) = gateway.begin_drain() {
        block_on(gateway.drain(turn));
    }
    assert_eq!(gateway.begin_drain(), None, "once a second is enough");
    world
        .outside
        .change(|outside| outside.claims_owner = Some("-2"));
    world.claims(&tokens.access);
    assert_eq!(
        gateway.begin_drain(),
        Some(Turn::Urgent),
        "but not for this"
    );
    assert_eq!(gateway.begin_drain(), None, "one at a time");
    block_on(gateway.drain(Turn::Urgent));
    assert_eq!(world.delivered().len(), 1);
}

#[test]
fn a_new_instance_leaves_alone_what_another_one_just_drained() {
    let world = watched();
    let tokens = world.connect(&world.app("One"), &anne());
    world.drain();
    let behind = || match world
        .sql("SELECT (SELECT MAX(id) FROM audit) - audit_id FROM watch_position")[0][0]
    {
        Value::Integer(rows) => rows,
        _ => panic!("no position"),
    };
    world.claims(&tokens.access);
    let waiting = behind();
    assert!(waiting > 0);
    // A fresh instance knows nothing of the other's drain; the store does.
    world.restart();
    let gateway = world.gateway.borrow().clone();
    let turn = gateway.begin_drain().unwrap();
    assert_eq!(turn, Turn::Due);
    block_on(gateway.drain(turn));
    assert_eq!(behind(), waiting);
    world.advance(2);
    block_on(gateway.drain(gateway.begin_drain().unwrap()));
    assert_eq!(behind(), 0);
}

#[test]
fn of_all_instances_one_takes_the_turn_to_drain() {
    let world = watched();
    let take = |now: i64| {
        let (now, since) = (UnixMillis(now), UnixMillis(now - 1_000));
        block_on(take_turn(&*world.app.database, now, since)).unwrap()
    };
    assert!(take(5_000) && !take(5_000) && !take(5_999));
    assert!(take(6_000) && !take(6_001));
    assert!(take(2_000), "the clock was set back");
}

/// Whoever writes to the file does not reach it there.
#[test]
fn the_webhook_gets_the_head_of_the_chain_once_a_day_and_on_demand() {
    let world = watched();
    let client = world.app("One");
    world.connect(&client, &anne());
    world.drain();
    assert_eq!(world.delivered().len(), 0);
    for day in 1..=3 {
        for _ in 0..30 {
            world.advance(3_000);
            world.connect(&client, &anne());
            world.drain();
        }
        let heads = world.heads();
        assert_eq!(heads.len(), day, "{heads:?}");
    }
    let head = Head::parse(&world.heads()[2].to_string()).unwrap();
    let public = [Signer::new(&world.app.config.chain_key).public()];
    let report = block_on(verify(world.app.database.as_ref(), &public, Some(head)));
    assert!(report.unwrap().is_whole());

    let told = world.send(Call::post("/ops/audit/head").bearer("reader"));
    assert_eq!(told.json()["webhook"], true);
    world.drain();
    let heads = world.heads();
    assert_eq!(heads.len(), 4);
    assert_eq!(heads[3]["data"]["head"], told.json()["head"]);
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn an_alert_is_tried_again_with_the_same_id_until_the_webhook_takes_it() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    world.outside.change(|outside| {
        outside.claims_owner = Some("-2");
        outside.webhook = Some(500);
    });
    world.claims(&tokens.access);
    let mut tries = Vec::new();
    for second in 0..40 {
        if second == 20 {
            world.outside.change(|outside| outside.webhook = None);
        }
        if second == 35 {
            world.outside.change(|outside| outside.webhook = Some(200));
        }
        let before = world.delivered().len();
        world.drain();
        if world.delivered().len() > before {
            tries.push(second);
        }
        world.advance(1);
    }
    assert_eq!(tries, [0, 1, 3, 7, 15, 31]);
    world.advance(300);
    world.drain();
    assert_eq!(world.delivered().len(), 7);
    world.drain();
    assert_eq!(world.delivered().len(), 7, "it has it");
    world.outside.change(|outside| {
        let ids: std::collections::BTreeSet<_> = outside
            .delivered
            .iter()
            .map(|request| {
                request.headers["webhook-id"]
                    .clone()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
    });
}

#[test]
fn what_goes_on_is_one_alert_sent_again_each_hour_and_anew_after_it_was_acknowledged() {
    let world = watched();
    let client = world.app("One");
    let mut tokens = world.connect(&client, &anne());
    world
        .outside
        .change(|outside| outside.claims_owner = Some("-2"));
    for _ in 0..3 {
        for _ in 0..4 {
            tokens = world.refresh(&client, &tokens.refresh).tokens();
            world.claims(&tokens.access);
            world.drain();
            world.advance(899);
        }
    }
    let counts: Vec<_> = world
        .delivered()
        .iter()
        .map(|body| body["data"]["count"].clone())
        .collect();
    assert_eq!(counts, [1, 6, 11]);
    let listed = world.send(Call::get("/ops/alerts").bearer("reader")).json();
    let alert = &listed["alerts"][0];
    assert_eq!(
        (&alert["kind"], &alert["count"]),
        (&json!("release_guard"), &json!(12))
    );

    let url = format!("/ops/alerts/{}/acknowledge", alert["id"]);
    world
        .act("reader", &url, json!({ "reason": "x" }))
        .is_refused(403, "role_missing");
    world
        .act("ann", &url, json!({}))
        .is_refused(400, "reason_missing");
    assert_eq!(
        world.act("ann", &url, json!({ "reason": "known" })).status,
        200
    );
    world
        .act("ann", &url, json!({ "reason": "known" }))
        .is_refused(404, "not_found");
    assert_eq!(world.alerts(), Vec::<String>::new());
    world.claims(&tokens.access);
    assert_eq!(world.alerts(), ["release_guard"]);
    assert_eq!(world.delivered().last().unwrap()["data"]["count"], 1);
}

#[test]
fn two_instances_do_not_send_an_alert_twice() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    world
        .outside
        .change(|outside| outside.claims_owner = Some("-2"));
    world.claims(&tokens.access);
    world.drain();
    world.sql("UPDATE alert SET due_at = 1, sent_at = NULL");
    // The other one took it, and then stopped.
    let taken = block_on(crate::maintenance::alert::take_due(
        world.app.database.as_ref(),
        world.clock.now(),
        crate::base::ports::UnixMillis(world.clock.now().0 + 15_000),
    ));
    assert!(taken.unwrap().is_some());
    world.drain();
    assert_eq!(world.delivered().len(), 1);
    world.advance(15);
    world.drain();
    assert_eq!(world.delivered().len(), 2);
}

#[test]
fn an_identity_conflict_is_an_alert_for_each_person() {
    let world = watched();
    let client = world.app("One");
    world.connect(&client, &anne());
    // Somebody else with Anne's Medicare number, three times.
    let intruder = Person::new("mallory", "1S00A00AA01");
    for _ in 0..3 {
        let browser = Browser::default();
        let started = world.authorize(&browser, &client, &[]);
        world
            .sign_in(&browser, &started, &intruder)
            .is_page(403, "identity_conflict");
    }
    assert_eq!(world.alerts(), ["identity_conflict"]);
    let data = &world.delivered()[0]["data"];
    assert_eq!(data["person"].as_str().map(str::len), Some(64));
}

#[test]
fn a_reused_refresh_token_is_an_alert() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    world.refresh(&client, &tokens.refresh);
    world.advance(61);
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(400, "invalid_grant");
    assert_eq!(world.alerts(), ["refresh_reuse"]);
    assert_eq!(world.delivered()[0]["data"]["client_id"], client.id);
}

#[test]
fn an_open_breaker_and_failing_calls_are_one_alert_each() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    let others = world.connect(&client, &bert());
    world.outside.change(|outside| outside.backend_down = true);
    for _ in 0..20 {
        world.claims(&tokens.access);
        world.claims(&others.access);
    }
    assert_eq!(world.alerts(), ["breaker_open", "error_rate"]);
}

#[test]
fn a_lock_down_tells_the_other_operators() {
    let world = watched();
    world.act(
        "lou",
        "/ops/lock-down",
        json!({ "scope": "all", "reason": "x" }),
    );
    assert_eq!(world.alerts(), ["lock_down"]);
}

#[test]
fn one_patient_id_of_two_subjects_and_one_subject_of_two_patient_ids_are_seen_in_the_audit_alone() {
    for (second, kind) in [
        (("f2", "p1", "a2"), "two_subjects"),
        (("f2", "p2", "a1"), "two_patients"),
    ] {
        for at_once in [true, false] {
            let world = watched();
            world.happened("signin", "ok", &event("f1", "", "p1", "a1", "NULL"));
            world.happened("signin", "ok", &event("f1", "", "p1", "a1", "NULL"));
            world.happened("signin", "ok", &event("f9", "", "p9", "a9", "NULL"));
            if !at_once {
                assert_eq!(world.alerts(), Vec::<String>::new());
            }
            let (flow, person, account) = second;
            world.happened("signin", "ok", &event(flow, "", person, account, "NULL"));
            assert_eq!(world.alerts(), [kind]);
        }
    }
}

#[test]
fn tokens_whose_owner_changes_are_seen() {
    let world = watched();
    let client = world.app("One");
    // Another account before the decision is the person's own affair.
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let again = browser.get(
        &world,
        &format!(
            "/v2/o/authorize/consent?transaction={}&another=1",
            page.transaction
        ),
    );
    let back = world.sign_in(&browser, &again, &bert());
    let page = ConsentForm::of(&browser.get(&world, back.location()));
    let tokens = world
        .exchange(
            &client,
            &world.decide(&browser, &page, "allow", "share").code(),
        )
        .tokens();
    assert_eq!(world.claims(&tokens.access).status, 200);
    assert_eq!(world.alerts(), Vec::<String>::new());
    world.happened("fhir.search", "ok", "SELECT flow_id, client_id, x'01' AS person, x'' AS account, NULL AS matches FROM audit WHERE action = 'fhir.search' LIMIT 1");
    assert_eq!(world.alerts(), ["owner_changed"]);
    assert_eq!(world.delivered()[0]["data"]["client_id"], client.id);
}

#[test]
fn a_number_of_claims_that_is_suddenly_another_is_seen() {
    let claims = |world: &World, tokens: &Tokens, count: usize| {
        world.outside.change(|outside| {
            outside.claims_of.insert("-1".to_owned(), count);
        });
        assert_eq!(world.claims(&tokens.access).status, 200);
    };
    for (then, alerts) in [
        (&[40, 41, 60, 61][..], &[][..]),
        (&[40, 39], &["claims_count"]),
        (&[40, 66], &["claims_count"]),
        (&[40, 0], &["claims_count"]),
        (&[0, 1, 26], &[]),
    ] {
        for at_once in [true, false] {
            let world = watched();
            let client = world.app("One");
            let tokens = world.connect(&client, &anne());
            for &count in then {
                claims(&world, &tokens, count);
                if !at_once {
                    world.drain();
                }
            }
            assert_eq!(world.alerts(), alerts, "{then:?}");
        }
    }
    // A day later many new ones are no wonder.
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    claims(&world, &tokens, 40);
    world.advance(86_400);
    let tokens = world.refresh(&client, &tokens.refresh).tokens();
    claims(&world, &tokens, 90);
    assert_eq!(world.alerts(), Vec::<String>::new());
    // A filtered search says nothing about how many there are.
    world.outside.change(|outside| {
        outside.claims_of.insert("-1".to_owned(), 2);
    });
    world.send(Call::get("/v2/fhir/ExplanationOfBenefit?type=pde").bearer(&tokens.access));
    assert_eq!(world.alerts(), Vec::<String>::new());
}

/// What anybody can bring about, by naming an application or with a token of their own, is told to operators and stops
/// nobody else.
#[test]
fn a_stranger_or_one_person_locks_no_public_application_down() {
    let rules = "refusals:application,refresh_reuse:application,refusals:all";
    let world = watched_with(&[("lock_down_rules", rules)]);
    let client = world.register("One", json!({ "token_endpoint_auth_method": "none" }));
    let tokens = world.connect(&client, &anne());
    let others = world.connect(&client, &bert());
    for _ in 0..60 {
        world
            .refresh(&client, "unknown")
            .is_refused(400, "invalid_grant");
        world
            .exchange(&client, "unknown")
            .is_refused(400, "invalid_grant");
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
    for _ in 0..60 {
        world.send(Call::get("/v2/fhir/Patient/-2").bearer(&tokens.access));
    }
    let reuse = |tokens: &Tokens| {
        world.refresh(&client, &tokens.refresh);
        world.advance(61);
        world
            .refresh(&client, &tokens.refresh)
            .is_refused(400, "invalid_grant");
    };
    reuse(&tokens);
    assert_eq!(world.alerts(), ["refresh_reuse", "refusals"]);
    assert_eq!(world.alerts(), ["refresh_reuse", "refusals"]);
    assert_eq!(world.count("lock_down"), 0);
    // Another person's token too: it is more than one person's doing.
    reuse(&others);
    world.drain();
    assert_eq!(world.count("lock_down WHERE kind = 'application'"), 1);
}

#[test]
fn a_refresh_token_that_two_share_is_an_alert_that_locks_nothing() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    let refresh = |peer: &str| {
        let call = Call::post("/v2/o/token/").client(&client, &refresh_form(&tokens.refresh));
        world.send_from(peer, call).tokens().refresh
    };
    let successor = refresh("192.0.2.1:1");
    assert_eq!(refresh("192.0.2.1:2"), successor);
    assert_eq!(world.alerts(), Vec::<String>::new());
    assert_eq!(refresh("192.0.2.2:1"), successor);
    assert_eq!(world.alerts(), ["refresh_repeated"]);
    assert_eq!(world.delivered()[0]["data"]["client_id"], client.id);
}

#[test]
fn an_application_whose_refusals_jump_is_seen_and_a_rule_may_lock_it() {
    let world = watched_with(&[("lock_down_rules", "refusals:application")]);
    let client = world.app("One");
    let other = world.app("Two");
    let tokens = world.connect(&client, &anne());
    let others = world.connect(&other, &anne());
    let guess = || world.send(Call::get("/v2/fhir/Patient/-2").bearer(&tokens.access));
    for _ in 0..29 {
        guess();
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
    guess();
    assert_eq!(world.alerts(), ["refusals"]);
    // What the rule did is an event like any other.
    assert_eq!(world.alerts(), ["lock_down", "refusals"]);
    world.claims(&tokens.access).is_refused(503, "locked_down");
    assert_eq!(world.claims(&others.access).status, 200);

    // Lifted, it stays lifted: the rule saw this alert once.
    let locks = world
        .send(Call::get("/ops/lock-down").bearer("reader"))
        .json();
    assert_eq!(locks["lock_downs"][0]["operator"], "rule");
    let url = format!("/ops/lock-down/{}/lift", locks["lock_downs"][0]["id"]);
    assert_eq!(
        world
            .act("lou", &url, json!({ "reason": "a test of theirs" }))
            .status,
        200
    );
    world.drain();
    assert_eq!(world.claims(&tokens.access).status, 200);
}

#[test]
fn an_application_that_is_always_refused_as_often_raises_no_alert() {
    let world = watched();
    let client = world.app("One");
    let mut tokens = world.connect(&client, &anne());
    for minute in 0..70 {
        if minute % 30 == 0 {
            tokens = world.refresh(&client, &tokens.refresh).tokens();
        }
        for _ in 0..5 {
            world.send(Call::get("/v2/fhir/Patient/-2").bearer(&tokens.access));
        }
        world.advance(60);
        world.drain();
    }
    // While it was new to the watch it may have been one; not any more.
    world.sql("UPDATE alert SET acknowledged_at = 1, acknowledged_by = 'x', due_at = NULL");
    for _ in 0..40 {
        world.send(Call::get("/v2/fhir/Patient/-2").bearer(&tokens.access));
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn a_backend_whose_answers_turn_empty_is_seen() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    let search = |claims: &str| {
        let more = event(
            &format!("f{claims}"),
            &client.id,
            &format!("p{claims}"),
            "",
            claims,
        );
        world.happened("fhir.search", "ok", &more);
    };
    for _ in 0..20 {
        search("5");
    }
    world.drain();
    world.advance(360);
    for _ in 0..9 {
        search("0");
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
    search("0");
    assert_eq!(world.alerts(), ["backend_empty"]);
    drop(tokens);
}

#[test]
fn with_another_key_of_the_audit_the_watch_learns_anew() {
    let world = watched();
    world.happened("signin", "ok", &event("f1", "", "p1", "a1", "NULL"));
    world.happened("token.code", "ok", &event("f1", "", "p1", "", "NULL"));
    world.drain();
    let mut other = world.app.clone();
    let mut config = (*other.config).clone();
    config.audit_key = config.store_key.clone();
    other.config = Arc::new(config);
    // The store key of the sandbox has the same id; the watch goes by it.
    world.sql("UPDATE watch_position SET key_id = 'former'");
    world.happened(
        "token.refresh",
        "ok",
        &event("f1", "", "p1-by-another-key", "", "NULL"),
    );
    block_on(crate::maintenance::drain(&other));
    world.happened(
        "token.refresh",
        "ok",
        &event("f1", "", "p1-by-another-key", "", "NULL"),
    );
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn a_tick_drains_and_needs_an_operator() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    world
        .outside
        .change(|outside| outside.claims_owner = Some("-2"));
    world.claims(&tokens.access);
    world
        .send(Call::post("/ops/tick"))
        .is_refused(401, "operator_unknown");
    assert_eq!(world.delivered().len(), 0);
    let before = world.count("audit");
    assert_eq!(
        world.send(Call::post("/ops/tick").bearer("reader")).status,
        200
    );
    assert_eq!(world.delivered().len(), 1);
    assert_eq!(
        world.count("audit"),
        before,
        "a machine's call is not audited"
    );
}

#[test]
fn metrics_are_the_same_from_every_instance_and_count_each_event_once() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    for _ in 0..3 {
        assert_eq!(world.claims(&tokens.access).status, 200);
    }
    world.send(Call::get("/v2/fhir/Patient/-2").bearer(&tokens.access));
    world.refresh(&client, &tokens.refresh);
    let scrape = || {
        let answer = world.send(Call::get("/ops/metrics").bearer("reader"));
        assert_eq!(
            answer.header("content-type"),
            "text/plain; version=0.0.4; charset=utf-8"
        );
        answer.text()
    };
    let first = scrape();
    for line in [
        "bluegate_requests_total{action=\"fhir.search\",outcome=\"ok\",code=\"\"} 3",
        "bluegate_requests_total{action=\"fhir.read\",outcome=\"refused\",code=\"other_person\"} 1",
        "bluegate_request_duration_seconds_count{action=\"fhir.search\"} 3",
        "bluegate_backend_calls_total{status=\"200\"} 3",
        "bluegate_backend_duration_seconds_bucket{le=\"+Inf\"} 3",
        "bluegate_tokens_issued_total{grant_type=\"authorization_code\"} 1",
        "bluegate_tokens_issued_total{grant_type=\"refresh_token\"} 1",
        "bluegate_guard_refusals_total{reason=\"other_person\"} 1",
        "bluegate_grants 1",
        "bluegate_access_tokens 2",
        "bluegate_breaker_open 0",
        "bluegate_audit_waiting 0",
        &format!(
            "bluegate_applications{{status=\"active\"}} {}",
            world.count("application WHERE status = 'active'")
        ),
    ] {
        assert!(first.lines().any(|found| found == line), "{line}\n{first}");
    }
    world.restart();
    assert_eq!(scrape(), first, "another instance, the same numbers");
    world.claims(&tokens.access);
    assert!(scrape().contains("fhir.search\",outcome=\"ok\",code=\"\"} 4\n"));
    world
        .send(Call::get("/ops/metrics"))
        .is_refused(401, "operator_unknown");
}

#[test]
fn the_page_shows_alerts_and_takes_their_acknowledgement() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    world
        .outside
        .change(|outside| outside.claims_owner = Some("-2"));
    world.claims(&tokens.access);
    world.drain();
    let browser = Browser::default();
    browser.send(&world, Call::post("/ops/sign-in").form([("token", "ann")]));
    let page = browser.get(&world, "/ops/").text();
    assert!(
        page.contains("release_guard") && page.contains(&client.id),
        "{page}"
    );
    let csrf = between(&page, "name=\"csrf\" value=\"", "\"");
    let action = format!(
        "/ops/alerts/{}",
        between(&page, "action=\"/ops/alerts/", "\"")
    );
    let fields = [("csrf", csrf.as_str()), ("reason", "seen")];
    assert_eq!(
        browser
            .send(&world, Call::post(&action).form(fields))
            .location(),
        "/ops/"
    );
    assert!(
        !browser
            .get(&world, "/ops/")
            .text()
            .contains("release_guard")
    );
}

#[test]
fn one_flow_id_goes_from_the_authorization_request_to_the_last_fhir_call() {
    let world = watched();
    let client = world.app("One");
    let tokens = world.connect(&client, &anne());
    let tokens = world.refresh(&client, &tokens.refresh).tokens();
    world.claims(&tokens.access);
    world.userinfo(&tokens.access);
    world.about_token("revoke", &client, &tokens.access);
    world.claims(&tokens.access);
    let rows = world.sql(
        "SELECT DISTINCT e.action FROM audit e JOIN authorization_request r ON r.flow_id = e.flow_id ORDER BY 1",
    );
    let actions: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    let wanted = [
        "consent.allow",
        "fhir.search",
        "identity.link",
        "revoke.grant",
        "signin",
        "token.code",
        "token.refresh",
        "userinfo",
    ];
    assert_eq!(actions, wanted.map(|text| Value::Text(text.to_owned())));
    assert_eq!(world.count("authorization_request"), 1);
}
