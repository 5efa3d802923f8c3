//! `/developer/`: accounts, applications by form, and the test client.

use super::*;

const PASSWORD: &str = "a sentence that is long";

fn post<'a>(
    world: &World,
    browser: &Browser,
    target: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Answer {
    browser.send(world, Call::post(target).form(fields))
}

pub(super) fn sign_up(world: &World, name: &str) -> Browser {
    let browser = Browser::default();
    let form = [("action", "create"), ("name", name), ("password", PASSWORD)];
    let answer = post(world, &browser, "/developer/", form);
    assert_eq!(answer.location(), "/developer/");
    browser
}

fn sign_in(world: &World, browser: &Browser, name: &str, password: &str) -> Answer {
    let form = [
        ("action", "sign_in"),
        ("name", name),
        ("password", password),
    ];
    post(world, browser, "/developer/", form)
}

fn csrf(world: &World, browser: &Browser) -> String {
    let page = browser.get(world, "/developer/").text();
    between(&page, "name=\"csrf\" value=\"", "\"")
}

fn register(world: &World, browser: &Browser, fields: &[(&str, &str)]) -> Answer {
    let csrf = csrf(world, browser);
    let form = fields.iter().copied().chain([("csrf", csrf.as_str())]);
    post(world, browser, "/developer/new", form)
}

/// Registers an application with a secret.
pub(super) fn made(world: &World, browser: &Browser, name: &str) -> Client {
    let answer = register(
        world,
        browser,
        &[
            ("client_name", name),
            ("redirect_uris", REDIRECT),
            ("requires_demographics", "on"),
        ],
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    Client {
        id: between(&text, "action=\"/developer/app/", "\""),
        secret: between(&text, "class=\"secret\">", "<"),
        registration_token: String::new(),
    }
}

fn act(world: &World, browser: &Browser, client: &Client, fields: &[(&str, &str)]) -> Answer {
    let csrf = csrf(world, browser);
    let form = fields.iter().copied().chain([("csrf", csrf.as_str())]);
    post(
        world,
        browser,
        &format!("/developer/app/{}", client.id),
        form,
    )
}

fn page(world: &World, browser: &Browser, client: &Client) -> String {
    let answer = browser.get(world, &format!("/developer/app/{}", client.id));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

#[test]
fn a_developer_registers_an_application_by_form_and_it_works_at_once_in_the_sandbox() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let client = made(&world, &browser, "Portal <App>");
    assert_eq!((client.id.len(), client.secret.len()), (40, 43));
    let tokens = world.connect(&client, &anne());
    assert_eq!(world.claims(&tokens.access).status, 200);
    let list = browser.get(&world, "/developer/").text();
    assert!(list.contains("Portal &#60;App&#62;"), "{list}");
    let shown = page(&world, &browser, &client);
    assert!(!shown.contains(&client.secret), "shown once");
    assert!(shown.contains(REDIRECT), "{shown}");
}

#[test]
fn the_form_says_in_words_what_is_wrong_and_keeps_what_was_typed() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    for (fields, field, says) in [
        (
            vec![("client_name", ""), ("redirect_uris", REDIRECT)],
            "client_name",
            "1 to 255 characters",
        ),
        (
            vec![
                ("client_name", "A"),
                ("redirect_uris", "https://a.example/#x kept"),
            ],
            "redirect_uris",
            "no fragment, no wildcard",
        ),
        (
            vec![
                ("client_name", "A"),
                ("redirect_uris", REDIRECT),
                ("jwks", "{ kept"),
            ],
            "jwks",
            "a JSON object",
        ),
        (
            vec![
                ("client_name", "A"),
                ("redirect_uris", REDIRECT),
                ("tos_uri", "ftp://kept.example"),
            ],
            "tos_uri",
            "An http or https address",
        ),
        (
            vec![
                ("client_name", "A"),
                ("redirect_uris", REDIRECT),
                ("scope", "kept/nothing"),
            ],
            "scope",
            "Separated by spaces",
        ),
    ] {
        let answer = register(&world, &browser, &fields);
        let text = answer.text();
        assert_eq!(answer.status, 400, "{text}");
        assert!(text.contains(&format!("href=\"#{field}\"")), "{text}");
        let rule = between(&text, "role=\"alert\">", "</div>");
        assert!(rule.contains(says), "{rule}");
        assert_eq!(text.matches("aria-invalid=\"true\"").count(), 1, "{text}");
        if fields.iter().any(|(_, value)| value.contains("kept")) {
            assert!(
                between(
                    &text,
                    "<form method=\"post\" action=\"/developer/new\"",
                    "</form>"
                )
                .contains("kept"),
                "{text}"
            );
        }
    }
    assert_eq!(world.count("application WHERE client_name = 'A'"), 0);
    world.app("Taken");
    let answer = register(
        &world,
        &browser,
        &[("client_name", "tAKEN"), ("redirect_uris", REDIRECT)],
    );
    assert!(answer.text().contains("No other app may have it"));
}

