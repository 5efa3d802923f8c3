//! docs/contract/02-authorize.md, step 5: one browser, many transactions, one person.

use super::*;

/// A form of another site: the browser keeps its `SameSite=Lax` cookies back, and takes what comes.
fn from_another_site(world: &World, browser: &Browser, client: &Client) -> Answer {
    let cookies = std::mem::take(&mut *browser.0.borrow_mut());
    let answer = browser.send(
        world,
        Call::post("/v2/o/authorize/").form(request_of(client)),
    );
    let came = std::mem::replace(&mut *browser.0.borrow_mut(), cookies);
    browser.0.borrow_mut().extend(came);
    answer
}

fn consent(world: &World, browser: &Browser, started: &Answer, person: &Person) -> ConsentForm {
    let back = world.sign_in(browser, started, person);
    ConsentForm::of(&browser.get(world, back.location()))
}

/// `/account/` as this person; the page.
fn account(world: &World, browser: &Browser, person: &Person) -> Answer {
    let started = browser.get(world, "/account/");
    let back = world.sign_in(browser, &started, person);
    assert_eq!(back.location(), "/account/");
    browser.get(world, "/account/")
}

#[test]
fn a_form_of_another_site_takes_no_waiting_tab_its_browser() {
    let world = World::new();
    let (one, two) = (world.app("One"), world.app("Two"));
    let browser = Browser::default();
    let waiting = world.consent_page(&browser, &one, &anne(), SCOPE);
    let known = browser.0.borrow()["bg"].clone();
    let started = from_another_site(&world, &browser, &two);
    assert_eq!(browser.0.borrow()["bg"], known);
    world.decide(&browser, &waiting, "allow", "share").code();
    // What came by the form goes its way as well.
    let page = consent(&world, &browser, &started, &anne());
    world.decide(&browser, &page, "allow", "share").code();
}

#[test]
fn a_form_of_another_site_is_a_start_for_a_fresh_browser_too() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let started = from_another_site(&world, &browser, &client);
    assert!(!browser.0.borrow().contains_key("bg"));
    let page = consent(&world, &browser, &started, &anne());
    assert!(browser.0.borrow().contains_key("bg"), "known from here on");
    world.decide(&browser, &page, "allow", "share").code();
}

#[test]
fn tabs_opened_at_once_in_a_fresh_browser_all_go_their_way() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    // Each leaves before the answer of another is there.
    let started: Vec<_> = (0..3)
        .map(|_| {
            let tab = Browser::default();
            let answer = world.authorize(&tab, &client, &[]);
            browser.0.borrow_mut().extend(tab.0.into_inner());
            answer
        })
        .collect();
    let pages: Vec<_> = started
        .iter()
        .map(|started| consent(&world, &browser, started, &anne()))
        .collect();
    for page in pages {
        world.decide(&browser, &page, "allow", "share").code();
    }
    let tabs = [Browser::default(), Browser::default()];
    let started = [0, 1].map(|tab| tabs[tab].get(&world, "/account/"));
    let browser = tabs[0].clone();
    browser.0.borrow_mut().extend(tabs[1].0.borrow().clone());
    for started in started {
        assert_eq!(
            world.sign_in(&browser, &started, &anne()).location(),
            "/account/"
        );
    }
}

/// Login CSRF: what somebody began in another browser is nobody else's, whatever cookies that one has.
#[test]
fn a_sign_in_begun_in_another_browser_is_refused_though_this_one_is_known() {
    let world = World::new();
    let client = world.app("App");
    let (attacker, victim) = (Browser::default(), Browser::default());
    world.consent_page(&victim, &client, &anne(), SCOPE);
    for started in [
        world.authorize(&attacker, &client, &[]),
        from_another_site(&world, &attacker, &client),
        attacker.get(&world, "/account/"),
    ] {
        let back = world.outside.sign_in(started.location(), &bert());
        victim
            .get(&world, &back)
            .is_page(400, "transaction_expired");
    }
}

