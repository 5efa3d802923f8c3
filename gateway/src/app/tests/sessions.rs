//! Sessions of people, developers and operators are one mechanism: what holds for one kind holds for each.

use super::*;
use crate::base::secret::{Secret, SecretHash};

/// A kind of session: its cookie, where it begins, its page, and a form of it that is refused or accepted.
struct Kind {
    cookie: &'static str,
    page: &'static str,
    sign_in: fn(&World, &Browser),
    /// An action that ends the session.
    form: (&'static str, &'static [(&'static str, &'static str)]),
}

const KINDS: [Kind; 3] = [
    Kind {
        cookie: "bga",
        page: "/account/",
        sign_in: |world, browser| {
            let started = browser.get(world, "/account/");
            world.sign_in(browser, &started, &anne()).location();
        },
        form: ("/account/", &[("action", "sign_out")]),
    },
    Kind {
        cookie: "bgd",
        page: "/developer/",
        sign_in: |world, browser| {
            let fields = [
                ("action", "create"),
                ("name", "dora"),
                ("password", "a sentence that is long"),
            ];
            let call = Call::post("/developer/").form(fields);
            browser.send(world, call).location();
        },
        form: ("/developer/", &[("action", "sign_out")]),
    },
    Kind {
        cookie: "bgo",
        page: "/ops/",
        sign_in: |world, browser| {
            let call = Call::post("/ops/sign-in").form([("token", "lou")]);
            browser.send(world, call).location();
        },
        form: ("/ops/sign-out", &[]),
    },
];

impl Kind {
    fn signed_in(&self, world: &World) -> Browser {
        let browser = Browser::default();
        (self.sign_in)(world, &browser);
        assert!(browser.0.borrow().contains_key(self.cookie));
        browser
    }

    /// The token of the forms on its page; empty where nobody is signed in.
    fn token(&self, world: &World, browser: &Browser) -> String {
        let page = browser.clone().get(world, self.page).text();
        between(&page, "name=\"csrf\" value=\"", "\"")
    }

    fn is_open(&self, world: &World, browser: &Browser) -> bool {
        !self.token(world, browser).is_empty()
    }

    /// Sends the form that ends the session; the browser keeps its cookies.
    fn end(&self, world: &World, browser: &Browser, tokens: &[&str]) {
        let (target, fields) = self.form;
        let tokens = tokens.iter().map(|token| ("csrf", *token));
        let call = Call::post(target).form(fields.iter().copied().chain(tokens));
        browser.clone().send(world, call);
    }
}

fn world() -> World {
    let operators = format!("lou:lock:{}", SecretHash::of("lou").hex());
    World::with(&[("operators", &operators)])
}

#[test]
fn a_session_of_one_kind_opens_no_other() {
    for kind in KINDS {
        let world = world();
        let value = kind.signed_in(&world).0.borrow()[kind.cookie].clone();
        for other in KINDS {
            let browser = Browser::default();
            browser
                .0
                .borrow_mut()
                .insert(other.cookie.to_owned(), value.clone());
            let opens = other.is_open(&world, &browser);
            assert_eq!(opens, other.cookie == kind.cookie, "{}", other.page);
        }
    }
}

#[test]
fn a_form_needs_the_one_token_of_its_own_session() {
    for kind in KINDS {
        let world = world();
        let browser = kind.signed_in(&world);
        let own = kind.token(&world, &browser);
        let secret = browser.0.borrow()[kind.cookie].clone();
        let derived = |purpose| {
            let key = &world.app.config.token_key;
            let token = Secret::derived(key, purpose, &[secret.as_bytes()]);
            token.expose().to_owned()
        };
        let purposes = ["account-csrf", "developer-csrf", "ops-csrf", "signout-csrf"];
        let others = purposes.map(derived);
        let others = others.iter().filter(|token| **token != own);
        assert_eq!(others.clone().count(), 3, "{}", kind.page);
        for other in others {
            kind.end(&world, &browser, &[other]);
        }
        for tokens in [&[][..], &[""], &[&own, &own], &[&own, "x"], &["x", &own]] {
            kind.end(&world, &browser, tokens);
        }
        kind.end(&world, &browser, &[&own[1..]]);
        kind.end(&world, &browser, &[&format!("{own}A")]);
        assert!(kind.is_open(&world, &browser), "{}", kind.page);
        kind.end(&world, &browser, &[&own]);
        assert!(!kind.is_open(&world, &browser), "{}", kind.page);
    }
}

#[test]
fn a_session_ends_in_the_store_whatever_the_browser_keeps() {
    const HOUR: i64 = 3600;
    for (kind, idle, longest) in [
        (&KINDS[0], HOUR / 4, 12 * HOUR),
        (&KINDS[1], HOUR, 12 * HOUR),
        // Its end does not move.
        (&KINDS[2], HOUR / 4, HOUR / 4),
    ] {
        let world = world();
        let idle_one = kind.signed_in(&world);
        world.advance(idle);
        assert!(!kind.is_open(&world, &idle_one), "{}", kind.page);

        let world = self::world();
        let busy_one = kind.signed_in(&world);
        let step = 5 * 60;
        for second in (1..longest / step).map(|n| n * step) {
            world.advance(step);
            assert!(kind.is_open(&world, &busy_one), "{}, {second}", kind.page);
        }
        world.advance(step);
        assert!(!kind.is_open(&world, &busy_one), "{}", kind.page);
    }
}