#[test]
fn a_change_and_a_new_secret_count_at_once() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let client = made(&world, &browser, "App");
    let fields = [
        ("action", "save"),
        ("client_name", "App Two"),
        ("redirect_uris", "https://other.example/cb"),
        ("token_endpoint_auth_method", "client_secret_basic"),
    ];
    let saved = act(&world, &browser, &client, &fields);
    assert_eq!(
        saved.location(),
        format!("/developer/app/{}?saved=1", client.id)
    );
    let shown = page(&world, &browser, &client);
    assert!(shown.contains("App Two") && shown.contains("https://other.example/cb"));
    let answer = world.authorize(&Browser::default(), &client, &[]);
    answer.is_page(400, "invalid_redirect_uri");

    let rotated = act(&world, &browser, &client, &[("action", "rotate")]).text();
    let secret = between(&rotated, "class=\"secret\">", "<");
    assert!(secret.len() == 43 && secret != client.secret);
    let form = [("token", "nothing")];
    for (secret, status) in [(client.secret.as_str(), 401), (secret.as_str(), 200)] {
        let known = Client {
            secret: secret.to_owned(),
            ..client.clone()
        };
        let answer = world.send(Call::post("/v2/o/introspect").client(&known, &form));
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

#[test]
fn a_developer_sees_how_many_calls_were_made_and_how_many_failed() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let client = made(&world, &browser, "App");
    let tokens = world.connect(&client, &anne());
    for _ in 0..3 {
        assert_eq!(world.claims(&tokens.access).status, 200);
    }
    let other = Call::get("/v2/fhir/Patient/-2").bearer(&tokens.access);
    assert_eq!(world.send(other).status, 404);
    // The exchange of the code counts as well.
    block_on(crate::maintenance::drain(&world.app));
    let list = browser.get(&world, "/developer/").text();
    assert!(
        list.contains("last hour: 5, refused or failed: 1."),
        "{list}"
    );
}

#[test]
fn an_application_suspended_by_its_developer_stops_and_goes_on() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let client = made(&world, &browser, "App");
    let tokens = world.connect(&client, &anne());
    act(&world, &browser, &client, &[("action", "suspend")]);
    assert_eq!(world.claims(&tokens.access).status, 401);
    act(&world, &browser, &client, &[("action", "resume")]);
    assert_eq!(world.claims(&tokens.access).status, 200);

    // Where an operator did it, only operators end it.
    for by_developer_first in [false, true] {
        if by_developer_first {
            act(&world, &browser, &client, &[("action", "suspend")]);
        }
        operator(&world, &client, "suspend");
        act(&world, &browser, &client, &[("action", "resume")]);
        assert_eq!(world.claims(&tokens.access).status, 401);
        assert!(page(&world, &browser, &client).contains("suspended by an operator"));
        operator(&world, &client, "resume");
        assert_eq!(world.claims(&tokens.access).status, 200);
    }
}

fn operator(world: &World, client: &Client, verb: &str) {
    let (from, to) = match verb {
        "suspend" => ("active", crate::oauth::application::Status::Suspended),
        _ => ("suspended", crate::oauth::application::Status::Active),
    };
    let from = crate::oauth::application::Status::parse(from).unwrap();
    let id = bluegate_shared::id::ClientId::parse(&client.id).unwrap();
    let event = crate::audit::event::Event {
        started_at: world.clock.now(),
        ended_at: world.clock.now(),
        request_id: "test",
        flow_id: "",
        actor: "operator:test",
        client_id: &client.id,
        person: &[],
        account: &[],
        action: "ops.application",
        outcome: "ok",
        code: "",
        level: crate::audit::event::Level::Info,
    };
    let changed = block_on(crate::application::statements::set_status(
        world.app.database.as_ref(),
        &id,
        [from, from],
        to,
        world.clock.now(),
        &event,
    ));
    assert!(changed.unwrap().is_some(), "{verb}");
}

