//! Many at once: a code is redeemed exactly once, and refreshes agree (docs/contract/05-token-exchange.md and
//! 06-token-refresh.md).

use std::sync::Barrier;
use std::thread;

use bluegate_http_tests::{Answer, Consent, Flow, Stack, Tokens};

use crate::support::{public, works};

const CLIENTS: usize = 16;
const ROUNDS: usize = 20;

/// Sends the same request from all clients at the same moment.
fn at_once(send: impl Fn() -> Answer + Sync) -> Vec<Answer> {
    let start = Barrier::new(CLIENTS);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    send()
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().expect("an answer"))
            .collect()
    })
}

/// Every request gets an instance of its own, so that sixteen at once are sixteen instances on one store.
const ALONE: [&str; 4] = [
    "--max-instance-concurrent-reuse-count",
    "1",
    "--max-instance-reuse-count",
    "1",
];

#[test]
fn of_16_that_redeem_one_code_at_once_exactly_one_succeeds_and_its_chain_ends() {
    one_redeems(&Stack::start(), ROUNDS);
}

#[test]
fn whichever_instance_serves_it_a_code_is_redeemed_exactly_once() {
    one_redeems(&Stack::with_options(&[], &ALONE), 6);
}

fn one_redeems(stack: &Stack, rounds: usize) {
    let (app, flow) = (public(stack), Flow::new("v2"));
    for round in 0..rounds {
        let code = flow.code(stack, &app, "BBUser28324", Consent::ALLOW);
        let answers = at_once(|| flow.exchange(stack, &app, &code));
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1, "round {round}");
        for answer in lost {
            assert_eq!(
                answer.status.as_u16(),
                400,
                "round {round}: {}",
                answer.text()
            );
            assert_eq!(answer.field("error"), "invalid_grant");
        }
        let tokens = Tokens::read(won[0]);
        assert!(!works(stack, &tokens.access), "round {round}");
        assert_eq!(
            flow.refresh(stack, &app, &tokens.refresh, None)
                .status
                .as_u16(),
            400,
            "round {round}"
        );
    }
}

#[test]
fn sixteen_refreshes_at_once_all_get_the_same_refresh_token() {
    refreshes_agree(&Stack::start(), ROUNDS);
}

#[test]
fn whichever_instances_serve_them_refreshes_agree() {
    refreshes_agree(&Stack::with_options(&[], &ALONE), 6);
}

fn refreshes_agree(stack: &Stack, rounds: usize) {
    let (app, flow) = (public(stack), Flow::new("v2"));
    let mut tokens = flow.tokens(stack, &app, "BBUser28324", Consent::ALLOW);
    for round in 0..rounds {
        let answers = at_once(|| flow.refresh(stack, &app, &tokens.refresh, None));
        let refreshed: Vec<_> = answers
            .into_iter()
            .map(|answer| Tokens::read(&answer.expect(200)))
            .collect();
        for other in &refreshed {
            assert_eq!(other.refresh, refreshed[0].refresh, "round {round}");
            assert_ne!(other.refresh, tokens.refresh);
        }
        assert!(works(stack, &refreshed[0].access) && works(stack, &refreshed[CLIENTS - 1].access));
        tokens = refreshed[0].clone();
    }
}

#[test]
fn two_that_decide_one_consent_at_once_get_the_same_code() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    for round in 0..5 {
        let mut browser = stack.browser();
        let page = flow.to_consent(&mut browser, &app, "BBUser28324");
        let answers = at_once(|| flow.decide(&mut browser.clone(), &page, Consent::ALLOW));
        let codes: Vec<_> = answers
            .iter()
            .filter_map(|answer| answer.redirected("code"))
            .collect();
        assert!(!codes.is_empty());
        assert!(
            codes.iter().all(|code| *code == codes[0]),
            "round {round}: one code at most"
        );
        assert_eq!(
            codes.len(),
            CLIENTS,
            "round {round}: whoever clicked comes back to the application"
        );
        flow.exchange(&stack, &app, &codes[0]).expect(200);
    }
}

#[test]
fn of_many_that_register_one_name_at_once_exactly_one_succeeds() {
    let stack = Stack::shared();
    let body = serde_json::json!({
        "client_name": crate::support::name(),
        "redirect_uris": ["https://app.example/callback"],
    })
    .to_string();
    let answers = at_once(|| {
        stack.browser().send(
            http::Method::POST,
            "/o/register",
            &[("content-type", "application/json")],
            body.clone().into_bytes(),
        )
    });
    let statuses: Vec<_> = answers
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 400).count(),
        CLIENTS - 1,
        "{statuses:?}"
    );
}

#[test]
fn the_first_requests_of_a_new_store_all_succeed() {
    for _ in 0..3 {
        let stack = Stack::start();
        let answers = at_once(|| stack.browser().get("/health/ready"));
        let statuses: Vec<_> = answers
            .iter()
            .map(|answer| answer.status.as_u16())
            .collect();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    }
}

#[test]
fn sixteen_people_at_once_each_see_only_their_own() {
    let stack = Stack::shared();
    let app = public(&stack);
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (stack, app) = (&stack, &app);
            scope.spawn(move || {
                let user = format!("BBUser{:05}", 20_100 + number);
                let tokens = Flow::new("v2").tokens(stack, app, &user, Consent::ALLOW);
                assert_eq!(tokens.patient, format!("-201400000{:05}", 101 + number));
                for page in crate::support::pages(
                    stack,
                    &tokens.access,
                    "/v2/fhir/ExplanationOfBenefit?_count=50",
                ) {
                    for claim in crate::support::entries(&page) {
                        assert_eq!(
                            claim["patient"]["reference"],
                            format!("Patient/{}", tokens.patient)
                        );
                    }
                }
            });
        }
    });
}
