//! `/account/`: sign-in, what is shown, revocation, and who may do it.

use super::*;
use crate::base::adapters::native::Fault;

/// Anne signs in at `/account/`; her page.
fn visit(world: &World, browser: &Browser, person: &Person) -> Answer {
    let started = browser.get(world, "/account/");
    let back = world.sign_in(browser, &started, person);
    assert_eq!(back.location(), "/account/");
    browser.get(world, back.location())
}

fn csrf(page: &Answer) -> String {
    between(&page.text(), "name=\"csrf\" value=\"", "\"")
}

/// The confirmation that follows "Stop access" of an application.
fn ask(world: &World, browser: &Browser, page: &Answer) -> Answer {
    let link = between(&page.text(), "href=\"/account/?revoke=", "\"");
    assert!(!link.is_empty(), "{}", page.text());
    browser.get(world, &format!("/account/?revoke={link}"))
}

fn confirm(world: &World, browser: &Browser, question: &Answer) -> Answer {
    let grant = between(&question.text(), "name=\"grant\" value=\"", "\"");
    let fields = [
        ("csrf", csrf(question)),
        ("grant", grant),
        ("action", "revoke".to_owned()),
    ];
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
    browser.send(world, Call::post("/account/").form(fields))
}

#[test]
fn the_account_page_shows_the_applications_that_a_person_connected() {
    let world = World::new();
    let client = world.app("Blue <Health>");
    let tokens = world.connect(&client, &anne());
    assert_eq!(world.claims(&tokens.access).status, 200);
    world.connect(&world.app("Bert's App"), &bert());

    let page = visit(&world, &Browser::default(), &anne()).text();
    assert!(page.contains("Blue &#60;Health&#62;"), "{page}");
    assert!(!page.contains("Bert&#39;s App"), "{page}");
    for text in [
        "Your claims: visits",
        "About you",
        "Your name and e-mail",
        "Looked at your Medicare information",
        "You allowed it to see your information",
        "You, or somebody with your password, signed in",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("not yet"), "{page}");
}

#[test]
fn what_an_application_does_on_a_day_is_one_line() {
    let world = World::new();
    let (one, two) = (world.app("One"), world.app("Two"));
    let tokens = [&one, &two].map(|client| world.connect(client, &anne()));
    let look = |times: usize| {
        for _ in 0..times {
            assert_eq!(world.claims(&tokens[0].access).status, 200);
        }
    };
    look(70);
    assert_eq!(world.claims(&tokens[1].access).status, 200);
    look(28);
    let page = visit(&world, &Browser::default(), &anne()).text();
    let lines = |page: &str| {
        let cells = page.split("<tbody>").nth(1).unwrap().to_owned();
        cells.matches("<tr>").count()
    };
    assert!(
        page.contains("<bdi>One</bdi></td><td>Looked at your Medicare information, 98 times</td>"),
        "{page}"
    );
    assert!(
        page.contains("<bdi>Two</bdi></td><td>Looked at your Medicare information</td>"),
        "{page}"
    );
    // One's and Two's looks, their consents, and the sign-ins.
    assert_eq!(lines(&page), 5, "{page}");
    world.advance(86_400);
    let tokens = world.connect(&one, &anne());
    assert_eq!(world.claims(&tokens.access).status, 200);
    let page = visit(&world, &Browser::default(), &anne()).text();
    assert_eq!(lines(&page), 8, "another day, other lines: {page}");
}