#[test]
fn deleting_is_asked_first_and_ends_everything() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let client = made(&world, &browser, "App");
    let tokens = world.connect(&client, &anne());
    let question = browser.get(&world, &format!("/developer/app/{}?delete=1", client.id));
    assert!(question.text().contains("Delete this application?"));
    assert_eq!(world.claims(&tokens.access).status, 200);
    let done = act(&world, &browser, &client, &[("action", "delete")]);
    assert_eq!(done.location(), "/developer/");
    assert_eq!(world.claims(&tokens.access).status, 401);
    assert!(
        !browser
            .get(&world, "/developer/")
            .text()
            .contains("App</a>")
    );
}

#[test]
fn nobody_sees_or_changes_another_developers_application() {
    let world = World::new();
    let (mine, other) = (sign_up(&world, "dev.one"), sign_up(&world, "dev.two"));
    let client = made(&world, &mine, "App");
    let target = format!("/developer/app/{}", client.id);
    assert_eq!(other.get(&world, &target).location(), "/developer/");
    for action in ["save", "rotate", "suspend", "delete"] {
        let answer = act(&world, &other, &client, &[("action", action)]);
        assert_eq!(answer.location(), "/developer/", "{action}");
    }
    assert_eq!(
        Browser::default().get(&world, &target).location(),
        "/developer/"
    );
    assert_eq!(
        world.count("application WHERE client_name = 'App' AND status = 'active'"),
        1
    );
}

#[test]
fn a_form_without_the_token_of_its_session_does_nothing() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let client = made(&world, &browser, "App");
    let foreign = csrf(&world, &sign_up(&world, "dev.two"));
    for csrf in [foreign.as_str(), ""] {
        let form = [("csrf", csrf), ("action", "delete")];
        post(
            &world,
            &browser,
            &format!("/developer/app/{}", client.id),
            form,
        );
        let form = [
            ("csrf", csrf),
            ("client_name", "B"),
            ("redirect_uris", REDIRECT),
        ];
        post(&world, &browser, "/developer/new", form);
    }
    assert_eq!(
        world.count("application WHERE client_name IN ('App', 'B') AND status = 'active'"),
        1
    );
    // And none of another site's.
    let call = Call::post("/developer/")
        .form([
            ("action", "create"),
            ("name", "dev.three"),
            ("password", PASSWORD),
        ])
        .header("sec-fetch-site", "cross-site");
    assert_eq!(
        Browser::default().send(&world, call).location(),
        "/developer/"
    );
    assert_eq!(world.count("developer"), 2);
}

/// What the page says, and its status.
fn told(answer: &Answer) -> (u16, String) {
    (
        answer.status,
        between(&answer.text(), "role=\"alert\">", "<"),
    )
}

#[test]
fn wrong_passwords_are_told_alike_and_slowed_down() {
    let world = World::with(&[("password_limit_per_minute", "10")]);
    sign_up(&world, "Dev.One");
    let browser = Browser::default();
    world.advance(60);
    let mut statuses = Vec::new();
    for number in 0..8 {
        let wrong = sign_in(&world, &browser, "dev.one", "another long sentence");
        let unknown = sign_in(&world, &browser, "nobody", PASSWORD);
        // The tenth try of the address is reached by the one or the other.
        assert_eq!(told(&wrong), told(&unknown), "{number}");
        statuses.push(wrong.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429, 429, 429]);
    world.advance(60);
    // The name counts whatever its case, and whether there is such a name or not.
    for name in ["dev.one", "nobody"] {
        for _ in 0..5 {
            let upper = name.to_uppercase();
            sign_in(&world, &browser, &upper, "another long sentence");
        }
        assert_eq!(
            sign_in(&world, &browser, name, PASSWORD).status,
            429,
            "{name}"
        );
        world.advance(60);
    }
    assert_eq!(
        sign_in(&world, &browser, "DEV.ONE", PASSWORD).location(),
        "/developer/"
    );
    assert!(
        browser
            .get(&world, "/developer/")
            .text()
            .contains("Dev.One")
    );
}

