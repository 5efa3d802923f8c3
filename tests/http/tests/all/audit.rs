//! The audit of a whole run: both layers agree, the chain is whole, and nothing that operators can read of it says
//! who anybody is (docs/contract/10-audit.md). The witness looks through every answer here when the stack ends.

use std::time::Duration;

use bluegate_http_tests::{Answer, Application, Consent, Flow, Stack, Tokens};
use http::Method;

use crate::operators::{OPERATORS, act, operated};
use crate::support::assert_problem;

fn look(stack: &Stack, target: &str) -> Answer {
    stack.browser().send(
        Method::GET,
        target,
        &[("authorization", "Bearer reader")],
        Vec::new(),
    )
}

#[test]
fn after_a_whole_run_the_layers_agree_and_no_output_of_the_audit_says_who_anybody_is() {
    let stack = operated();
    let app = Application::confidential(&stack, "Audited");
    for (version, user) in [
        ("v1", "BBUser00031"),
        ("v2", "BBUser00032"),
        ("v3", "BBUser00033"),
    ] {
        let flow = match version {
            // v3 takes no request without scopes.
            "v3" => Flow::new(version).with_scope("patient/*.rs profile"),
            _ => Flow::new(version),
        };
        let tokens = flow.tokens(&stack, &app, user, Consent::ALLOW);
        let bearer = format!("Bearer {}", tokens.access);
        let mut browser = stack.browser();
        for path in [
            "fhir/Patient",
            "fhir/ExplanationOfBenefit",
            "fhir/Coverage",
            "connect/userinfo",
        ] {
            let target = format!("/{version}/{path}");
            browser
                .send(
                    Method::GET,
                    &target,
                    &[("authorization", &bearer)],
                    Vec::new(),
                )
                .expect(200);
        }
        // A look at somebody else is refused, and told of.
        let target = format!("/{version}/fhir/Patient/-20140000008325");
        let refused = browser.send(
            Method::GET,
            &target,
            &[("authorization", &bearer)],
            Vec::new(),
        );
        assert_ne!(refused.status, 200);
        let next = Tokens::read(&flow.refresh(&stack, &app, &tokens.refresh, None));
        app.send_token(
            &stack,
            &format!("/{version}/o/revoke_token/"),
            &next.refresh,
        )
        .expect(200);
    }
    act(&stack, "approver", &app, "suspend").expect(200);
    // What is due is done by a tick at the latest.
    let bearer = [("authorization", "Bearer reader")];
    stack
        .browser()
        .send(Method::POST, "/ops/tick", &bearer, Vec::new())
        .expect(200);

    let verified = look(&stack, "/ops/audit/verify").expect(200).json();
    assert_eq!(verified["whole"], true, "{verified}");
    assert!(verified["links"].as_i64() > Some(0), "{verified}");
    let compared = look(&stack, "/ops/audit/reconcile").expect(200).json();
    assert_eq!(compared["findings"], serde_json::json!([]), "{compared}");
    let exported = look(&stack, "/ops/audit/export").expect(200);
    let text = String::from_utf8(exported.plain()).expect("lines");
    for wanted in [
        "\"layer\":\"api\"",
        "\"layer\":\"store\"",
        "\"layer\":\"link\"",
        "\"action\":\"fhir.search\"",
        "\"source\":\"consent_grant\"",
        "\"source\":\"identity\"",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
    assert!(
        text.trim_end()
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("{\"layer\":\"head\""))
    );
    look(&stack, "/ops/metrics").expect(200);
    for route in [
        "/ops/alerts",
        "/ops/identity",
        "/ops/applications?status=suspended",
    ] {
        look(&stack, route).expect(200);
    }
}

#[test]
fn the_chain_goes_on_by_traffic_alone() {
    let stack = operated();
    let app = Application::public(&stack, "Chained");
    Flow::new("v2").tokens(&stack, &app, "BBUser00034", Consent::ALLOW);
    // After an answer, once a second for each instance: later requests drain what earlier ones left.
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(200));
        stack.browser().get("/health/ready").expect(200);
        let links: i64 = rusqlite::Connection::open(stack.database())
            .expect("the store")
            .query_row("SELECT COUNT(*) FROM chain_link", [], |row| row.get(0))
            .expect("a number");
        if links > 0 {
            return;
        }
    }
    panic!("no link in ten seconds of traffic");
}

#[test]
fn after_a_restore_with_a_new_epoch_no_earlier_token_works() {
    let mut stack = operated();
    let app = Application::confidential(&stack, "Restored");
    let flow = Flow::new("v2");
    let tokens = flow.tokens(&stack, &app, "BBUser00035", Consent::ALLOW);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock")
        .as_secs();
    let epoch = (now + 1).to_string();
    std::thread::sleep(Duration::from_millis(1_100));
    stack.restart(&[("operators", &OPERATORS), ("token_epoch", &epoch)]);
    let bearer = format!("Bearer {}", tokens.access);
    let answer = stack.browser().send(
        Method::GET,
        "/v2/fhir/Patient",
        &[("authorization", &bearer)],
        Vec::new(),
    );
    assert_problem(&answer, 401, "invalid_token");
    assert_eq!(
        flow.refresh(&stack, &app, &tokens.refresh, None).status,
        400
    );
    let anew = flow.tokens(&stack, &app, "BBUser00035", Consent::ALLOW);
    let bearer = format!("Bearer {}", anew.access);
    stack
        .browser()
        .send(
            Method::GET,
            "/v2/fhir/Patient",
            &[("authorization", &bearer)],
            Vec::new(),
        )
        .expect(200);
}
