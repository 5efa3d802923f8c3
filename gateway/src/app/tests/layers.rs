//! The two layers of the audit after whole flows, and what comparing them finds.

use super::*;
use crate::audit::reconcile::{Comparison, reconcile};
use crate::audit::verify::verify;

fn compare(world: &World) -> Comparison {
    block_on(reconcile(world.database.as_ref())).unwrap()
}

pub(super) fn findings(world: &World) -> Vec<String> {
    let found = compare(world).findings;
    found.iter().map(ToString::to_string).collect()
}

/// Everything that changes a watched table, by the routes alone.
fn live(world: &World) -> Client {
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let next = world.refresh(&client, &first.refresh).tokens();
    // A repeat, a request for more than was granted, a reuse.
    world.refresh(&client, &first.refresh).tokens();
    let mut wider = refresh_form(&next.refresh).to_vec();
    wider.push(("scope", "patient/Coverage.rs"));
    assert_eq!(world.token(&client, &wider).status, 400);
    world
        .refresh(&client, &first.refresh)
        .is_refused(400, "invalid_grant");
    // A replayed code; a revoked token, twice; a revoked grant.
    let code = world.code(&client, &anne(), SCOPE);
    world.exchange(&client, &code).tokens();
    world
        .exchange(&client, &code)
        .is_refused(400, "invalid_grant");
    let tokens = world.connect(&client, &anne());
    for _ in 0..2 {
        let answer = world.about_token("revoke_token", &client, &tokens.refresh);
        assert_eq!(answer.status, 200);
    }
    let tokens = world.connect(&client, &bert());
    assert_eq!(
        world.about_token("revoke", &client, &tokens.refresh).status,
        200
    );
    // Narrowed, denied.
    world.connect(&client, &bert());
    world.code(&client, &bert(), "patient/Patient.rs");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &bert(), SCOPE);
    world.decide(&browser, &page, "deny", "share");
    // A conflict, and the same once more while it is unresolved.
    let impostor = Person::new("somebody", &anne().mbi);
    for _ in 0..2 {
        let browser = Browser::default();
        let started = world.authorize(&browser, &client, &[]);
        world
            .sign_in(&browser, &started, &impostor)
            .is_page(403, "identity_conflict");
    }
    // ONE_TIME, and an application that is changed and deleted with everything it was given.
    let once = world.register("Once", json!({ "data_access_type": "ONE_TIME" }));
    world
        .exchange(&once, &world.code(&once, &bert(), SCOPE))
        .tokens();
    let manage = |method: Method| {
        let body = json!({ "client_id": once.id, "client_name": "Once more", "redirect_uris": [REDIRECT] });
        let call = Call::new(method, &format!("/o/register/{}", once.id));
        world.send(call.bearer(&once.registration_token).json(&body))
    };
    assert_eq!(manage(Method::PUT).status, 200);
    assert_eq!(manage(Method::DELETE).status, 204);
    client
}

#[test]
fn after_every_kind_of_change_the_layers_agree() {
    let world = World::new();
    live(&world);
    let comparison = compare(&world);
    assert_eq!(findings(&world), Vec::<String>::new());
    assert!(
        comparison.changes > 20 && comparison.events > 15 && comparison.rows > 8,
        "{comparison:?}"
    );
    let report = block_on(verify(world.database.as_ref(), &[], None)).unwrap();
    assert!(report.schema.is_empty(), "{:?}", report.schema);
}

#[test]
fn a_change_that_no_request_made_is_named() {
    let world = World::new();
    live(&world);
    for (tampering, named) in [
        (
            "UPDATE consent_grant SET expires_at = 4102444800000 WHERE ended_at IS NULL",
            "update of consent_grant",
        ),
        (
            "UPDATE application SET redirect_uris = '[\"https://evil.example/\"]'",
            "update of application 1",
        ),
        (
            "UPDATE application SET status = 'suspended', request_id = 'made-up' WHERE id = 1",
            "request `made-up`",
        ),
        ("DELETE FROM consent_grant WHERE id = 1", "delete of consent_grant 1"),
        (
            "INSERT INTO identity (issuer, subject, subject_length, patient_id, created_at, request_id)
             VALUES ('i', x'61', 1, '-99', 1, (SELECT request_id FROM audit ORDER BY id DESC LIMIT 1))",
            "insert of identity",
        ),
    ] {
        world.sql("SAVEPOINT tampering");
        world.sql("PRAGMA defer_foreign_keys = ON");
        world.sql(tampering);
        let found = findings(&world);
        world.sql("ROLLBACK TO tampering");
        assert!(
            found.iter().any(|finding| finding.contains(named)),
            "{tampering}: {found:?}"
        );
    }
    assert_eq!(findings(&world), Vec::<String>::new());
}

/// Whoever takes the triggers away first leaves no record of the change; but the rows do not fit what was recorded.
#[test]
fn a_change_behind_the_back_of_the_triggers_is_named() {
    let world = World::new();
    live(&world);
    let triggers = world.sql("SELECT name FROM sqlite_schema WHERE type = 'trigger'");
    for (tampering, named) in [
        (
            "UPDATE consent_grant SET scope = 'profile', ended_at = NULL, end_reason = NULL WHERE id = 1",
            "consent_grant 1: scope is not what its last recorded change says",
        ),
        (
            "UPDATE identity SET held_at = NULL",
            "identity 1: held_at is not what its last recorded change says",
        ),
        (
            "DELETE FROM token_chain WHERE id = 2",
            "token_chain 2: it is gone, and no change removed it",
        ),
        (
            "INSERT INTO identity (issuer, subject, subject_length, patient_id, created_at, request_id)
             VALUES ('i', x'61', 1, '-99', 1, 'r')",
            "it is there, and no change made it",
        ),
        (
            "DELETE FROM store_event WHERE source = 'application_logo' OR source = 'token_chain'",
            "without its change",
        ),
        (
            "DELETE FROM audit WHERE action = 'token.refresh'",
            "the event of its commit is of another request",
        ),
    ] {
        world.sql("SAVEPOINT tampering");
        world.sql("PRAGMA defer_foreign_keys = ON");
        for trigger in &triggers {
            let Value::Text(name) = &trigger[0] else {
                panic!("a trigger without a name");
            };
            world.sql(&format!("DROP TRIGGER {name}"));
        }
        world.sql(tampering);
        let found = findings(&world);
        world.sql("ROLLBACK TO tampering");
        assert!(
            found.iter().any(|finding| finding.contains(named)),
            "{tampering}: {found:?}"
        );
    }
}

#[test]
fn an_event_of_a_change_that_is_not_there_is_named() {
    let world = World::new();
    live(&world);
    world.sql(
        "INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level)
         VALUES (1, 1, 'made-up', '', 'application', '', x'', 'revoke.grant', 'ok', '', 'info')",
    );
    let found = findings(&world);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].ends_with("(revoke.grant, request `made-up`) without its change"),
        "{found:?}"
    );
}