#[test]
fn nobody_keeps_a_developer_out_of_a_browser_that_is_known() {
    let world = World::with(&[("password_limit_per_minute", "10")]);
    let known = sign_up(&world, "dev.one");
    let stranger = sign_up(&world, "dev.two");
    let wrong = "another long sentence";
    world.advance(43_200);
    // A whole minute of wrong passwords, from the same address and from many others.
    for host in 0..20 {
        let form = [
            ("action", "sign_in"),
            ("name", "dev.one"),
            ("password", wrong),
        ];
        for _ in 0..6 {
            let call = Call::post("/developer/").form(form);
            world.send_from(&format!("203.0.113.{host}:1"), call);
            sign_in(&world, &stranger, "dev.one", wrong);
        }
    }
    assert_eq!(sign_in(&world, &stranger, "dev.one", PASSWORD).status, 429);
    assert_eq!(
        sign_in(&world, &Browser::default(), "dev.two", PASSWORD).status,
        429
    );
    // A cookie that names the developer is no proof.
    let forged = Browser::default();
    forged
        .0
        .borrow_mut()
        .insert("bgdb".to_owned(), format!("1.{0}.{0}", "x".repeat(43)));
    assert_eq!(sign_in(&world, &forged, "dev.one", PASSWORD).status, 429);
    assert_eq!(
        sign_in(&world, &known, "dev.one", PASSWORD).location(),
        "/developer/"
    );
    // It opens nothing, and is slowed down like everything.
    for _ in 0..9 {
        assert_eq!(sign_in(&world, &known, "dev.one", wrong).status, 403);
    }
    assert_eq!(sign_in(&world, &known, "dev.one", PASSWORD).status, 429);
}

#[test]
fn passwords_are_few_for_an_address_and_for_all() {
    let world = World::with(&[("password_limit_per_minute", "10")]);
    let hashed = |peer: &str, name: &str, action: &str| {
        let form = [("action", action), ("name", name), ("password", PASSWORD)];
        world
            .send_from(peer, Call::post("/developer/").form(form))
            .status
            != 429
    };
    let of_one: Vec<_> = (0..20)
        .filter(|number| hashed("192.0.2.7:1", &format!("name{number}"), "sign_in"))
        .collect();
    assert_eq!(of_one.len(), 10);
    let of_many = (0..100)
        .filter(|number| {
            let action = ["sign_in", "create"][number % 2];
            hashed(
                &format!("198.51.100.{number}:1"),
                &format!("other{number}"),
                action,
            )
        })
        .count();
    assert_eq!(of_one.len() + of_many, 60);
}

#[test]
fn a_name_or_password_that_will_not_do_makes_no_account() {
    let world = World::new();
    sign_up(&world, "dev.one");
    let long = "x".repeat(65);
    for (name, password, status) in [
        ("ab", PASSWORD, 400),
        ("with space", PASSWORD, 400),
        (long.as_str(), PASSWORD, 400),
        ("dev.two", "short", 400),
        ("DEV.ONE", PASSWORD, 409),
    ] {
        let form = [("action", "create"), ("name", name), ("password", password)];
        let answer = post(&world, &Browser::default(), "/developer/", form);
        assert_eq!(answer.status, status, "{name}");
        assert!(answer.text().contains("role=\"alert\""));
    }
    assert_eq!(world.count("developer"), 1);
}

#[test]
fn the_developers_session_ends_twelve_hours_after_the_sign_in_however_busy_it_is() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let open = || {
        let page = browser.get(&world, "/developer/").text();
        page.contains("Your applications")
    };
    for _ in 0..23 {
        world.advance(1800);
        assert!(open());
    }
    world.advance(1799);
    assert!(open());
    world.advance(1);
    assert!(!open());
}

