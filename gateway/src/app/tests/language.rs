//! docs/contract/02-authorize.md, step 4, and 04-consent.md: the language that somebody chose is kept, and what the
//! consent page says.

use super::*;

fn is_in(answer: &Answer, language: &str) {
    let opening = format!("<html lang=\"{language}\">");
    assert!(answer.text().contains(&opening), "{}", answer.text());
}

/// The address of the consent page.
fn consent_page(world: &World, browser: &Browser, changes: &[(&str, &str)]) -> String {
    let client = world.app("App");
    let started = world.authorize(browser, &client, changes);
    let back = world.sign_in(browser, &started, &anne());
    back.location().to_owned()
}

#[test]
fn a_language_that_was_chosen_is_kept_on_every_page_after_it() {
    let world = World::new();
    let browser = Browser::default();
    let consent = consent_page(&world, &browser, &[("lang", "es")]);
    is_in(&browser.get(&world, &consent), "es");
    is_in(&browser.get(&world, &format!("{consent}&lang=en")), "en");
    // No link after it says anything of it, and the sign-in began in Spanish.
    is_in(&browser.get(&world, &consent), "en");
    for page in ["/signout", "/developer/", "/docs", "/signin/callback"] {
        is_in(&browser.get(&world, page), "en");
        is_in(&browser.get(&world, &format!("{page}?lang=es")), "es");
        is_in(&browser.get(&world, page), "es");
        is_in(&browser.get(&world, &format!("{page}?lang=en")), "en");
    }
}

#[test]
fn a_language_that_is_pushed_or_posted_is_kept_as_well() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    browser.get(&world, "/signout?lang=en");
    let mut fields = request_of(&client);
    fields.insert("lang", "es");
    let started = browser.send(&world, Call::post("/v2/o/authorize/").form(fields));
    assert_eq!(started.back("ui_locales"), "es");
    let back = world.sign_in(&browser, &started, &anne());
    is_in(&browser.get(&world, back.location()), "es");
}

#[test]
fn the_language_is_no_secret_and_nothing_else_is_taken_for_one() {
    let world = World::new();
    let answer = world.send(Call::get("/signout?lang=es"));
    assert_eq!(
        answer.header("set-cookie"),
        "bg-lang=es; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
    );
    for (path, cookie) in [
        ("/signout?lang=fr", ""),
        ("/signout?lang=es&lang=en", ""),
        ("/signout", "bg-lang=fr"),
        ("/signout", "bg-lang="),
        ("/metadata?lang=es", ""),
        ("/v2/fhir/metadata?lang=es", ""),
    ] {
        let answer = world.send(Call::get(path).header("cookie", cookie));
        assert_eq!(answer.header("set-cookie"), "", "{path}");
        assert!(!answer.text().contains("<html lang=\"es\">"), "{path}");
    }
    let accepted = Call::get("/signout")
        .header("accept-language", "es-PR")
        .header("cookie", "bg-lang=en");
    is_in(&world.send(accepted), "en");
}

#[test]
fn a_page_of_a_problem_says_it_in_both_languages() {
    let world = World::new();
    let page = world.send(Call::get("/signin/callback").header("accept-language", "es"));
    page.is_page(400, "transaction_expired");
    is_in(&page, "es");
    let text = page.text();
    let (spanish, english) = text
        .split_once("<details class=\"other\" lang=\"en\">")
        .unwrap();
    assert!(
        spanish.contains("<h1>Esta página ya no se puede usar</h1>"),
        "{spanish}"
    );
    assert!(
        english.contains("<h2>This page can no longer be used</h2>"),
        "{english}"
    );
}

#[test]
fn the_consent_page_says_where_it_leads_and_what_withholding_takes_away() {
    let world = World::new();
    let browser = Browser::default();
    let metadata = json!({
        "client_uri": "https://www.maker.example/about",
        "redirect_uris": [REDIRECT, "com.maker.app:/back"],
    });
    let client = world.register("App", metadata);
    for (redirect, leads) in [
        (REDIRECT, "app.example"),
        ("com.maker.app:/back", "com.maker.app:"),
    ] {
        let started = world.authorize(&browser, &client, &[("redirect_uri", redirect)]);
        let back = world.sign_in(&browser, &started, &anne());
        let page = browser.get(&world, back.location()).text();
        assert!(
            page.contains("<dd><bdi>www.maker.example</bdi></dd>"),
            "{page}"
        );
        assert!(
            page.contains(&format!("<dd><bdi>{leads}</bdi></dd>")),
            "{page}"
        );
        assert!(page.contains("Nobody checked this app."), "{page}");
        let taken: Vec<_> = page.split("<li class=\"sharing\">").skip(1).collect();
        assert_eq!(taken.len(), 2, "{page}");
        assert!(taken[0].starts_with("About you"), "{page}");
        assert!(taken[1].starts_with("Your name and e-mail"), "{page}");
        assert!(page.contains("<li>Your claims"), "{page}");
        // The switch of language keeps the choice.
        assert!(
            page.contains("&amp;demographics=withhold&amp;lang=es"),
            "{page}"
        );
    }
}
