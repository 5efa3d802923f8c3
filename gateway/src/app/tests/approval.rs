//! Operators find registrations, look at all that people will see, approve and reject
//! (docs/contract/09-applications.md).

use super::ops::operators;
use super::*;
use crate::base::adapters::native::Fault;

/// A production gateway with operators.
fn production() -> World {
    let operators = operators();
    let mut variables = crate::base::config::tests::PRODUCTION.to_vec();
    variables.push(("operators", &operators));
    World::with(&variables)
}

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR one";
const OTHER_PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR another";

impl World {
    fn ask(&self, target: &str) -> Json {
        let answer = self.send(Call::get(target).bearer("reader"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn sheet(&self, client: &Client) -> Json {
        self.ask(&format!("/ops/applications/{}", client.id))
    }

    /// Decides about the sheet as it is.
    fn verdict(&self, client: &Client, verb: &str, reason: &str) -> Answer {
        let sheet = self.sheet(client)["sheet"].clone();
        self.verdict_of(client, verb, reason, &sheet)
    }

    fn verdict_of(&self, client: &Client, verb: &str, reason: &str, sheet: &Json) -> Answer {
        let target = format!("/ops/applications/{}/{verb}", client.id);
        self.act("ann", &target, json!({ "reason": reason, "sheet": sheet }))
    }

    fn approve(&self, client: &Client) {
        let answer = self.verdict(client, "approve", "checked");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["status"], "active");
    }

    fn change(&self, client: &Client, changes: Json) -> Answer {
        let mut body =
            json!({ "client_id": client.id, "client_name": "App", "redirect_uris": [REDIRECT] });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let call = Call::new(Method::PUT, &format!("/o/register/{}", client.id));
        self.send(call.bearer(&client.registration_token).json(&body))
    }

    fn status(&self, client: &Client) -> String {
        let call = Call::get(&format!("/o/register/{}", client.id));
        let read = self.send(call.bearer(&client.registration_token)).json();
        read["status"].as_str().unwrap().to_owned()
    }

    fn put_logo(&self, client: &Client, picture: &'static [u8]) {
        let target = format!("/o/register/{}/logo", client.id);
        let mut call = Call::new(Method::PUT, &target).bearer(&client.registration_token);
        call.body = picture.into();
        assert_eq!(self.send(call).status, 204);
    }

    fn logo(&self, client: &Client) -> Answer {
        self.send(Call::get(&format!("/o/logo/{}", client.id)))
    }

    fn reconciled(&self) {
        let found = self.ask("/ops/audit/reconcile");
        assert_eq!(found["findings"], json!([]), "{found}");
    }
}

/// An operator at the pages.
fn signed_in(world: &World, operator: &str) -> Browser {
    let browser = Browser::default();
    let form = Call::post("/ops/sign-in").form([("token", operator)]);
    assert_eq!(browser.send(world, form).location(), "/ops/");
    browser
}

#[test]
fn no_registration_is_hidden_however_many_there_are() {
    let world = production();
    let names: Vec<_> = (0..120).map(|n| format!("Number {n}")).collect();
    for name in &names {
        world.app(name);
    }
    let (mut found, mut next) = (Vec::new(), json!(0));
    while !next.is_null() {
        let page = world.ask(&format!("/ops/applications?after={next}"));
        assert_eq!(page["total"], 120);
        let items = page["applications"].as_array().unwrap();
        assert!(items.len() <= 50);
        found.extend(items.iter().map(|item| item["client_name"].clone()));
        next = page["next"].clone();
    }
    assert_eq!(json!(found), json!(names));
    let state = world.ask("/ops/");
    assert_eq!(state["applications_waiting_in_all"], 120);

    // The same by the page's links.
    let browser = signed_in(&world, "reader");
    let mut target = "/ops/applications".to_owned();
    let mut seen = 0;
    loop {
        let page = browser.get(&world, &target).text();
        seen += page.matches("<li><a href=\"/ops/applications/").count();
        if !page.contains("Next 50") {
            break;
        }
        let link = between(&page, "href=\"/ops/applications?", "\">Next 50");
        let link = link.rsplit("href=\"/ops/applications?").next().unwrap();
        target = format!(
            "/ops/applications?{}",
            link.replace("&#38;", "&").replace("&amp;", "&")
        );
    }
    assert_eq!(seen, 120);
}

#[test]
fn an_application_is_found_by_all_that_it_is_known_by() {
    let world = production();
    let metadata = json!({
        "redirect_uris": ["https://back.Claims-Helper.example/cb", "org.helper.app:/done"],
        "contacts": ["Help@team.example"],
    });
    let client = world.register("Claims Hélper", metadata);
    world.app("Something else");
    let browser = super::developer::sign_up(&world, "carol.dev");
    let owned = super::developer::made(&world, &browser, "Of the portal");
    let part_of_id = &client.id[5..25].to_lowercase();
    for (text, wanted) in [
        ("claims hélper", &client),
        ("CLAIMS", &client),
        // Looks like it.
        ("cIaims", &client),
        ("claims-helper.example", &client),
        ("org.helper.app", &client),
        ("help@TEAM", &client),
        (part_of_id.as_str(), &client),
        ("Carol", &owned),
    ] {
        let query = form([("q", text)]);
        let found = world.ask(&format!("/ops/applications?{query}"));
        assert_eq!(found["total"], 1, "{text}: {found}");
        assert_eq!(
            found["applications"][0]["client_id"],
            json!(wanted.id),
            "{text}"
        );
    }
    for text in ["nothing of this", "%", "_", "'", "\u{200b}"] {
        let found = world.ask(&format!("/ops/applications?{}", form([("q", text)])));
        assert_eq!(found["total"], 0, "{text}");
    }
    let owner = world.ask(&format!("/ops/applications/{}", owned.id));
    assert_eq!(owner["owner"], "carol.dev");

    world.approve(&client);
    for (status, total) in [("active", 1), ("pending", 2), ("rejected", 0), ("all", 3)] {
        let found = world.ask(&format!("/ops/applications?status={status}"));
        assert_eq!(found["total"], total, "{status}");
    }
    for wrong in ["status=new", "after=x", "q=1&q=2"] {
        let call = Call::get(&format!("/ops/applications?{wrong}")).bearer("reader");
        world.send(call).is_refused(400, "invalid_parameter");
    }
    let long = format!("/ops/applications?q={}", "x".repeat(256));
    world
        .send(Call::get(&long).bearer("reader"))
        .is_refused(400, "invalid_parameter");
}

#[test]
fn the_sheet_has_all_that_people_will_see_and_what_changed_since_it_was_approved() {
    let world = production();
    let metadata = json!({
        "client_uri": "https://www.helper.example/", "policy_uri": "https://www.helper.example/privacy",
        "tos_uri": "https://www.helper.example/terms", "contacts": ["help@team.example"],
        "data_access_type": "RESEARCH_STUDY", "description": "Helps \u{202a}nobody",
    });
    let client = world.register("Claims <Helper>", metadata);
    world.put_logo(&client, PICTURE);
    let page = |world: &World| {
        signed_in(world, "ann")
            .get(world, &format!("/ops/applications/{}", client.id))
            .text()
    };
    let first = page(&world);
    for shown in [
        "<h1><bdi>Claims &#60;Helper&#62;</bdi></h1>",
        "<strong>https://www.helper.example</strong>",
        "https://www.helper.example/privacy",
        "https://www.helper.example/terms",
        "<strong>https://app.example</strong>",
        REDIRECT,
        "help@team.example",
        "RESEARCH_STUDY",
        "patient/ExplanationOfBenefit",
        "over HTTP (RFC 7591)",
        "data:image/png;base64,",
        "lang=\"es\"",
    ] {
        assert!(first.contains(shown), "{shown}: {first}");
    }
    assert!(
        !first.contains("<ins>") && !first.contains("(changed)"),
        "{first}"
    );
    // What consent will say, in both languages.
    let sheet = world.sheet(&client);
    let consent = &sheet["consent"];
    assert_eq!(
        consent["en"]["will_see"].as_array().unwrap().len(),
        4,
        "{consent}"
    );
    assert!(consent["en"]["choice"].is_array());
    assert_ne!(consent["en"]["length"], consent["es"]["length"]);
    assert_eq!(sheet["approved"], Json::Null);
    world.approve(&client);
    assert_eq!(world.sheet(&client)["approved"]["changed_since"], json!([]));

    let changed = json!({
        "client_name": "Claims <Helper>", "redirect_uris": [REDIRECT, "https://elsewhere.example/cb"],
        "data_access_type": "RESEARCH_STUDY", "policy_uri": "https://www.helper.example/privacy",
    });
    assert_eq!(world.change(&client, changed).status, 200);
    world.put_logo(&client, OTHER_PICTURE);
    let sheet = world.sheet(&client);
    assert_eq!(
        sheet["approved"]["changed_since"],
        json!([
            "Description",
            "Website",
            "Sends people back to",
            "Terms",
            "Contacts",
            "Logo"
        ])
    );
    let second = page(&world);
    for shown in [
        "<ins>new</ins> <strong>https://elsewhere.example</strong>",
        "<del>gone</del> <bdi>help@team.example</bdi>",
        "<ins>changed</ins>",
        "logo as it was approved",
    ] {
        assert!(second.contains(shown), "{shown}: {second}");
    }
    world.reconciled();
}

#[test]
fn a_decision_holds_only_for_the_sheet_that_was_looked_at() {
    let world = production();
    let client = world.app("App");
    let looked_at = world.sheet(&client)["sheet"].clone();
    for change in [0, 1] {
        if change == 0 {
            world.change(&client, json!({ "client_uri": "https://other.example/" }));
        } else {
            world.put_logo(&client, PICTURE);
        }
        for verb in ["approve", "reject"] {
            world
                .verdict_of(&client, verb, "checked", &looked_at)
                .is_refused(409, "sheet_changed");
            let action = format!("ops.application.{verb}");
            assert_eq!(
                world.audited(0)[..3],
                [action.as_str(), "refused", "sheet_changed"]
            );
        }
    }
    for missing in [Json::Null, json!(""), json!(7)] {
        let refused = world.verdict_of(&client, "approve", "checked", &missing);
        assert!(matches!(refused.status, 400 | 409), "{}", refused.text());
    }
    assert_eq!(world.status(&client), "pending");

    // It changes between the look and the statement that decides.
    const CHANGES: [&str; 2] = [
        "UPDATE application SET metadata = json_set(metadata, '$.tos_uri', 'https://evil.example/' || hex(randomblob(4)))",
        "UPDATE application_logo SET bytes = CAST(bytes || 'x' AS BLOB)",
    ];
    for change in CHANGES {
        for verb in ["approve", "reject"] {
            let sheet = world.sheet(&client)["sheet"].clone();
            world.database.plan(Some((1, Fault::Meanwhile(change))));
            let refused = world.verdict_of(&client, verb, "checked", &sheet);
            world.database.finish();
            refused.is_refused(409, "sheet_changed");
            assert_eq!(world.status(&client), "pending");
        }
    }
    world.approve(&client);
    world
        .verdict(&client, "approve", "again")
        .is_refused(409, "status_differs");
    world
        .verdict(&client, "reject", "again")
        .is_refused(409, "status_differs");
}

#[test]
fn the_page_keeps_the_words_where_the_sheet_changed_and_decides_by_form() {
    let world = production();
    let client = world.app("App");
    let browser = signed_in(&world, "ann");
    let target = format!("/ops/applications/{}", client.id);
    let decide = |page: &str, verb: &str, reason: &str| {
        let csrf = between(page, "name=\"csrf\" value=\"", "\"");
        let sheet = between(page, "name=\"sheet\" value=\"", "\"");
        let fields = [
            ("csrf", csrf.as_str()),
            ("sheet", sheet.as_str()),
            ("reason", reason),
        ];
        browser.send(&world, Call::post(&format!("{target}/{verb}")).form(fields))
    };
    let page = browser.get(&world, &target).text();
    world.put_logo(&client, PICTURE);
    let again = decide(&page, "reject", "Say who you are");
    assert_eq!(again.status, 409);
    assert!(
        again.text().contains("role=\"alert\"")
            && again.text().contains(">Say who you are</textarea>")
    );
    assert_eq!(world.status(&client), "pending");
    let done = decide(&again.text(), "approve", "checked");
    assert_eq!(done.location(), target);
    assert_eq!(world.status(&client), "active");

    // Who may only read sees the sheet and no form; who is nobody is asked to sign in.
    let read = signed_in(&world, "reader").get(&world, &target).text();
    assert!(read.contains("What people will read") && !read.contains("<form method=\"post\""));
    for target in ["/ops/applications", target.as_str()] {
        let call = Call::get(target).header("accept", "text/html,application/xhtml+xml");
        assert!(world.send(call).text().contains("name=\"token\""));
        world
            .send(Call::get(target))
            .is_refused(401, "operator_unknown");
    }
    let refused = world.act(
        "reader",
        &format!("{target}/reject"),
        json!({ "reason": "x", "sheet": "y" }),
    );
    refused.is_refused(403, "role_missing");
    world
        .send(Call::get(&format!("/ops/applications/{}", "a".repeat(40))).bearer("reader"))
        .is_refused(404, "not_found");
}

#[test]
fn a_rejection_has_words_for_the_developer_and_frees_the_name() {
    let world = production();
    let browser = super::developer::sign_up(&world, "carol.dev");
    let client = super::developer::made(&world, &browser, "Nice Name");
    let words = "Say <who> you are.\r\nLink a privacy policy.";
    let long = "x".repeat(1001);
    for wrong in ["", "  ", &long, "a\u{0}b"] {
        world
            .verdict(&client, "reject", wrong)
            .is_refused(400, "reason_missing");
    }
    let taken = json!({ "client_name": "nice name", "redirect_uris": [REDIRECT] });
    let register = || world.send(Call::post("/o/register").json(&taken));
    register().is_refused(400, "invalid_client_metadata");
    let rejected = world.verdict(&client, "reject", words);
    assert_eq!(
        (rejected.status, &rejected.json()["status"]),
        (200, &json!("rejected"))
    );
    assert_eq!(
        world.audited(0),
        ["ops.application.reject", "ok", "", "warning"]
    );
    assert_eq!(world.sheet(&client)["decision_reason"], words);
    let told = "SELECT COUNT(*) FROM store_event WHERE source = 'application' AND json_extract(after, '$.decision_reason') LIKE 'Say%'";
    assert_eq!(world.sql(told)[0][0], Value::Integer(1));

    world
        .authorize(&Browser::default(), &client, &[])
        .is_page(403, "application_inactive");
    let page = browser
        .get(&world, &format!("/developer/app/{}", client.id))
        .text();
    assert!(
        page.contains("Say &#60;who&#62; you are.") && page.contains("not approved"),
        "{page}"
    );
    let list = browser.get(&world, "/developer/?lang=es").text();
    assert!(
        list.contains("not approved") || list.contains("no aprobada"),
        "{list}"
    );

    // Somebody else may have the name; then the first one needs another.
    assert_eq!(register().status, 201);
    let save = |name: &str| {
        let csrf = between(
            &browser.get(&world, "/developer/").text(),
            "name=\"csrf\" value=\"",
            "\"",
        );
        let fields = [
            ("csrf", csrf.as_str()),
            ("action", "save"),
            ("client_name", name),
            ("redirect_uris", REDIRECT),
        ];
        browser.send(
            &world,
            Call::post(&format!("/developer/app/{}", client.id)).form(fields),
        )
    };
    assert_eq!(save("Nice Name").status, 400);
    assert_eq!(world.sheet(&client)["status"], "rejected");
    assert_eq!(save("Nicer Name").status, 303);
    assert_eq!(world.sheet(&client)["status"], "pending");
    let page = browser
        .get(&world, &format!("/developer/app/{}", client.id))
        .text();
    assert!(!page.contains("Say &#60;who"));
    world.approve(&client);
    world.reconciled();
}

#[test]
fn over_http_a_developer_reads_the_words_and_sends_it_in_again() {
    let world = production();
    let client = world.app("App");
    assert_eq!(world.verdict(&client, "reject", "Use https").status, 200);
    let call = Call::get(&format!("/o/register/{}", client.id));
    let read = world.send(call.bearer(&client.registration_token)).json();
    assert_eq!(
        (&read["status"], &read["status_reason"]),
        (&json!("rejected"), &json!("Use https"))
    );
    let again = world.change(&client, json!({})).json();
    assert_eq!(
        (&again["status"], &again["status_reason"]),
        (&json!("pending"), &Json::Null)
    );
    // Suspended while it waits, it waits again, since nobody approved it.
    let target = format!("/ops/applications/{}", client.id);
    let act = |verb: &str| world.act("ann", &format!("{target}/{verb}"), json!({ "reason": "x" }));
    assert_eq!(act("suspend").status, 200);
    assert_eq!(act("resume").json()["status"], "pending");
}

#[test]
fn a_rejected_change_keeps_the_name_that_was_approved() {
    let world = production();
    let client = world.app("App");
    world.approve(&client);
    world.change(&client, json!({ "description": "Something else" }));
    assert_eq!(world.verdict(&client, "reject", "no").status, 200);
    let taken = json!({ "client_name": "App", "redirect_uris": [REDIRECT] });
    let register = |body: &Json| world.send(Call::post("/o/register").json(body));
    register(&taken).is_refused(400, "invalid_client_metadata");
    // A new name that was rejected is free.
    world.change(&client, json!({ "client_name": "Better" }));
    assert_eq!(world.verdict(&client, "reject", "no").status, 200);
    let better = json!({ "client_name": "Better", "redirect_uris": [REDIRECT] });
    assert_eq!(register(&better).status, 201);
}

#[test]
fn in_production_another_logo_waits_and_people_see_the_approved_one() {
    let world = production();
    let client = world.app("App");
    world.put_logo(&client, PICTURE);
    assert_eq!(world.logo(&client).status, 404, "nobody approved it");
    world.approve(&client);
    assert_eq!(world.logo(&client).body, PICTURE);
    // The same picture again is no change.
    world.advance(1);
    world.put_logo(&client, PICTURE);
    assert_eq!(world.status(&client), "active");
    world.put_logo(&client, OTHER_PICTURE);
    assert_eq!(world.status(&client), "pending");
    assert_eq!(world.logo(&client).body, PICTURE);
    assert_eq!(world.verdict(&client, "reject", "no").status, 200);
    assert_eq!(world.logo(&client).body, PICTURE);
    world.change(&client, json!({}));
    world.approve(&client);
    assert_eq!(world.logo(&client).body, OTHER_PICTURE);
    // So it is with the name that /account/ has.
    world.change(&client, json!({ "client_name": "Renamed" }));
    let shown = |world: &World| {
        world.sql("SELECT client_name FROM application_shown WHERE id = 1")[0][0].clone()
    };
    assert_eq!(shown(&world), Value::Text("App".to_owned()));
    world.approve(&client);
    assert_eq!(shown(&world), Value::Text("Renamed".to_owned()));
    // The first one of an application that was approved without.
    let bare = world.app("Bare");
    world.approve(&bare);
    world.put_logo(&bare, PICTURE);
    assert_eq!(
        (world.status(&bare).as_str(), world.logo(&bare).status),
        ("pending", 404)
    );
    // Suspended, changed, and let go on: it waits.
    let target = format!("/ops/applications/{}", client.id);
    let act = |verb: &str| world.act("ann", &format!("{target}/{verb}"), json!({ "reason": "x" }));
    assert_eq!(act("suspend").status, 200);
    assert_eq!(act("resume").json()["status"], "active");
    assert_eq!(act("suspend").status, 200);
    world.put_logo(&client, PICTURE);
    assert_eq!(act("resume").json()["status"], "pending");
    world.reconciled();
}

#[test]
fn a_secret_is_rotated_without_waiting_and_any_other_change_waits() {
    let world = production();
    let client = world.app("App");
    world.approve(&client);
    let rotated = world.change(&client, json!({ "rotate_client_secret": true }));
    assert!(
        rotated.json()["client_secret"].is_string(),
        "{}",
        rotated.text()
    );
    assert_eq!(world.status(&client), "active");
    for change in [
        json!({ "client_name": "Other" }),
        json!({ "redirect_uris": [REDIRECT, "https://other.example/cb"] }),
        json!({ "scope": "patient/Coverage.rs" }),
        json!({ "data_access_type": "RESEARCH_STUDY" }),
        json!({ "requires_demographics": false }),
        json!({ "tos_uri": "https://other.example/" }),
        json!({ "contacts": ["a@b.example"] }),
        json!({ "description": "x" }),
        json!({ "token_endpoint_auth_method": "none" }),
    ] {
        assert_eq!(world.change(&client, change.clone()).status, 200);
        assert_eq!(world.status(&client), "pending", "{change}");
        world.approve(&client);
    }
}

/// An operator approves just before each statement of a change: what is active is what was approved.
#[test]
fn a_change_beside_an_approval_is_never_active_without_one() {
    const APPROVE: &str =
        "UPDATE application SET status = 'active', approved_metadata = metadata, approved_at = 1
        WHERE status = 'pending'";
    const UNAPPROVED: &str =
        "application WHERE status = 'active' AND approved_metadata IS NOT metadata";
    let mut statement = 0;
    loop {
        let world = production();
        let client = world.app("App");
        world
            .database
            .plan(Some((statement, Fault::Meanwhile(APPROVE))));
        let answer = world.change(&client, json!({ "tos_uri": "https://evil.example/" }));
        let statements = world.database.finish();
        assert_eq!(answer.status, 200);
        assert_eq!(
            world.count(UNAPPROVED),
            0,
            "before {:?}",
            statements.get(statement)
        );
        if statement >= statements.len() {
            break;
        }
        statement += 1;
    }
    assert!(statement > 1);
}