#[test]
fn the_developers_session_ends_after_an_hour_and_by_sign_out() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    world.advance(3599);
    assert!(
        browser
            .get(&world, "/developer/")
            .text()
            .contains("Your applications")
    );
    world.advance(3600);
    assert!(
        !browser
            .get(&world, "/developer/")
            .text()
            .contains("Your applications")
    );
    sign_in(&world, &browser, "dev.one", PASSWORD);
    let kept = browser.clone();
    let token = csrf(&world, &browser);
    post(
        &world,
        &browser,
        "/developer/",
        [("action", "sign_out"), ("csrf", &token)],
    );
    for browser in [browser, kept] {
        assert!(
            !browser
                .get(&world, "/developer/")
                .text()
                .contains("Your applications")
        );
    }
}

#[test]
fn a_logo_that_a_developer_uploads_is_served() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let client = made(&world, &browser, "App");
    let upload = |csrf: &str, file: &[u8]| {
        let mut body = format!(
            "--b\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--b\r\ncontent-disposition: form-data; name=\"logo\"; filename=\"l.png\"\r\ncontent-type: image/png\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let mut call = Call::post(&format!("/developer/app/{}/logo", client.id))
            .header("content-type", "multipart/form-data; boundary=b");
        call.body = body.into();
        browser.send(&world, call)
    };
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR-and-so-on";
    let token = csrf(&world, &browser);
    upload("", png);
    assert_eq!(
        world
            .send(Call::get(&format!("/o/logo/{}", client.id)))
            .status,
        404
    );
    assert_eq!(upload(&token, b"<svg>").status, 400);
    assert!(upload(&token, png).location().ends_with("saved=1"));
    let logo = world.send(Call::get(&format!("/o/logo/{}", client.id)));
    assert_eq!((logo.status, &logo.body[..]), (200, &png[..]));
}

#[test]
fn in_production_a_new_application_waits_and_there_is_no_test_client() {
    let world = World::with(crate::base::config::tests::PRODUCTION);
    let browser = sign_up(&world, "dev.one");
    let client = made(&world, &browser, "App");
    let shown = page(&world, &browser, &client);
    assert!(shown.contains("waits for approval"), "{shown}");
    let list = browser.get(&world, "/developer/").text();
    assert!(
        !list.contains("/developer/test") && !list.contains("BBUser"),
        "{list}"
    );
    assert_eq!(
        browser.get(&world, "/developer/test").location(),
        "/developer/"
    );
}

#[test]
fn the_test_client_walks_the_whole_flow_and_shows_no_whole_secret() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let started = browser.get(&world, "/developer/test");
    let target = started.location().replace(BASE, "");
    let to_provider = browser.get(&world, &target);
    let back = world.sign_in(&browser, &to_provider, &anne());
    let form = ConsentForm::of(&browser.get(&world, back.location()));
    let allowed = world.decide(&browser, &form, "allow", "share");
    let code = allowed.back("code");
    let target = allowed.location().replace(BASE, "");
    let page = browser.get(&world, &target).text();
    assert_eq!(page.matches("<li><h2>").count(), 8, "{page}");
    for text in [
        "200 OK",
        "access_token",
        "/v2/connect/userinfo",
        "curl &#39;http",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains(&code), "{page}");
    let page = page.replace(&between(&page, "name=\"csrf\" value=\"", "\""), "");
    for word in page.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))) {
        // State and challenge stand in the address that the browser shows anyway.
        let public = started.location().contains(word);
        assert!(word.len() != 43 || public, "looks like a token: {word}");
    }
    // Everything was ended at the end, and the same code shows nothing again.
    assert_eq!(world.count("consent_grant WHERE ended_at IS NULL"), 0);
    assert!(
        browser
            .get(&world, &target)
            .text()
            .contains("role=\"alert\"")
    );
    // Nobody else's answer is taken.
    let other = sign_up(&world, "dev.two");
    assert!(other.get(&world, &target).text().contains("role=\"alert\""));
}

#[test]
fn the_portal_speaks_spanish_and_remembers_it() {
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    assert!(
        browser
            .get(&world, "/developer/?lang=es")
            .text()
            .contains("Sus aplicaciones")
    );
    assert!(
        browser
            .get(&world, "/developer/new")
            .text()
            .contains("Registrar una aplicación")
    );
}

