//! docs/contract/04-consent.md: a decision holds for what was shown; and the way back to the application where a
//! page can do no more.

use super::*;
use crate::base::adapters::native::Fault;

/// Where the page's link to the application leads; empty where there is none.
fn way_back(page: &Answer) -> String {
    let link = between(&page.text(), "class=\"button quiet\" href=\"", "\"");
    link.replace("&#38;", "&").replace("&amp;", "&")
}

fn parameter(link: &str, name: &str) -> String {
    let url = url::Url::parse(link).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

const CHANGES: [&str; 5] = [
    "UPDATE application SET data_access_type = 'RESEARCH_STUDY', updated_at = updated_at + 1",
    "UPDATE application SET client_name = 'Another Name', updated_at = updated_at + 1",
    "UPDATE application SET requires_demographics = 0, updated_at = updated_at + 1",
    "UPDATE application SET metadata = json_set(metadata, '$.tos_uri', 'https://app.example/new'), updated_at = updated_at + 1",
    "INSERT INTO application_logo (application_id, media_type, bytes, updated_at, request_id)
     SELECT id, 'image/png', x'01', 1, 'r' FROM application",
];

#[test]
fn what_changed_since_it_was_shown_is_shown_again_before_it_can_be_allowed() {
    for change in CHANGES {
        let world = World::new();
        let client = world.app("App");
        let browser = Browser::default();
        let page = world.consent_page(&browser, &client, &anne(), SCOPE);
        world.sql(change);
        let answer = world.decide(&browser, &page, "allow", "withhold");
        assert!(
            answer
                .location()
                .ends_with("&again=changed&demographics=withhold"),
            "{change}: {}",
            answer.location()
        );
        assert_eq!(world.count("authorization_code"), 0, "{change}");
        let page = ConsentForm::of(&browser.get(&world, answer.location()));
        assert!(page.page.contains("role=\"alert\""), "{}", page.page);
        world.decide(&browser, &page, "allow", "share").code();
        // A second press of what was decided is no new decision.
        world.sql("UPDATE application SET client_name = 'Third', updated_at = updated_at + 1");
        world.decide(&browser, &page, "allow", "share").code();
    }
}

#[test]
fn a_denial_holds_whatever_changed() {
    for change in CHANGES {
        let world = World::new();
        let client = world.app("App");
        let browser = Browser::default();
        let page = world.consent_page(&browser, &client, &anne(), SCOPE);
        world.decide(&browser, &page, "allow", "share").code();
        world.sql(change);
        let answer = world.decide(&browser, &page, "deny", "share");
        assert_eq!(answer.back("error"), "access_denied", "{change}");
        assert_eq!(world.count("consent_grant WHERE ended_at IS NULL"), 0);
    }
}

/// Between reading the application and writing the decision too.
#[test]
fn a_change_that_races_a_press_is_never_what_was_allowed() {
    let world = World::new();
    let client = world.app("App");
    for change in [CHANGES[0], CHANGES[4]] {
        for statement in 0..8 {
            world.sql("SAVEPOINT run");
            let browser = Browser::default();
            let page = world.consent_page(&browser, &client, &anne(), SCOPE);
            world
                .database
                .plan(Some((statement, Fault::Meanwhile(change))));
            let answer = world.decide(&browser, &page, "allow", "share");
            let seen = world.database.finish();
            // What came after the decision came too late for it.
            let decided = answer.location().starts_with(REDIRECT);
            let wrote = seen
                .iter()
                .position(|sql| sql.contains("decision = 'allow'"))
                .unwrap_or(usize::MAX);
            assert_eq!(decided, statement > wrote, "{statement} {change}");
            world.sql("ROLLBACK TO run");
            world.sql("RELEASE run");
        }
    }
}

#[test]
fn a_redirect_uri_that_was_removed_gets_neither_code_nor_denial() {
    for decision in ["allow", "deny"] {
        let world = World::new();
        let client = world.app("App");
        let browser = Browser::default();
        let page = world.consent_page(&browser, &client, &anne(), SCOPE);
        world.sql("UPDATE application SET redirect_uris = '[\"https://app.example/other\"]', updated_at = updated_at + 1");
        let answer = world.decide(&browser, &page, decision, "share");
        assert!(
            answer.location().starts_with("/v2/"),
            "{}",
            answer.location()
        );
        let shown = browser.get(&world, answer.location());
        assert_eq!(way_back(&shown), "", "{}", shown.text());
        assert_eq!(shown.status, 400);
        assert_eq!(world.count("authorization_code"), 0);
    }
}

#[test]
fn scopes_that_the_application_may_no_longer_have_are_refused() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    world.sql("UPDATE application SET scope = 'patient/Coverage.rs', scope_bits = 0, updated_at = updated_at + 1");
    let answer = world.decide(&browser, &page, "allow", "share");
    let shown = browser.get(&world, answer.location());
    assert_eq!(shown.back("error"), "invalid_scope");
    assert_eq!(world.count("authorization_code"), 0);
}

