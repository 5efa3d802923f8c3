//! A store that fails before or after applying, at each single statement of each flow, and one where another
//! request is faster. Each flow is run once to count its statements; then once for each statement and fault,
//! on the same store rolled back, by an instance with nothing in memory.

use super::layers::findings;
use super::*;
use crate::base::adapters::native::Fault;

/// Runs `act` with each fault of `faults` at each of its statements. `check` gets the answer and a text that
/// says what failed; it may retry as a client would.
pub(super) fn each_fault(
    world: &World,
    faults: &[Fault],
    act: impl Fn() -> Answer,
    check: impl Fn(&Answer, &str),
) {
    let run = |plan: Option<(usize, Fault)>, check: &dyn Fn(&Answer, &[String])| {
        world.restart();
        world.sql("SAVEPOINT run");
        let started = world.clock.now().seconds();
        let before = findings(world);
        let logged = world.log.0.lock().unwrap().len();
        world.database.plan(plan);
        let answer = act();
        let seen = world.database.finish();
        defined(&answer);
        told_once(world, logged, &answer, plan, &seen);
        check(&answer, &seen);
        sound(world);
        // Whatever failed: no change without its event, no event without its change.
        if !matches!(plan, Some((_, Fault::Meanwhile(_)))) {
            assert_eq!(findings(world), before, "{plan:?} of {seen:?}");
        }
        world.sql("ROLLBACK TO run");
        world.sql("RELEASE run");
        world.advance(started - world.clock.now().seconds());
    };
    let count = std::cell::Cell::new(0);
    run(None, &|answer, seen| {
        count.set(seen.len());
        check(answer, "nothing");
    });
    assert!(count.get() > 0, "a flow without a statement");
    for number in 0..count.get() {
        for fault in faults {
            run(Some((number, *fault)), &|answer, seen| {
                assert!(seen.len() > number, "the fault never happened");
                let statement = seen[number]
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                let what = format!(
                    "{fault:?} at statement {number} ({:.90}) -> {}",
                    statement, answer.status
                );
                check(answer, &what);
            });
        }
    }
}

pub(super) const FAILS: [Fault; 2] = [Fault::Before, Fault::After];