#[test]
fn a_revocation_at_the_account_page_stops_the_very_next_call() {
    let world = World::new();
    let client = world.app("App");
    let other = world.connect(&world.app("Other"), &anne());
    let tokens = world.connect(&client, &anne());
    let browser = Browser::default();
    let page = visit(&world, &browser, &anne());

    let question = ask(&world, &browser, &page);
    assert!(
        question
            .text()
            .contains("Stop the access of <bdi>App</bdi>?")
    );
    assert_eq!(world.claims(&tokens.access).status, 200, "asked only");

    let done = confirm(&world, &browser, &question);
    assert_eq!(done.location(), "/account/?revoked=1");
    world
        .claims(&tokens.access)
        .is_refused(403, "grant_revoked");
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(403, "invalid_grant");
    assert_eq!(world.claims(&other.access).status, 200);
    let page = browser.get(&world, done.location()).text();
    assert!(page.contains("Access was stopped"), "{page}");
    assert!(page.contains("You stopped its access"), "{page}");
    assert_eq!(page.matches("class=\"app\"").count(), 1, "{page}");
    assert_eq!(
        world.count("audit WHERE action = 'account.revoke' AND outcome = 'ok' AND actor = 'beneficiary' AND length(person) = 32"),
        1
    );

    // A double click changes nothing and says nothing wrong.
    assert_eq!(confirm(&world, &browser, &question).location(), "/account/");
    assert_eq!(world.count("audit WHERE action = 'account.revoke'"), 1);
}

#[test]
fn nobody_can_revoke_what_another_person_allowed() {
    let world = World::new();
    let tokens = world.connect(&world.app("App"), &bert());
    world.connect(&world.app("Mine"), &anne());
    let browser = Browser::default();
    let page = visit(&world, &browser, &anne());
    let Value::Integer(grant) = world.sql("SELECT MIN(id) FROM consent_grant")[0][0] else {
        panic!("no grant");
    };
    let asked = browser.get(&world, &format!("/account/?revoke={grant}"));
    assert!(asked.text().contains("Mine"), "the list, not the question");
    let grant = grant.to_string();
    let (csrf, action) = (csrf(&page), "revoke");
    let form = [
        ("csrf", csrf.as_str()),
        ("grant", &grant),
        ("action", action),
    ];
    let answer = browser.send(&world, Call::post("/account/").form(form));
    assert_eq!(answer.location(), "/account/");
    assert_eq!(world.claims(&tokens.access).status, 200);
}

#[test]
fn a_form_of_another_session_or_without_its_token_does_nothing() {
    let world = World::new();
    let tokens = world.connect(&world.app("App"), &anne());
    let (first, second) = (Browser::default(), Browser::default());
    let foreign = csrf(&visit(&world, &first, &anne()));
    let page = visit(&world, &second, &anne());
    let grant = between(&page.text(), "href=\"/account/?revoke=", "\"");
    for csrf in [foreign.as_str(), ""] {
        let form = [("csrf", csrf), ("grant", &grant), ("action", "revoke")];
        let answer = second.send(&world, Call::post("/account/").form(form));
        assert_eq!(answer.location(), "/account/");
    }
    // And without any session.
    let form = [
        ("csrf", foreign.as_str()),
        ("grant", &grant),
        ("action", "revoke"),
    ];
    let answer = Browser::default().send(&world, Call::post("/account/").form(form));
    assert_eq!(answer.location(), "/account/");
    assert_eq!(world.claims(&tokens.access).status, 200);
}

#[test]
fn the_session_ends_twelve_hours_after_the_sign_in_however_busy_it_is() {
    let world = World::new();
    let browser = Browser::default();
    visit(&world, &browser, &anne());
    for _ in 0..71 {
        world.advance(600);
        assert_eq!(browser.get(&world, "/account/").status, 200);
    }
    world.advance(599);
    assert_eq!(browser.get(&world, "/account/").status, 200);
    world.advance(1);
    assert_eq!(browser.get(&world, "/account/").status, 303);
}

#[test]
fn the_session_ends_after_fifteen_idle_minutes_and_by_sign_out() {
    let world = World::new();
    let browser = Browser::default();
    let page = visit(&world, &browser, &anne());
    for _ in 0..3 {
        world.advance(899);
        assert_eq!(browser.get(&world, "/account/").status, 200);
    }
    world.advance(900);
    assert_eq!(browser.get(&world, "/account/").status, 303, "idle");

    let kept = browser.clone();
    assert_ne!(csrf(&page), "");
    let page = csrf(&visit(&world, &browser, &anne()));
    let stolen = browser.clone();
    let form = [("csrf", page.as_str()), ("action", "sign_out")];
    let out = browser.send(&world, Call::post("/account/").form(form));
    // The provider of these tests has no sign-out of its own.
    assert_eq!(out.location(), "/signout");
    for browser in [browser, stolen, kept] {
        assert_eq!(browser.get(&world, "/account/").status, 303);
    }
}

