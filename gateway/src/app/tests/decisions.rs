//! docs/contract/04-consent.md: one decision after another of the same request, and a store that fails in between.

use super::*;
use crate::base::adapters::native::Fault;

const WIDE: &str = "patient/Patient.rs patient/ExplanationOfBenefit.rs patient/Coverage.rs profile";

/// What the person decided last, as far as it gives less, is what holds.
#[test]
fn a_denial_after_allowing_ends_what_was_given_before_or_after_the_exchange() {
    for redeemed in [false, true] {
        let world = World::new();
        let client = world.app("App");
        let browser = Browser::default();
        let page = world.consent_page(&browser, &client, &anne(), SCOPE);
        let code = world.decide(&browser, &page, "allow", "share").code();
        let tokens = redeemed.then(|| world.exchange(&client, &code).tokens());
        world.advance(300);
        let denied = world.decide(&browser, &page, "deny", "share");
        assert_eq!(denied.back("error"), "access_denied");
        assert_eq!(world.audited(0)[..3], ["consent.deny", "ok", "taken_back"]);
        if let Some(tokens) = tokens {
            world
                .claims(&tokens.access)
                .is_refused(403, "grant_revoked");
            world
                .refresh(&client, &tokens.refresh)
                .is_refused(403, "invalid_grant");
        }
        world
            .exchange(&client, &code)
            .is_refused(400, "invalid_grant");
        assert_eq!(world.count("consent_grant WHERE ended_at IS NULL"), 0);
        // And it is said again, however often.
        let again = world.decide(&browser, &page, "deny", "withhold");
        assert_eq!(again.location(), denied.location());
        let wider = world.decide(&browser, &page, "allow", "share");
        assert!(wider.location().starts_with("/v2/"));
        assert_eq!(super::layers::findings(&world), Vec::<String>::new());
    }
}

#[test]
fn withholding_after_sharing_gives_another_code_and_ends_the_first() {
    for redeemed in [false, true] {
        let world = World::new();
        let client = world.app("App");
        let browser = Browser::default();
        let page = world.consent_page(&browser, &client, &anne(), SCOPE);
        let wide = world.decide(&browser, &page, "allow", "share").code();
        let tokens = redeemed.then(|| world.exchange(&client, &wide).tokens());
        let narrow = world.decide(&browser, &page, "allow", "withhold").code();
        assert_ne!(wide, narrow);
        assert_eq!(world.audited(0)[..3], ["consent.allow", "ok", "taken_back"]);
        if let Some(tokens) = tokens {
            world
                .claims(&tokens.access)
                .is_refused(401, "invalid_token");
        }
        world
            .exchange(&client, &wide)
            .is_refused(400, "invalid_grant");
        // Sharing again is wider: the narrower word holds.
        let wider = world.decide(&browser, &page, "allow", "share");
        assert!(wider.location().starts_with("/v2/"));
        let answer = world.exchange(&client, &narrow);
        assert_eq!(answer.json()["scope"], "patient/ExplanationOfBenefit.rs");
        assert_eq!(
            world.count("consent_grant WHERE profile_sealed IS NOT NULL"),
            0
        );
        let denied = world.decide(&browser, &page, "deny", "share");
        assert_eq!(denied.back("error"), "access_denied");
        world
            .claims(&answer.tokens().access)
            .is_refused(403, "grant_revoked");
    }
}

/// A denial concerns its own request: what the person allowed before, on another device, is as it was.
#[test]
fn taking_an_allow_back_leaves_what_was_there_before_it() {
    let world = World::new();
    let client = world.app("App");
    let laptop = world.exchange(
        &client,
        &world.code(&client, &anne(), "patient/ExplanationOfBenefit.rs"),
    );
    let laptop = laptop.tokens();
    let before = world.sql("SELECT scope, scope_bits, data_access_type, profile_sealed, flow_id, consented_at, expires_at FROM consent_grant");
    world.advance(86_400);
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), WIDE);
    let code = world.decide(&browser, &page, "allow", "share").code();
    let phone = world.exchange(&client, &code).tokens();
    world.decide(&browser, &page, "deny", "share");
    world.claims(&phone.access).is_refused(401, "invalid_token");
    world.refresh(&client, &laptop.refresh).tokens();
    let after = world.sql("SELECT scope, scope_bits, data_access_type, profile_sealed, flow_id, consented_at, expires_at FROM consent_grant");
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
}

#[test]
fn of_two_requests_each_is_taken_back_alone_in_either_order() {
    for order in [[0, 1], [1, 0]] {
        let world = World::new();
        let client = world.app("App");
        let browser = Browser::default();
        let pages =
            [SCOPE, WIDE].map(|scope| world.consent_page(&browser, &client, &anne(), scope));
        let tokens = [0, 1].map(|number: usize| {
            let code = world
                .decide(&browser, &pages[number], "allow", "share")
                .code();
            world.exchange(&client, &code).tokens()
        });
        world.decide(&browser, &pages[order[0]], "deny", "share");
        assert_ne!(world.claims(&tokens[order[0]].access).status, 200);
        assert_eq!(world.claims(&tokens[order[1]].access).status, 200);
        world.decide(&browser, &pages[order[1]], "deny", "share");
        assert_ne!(world.claims(&tokens[order[1]].access).status, 200);
        assert_eq!(world.count("consent_grant WHERE ended_at IS NULL"), 0);
    }
}