/// What failed is in the log once, with its cause and the request that it spoiled; what did not fail is not.
fn told_once(
    world: &World,
    from: usize,
    answer: &Answer,
    plan: Option<(usize, Fault)>,
    seen: &[String],
) {
    let log = world.log.0.lock().unwrap();
    let told: Vec<Json> = log[from..]
        .iter()
        .filter(|line| line.contains("disk I/O error"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let failed = plan.filter(|(_, fault)| matches!(fault, Fault::Before | Fault::After));
    let Some(statement) = failed.and_then(|(number, _)| seen.get(number)) else {
        assert_eq!(told, Vec::<Json>::new());
        return;
    };
    assert_eq!(told.len(), 1, "{statement}: {told:?}");
    let line = &told[0];
    assert_eq!(line["event"], "store.error", "{line}");
    assert!(
        line["action"]
            .as_str()
            .is_some_and(|action| !action.is_empty()),
        "{line}"
    );
    assert_eq!(
        line["request_id"].as_str().map(str::len),
        Some(32),
        "{line}"
    );
    if answer.status == 503 {
        assert_eq!(line["request_id"], answer.header("x-request-id"), "{line}");
    }
}

/// A documented status, with a body that says why where it is an error.
fn defined(answer: &Answer) {
    let told = !answer.page_error().is_empty()
        || answer.json()["error"].is_string()
        || answer.json()["code"].is_string()
        || answer.json()["resourceType"] == "OperationOutcome"
        || answer.json()["status"] == "unavailable";
    match answer.status {
        200 | 201 | 202 | 204 | 303 => {}
        400 | 401 | 403 | 404 | 503 => assert!(told, "{}: {}", answer.status, answer.text()),
        other => panic!("status {other}: {}", answer.text()),
    }
    assert_eq!(answer.header("x-request-id").len(), 32);
}

/// What holds in the store whatever happened.
fn sound(world: &World) {
    for (broken, what) in [
        (
            "token_chain c LEFT JOIN authorization_code a ON a.id = c.code_id WHERE a.used_at IS NULL",
            "a chain without a used code",
        ),
        (
            "(SELECT code_id FROM token_chain GROUP BY code_id HAVING COUNT(*) > 1)",
            "two chains of one code",
        ),
        (
            "authorization_code a WHERE used_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM token_chain WHERE code_id = a.id)",
            "a used code without a chain",
        ),
        (
            "(SELECT 1 FROM consent_grant WHERE ended_at IS NULL GROUP BY identity_id, application_id HAVING COUNT(*) > 1)",
            "two live grants",
        ),
        (
            "token_chain c JOIN consent_grant g ON g.id = c.grant_id WHERE c.ended_at IS NULL AND g.ended_at IS NOT NULL",
            "a live chain of an ended grant",
        ),
        (
            "token_chain c WHERE generation <> (SELECT COUNT(*) FROM retired_refresh WHERE chain_id = c.id)",
            "a generation that was not retired",
        ),
        (
            "token_chain c JOIN retired_refresh r ON r.token_hash = c.refresh_hash",
            "a current refresh token that is retired",
        ),
    ] {
        assert_eq!(world.count(broken), 0, "{what}");
    }
}

/// Whether the request of an answer has an audit row of this action and outcome.
fn is_audited(world: &World, answer: &Answer, action: &str, outcome: &str) -> bool {
    let id = answer.header("x-request-id");
    world.count(&format!(
        "audit WHERE request_id = '{id}' AND action = '{action}' AND outcome = '{outcome}'"
    )) == 1
}

fn is_dead(world: &World, client: &Client, tokens: &Tokens, what: &str) {
    for token in [&tokens.access, &tokens.refresh] {
        let told = world.about_token("introspect", client, token);
        assert_eq!(told.json(), json!({ "active": false }), "{what}");
    }
    assert!(
        [401, 403].contains(&world.claims(&tokens.access).status),
        "{what}"
    );
    assert!(
        [400, 403].contains(&world.refresh(client, &tokens.refresh).status),
        "{what}"
    );
}

#[test]
fn authorize_fails_whole_and_can_be_repeated() {
    let world = World::new();
    let client = world.app("App");
    let act = || world.authorize(&Browser::default(), &client, &[]);
    each_fault(&world, &FAILS, act, |answer, what| {
        if what != "nothing" {
            assert_eq!(answer.page_error(), "store_unavailable", "{what}");
        }
        assert!(act().location().starts_with(outside::ISSUER), "{what}");
    });
}

/// Whoever reads the log of a page that says "try again" finds why.
#[test]
fn the_cause_of_a_page_that_could_not_be_given_is_in_the_log_once() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let started = world.authorize(&browser, &client, &[]);
    let visit = browser.get(&world, "/account/");
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let consent = format!("/v2/o/authorize/consent?transaction={}", page.transaction);
    let csrf = between(
        &browser.get(&world, "/signout").text(),
        "name=\"csrf\" value=\"",
        "\"",
    );
    let back = |started: &Answer| {
        let back = world.outside.sign_in(started.location(), &anne());
        browser.clone().get(&world, &back)
    };
    let acts: [&dyn Fn() -> Answer; 6] = [
        &|| world.authorize(&browser.clone(), &client, &[]),
        &|| back(&started),
        &|| back(&visit),
        &|| browser.clone().get(&world, &consent),
        &|| browser.clone().get(&world, "/account/"),
        &|| {
            let form = Call::post("/signout").form([("csrf", csrf.as_str())]);
            browser.clone().send(&world, form)
        },
    ];
    for act in acts {
        each_fault(&world, &[Fault::Before], act, |answer, what| {
            // Counting has its own line of words, and no request.
            if what.contains("INSERT INTO rate_window") {
                return;
            }
            let id = answer.header("x-request-id");
            let log = world.log.0.lock().unwrap();
            let causes = log
                .iter()
                .filter(|line| line.contains("store.error") && line.contains(id))
                .count();
            let expected = usize::from(answer.status == 503);
            assert_eq!(causes, expected, "{what}: {}", answer.page_error());
        });
    }
}

#[test]
fn a_callback_that_failed_can_be_tried_again_by_its_button_or_by_reloading() {
    for person in [anne(), bert()] {
        let world = World::new();
        let client = world.app("App");
        world.connect(&client, &bert());
        let browser = Browser::default();
        let started = world.authorize(&browser, &client, &[]);
        let act = || {
            let back = world.outside.sign_in(started.location(), &person);
            browser.clone().get(&world, &back)
        };
        each_fault(&world, &FAILS, act, |answer, what| {
            let browser = browser.clone();
            if answer.status == 303 {
                assert!(is_audited(&world, answer, "signin", "ok"), "{what}");
            }
            let again = if answer.button().is_empty() {
                world.sign_in(&browser, &started, &person)
            } else {
                let started = browser.get(&world, &answer.button());
                world.sign_in(&browser, &started, &person)
            };
            let page = ConsentForm::of(&browser.get(&world, again.location()));
            let code = world.decide(&browser, &page, "allow", "share").code();
            world.exchange(&client, &code).tokens();
            assert_eq!(world.count("identity_conflict"), 0, "{what}");
            assert_eq!(
                world.count("identity WHERE subject = CAST('anne' AS BLOB)"),
                i64::from(person == anne())
            );
        });
    }
}

#[test]
fn an_identity_conflict_is_never_missed_by_a_failing_store() {
    let world = World::new();
    let client = world.app("App");
    world.connect(&client, &anne());
    let impostor = Person::new("somebody", &anne().mbi);
    let browser = Browser::default();
    let started = world.authorize(&browser, &client, &[]);
    let act = || {
        let back = world.outside.sign_in(started.location(), &impostor);
        browser.clone().get(&world, &back)
    };
    each_fault(&world, &FAILS, act, |answer, what| {
        assert!([403, 503].contains(&answer.status), "{what}");
        if answer.status == 403 {
            assert!(is_audited(&world, answer, "signin", "refused"), "{what}");
        }
        act().is_page(403, "identity_conflict");
        assert_eq!(
            world.count("identity WHERE subject = CAST('somebody' AS BLOB)"),
            0,
            "{what}"
        );
        assert_eq!(
            world.count("identity WHERE held_at IS NOT NULL"),
            1,
            "{what}"
        );
    });
}

/// v3 is on: a first sign-in, one that fills the id of v3 in, and one that finds it taken.
#[test]
fn an_id_of_v3_is_linked_once_or_the_conflict_is_recorded_whatever_failed() {
    let world = World::with(&[("v3_enabled", "true")]);
    let client = world.app("App");
    world.connect(&client, &bert());
    world.patient_v3(&anne().mbi, &["700"]);
    let browser = Browser::default();
    let started = world.authorize(&browser, &client, &[]);
    for (person, v3) in [(anne(), "700"), (bert(), "701")] {
        world.patient_v3(&bert().mbi, &["701"]);
        let act = || {
            let back = world.outside.sign_in(started.location(), &person);
            browser.clone().get(&world, &back)
        };
        each_fault(&world, &FAILS, act, |answer, what| {
            if answer.status == 303 {
                assert!(is_audited(&world, answer, "signin", "ok"), "{what}");
            }
            let sign_in = || {
                let browser = Browser::default();
                let started = world.authorize(&browser, &client, &[]);
                world.sign_in(&browser, &started, &person)
            };
            assert_eq!(sign_in().status, 303, "{what}");
            let linked = format!("identity WHERE patient_id_v3 = '{v3}' AND held_at IS NULL");
            assert_eq!(world.count(&linked), 1, "{what}");
            assert_eq!(world.count("identity_conflict"), 0, "{what}");
        });
    }
    world.connect(&client, &anne());
    world.patient_v3(&bert().mbi, &["700"]);
    let act = || {
        let back = world.outside.sign_in(started.location(), &bert());
        browser.clone().get(&world, &back)
    };
    each_fault(&world, &FAILS, act, |answer, what| {
        assert!([403, 503].contains(&answer.status), "{what}");
        act().is_page(403, "identity_conflict");
        assert_eq!(
            world.count("identity WHERE held_at IS NOT NULL"),
            2,
            "{what}"
        );
        assert_eq!(
            world.count("identity WHERE patient_id_v3 = '700'"),
            1,
            "{what}"
        );
    });
}

/// Allow, retried as a person would: follow the redirect, press again or go back and press again.
fn insist(world: &World, browser: &Browser, page: &ConsentForm, first: &Answer) -> Option<Answer> {
    let is_back = |answer: &Answer| answer.location().starts_with(REDIRECT);
    if is_back(first) {
        return None;
    }
    let shown = browser.get(world, first.location());
    defined(&shown);
    let again = world.decide(browser, page, "allow", "share");
    Some(again).filter(is_back)
}

#[test]
fn an_allow_that_failed_gives_no_second_code_and_can_be_repeated() {
    let world = World::new();
    let client = world.app("App");
    world.connect(&client, &anne());
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let act = || world.decide(&browser.clone(), &page, "allow", "share");
    each_fault(&world, &FAILS, act, |answer, what| {
        let again = insist(&world, &browser, &page, answer);
        let told = again.as_ref().unwrap_or(answer);
        assert!(told.location().starts_with(REDIRECT), "{what}");
        assert_eq!(world.count("authorization_code"), 2, "{what}");
        let tokens = world.exchange(&client, &told.code()).tokens();
        assert_eq!(world.claims(&tokens.access).status, 200);
    });
}

#[test]
fn no_code_is_told_without_the_audit_row_of_its_consent() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let act = || world.decide(&browser.clone(), &page, "allow", "share");
    each_fault(&world, &FAILS, act, |answer, what| {
        let again = insist(&world, &browser, &page, answer);
        let told = again.as_ref().unwrap_or(answer);
        if told.location().starts_with(REDIRECT) {
            assert!(
                world.count("audit WHERE action = 'consent.allow'") > 0,
                "{what}"
            );
        }
    });
}