#[test]
fn whoever_signs_in_for_an_application_ends_the_account_session_of_somebody_else() {
    let world = World::new();
    let client = world.app("App");
    world.connect(&client, &anne());
    let browser = Browser::default();
    account(&world, &browser, &anne());
    let kept = browser.clone();
    let started = world.authorize(&browser, &client, &[("prompt", "login")]);
    let page = consent(&world, &browser, &started, &bert());
    assert!(page.page.contains("Name of 1S00A00AA02"), "{}", page.page);
    // The link of the page, also with the cookies of before.
    assert!(!browser.0.borrow().contains_key("bga"));
    for browser in [&browser, &kept] {
        let account = browser.get(&world, "/account/");
        assert!(account.location().contains("prompt=login"));
    }
    world.decide(&browser, &page, "allow", "share").code();
}

#[test]
fn whoever_signs_in_again_keeps_the_own_account_session() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    account(&world, &browser, &anne());
    world.consent_page(&browser, &client, &anne(), SCOPE);
    assert_eq!(browser.get(&world, "/account/").status, 200);
}

#[test]
fn whoever_signs_in_at_the_account_page_ends_what_somebody_else_had_not_decided() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    account(&world, &browser, &bert());
    let answer = world.decide(&browser, &page, "allow", "share");
    browser
        .get(&world, answer.location())
        .is_page(400, "transaction_expired");
    assert_eq!(world.count("authorization_code"), 0);
}

#[test]
fn of_two_requests_of_two_people_the_last_sign_in_goes_on() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let of_anne = world.consent_page(&browser, &client, &anne(), SCOPE);
    let allowed = world.consent_page(&browser, &client, &anne(), SCOPE);
    let code = world.decide(&browser, &allowed, "allow", "share").code();
    let of_bert = world.consent_page(&browser, &client, &bert(), SCOPE);
    // Bert has Anne's pages in front of him: he neither decides for her, nor gets her code, nor takes it back.
    for (page, decision) in [(&of_anne, "allow"), (&allowed, "allow"), (&allowed, "deny")] {
        let answer = world.decide(&browser, page, decision, "share");
        assert!(answer.location().starts_with("/v2/"), "{decision}");
    }
    world.decide(&browser, &of_bert, "allow", "share").code();
    let tokens = world.exchange(&client, &code).tokens();
    assert_eq!(
        world.claims(&tokens.access).status,
        200,
        "what Anne allowed stands"
    );
}

#[test]
fn sign_out_ends_everything_of_the_browser_in_its_cookies_and_in_the_store() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    account(&world, &browser, &anne());
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let other = world.consent_page(&Browser::default(), &client, &anne(), SCOPE);
    let asked = browser.get(&world, "/signout");
    assert_eq!(asked.status, 200, "a link signs nobody out");
    let csrf = between(&asked.text(), "name=\"csrf\" value=\"", "\"");
    let kept = browser.clone();
    // Without the token of the page nothing happens, and no cookie goes.
    for forged in ["", "x", &csrf[1..]] {
        let answer = browser.send(&world, Call::post("/signout").form([("csrf", forged)]));
        assert_eq!(
            (answer.location(), answer.header("set-cookie")),
            ("/signout", "")
        );
    }
    assert_eq!(browser.get(&world, "/account/").status, 200);
    let out = browser.send(
        &world,
        Call::post("/signout").form([("csrf", csrf.as_str())]),
    );
    // The provider of these tests has no sign-out of its own.
    assert_eq!(out.location(), "/signout");
    assert_eq!(*browser.0.borrow(), BTreeMap::new());
    assert_eq!(world.audited(0)[..2], ["signout", "ok"]);
    for browser in [&browser, &kept] {
        assert_eq!(browser.get(&world, "/account/").status, 303);
        let answer = world.decide(browser, &page, "allow", "share");
        assert!(answer.location().starts_with("/v2/"));
    }
    let path = format!("/v2/o/authorize/consent?transaction={}", page.transaction);
    kept.get(&world, &path).is_page(400, "transaction_expired");
    assert_ne!(other.transaction, "", "other browsers go on");
    assert_eq!(
        world.count(
            "authorization_request WHERE identity_id IS NOT NULL AND expires_at > signed_in_at"
        ),
        1
    );
    let nobody = Browser::default().get(&world, "/signout").text();
    assert!(!nobody.contains("<form"), "{nobody}");
}
