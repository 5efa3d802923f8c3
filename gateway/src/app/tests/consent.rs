//! docs/contract/04-consent.md: the decision, who may make it, how often, and what it does to earlier ones.

use super::*;

const WIDE: &str = "patient/Patient.rs patient/ExplanationOfBenefit.rs patient/Coverage.rs profile";

#[test]
fn a_narrowing_consent_ends_the_earlier_chains() {
    let world = World::new();
    let client = world.app("App");
    let wide = world.connect(&client, &anne());
    let narrow = world.code(&client, &anne(), "patient/ExplanationOfBenefit.rs");
    world.claims(&wide.access).is_refused(401, "invalid_token");
    world
        .refresh(&client, &wide.refresh)
        .is_refused(400, "invalid_grant");
    let narrow = world.exchange(&client, &narrow).tokens();
    assert_eq!(world.claims(&narrow.access).status, 200);
    world
        .userinfo(&narrow.access)
        .is_refused(403, "insufficient_scope");
}

#[test]
fn withholding_demographics_narrows_and_ends_the_earlier_chains() {
    let world = World::new();
    let client = world.app("App");
    let shared = world.connect(&client, &anne());
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let code = world.decide(&browser, &page, "allow", "withhold").code();
    world
        .claims(&shared.access)
        .is_refused(401, "invalid_token");
    let answer = world.exchange(&client, &code);
    assert_eq!(answer.json()["scope"], "patient/ExplanationOfBenefit.rs");
    assert_eq!(answer.json()["patient"], "-1");
    assert_eq!(
        world.count("consent_grant WHERE profile_sealed IS NOT NULL"),
        0
    );
}

#[test]
fn a_consent_to_as_much_or_more_keeps_the_other_devices() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    for scope in [SCOPE, WIDE] {
        world
            .exchange(&client, &world.code(&client, &anne(), scope))
            .tokens();
        assert_eq!(world.claims(&first.access).status, 200, "{scope}");
    }
    // The old token did not grow.
    world
        .send(Call::get("/v2/fhir/Coverage").bearer(&first.access))
        .is_refused(403, "insufficient_scope");
    assert_eq!(world.count("consent_grant"), 1);
    world.refresh(&client, &first.refresh).tokens();
}

#[test]
fn a_code_of_a_wider_consent_is_worthless_after_a_narrowing_one() {
    let world = World::new();
    let client = world.app("App");
    let wide = world.code(&client, &anne(), WIDE);
    let narrow = world.code(&client, &anne(), "patient/Coverage.rs");
    world
        .exchange(&client, &wide)
        .is_refused(400, "invalid_grant");
    world.exchange(&client, &narrow).tokens();
}

#[test]
fn a_narrowing_consent_concerns_this_person_and_application_only() {
    let world = World::new();
    let (client, other) = (world.app("App"), world.app("Other App"));
    let bert = world.connect(&client, &bert());
    let elsewhere = world.connect(&other, &anne());
    world.connect(&client, &anne());
    world.code(&client, &anne(), "patient/Coverage.rs");
    assert_eq!(world.claims(&bert.access).status, 200);
    assert_eq!(world.claims(&elsewhere.access).status, 200);
}

#[test]
fn deny_gives_access_denied_and_nothing_else() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let answer = world.decide(&browser, &page, "deny", "share");
    assert_eq!(answer.back("error"), "access_denied");
    assert_eq!(
        (answer.back("state"), answer.back("iss")),
        (STATE.to_owned(), BASE.to_owned())
    );
    assert_eq!(world.audited(0)[..2], ["consent.deny", "ok"]);
    assert_eq!(
        world.count("consent_grant") + world.count("authorization_code"),
        0
    );
    // The denial stands: the same form cannot allow afterwards.
    let again = world.decide(&browser, &page, "allow", "share");
    browser
        .get(&world, again.location())
        .is_page(400, "transaction_expired");
    assert_eq!(world.count("authorization_code"), 0);
}

#[test]
fn withholding_what_is_all_that_was_asked_for_is_access_denied() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), "patient/Patient.rs profile");
    let answer = world.decide(&browser, &page, "allow", "withhold");
    assert_eq!(answer.back("error"), "access_denied");
    assert_eq!(world.count("consent_grant"), 0);
}

#[test]
fn a_double_click_gives_the_same_code_once() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let first = world.decide(&browser, &page, "allow", "share").code();
    let second = world.decide(&browser, &page, "allow", "share").code();
    assert_eq!(first, second);
    assert_eq!(world.count("authorization_code"), 1);
    world.exchange(&client, &first).tokens();
    // The back button after the application has its tokens: no second code.
    let late = world.decide(&browser, &page, "allow", "share");
    browser
        .get(&world, late.location())
        .is_page(400, "transaction_expired");
    assert_eq!(world.count("authorization_code"), 1);
}

#[test]
fn two_tabs_of_one_browser_are_two_transactions() {
    let world = World::new();
    let (one, two) = (world.app("One"), world.app("Two"));
    let browser = Browser::default();
    let first = world.authorize(&browser, &one, &[]);
    let second = world.authorize(&browser, &two, &[]);
    let back_of_first = world.sign_in(&browser, &first, &anne());
    let back_of_second = world.sign_in(&browser, &second, &anne());
    let page_of_first = ConsentForm::of(&browser.get(&world, back_of_first.location()));
    let page_of_second = ConsentForm::of(&browser.get(&world, back_of_second.location()));
    let code_of_second = world
        .decide(&browser, &page_of_second, "allow", "share")
        .code();
    let code_of_first = world
        .decide(&browser, &page_of_first, "allow", "share")
        .code();
    let person = |client, code| world.exchange(client, code).json()["patient"].clone();
    assert_eq!(person(&one, &code_of_first), "-1");
    assert_eq!(person(&two, &code_of_second), "-1");
}