#[test]
fn a_deny_that_failed_never_becomes_a_grant() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let act = || world.decide(&browser.clone(), &page, "deny", "share");
    each_fault(&world, &FAILS, act, |answer, what| {
        if answer.location().starts_with(REDIRECT) {
            assert_eq!(answer.back("error"), "access_denied", "{what}");
            assert!(is_audited(&world, answer, "consent.deny", "ok"), "{what}");
        } else {
            defined(&browser.get(&world, answer.location()));
            world.decide(&browser, &page, "deny", "share");
        }
        let late = world.decide(&browser, &page, "allow", "share");
        assert!(
            late.location().starts_with("/v2/o/authorize/consent?"),
            "{what}"
        );
        assert_eq!(
            world.count("consent_grant") + world.count("authorization_code"),
            0,
            "{what}"
        );
    });
}

#[test]
fn a_denial_after_allowing_that_failed_can_be_repeated() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let code = world.decide(&browser, &page, "allow", "share").code();
    let tokens = world.exchange(&client, &code).tokens();
    let act = || world.decide(&browser.clone(), &page, "deny", "share");
    each_fault(&world, &FAILS, act, |answer, what| {
        let told = answer.location().starts_with(REDIRECT);
        if told {
            assert!(is_audited(&world, answer, "consent.deny", "ok"), "{what}");
        }
        assert_eq!(act().back("error"), "access_denied", "{what}");
        is_dead(&world, &client, &tokens, what);
    });
}