#[test]
fn a_page_that_can_no_longer_be_used_leads_back_to_its_application() {
    let world = World::new();
    let client = world.app("My <App>");
    let browser = Browser::default();
    let consent = |page: &ConsentForm| {
        let path = format!("/v2/o/authorize/consent?transaction={}", page.transaction);
        browser.get(&world, &path)
    };
    // Answered: with a code that was used, with a denial; open for too long.
    let allowed = world.consent_page(&browser, &client, &anne(), SCOPE);
    let code = world.decide(&browser, &allowed, "allow", "share").code();
    world.exchange(&client, &code).tokens();
    let denied = world.consent_page(&browser, &client, &anne(), SCOPE);
    world.decide(&browser, &denied, "deny", "share");
    let late = world.consent_page(&browser, &client, &anne(), SCOPE);
    world.advance(601);
    for (page, error) in [
        (&allowed, "server_error"),
        (&denied, "access_denied"),
        (&late, "access_denied"),
    ] {
        let shown = consent(page);
        shown.is_page(400, "transaction_expired");
        let link = way_back(&shown);
        assert!(link.starts_with(&format!("{REDIRECT}?")), "{link}");
        assert_eq!(parameter(&link, "error"), error);
        assert_eq!(parameter(&link, "state"), STATE);
        assert_eq!(parameter(&link, "iss"), BASE);
        assert_eq!(parameter(&link, "code"), "");
        assert!(shown.text().contains("<bdi>My &#60;App&#62;</bdi>"));
    }
    // For the browser that began it, while the address is the application's own, and the application may be used.
    let path = format!("/v2/o/authorize/consent?transaction={}", late.transaction);
    assert_eq!(way_back(&Browser::default().get(&world, &path)), "");
    let unknown = "/v2/o/authorize/consent?transaction=https://evil.example/";
    assert_eq!(way_back(&browser.get(&world, unknown)), "");
    world.suspend(&client);
    assert_eq!(way_back(&consent(&late)), "");
    world.set_status(&client, "active");
    world.sql("UPDATE application SET redirect_uris = '[\"https://app.example/other\"]'");
    assert_eq!(way_back(&consent(&late)), "");
}

#[test]
fn a_sign_in_that_was_cancelled_leads_back_to_the_application() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let started = world.authorize(&browser, &client, &[]);
    let back = world.outside.sign_in(started.location(), &anne());
    let cancelled = browser.get(&world, &format!("{back}&error=access_denied"));
    cancelled.is_page(400, "signin_cancelled");
    let link = way_back(&cancelled);
    assert!(link.starts_with(REDIRECT), "{link}");
    assert_eq!(parameter(&link, "error"), "access_denied");
    assert_eq!(parameter(&link, "state"), STATE);
    assert!(!cancelled.button().is_empty(), "or tries again");
    // The callback of a page that was open for too long.
    let started = world.authorize(&browser, &client, &[]);
    let back = world.outside.sign_in(started.location(), &anne());
    world.advance(601);
    let late = browser.get(&world, &back);
    late.is_page(400, "transaction_expired");
    assert_eq!(parameter(&way_back(&late), "error"), "access_denied");
}
