//! A store that fails at each single statement of each route: the answer has the shape of its surface and tells nothing
//! of the cause, and the log has the cause once, with the request (which `faults::each_fault` checks).

use super::faults::{FAILS, each_fault};
use super::ops::operators;
use super::*;

/// How a surface says that something failed inside.
#[derive(Clone, Copy)]
enum Surface {
    /// An OAuth error (RFC 6749, section 5.2).
    OAuth,
    /// `detail` and `code`.
    Problem,
    /// An OperationOutcome.
    Outcome,
    /// HTML for people, developers and operators.
    Page,
}

impl Surface {
    fn check(self, answer: &Answer, what: &str) {
        let text = answer.text();
        assert!(!text.contains("disk I/O"), "{what}: {text}");
        if answer.status != 503 {
            return;
        }
        match self {
            Self::OAuth => {
                assert_eq!(
                    answer.json()["error"],
                    "temporarily_unavailable",
                    "{what}: {text}"
                );
            }
            Self::Problem => {
                assert_eq!(answer.json()["code"], "store_unavailable", "{what}: {text}");
            }
            Self::Outcome => {
                assert_eq!(
                    answer.json()["resourceType"],
                    "OperationOutcome",
                    "{what}: {text}"
                );
            }
            Self::Page => assert!(text.contains("store_unavailable"), "{what}: {text}"),
        }
    }
}

/// A request that can be sent again and again.
type Act<'a> = Box<dyn Fn() -> Answer + 'a>;