#[test]
fn an_exchange_that_failed_leaves_one_chain_or_none() {
    let world = World::new();
    let client = world.app("App");
    let code = world.code(&client, &anne(), SCOPE);
    let act = || world.exchange(&client, &code);
    each_fault(&world, &FAILS, act, |answer, what| {
        let live = || world.count("token_chain WHERE ended_at IS NULL");
        assert!(live() <= 1, "{what}");
        if answer.status == 200 {
            assert!(is_audited(&world, answer, "token.code", "ok"), "{what}");
            assert_eq!(world.claims(&answer.tokens().access).status, 200, "{what}");
            return;
        }
        answer.is_refused(503, "temporarily_unavailable");
        // The client tries again: it gets its tokens, or the code is dead and so is what it gave.
        let again = act();
        if again.status == 200 {
            assert_eq!(live(), 1, "{what}");
            assert_eq!(world.claims(&again.tokens().access).status, 200, "{what}");
        } else {
            again.is_refused(400, "invalid_grant");
            assert_eq!(live(), 0, "{what}");
        }
    });
}

#[test]
fn a_replayed_code_ends_its_chain_even_where_the_store_failed_once() {
    let world = World::new();
    let client = world.app("App");
    let code = world.code(&client, &anne(), SCOPE);
    let tokens = world.exchange(&client, &code).tokens();
    let act = || world.exchange(&client, &code);
    each_fault(&world, &FAILS, act, |answer, what| {
        if answer.status == 503 {
            act().is_refused(400, "invalid_grant");
        } else {
            answer.is_refused(400, "invalid_grant");
        }
        is_dead(&world, &client, &tokens, what);
    });
}