#[test]
fn the_form_of_one_tab_does_not_decide_the_other() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let one = world.consent_page(&browser, &client, &anne(), SCOPE);
    let two = world.consent_page(&browser, &client, &anne(), SCOPE);
    let mixed = ConsentForm {
        csrf: one.csrf,
        ..two
    };
    let answer = world.decide(&browser, &mixed, "allow", "share");
    assert!(answer.location().starts_with("/v2/o/authorize/consent?"));
    assert_eq!(world.count("authorization_code"), 0);
}

#[test]
fn another_browser_can_neither_see_nor_decide() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    for stranger in [Browser::default(), {
        let stranger = Browser::default();
        world.authorize(&stranger, &client, &[]);
        stranger
    }] {
        let path = format!("/v2/o/authorize/consent?transaction={}", page.transaction);
        stranger
            .get(&world, &path)
            .is_page(400, "transaction_expired");
        assert!(
            world
                .decide(&stranger, &page, "allow", "share")
                .location()
                .starts_with("/v2/")
        );
    }
    let started = world.authorize(&browser, &client, &[]);
    let back = world.outside.sign_in(started.location(), &anne());
    Browser::default()
        .get(&world, &back)
        .is_page(400, "transaction_expired");
    assert_eq!(world.count("authorization_code"), 0);
}

/// docs/contract/04-consent.md: the page shows who is signed in; its Allow is that person's and nobody else's.
#[test]
fn a_page_shown_to_one_person_does_not_decide_for_another() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    assert!(page.page.contains("Name of 1S00A00AA01"));
    // "Use another account" in a second tab, on the same transaction.
    let another = format!(
        "/v2/o/authorize/consent?transaction={}&another=1",
        page.transaction
    );
    let to_provider = browser.get(&world, &another);
    assert!(to_provider.location().contains("prompt=login"));
    world.sign_in(&browser, &to_provider, &bert());
    // The first tab still shows Anne's name.
    let answer = world.decide(&browser, &page, "allow", "share");
    assert!(
        !answer.location().contains("code="),
        "Bert's data on Anne's page"
    );
    assert_eq!(world.count("authorization_code"), 0);
}

/// docs/contract/02-authorize.md, step 5: one cookie for a browser, many transactions, of several applications as well.
#[test]
fn two_applications_at_once_in_one_browser_do_not_mix() {
    let world = World::new();
    let (one, two) = (world.app("One"), world.app("Two"));
    let browser = Browser::default();
    let page_of_one = world.consent_page(&browser, &one, &anne(), SCOPE);
    let page_of_two = world.consent_page(&browser, &two, &anne(), SCOPE);
    let code_of_two = world
        .decide(&browser, &page_of_two, "allow", "withhold")
        .code();
    let code_of_one = world
        .decide(&browser, &page_of_one, "allow", "share")
        .code();
    world
        .exchange(&one, &code_of_two)
        .is_refused(400, "invalid_grant");
    let scope = |client: &Client, code: &str| {
        world.exchange(client, code).json()["scope"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(scope(&one, &code_of_one).contains("profile"));
    assert!(!scope(&two, &code_of_two).contains("profile"));
}

/// Sign-ins are limited for each application too, not only for each address; those that failed count for
/// no application.
#[test]
fn a_finished_sign_in_counts_for_its_application_and_no_other_does() {
    let world = World::with(&[("rate_limit_per_minute", "3")]);
    let client = world.app("App");
    let sign_in = |host: u8, finished: bool| {
        let browser = Browser::default();
        let peer = format!("10.0.0.{host}:1");
        let from = |target: &str| browser.send_from(&world, &peer, Call::get(target));
        let target = format!("/v2/o/authorize/?{}", form(request_of(&client)));
        let back = world.outside.sign_in(from(&target).location(), &anne());
        let back = if finished {
            back
        } else {
            back.replace("code=", "code=x")
        };
        from(&back).status
    };
    for host in 0..10 {
        assert!([400, 502].contains(&sign_in(host, false)), "{host}");
    }
    let statuses = [11, 12, 13, 14].map(|host| sign_in(host, true));
    assert_eq!(statuses, [303, 303, 303, 429]);
}

/// docs/contract/03-sign-in.md: names are sealed for one sign-in of one person. A browser that kept the former
/// person's cookie shows and stores no name rather than a wrong one.
#[test]
fn the_name_of_one_person_is_never_kept_with_another() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let of_anne = browser.clone();
    let another = format!(
        "/v2/o/authorize/consent?transaction={}&another=1",
        page.transaction
    );
    let to_provider = browser.get(&world, &another);
    let back = world.sign_in(&browser, &to_provider, &bert());
    // Bert is signed in; the cookie is still Anne's.
    let page = ConsentForm::of(&of_anne.get(&world, back.location()));
    assert!(!page.page.contains("Name of"), "{}", page.page);
    let code = world.decide(&of_anne, &page, "allow", "share").code();
    assert_eq!(
        world.count("consent_grant WHERE profile_sealed IS NOT NULL"),
        0
    );
    let tokens = world.exchange(&client, &code).tokens();
    assert_eq!(world.userinfo(&tokens.access).json()["name"], "");
}

/// docs/contract/03-sign-in.md: sign-ins of both people stop; whoever is told must be told why.
#[test]
fn a_person_who_is_held_between_sign_in_and_consent_is_told_so() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    world.sql("UPDATE identity SET held_at = 1");
    let answer = world.decide(&browser, &page, "allow", "share");
    assert_eq!(world.count("authorization_code"), 0);
    browser
        .get(&world, answer.location())
        .is_page(403, "identity_conflict");
}