#[test]
fn the_sign_in_of_a_visit_counts_once_and_in_its_own_browser() {
    let world = World::new();
    let browser = Browser::default();
    let started = browser.get(&world, "/account/");
    let back = world.outside.sign_in(started.location(), &anne());
    Browser::default()
        .get(&world, &back)
        .is_page(400, "transaction_expired");
    let late = browser.clone();
    assert_eq!(browser.get(&world, &back).location(), "/account/");
    // The same answer of the provider opens no second session.
    let again = late.get(&world, &back);
    assert_eq!(
        (again.status, again.page_error().as_str()),
        (400, "transaction_expired")
    );
    let expired = Browser::default();
    let started = expired.get(&world, "/account/");
    let back = world.outside.sign_in(started.location(), &anne());
    world.advance(600);
    expired
        .get(&world, &back)
        .is_page(400, "transaction_expired");
}

#[test]
fn a_conflict_at_the_account_page_is_refused_as_everywhere() {
    let world = World::new();
    world.connect(&world.app("App"), &anne());
    world.patient("1S00A00AA01", &["-2"]);
    let browser = Browser::default();
    let started = browser.get(&world, "/account/");
    let answer = world.sign_in(&browser, &started, &anne());
    answer.is_page(403, "identity_conflict");
    assert_eq!(world.audited(0)[2..], ["identity_conflict", "critical"]);
    assert_eq!(
        world.count("account_session WHERE session_hash IS NOT NULL"),
        0
    );
    assert_eq!(answer.button(), "/account/");
}

#[test]
fn a_session_whose_identity_was_held_meanwhile_shows_nothing() {
    let world = World::new();
    world.connect(&world.app("App"), &anne());
    let browser = Browser::default();
    visit(&world, &browser, &anne());
    world.sql("UPDATE identity SET held_at = 1");
    browser
        .get(&world, "/account/")
        .is_page(403, "identity_conflict");
}

#[test]
fn the_account_page_speaks_spanish() {
    let world = World::new();
    world.connect(&world.app("App"), &anne());
    let browser = Browser::default();
    visit(&world, &browser, &anne());
    let page = browser.get(&world, "/account/?lang=es").text();
    assert!(page.contains("<html lang=\"es\">"), "{page}");
    assert!(page.contains("Detener el acceso"), "{page}");
    // And stays so.
    let page = browser.get(&world, "/account/").text();
    assert!(
        page.contains("lang=\"es\"") && page.contains(" de "),
        "{page}"
    );
}

#[test]
fn the_consent_page_says_where_to_stop_it() {
    let world = World::new();
    let client = world.app("App");
    let page = world.consent_page(&Browser::default(), &client, &anne(), SCOPE);
    assert!(page.page.contains("<a href=\"/account/\">"));
}

#[test]
fn nothing_is_revoked_or_shown_while_the_store_fails() {
    let world = World::new();
    let tokens = world.connect(&world.app("App"), &anne());
    let browser = Browser::default();
    let page = visit(&world, &browser, &anne());
    let question = ask(&world, &browser, &page);
    // Reading the session, reading the person: before the statement that ends the grant.
    for statement in 0..2 {
        world.database.plan(Some((statement, Fault::Before)));
        let answer = confirm(&world, &browser, &question);
        world.database.finish();
        answer.is_page(503, "store_unavailable");
        assert_eq!(world.claims(&tokens.access).status, 200);
    }
    for statement in 0..4 {
        world.database.plan(Some((statement, Fault::Before)));
        let answer = browser.get(&world, "/account/");
        world.database.finish();
        answer.is_page(503, "store_unavailable");
    }
}