#[test]
fn a_refresh_that_failed_strands_nobody() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let act = || world.refresh(&client, &first.refresh);
    each_fault(&world, &FAILS, act, |answer, what| {
        let again = act();
        if answer.status == 200 {
            assert!(is_audited(&world, answer, "token.refresh", "ok"), "{what}");
            assert_eq!(answer.tokens().refresh, again.tokens().refresh, "{what}");
        } else {
            answer.is_refused(503, "temporarily_unavailable");
        }
        let again = again.tokens();
        assert_eq!(world.claims(&again.access).status, 200, "{what}");
        assert_eq!(
            world.count("token_chain WHERE ended_at IS NULL AND generation = 1"),
            1,
            "{what}"
        );
        world.refresh(&client, &again.refresh).tokens();
    });
}

#[test]
fn a_repeated_refresh_that_failed_still_agrees() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let next = world.refresh(&client, &first.refresh).tokens();
    let act = || world.refresh(&client, &first.refresh);
    each_fault(&world, &FAILS, act, |_, what| {
        assert_eq!(act().tokens().refresh, next.refresh, "{what}");
        assert_eq!(
            world.count("token_chain WHERE ended_at IS NULL AND generation = 1"),
            1,
            "{what}"
        );
    });
}

#[test]
fn a_reused_refresh_token_ends_its_chain_even_where_the_store_failed_once() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let second = world.refresh(&client, &first.refresh).tokens();
    let third = world.refresh(&client, &second.refresh).tokens();
    let act = || world.refresh(&client, &first.refresh);
    each_fault(&world, &FAILS, act, |answer, what| {
        if answer.status == 503 {
            act().is_refused(400, "invalid_grant");
        } else {
            answer.is_refused(400, "invalid_grant");
        }
        is_dead(&world, &client, &third, what);
    });
}

/// docs/contract/06-token-refresh.md: "the chain ends, audit event and alert".
#[test]
fn the_alert_of_a_reuse_is_not_lost_by_a_failing_store() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let second = world.refresh(&client, &first.refresh).tokens();
    world.refresh(&client, &second.refresh).tokens();
    let act = || world.refresh(&client, &first.refresh);
    each_fault(&world, &FAILS, act, |answer, what| {
        if answer.status == 503 {
            act().is_refused(400, "invalid_grant");
        }
        assert!(
            world.count("audit WHERE level = 'critical' AND code = 'refresh_reused'") > 0,
            "{what}"
        );
    });
}