fn try_all(world: &World, acts: Vec<(&str, Surface, Act<'_>)>) {
    for (name, surface, act) in acts {
        each_fault(world, &FAILS, &act, |answer, what| {
            surface.check(answer, &format!("{name}: {what}"));
        });
    }
}

#[test]
fn every_route_of_applications_tells_the_cause_to_the_log_alone() {
    let world = World::with(&[("v3_enabled", "true")]);
    world.patient_v3("1S00A00AA01", &["700"]);
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let bearer = |target: &str| Call::get(target).bearer(&tokens.access);
    let managed = format!("/o/register/{}", client.id);
    let manage = |call: Call| call.bearer(&client.registration_token);
    let change = json!({
        "client_id": client.id, "client_name": "App", "redirect_uris": [REDIRECT], "rotate_client_secret": true,
    });
    let pushed = request_of(&client);
    let send = |call: &dyn Fn() -> Call| world.send(call());
    try_all(
        &world,
        vec![
            (
                "read",
                Surface::Problem,
                Box::new(|| send(&|| bearer("/v2/fhir/Patient/-1"))),
            ),
            (
                "search",
                Surface::Problem,
                Box::new(|| send(&|| bearer("/v1/fhir/Coverage"))),
            ),
            (
                "v3",
                Surface::Outcome,
                Box::new(|| send(&|| bearer("/v3/fhir/Patient/700"))),
            ),
            (
                "userinfo",
                Surface::Problem,
                Box::new(|| send(&|| bearer("/v2/connect/userinfo"))),
            ),
            (
                "userinfo of nobody",
                Surface::Problem,
                Box::new(|| send(&|| Call::get("/v2/connect/userinfo").bearer("x"))),
            ),
            (
                "refresh",
                Surface::OAuth,
                Box::new(|| world.refresh(&client, &tokens.refresh)),
            ),
            (
                "no code",
                Surface::OAuth,
                Box::new(|| world.exchange(&client, "x")),
            ),
            (
                "introspect",
                Surface::OAuth,
                Box::new(|| world.about_token("introspect", &client, &tokens.access)),
            ),
            (
                "revoke",
                Surface::OAuth,
                Box::new(|| world.about_token("revoke", &client, &tokens.access)),
            ),
            (
                "revoke_token",
                Surface::OAuth,
                Box::new(|| world.about_token("revoke_token", &client, &tokens.refresh)),
            ),
            (
                "par",
                Surface::OAuth,
                Box::new(|| {
                    let fields: Vec<_> =
                        pushed.iter().map(|(name, value)| (*name, *value)).collect();
                    world.send(Call::post("/v2/o/par").client(&client, &fields))
                }),
            ),
            (
                "register",
                Surface::Problem,
                Box::new(|| {
                    let body = json!({ "client_name": "Another", "redirect_uris": [REDIRECT] });
                    world.send(Call::post("/o/register").json(&body))
                }),
            ),
            (
                "register in vain",
                Surface::Problem,
                Box::new(|| world.send(Call::post("/o/register").json(&json!({})))),
            ),
            (
                "look",
                Surface::Problem,
                Box::new(|| send(&|| manage(Call::get(&managed)))),
            ),
            (
                "change",
                Surface::Problem,
                Box::new(|| {
                    let mut call = manage(Call::get(&managed)).json(&change);
                    call.method = Method::PUT;
                    world.send(call)
                }),
            ),
            (
                "delete",
                Surface::Problem,
                Box::new(|| {
                    let mut call = manage(Call::get(&managed));
                    call.method = Method::DELETE;
                    world.send(call)
                }),
            ),
            (
                "logo",
                Surface::Problem,
                Box::new(|| send(&|| Call::get(&format!("/o/logo/{}", client.id)))),
            ),
            (
                "try",
                Surface::OAuth,
                Box::new(|| {
                    send(&|| Call::post("/sandbox/try/expire-grant").bearer(&tokens.access))
                }),
            ),
        ],
    );
}

#[test]
fn every_page_of_a_person_tells_the_cause_to_the_log_alone() {
    let world = World::new();
    let client = world.app("App");
    world.connect(&client, &anne());
    let browser = Browser::default();
    let visit = browser.get(&world, "/account/");
    world.sign_in(&browser, &visit, &anne());
    let shown = browser.get(&world, "/account/").text();
    let csrf = between(&shown, "name=\"csrf\" value=\"", "\"");
    let grant = match &world.sql("SELECT id FROM consent_grant WHERE ended_at IS NULL")[0][0] {
        Value::Integer(id) => id.to_string(),
        other => panic!("{other:?}"),
    };
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let consent = format!("/v2/o/authorize/consent?transaction={}", page.transaction);
    let get = |target: &str| browser.clone().get(&world, target);
    try_all(
        &world,
        vec![
            (
                "authorize",
                Surface::Page,
                Box::new(|| world.authorize(&browser.clone(), &client, &[])),
            ),
            ("consent", Surface::Page, Box::new(|| get(&consent))),
            (
                "allow",
                Surface::Page,
                Box::new(|| world.decide(&browser.clone(), &page, "allow", "share")),
            ),
            ("account", Surface::Page, Box::new(|| get("/account/"))),
            (
                "stop an application",
                Surface::Page,
                Box::new(|| {
                    let fields = [
                        ("csrf", csrf.as_str()),
                        ("grant", grant.as_str()),
                        ("action", "revoke"),
                    ];
                    browser
                        .clone()
                        .send(&world, Call::post("/account/").form(fields))
                }),
            ),
        ],
    );
}

#[test]
fn every_page_of_a_developer_tells_the_cause_to_the_log_alone() {
    const PASSWORD: &str = "a sentence that is long";
    let world = World::new();
    let browser = Browser::default();
    let post = |browser: &Browser, target: &str, fields: &[(&str, &str)]| {
        browser.send(&world, Call::post(target).form(fields.iter().copied()))
    };
    let enter = |action: &str, name: &str| {
        let fields = [("action", action), ("name", name), ("password", PASSWORD)];
        post(&Browser::default(), "/developer/", &fields)
    };
    let fields = [
        ("action", "create"),
        ("name", "dev.one"),
        ("password", PASSWORD),
    ];
    post(&browser, "/developer/", &fields);
    let csrf = between(
        &browser.get(&world, "/developer/").text(),
        "name=\"csrf\" value=\"",
        "\"",
    );
    let form = |name| {
        [
            ("csrf", csrf.as_str()),
            ("client_name", name),
            ("redirect_uris", REDIRECT),
        ]
    };
    let made = post(&browser, "/developer/new", &form("App")).text();
    let own = format!(
        "/developer/app/{}",
        between(&made, "action=\"/developer/app/", "\"")
    );
    let change = |action: &str| {
        let mut fields = form("Renamed").to_vec();
        fields.push(("action", action));
        post(&browser.clone(), &own, &fields)
    };
    let get = |target: &str| browser.clone().get(&world, target);
    try_all(
        &world,
        vec![
            (
                "create",
                Surface::Page,
                Box::new(|| enter("create", "dev.two")),
            ),
            (
                "sign in",
                Surface::Page,
                Box::new(|| enter("sign_in", "dev.one")),
            ),
            ("home", Surface::Page, Box::new(|| get("/developer/"))),
            ("form", Surface::Page, Box::new(|| get("/developer/new"))),
            (
                "register",
                Surface::Page,
                Box::new(|| post(&browser.clone(), "/developer/new", &form("Another"))),
            ),
            ("show", Surface::Page, Box::new(|| get(&own))),
            ("save", Surface::Page, Box::new(|| change("save"))),
            ("rotate", Surface::Page, Box::new(|| change("rotate"))),
            ("suspend", Surface::Page, Box::new(|| change("suspend"))),
            ("delete", Surface::Page, Box::new(|| change("delete"))),
            (
                "test client",
                Surface::Page,
                Box::new(|| get("/developer/test")),
            ),
            (
                "sign out",
                Surface::Page,
                Box::new(|| {
                    let fields = [("action", "sign_out"), ("csrf", csrf.as_str())];
                    post(&browser.clone(), "/developer/", &fields)
                }),
            ),
        ],
    );
}

#[test]
fn every_route_of_operators_tells_the_cause_to_the_log_alone() {
    let world = World::with(&[("operators", &operators())]);
    let client = world.app("App");
    let lock = world.lock_down("version", "v1");
    let why = || json!({ "reason": "a test" });
    let ops = |target: &str| world.send(Call::get(target).bearer("lou"));
    let act = |target: &str, body: Json| world.act("lou", target, body);
    let suspend = format!("/ops/applications/{}/suspend", client.id);
    let lift = format!("/ops/lock-down/{lock}/lift");
    let everybody = || json!({ "scope": "all", "reason": "a test" });
    let mut acts: Vec<(&str, Surface, Act<'_>)> = vec![
        (
            "suspend",
            Surface::Problem,
            Box::new(|| act(&suspend, why())),
        ),
        ("lift", Surface::Problem, Box::new(|| act(&lift, why()))),
        (
            "lock",
            Surface::Problem,
            Box::new(|| act("/ops/lock-down", everybody())),
        ),
        (
            "again",
            Surface::Problem,
            Box::new(|| act("/ops/reauthenticate", everybody())),
        ),
        (
            "resolve",
            Surface::Problem,
            Box::new(|| act("/ops/identity/1/resolve", why())),
        ),
        (
            "seen",
            Surface::Problem,
            Box::new(|| act("/ops/alerts/1/acknowledge", why())),
        ),
        (
            "nobody",
            Surface::Problem,
            Box::new(|| world.act("eve", "/ops/lock-down", everybody())),
        ),
        (
            "sign in",
            Surface::Page,
            Box::new(|| {
                let form = Call::post("/ops/sign-in").form([("token", "lou")]);
                Browser::default().send(&world, form)
            }),
        ),
    ];
    for target in [
        "/ops/",
        "/ops/lock-down",
        "/ops/applications",
        "/ops/identity",
        "/ops/alerts",
        "/ops/incident",
        "/ops/audit/verify",
        "/ops/audit/reconcile",
        "/ops/audit/export?after=0",
        "/ops/metrics",
    ] {
        acts.push((target, Surface::Problem, Box::new(move || ops(target))));
    }
    try_all(&world, acts);
    let ready = || world.send(Call::get("/health/ready"));
    each_fault(&world, &FAILS, ready, |answer, what| {
        let expected = if what == "nothing" {
            "ok"
        } else {
            "unavailable"
        };
        assert_eq!(answer.json()["store"], expected, "{what}");
    });
}