/// What a person ended elsewhere is not given again by an old form.
#[test]
fn a_narrower_allow_does_not_bring_back_what_was_revoked() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let code = world.decide(&browser, &page, "allow", "share").code();
    let tokens = world.exchange(&client, &code).tokens();
    assert_eq!(
        world.about_token("revoke", &client, &tokens.access).status,
        200
    );
    let narrower = world.decide(&browser, &page, "allow", "withhold");
    assert!(narrower.location().starts_with("/v2/"));
    assert_eq!(world.count("consent_grant WHERE ended_at IS NULL"), 0);
    // A suspended application is told nothing, and keeps nothing.
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    world.decide(&browser, &page, "allow", "share");
    world.suspend(&client);
    let denied = world.decide(&browser, &page, "deny", "share");
    assert!(denied.location().starts_with("/v2/"));
    assert_eq!(world.count("consent_grant WHERE ended_at IS NULL"), 0);
}

#[test]
fn a_store_that_fails_at_the_decision_keeps_the_choice_and_says_press_again() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    // Request, application, person, decision.
    for statement in 0..4 {
        world.log.0.lock().unwrap().clear();
        world.database.plan(Some((statement, Fault::Before)));
        let answer = world.decide(&browser, &page, "allow", "withhold");
        world.database.finish();
        let again = answer.location();
        assert!(
            again.ends_with("&again=failed&demographics=withhold"),
            "{again}"
        );
        let id = answer.header("x-request-id");
        let causes: Vec<_> = world.log.0.lock().unwrap().clone();
        let causes = causes
            .iter()
            .filter(|line| line.contains("store.error") && line.contains(id));
        assert_eq!(causes.count(), 1, "{statement}");
        let shown = ConsentForm::of(&browser.get(&world, again)).page;
        assert!(shown.contains("role=\"alert\""), "{shown}");
        assert!(shown.contains("value=\"withhold\" checked"), "{shown}");
        assert!(!shown.contains("value=\"share\" checked"), "{shown}");
    }
    // A forged form is something else, and nothing failed.
    let forged = ConsentForm {
        csrf: "x".repeat(43),
        ..page.clone()
    };
    world.log.0.lock().unwrap().clear();
    let answer = world.decide(&browser, &forged, "allow", "share");
    assert!(!answer.location().contains("again="));
    assert!(!format!("{:?}", world.log.0.lock().unwrap()).contains("store.error"));
    world.decide(&browser, &page, "allow", "withhold").code();
}

/// Kept, and its answer lost: the page is there again, and the press gets the answer that was lost.
#[test]
fn a_decision_whose_answer_was_lost_can_be_pressed_again() {
    for (decision, parameter) in [("allow", "code"), ("deny", "error")] {
        let world = World::new();
        let client = world.app("App");
        let browser = Browser::default();
        let page = world.consent_page(&browser, &client, &anne(), SCOPE);
        world.database.plan(Some((3, Fault::After)));
        let lost = world.decide(&browser, &page, decision, "share");
        world.database.finish();
        let page = ConsentForm::of(&browser.get(&world, lost.location()));
        let answer = world.decide(&browser, &page, decision, "share");
        assert_ne!(answer.back(parameter), "", "{}", answer.location());
    }
}

/// What a re-authentication or the end of a link does to a request that waits for its decision.
const SIGNED_OUT: &str = "UPDATE authorization_request SET identity_id = NULL, signed_in_at = NULL WHERE decided_at IS NULL";
const DECIDES: &str = "UPDATE authorization_request SET decided_at";

/// A page that was shown to Anne, and what one press on it leaves.
fn pressed(
    decision: &str,
    before: impl FnOnce(&World),
    fault: Option<(usize, Fault)>,
) -> (World, Vec<String>) {
    let world = World::new();
    let client = world.app("App");
    world.connect(&client, &bert());
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    before(&world);
    world.database.plan(fault);
    let answer = world.decide(&browser, &page, decision, "share");
    let statements = world.database.finish();
    let gone = answer.location().starts_with(REDIRECT);
    assert_eq!(
        gone,
        world.count("authorization_request WHERE decided_at IS NOT NULL") == 2
    );
    (world, statements)
}

fn decides(statements: &[String]) -> Option<usize> {
    statements.iter().position(|sql| sql.contains(DECIDES))
}

/// docs/contract/04-consent.md: a decision is of whoever signed in. Three layers say so; each is tried where the others
/// let the press through.
#[test]
fn each_layer_alone_stops_a_decision_of_nobody() {
    for decision in ["allow", "deny"] {
        let (world, statements) = pressed(decision, |_| {}, None);
        let at = decides(&statements).expect("the statement that decides");
        assert_eq!(
            world.count("authorization_request WHERE decided_at IS NOT NULL"),
            2
        );

        // The handler: the form was good, and nobody is signed in any more. No statement is even tried.
        let (world, statements) = pressed(decision, |world| drop(world.sql(SIGNED_OUT)), None);
        assert_eq!(decides(&statements), None, "{statements:?}");
        assert_eq!(
            world.audited(0)[..3],
            ["consent.decide", "refused", "request_over"]
        );

        // The form: somebody is signed in, and it was made for another.
        let other = "UPDATE authorization_request SET identity_id = 1 WHERE decided_at IS NULL";
        let (world, statements) = pressed(decision, |world| drop(world.sql(other)), None);
        assert_eq!(decides(&statements), None, "{statements:?}");
        assert_eq!(
            world.audited(0)[..3],
            ["consent.decide", "refused", "form_foreign"]
        );

        // The statement: the sign-in ends after everything else was looked at.
        let meanwhile = Some((at, Fault::Meanwhile(SIGNED_OUT)));
        let (world, statements) = pressed(decision, |_| {}, meanwhile);
        assert_eq!(decides(&statements), Some(at));
        assert_eq!(
            world.count("authorization_request WHERE decided_at IS NOT NULL"),
            1
        );
        assert_eq!(
            world.audited(0)[..3],
            ["consent.decide", "refused", "request_over"]
        );
    }
}