#[test]
fn a_revocation_that_was_confirmed_holds_whatever_failed() {
    for (endpoint, action) in [("revoke_token", "revoke.chain"), ("revoke", "revoke.grant")] {
        let world = World::new();
        let client = world.app("App");
        let tokens = world.connect(&client, &anne());
        let act = || world.about_token(endpoint, &client, &tokens.refresh);
        each_fault(&world, &FAILS, act, |answer, what| {
            if answer.status == 200 {
                assert!(is_audited(&world, answer, action, "ok"), "{what}");
            } else {
                answer.is_refused(503, "temporarily_unavailable");
                assert_eq!(act().status, 200, "{what}");
            }
            is_dead(&world, &client, &tokens, what);
        });
    }
}

#[test]
fn introspection_that_failed_says_so_and_never_inactive() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let act = || world.about_token("introspect", &client, &tokens.access);
    each_fault(&world, &FAILS, act, |answer, what| {
        if answer.status == 200 {
            assert_eq!(answer.json()["active"], true, "{what}");
        } else {
            answer.is_refused(503, "temporarily_unavailable");
        }
        assert_eq!(act().json()["active"], true, "{what}");
    });
}

#[test]
fn data_is_released_with_its_audit_row_or_not_at_all() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    for (target, action) in [
        ("/v2/fhir/ExplanationOfBenefit", "fhir.search"),
        ("/v2/fhir/Patient/-1", "fhir.read"),
        ("/v2/connect/userinfo", "userinfo"),
    ] {
        let act = || world.send(Call::get(target).bearer(&tokens.access));
        each_fault(&world, &FAILS, act, |answer, what| {
            if answer.status == 200 {
                assert!(is_audited(&world, answer, action, "ok"), "{target} {what}");
            } else {
                assert_eq!(answer.status, 503, "{target} {what}");
            }
            assert_eq!(act().status, 200, "{target} {what}");
        });
    }
}

#[test]
fn a_registration_that_failed_is_none_or_can_be_repeated() {
    let world = World::new();
    let body = json!({ "client_name": "New App", "redirect_uris": [REDIRECT] });
    let act = || world.send(Call::post("/o/register").json(&body));
    each_fault(&world, &FAILS, act, |answer, what| {
        if answer.status == 201 {
            assert!(
                is_audited(&world, answer, "application.register", "ok"),
                "{what}"
            );
            return;
        }
        assert_eq!(answer.status, 503, "{what}");
        // Nobody knows the credentials of what may have been stored.
        assert_eq!(act().status, 201, "{what}");
    });
}

#[test]
fn a_rotation_or_deletion_that_failed_can_be_repeated() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let manage = |method: Method, body: &Json| {
        let call = Call::new(method, &format!("/o/register/{}", client.id));
        world.send(call.bearer(&client.registration_token).json(body))
    };
    let rotation = json!({
        "client_id": client.id, "client_name": "App", "redirect_uris": [REDIRECT], "rotate_client_secret": true,
    });
    let rotate = || manage(Method::PUT, &rotation);
    each_fault(&world, &FAILS, rotate, |answer, what| {
        let told = if answer.status == 200 {
            None
        } else {
            Some(rotate())
        };
        let secret = told.as_ref().unwrap_or(answer).json()["client_secret"].clone();
        let secret = secret
            .as_str()
            .unwrap_or_else(|| panic!("{what}"))
            .to_owned();
        let rotated = Client {
            secret,
            ..client.clone()
        };
        world.refresh(&rotated, &tokens.refresh).tokens();
        world
            .refresh(&client, &tokens.refresh)
            .is_refused(401, "invalid_client");
    });
    let delete = || manage(Method::DELETE, &json!({}));
    each_fault(&world, &FAILS, delete, |answer, what| {
        if answer.status != 204 {
            assert_eq!(answer.status, 503, "{what}");
            assert!([204, 401].contains(&delete().status), "{what}");
        }
        assert_eq!(world.claims(&tokens.access).status, 401, "{what}");
    });
}