fn change_password(world: &World, browser: &Browser, current: &str, new: &str) -> Answer {
    let token = csrf(world, browser);
    let form = [
        ("action", "change_password"),
        ("csrf", token.as_str()),
        ("password", current),
        ("new_password", new),
    ];
    post(world, browser, "/developer/", form)
}

#[test]
fn a_password_is_changed_with_the_current_one_and_ends_every_other_session() {
    const NEXT: &str = "another sentence that is long";
    let world = World::new();
    let browser = sign_up(&world, "dev.one");
    let elsewhere = Browser::default();
    sign_in(&world, &elsewhere, "dev.one", PASSWORD);
    let bystander = sign_up(&world, "dev.two");
    let kept = browser.clone();
    let shows = |browser: &Browser| {
        let page = browser.get(&world, "/developer/").text();
        page.contains("Your applications")
    };
    // Not without the current one, not to one that is too short or the name, not by another page's form.
    for (current, new, status) in [
        ("a wrong sentence, long enough", NEXT, 403),
        ("", NEXT, 403),
        (PASSWORD, "short", 400),
        (PASSWORD, "", 400),
    ] {
        let answer = change_password(&world, &browser, current, new);
        assert_eq!(answer.status, status, "{current} {new}");
        assert!(
            answer.text().contains("role=\"alert\""),
            "{}",
            answer.text()
        );
    }
    let forged = [
        ("action", "change_password"),
        ("csrf", "x"),
        ("password", PASSWORD),
        ("new_password", NEXT),
    ];
    assert_eq!(
        post(&world, &browser, "/developer/", forged).location(),
        "/developer/"
    );
    assert!(shows(&browser) && shows(&elsewhere));
    world.advance(60);
    let changed = change_password(&world, &browser, PASSWORD, NEXT);
    assert_eq!(changed.location(), "/developer/?password=changed");
    assert_eq!(world.audited(0)[..2], ["developer.password", "ok"]);
    let page = browser.get(&world, changed.location()).text();
    assert!(page.contains("The password is changed."), "{page}");
    assert!(shows(&browser), "whoever changed it goes on");
    assert!(
        !shows(&elsewhere) && !shows(&kept),
        "every session of before has ended"
    );
    assert!(shows(&bystander), "other people's have not");
    let again = Browser::default();
    assert_eq!(sign_in(&world, &again, "dev.one", PASSWORD).status, 403);
    assert_eq!(
        sign_in(&world, &again, "dev.one", NEXT).location(),
        "/developer/"
    );
}

/// A session that somebody left open is no way to guess the password.
#[test]
fn guesses_at_the_form_for_another_password_count_with_the_sign_ins() {
    let world = World::with(&[("password_limit_per_minute", "5")]);
    let browser = sign_up(&world, "dev.one");
    let mut answers = Vec::new();
    for _ in 0..40 {
        let answer = change_password(&world, &browser, "a wrong sentence, long", PASSWORD);
        answers.push(answer.status);
        if answer.status == 429 {
            break;
        }
    }
    assert_eq!(answers.last(), Some(&429), "{answers:?}");
    let waits = change_password(&world, &browser, PASSWORD, "another sentence that is long");
    assert_eq!(waits.status, 429, "the right one too");
    assert_eq!(
        world.count("audit WHERE action = 'developer.password' AND outcome = 'ok'"),
        0
    );
}

#[test]
fn every_password_field_is_one_and_tells_password_managers_which() {
    let world = World::new();
    let outside = Browser::default().get(&world, "/developer/").text();
    let inside = sign_up(&world, "dev.one").get(&world, "/developer/").text();
    for (page, fields) in [(outside, 2), (inside, 2)] {
        let inputs: Vec<_> = page
            .split("<input ")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .filter(|input| {
                input.contains("name=\"password\"") || input.contains("name=\"new_password\"")
            })
            .collect();
        assert_eq!(inputs.len(), fields, "{inputs:?}");
        for input in inputs {
            assert!(input.contains("type=\"password\""), "{input}");
            assert!(
                input.contains("autocomplete=\"current-password\"")
                    || input.contains("autocomplete=\"new-password\""),
                "{input}"
            );
            assert!(!input.contains("maxlength"), "{input}");
        }
        assert!(
            !page.contains("<script"),
            "nothing keeps a password from being pasted"
        );
    }
}