#[test]
fn a_pushed_request_is_never_used_twice_whatever_failed() {
    let world = World::new();
    let client = world.app("App");
    let fields: Vec<_> = request_of(&client)
        .into_iter()
        .filter(|(name, _)| *name != "client_id")
        .collect();
    let push = || world.send(Call::post("/v2/o/par").client(&client, &fields));
    each_fault(&world, &FAILS, push, |answer, what| {
        let told = if answer.status == 201 {
            None
        } else {
            Some(push())
        };
        assert_eq!(told.as_ref().unwrap_or(answer).status, 201, "{what}");
    });
    let uri = push().json()["request_uri"].as_str().unwrap().to_owned();
    let query = form([("client_id", client.id.as_str()), ("request_uri", &uri)]);
    let begin = || Browser::default().get(&world, &format!("/v2/o/authorize/?{query}"));
    each_fault(&world, &FAILS, begin, |answer, what| {
        if answer.status == 303 {
            begin().is_page(400, "invalid_request_uri");
        } else {
            answer.is_page(503, "store_unavailable");
            let again = begin();
            assert!(
                again.status == 303 || again.page_error() == "invalid_request_uri",
                "{what}"
            );
        }
    });
}

const REVOKED: Fault = Fault::Meanwhile(
    "UPDATE consent_grant SET ended_at = 1, end_reason = 'revoked' WHERE ended_at IS NULL",
);
const CHAIN_ENDED: Fault = Fault::Meanwhile(
    "UPDATE token_chain SET ended_at = 1, end_reason = 'revoked' WHERE ended_at IS NULL",
);
const SUSPENDED: Fault = Fault::Meanwhile("UPDATE application SET status = 'suspended'");

#[test]
fn a_refresh_that_races_a_revocation_gives_nothing_that_works() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let act = || world.refresh(&client, &first.refresh);
    each_fault(&world, &[REVOKED, CHAIN_ENDED], act, |answer, what| {
        if what == "nothing" {
            return;
        }
        assert!([200, 400, 403].contains(&answer.status), "{what}");
        if answer.status == 200 {
            is_dead(&world, &client, &answer.tokens(), what);
        }
        is_dead(&world, &client, &first, what);
    });
}

#[test]
fn an_exchange_that_races_a_revocation_gives_nothing_that_works() {
    let world = World::new();
    let client = world.app("App");
    let code = world.code(&client, &anne(), SCOPE);
    let act = || world.exchange(&client, &code);
    each_fault(&world, &[REVOKED], act, |answer, what| {
        if what == "nothing" {
            return;
        }
        assert!([200, 400].contains(&answer.status), "{what}");
        if answer.status == 200 {
            is_dead(&world, &client, &answer.tokens(), what);
        }
        assert_eq!(
            world.count("token_chain WHERE ended_at IS NULL"),
            0,
            "{what}"
        );
    });
}

#[test]
fn what_races_a_suspension_gives_nothing_that_works_while_it_lasts() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let code = world.code(&client, &anne(), SCOPE);
    for fields in [&refresh_form(&first.refresh)[..], &exchange_form(&code)] {
        each_fault(
            &world,
            &[SUSPENDED],
            || world.token(&client, fields),
            |answer, what| {
                if what != "nothing" && answer.status == 200 {
                    world
                        .claims(&answer.tokens().access)
                        .is_refused(401, "application_inactive");
                }
            },
        );
    }
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let act = || world.decide(&browser.clone(), &page, "allow", "share");
    each_fault(&world, &[SUSPENDED], act, |answer, what| {
        if what != "nothing" && answer.location().starts_with(REDIRECT) {
            world
                .exchange(&client, &answer.code())
                .is_refused(403, "invalid_client");
        }
    });
}

#[test]
fn nothing_is_released_after_a_revocation_or_suspension_that_came_before_the_permit() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    for target in [
        "/v2/fhir/ExplanationOfBenefit",
        "/v2/fhir/Patient/-1",
        "/v2/connect/userinfo",
    ] {
        let act = || world.send(Call::get(target).bearer(&tokens.access));
        each_fault(
            &world,
            &[REVOKED, CHAIN_ENDED, SUSPENDED],
            act,
            |answer, what| {
                if what == "nothing" {
                    assert_eq!(answer.status, 200);
                    return;
                }
                let id = answer.header("x-request-id");
                // What came after the permit came after the release.
                let permitted = world.count(&format!(
                    "audit WHERE request_id = '{id}' AND outcome = 'ok'"
                )) == 1;
                assert_eq!(answer.status == 200, permitted, "{target} {what}");
                if what.contains("INSERT INTO audit") || !permitted {
                    assert!([401, 403].contains(&answer.status), "{target} {what}");
                }
                assert_ne!(act().status, 200, "{target} {what}");
            },
        );
    }
}

#[test]
fn an_allow_that_loses_a_race_is_no_grant() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let act = || world.decide(&browser.clone(), &page, "allow", "share");
    let faster = [
        Fault::Meanwhile(
            "UPDATE authorization_request SET identity_id = NULL WHERE decided_at IS NULL",
        ),
        Fault::Meanwhile(
            "UPDATE authorization_request SET decided_at = 1, decision = 'deny' WHERE decided_at IS NULL",
        ),
    ];
    each_fault(&world, &faster, act, |answer, what| {
        let decided = world.count("authorization_request WHERE decision = 'allow'") == 1;
        let told = answer.location().starts_with(REDIRECT);
        assert_eq!(told, decided, "{what}");
        assert_eq!(
            world.count("authorization_code"),
            i64::from(decided),
            "{what}"
        );
    });
}

#[test]
fn a_slow_store_outlives_codes_transactions_and_tokens_without_harm() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let first = world.connect(&client, &anne());
    let next = world.refresh(&client, &first.refresh).tokens();
    let code = world.code(&client, &anne(), SCOPE);
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let slow = [Fault::Slow(59), Fault::Slow(61), Fault::Slow(601)];

    let exchange = || world.exchange(&client, &code);
    each_fault(&world, &slow, exchange, |answer, what| {
        assert!([200, 400].contains(&answer.status), "{what}");
        if answer.status == 200 {
            assert_eq!(world.claims(&answer.tokens().access).status, 200, "{what}");
            exchange().is_refused(400, "invalid_grant");
        }
    });
    // The previous token, near the end of its grace.
    let repeat = || world.refresh(&client, &first.refresh);
    each_fault(&world, &slow, repeat, |answer, what| {
        let again = world.refresh(&client, &next.refresh);
        if answer.status == 200 {
            assert_eq!(answer.tokens().refresh, next.refresh, "{what}");
            again.tokens();
        } else {
            answer.is_refused(400, "invalid_grant");
            again.is_refused(400, "invalid_grant");
        }
    });
    let allow = || world.decide(&browser.clone(), &page, "allow", "share");
    each_fault(&world, &slow, allow, |answer, what| {
        let told = answer.location().starts_with(REDIRECT);
        // A code that nobody was told of exists only where its consent stands.
        let codes = world.count("authorization_code");
        assert_eq!(
            codes,
            world.count("authorization_request WHERE decision = 'allow'"),
            "{what}"
        );
        if told {
            assert!(
                [200, 400].contains(&world.exchange(&client, &answer.code()).status),
                "{what}"
            );
        }
    });
    let read = || world.claims(&next.access);
    each_fault(&world, &[Fault::Slow(3_601)], read, |answer, what| {
        assert!([200, 401].contains(&answer.status), "{what}");
        if what != "nothing" {
            read().is_refused(401, "invalid_token");
        }
    });
}
