//! What operators and time do to what is kept: conflicts resolved, people asked to sign in again, an epoch after a
//! restore, keys rotated, rows removed, and the audit verified and exported through its routes.

use super::layers::findings;
use super::ops::operators;
use super::*;
use crate::audit::verify::{File, Head, verify};
use crate::base::config::Config;
use crate::base::signature::{PublicKey, Signer};
use crate::maintenance::upkeep;

fn operated() -> World {
    World::with(&[("operators", &operators())])
}

impl World {
    /// Another instance with some variables changed, on the same store.
    fn reconfigure(&mut self, variables: &[(&'static str, &str)]) {
        let mut raw = crate::base::config::tests::sandbox();
        let operators = operators();
        let always = [
            ("idp_subject_form", "any"),
            ("rate_limit_per_minute", "1000000"),
            ("registration_limit_per_minute", "1000000"),
            ("operators", operators.as_str()),
        ];
        for (name, value) in always.iter().chain(variables) {
            raw.insert(name, (*value).to_owned());
        }
        self.app.config = Arc::new(Config::parse(&raw).unwrap());
        self.restart();
    }

    fn look(&self, target: &str) -> Answer {
        self.send(Call::get(target).bearer("reader"))
    }

    fn purge(&self) {
        for _ in 0..5 {
            block_on(upkeep::purge(&self.app)).unwrap();
        }
    }

    fn seal(&self) {
        block_on(upkeep::chain(&self.app)).unwrap();
    }

    fn sign_in_as(&self, client: &Client, person: &Person) -> Answer {
        let browser = Browser::default();
        let started = self.authorize(&browser, client, &[]);
        self.sign_in(&browser, &started, person)
    }
}

#[test]
fn two_operators_end_a_link_and_the_person_signs_in_anew() {
    let world = operated();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let somebody = Person::new("somebody", &anne().mbi);
    world
        .sign_in_as(&client, &somebody)
        .is_page(403, "identity_conflict");
    world
        .sign_in_as(&client, &anne())
        .is_page(403, "identity_conflict");
    let held = world.look("/ops/identity").json();
    assert_eq!(held["identities"][0]["conflicts"], json!(["patient_taken"]));
    assert!(!held.to_string().contains("anne"), "{held}");
    let path = format!("/ops/identity/{}/resolve", held["identities"][0]["id"]);
    let resolve = |operator, reason| world.act(operator, &path, json!({ "reason": reason }));

    assert_eq!(resolve("reader", "why").status, 403);
    resolve("ann", " ").is_refused(400, "reason_missing");
    assert_eq!(resolve("ann", "she called").status, 202);
    resolve("ann", "again").is_refused(409, "second_operator_missing");
    world
        .sign_in_as(&client, &anne())
        .is_page(403, "identity_conflict");
    let shown = world.look("/ops/identity").json();
    assert_eq!(shown["identities"][0]["proposed_by"], "ann");
    let ended = resolve("lou", "checked with her");
    assert_eq!(
        (ended.status, ended.json()["state"].clone()),
        (200, json!("ended"))
    );
    resolve("max", "late").is_refused(404, "not_found");

    // What the link led to is over; both people may sign in, and who comes first is linked.
    assert_eq!(world.claims(&tokens.access).status, 403);
    assert_eq!(world.look("/ops/identity").json()["identities"], json!([]));
    let anew = world.connect(&client, &anne());
    assert_eq!(world.claims(&anew.access).status, 200);
    world
        .sign_in_as(&client, &somebody)
        .is_page(403, "identity_conflict");
    assert_eq!(world.count("identity WHERE ended_at IS NOT NULL"), 1);
    for (action, actor) in [
        ("ops.identity.propose", "operator:ann"),
        ("ops.identity.resolve", "operator:lou"),
    ] {
        let told =
            format!("audit WHERE action = '{action}' AND actor = '{actor}' AND outcome = 'ok'");
        assert_eq!(world.count(&told), 1, "{action}");
    }
    assert_eq!(findings(&world), Vec::<String>::new());
}

/// A changed patient id holds two people; ending the link of one releases the other.
#[test]
fn who_was_held_by_nothing_else_is_held_no_more() {
    let world = operated();
    let client = world.app("App");
    world.connect(&client, &anne());
    world.connect(&client, &bert());
    world.patient(&anne().mbi, &["-2"]);
    world
        .sign_in_as(&client, &anne())
        .is_page(403, "identity_conflict");
    world
        .sign_in_as(&client, &bert())
        .is_page(403, "identity_conflict");
    world.patient(&anne().mbi, &["-1"]);
    for operator in ["ann", "lou"] {
        let answer = world.act(
            operator,
            "/ops/identity/1/resolve",
            json!({ "reason": "the backend was wrong" }),
        );
        assert!([200, 202].contains(&answer.status), "{}", answer.text());
    }
    assert_eq!(world.sign_in_as(&client, &bert()).status, 303);
    assert_eq!(world.sign_in_as(&client, &anne()).status, 303);
    assert_eq!(findings(&world), Vec::<String>::new());
}

#[test]
fn reauthenticate_ends_grants_and_tokens_since_an_instant_and_lists_whom_to_write_to() {
    for (scope, ended) in [
        ("all", [true, true]),
        ("application", [true, false]),
        ("issuer", [true, true]),
    ] {
        let world = operated();
        let contacts = json!({ "contacts": ["ops@one.example", "=1+1@one.example"] });
        let clients = [
            world.register("One, \"the\" app", contacts),
            world.app("Two"),
        ];
        let early = world.connect(&clients[0], &bert());
        world.advance(100);
        let since = jiff::Timestamp::from_millisecond(world.clock.now().0).unwrap();
        let late = [
            world.connect(&clients[0], &anne()),
            world.connect(&clients[1], &anne()),
        ];
        let target = match scope {
            "all" => "",
            "issuer" => outside::ISSUER,
            _ => &clients[0].id,
        };
        let body = json!({ "scope": scope, "target": target, "since": since.to_string(), "reason": "incident 7" });
        assert_eq!(
            world.act("ann", "/ops/reauthenticate", body.clone()).status,
            403
        );
        let answer = world.act("lou", "/ops/reauthenticate", body);
        assert_eq!(answer.status, 201, "{}", answer.text());

        assert_eq!(world.claims(&early.access).status, 200, "{scope}");
        for (tokens, ended) in late.iter().zip(ended) {
            assert_eq!(
                world.claims(&tokens.access).status == 200,
                !ended,
                "{scope}"
            );
        }
        for (client, (tokens, ended)) in clients.iter().zip(late.iter().zip(ended)) {
            assert_eq!(
                world.refresh(client, &tokens.refresh).status == 200,
                !ended,
                "{scope}"
            );
        }
        let list = world.look(&format!("/ops/reauthenticate/{}", answer.json()["id"]));
        assert_eq!(list.json(), answer.json());
        assert_eq!(
            list.json()["applications"][0]["contacts"][0],
            "ops@one.example"
        );
        let csv = world.look(&format!(
            "/ops/reauthenticate/{}?format=csv",
            answer.json()["id"]
        ));
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        let first = format!(
            "{},\"One, \"\"the\"\" app\",\"ops@one.example =1+1@one.example\",1",
            clients[0].id
        );
        assert_eq!(csv.text().lines().nth(1), Some(first.as_str()));
        // They come back by signing in and consenting.
        let anew = world.connect(&clients[0], &anne());
        assert_eq!(world.claims(&anew.access).status, 200);
        assert_eq!(findings(&world), Vec::<String>::new());
    }
}

#[test]
fn reauthenticate_sends_who_is_on_the_way_back_to_the_sign_in_and_ends_visits() {
    let world = operated();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let visit = Browser::default();
    let started = visit.get(&world, "/account/");
    world.sign_in(&visit, &started, &anne());
    assert_eq!(visit.get(&world, "/account/").status, 200);
    for bad in [
        json!({ "scope": "all", "target": "x", "reason": "r" }),
        json!({ "scope": "application", "target": "x", "reason": "r" }),
        json!({ "scope": "issuer", "target": "x", "reason": "r" }),
        json!({ "scope": "everyone", "reason": "r" }),
        json!({ "scope": "all", "since": "yesterday", "reason": "r" }),
    ] {
        world
            .act("lou", "/ops/reauthenticate", bad)
            .is_refused(400, "invalid_parameter");
    }
    let body = json!({ "scope": "all", "reason": "a drill" });
    assert_eq!(world.act("lou", "/ops/reauthenticate", body).status, 201);
    let decided = world.decide(&browser, &page, "allow", "share");
    assert!(!decided.location().starts_with(REDIRECT));
    let again = browser.get(&world, decided.location());
    assert!(again.location().starts_with(outside::ISSUER));
    assert!(
        visit
            .get(&world, "/account/")
            .location()
            .starts_with(outside::ISSUER)
    );
    assert_eq!(world.count("consent_grant"), 0);
}

#[test]
fn after_a_restore_the_epoch_ends_all_earlier_tokens_and_codes() {
    let mut world = operated();
    let client = world.app("App");
    let early = world.connect(&client, &anne());
    let code = world.code(&client, &bert(), SCOPE);
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    world.advance(10);
    let epoch = world.clock.now().seconds().to_string();
    world.reconfigure(&[("token_epoch", &epoch)]);
    assert_eq!(world.claims(&early.access).status, 401);
    world
        .refresh(&client, &early.refresh)
        .is_refused(400, "invalid_grant");
    world
        .exchange(&client, &code)
        .is_refused(400, "invalid_grant");
    let decided = world.decide(&browser, &page, "allow", "share");
    assert!(!decided.location().starts_with(REDIRECT));
    // Whatever came after it lives, also on the next instance.
    let late = world.connect(&client, &anne());
    world.restart();
    assert_eq!(world.claims(&late.access).status, 200);
    assert_eq!(world.count("reauthentication WHERE kind = 'epoch'"), 1);
    assert_eq!(world.count("audit WHERE action = 'tokens.epoch'"), 1);
    assert_eq!(findings(&world), Vec::<String>::new());
}

const ONE: &str = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
const TWO: &str = "k2:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

#[test]
fn a_former_store_key_still_opens_what_it_sealed() {
    let mut world = operated();
    world.reconfigure(&[("store_key", ONE)]);
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let name =
        |world: &World, tokens: &Tokens| world.userinfo(&tokens.access).json()["name"].clone();
    assert_eq!(name(&world, &tokens), "Name of 1S00A00AA01");
    world.reconfigure(&[("store_key", TWO), ("former_store_keys", ONE)]);
    assert_eq!(name(&world, &tokens), "Name of 1S00A00AA01");
    // What is sealed now is sealed with the new one.
    let anew = world.connect(&client, &anne());
    world.reconfigure(&[("store_key", TWO)]);
    assert_eq!(name(&world, &anew), "Name of 1S00A00AA01");
    let bert = {
        world.reconfigure(&[("store_key", ONE)]);
        world.connect(&client, &bert())
    };
    world.reconfigure(&[("store_key", TWO)]);
    // A key that is gone takes the names with it, and nothing else.
    assert_eq!(world.userinfo(&bert.access).status, 200);
    assert_ne!(name(&world, &bert), "Name of 1S00A00AA02");
}

#[test]
fn a_persons_events_are_found_under_each_audit_key() {
    let mut world = operated();
    world.reconfigure(&[("audit_key", ONE)]);
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    assert_eq!(world.claims(&tokens.access).status, 200);
    world.reconfigure(&[("audit_key", TWO), ("former_audit_keys", ONE)]);
    assert_eq!(world.claims(&tokens.access).status, 200);
    let hashes = "(SELECT DISTINCT person FROM audit WHERE action = 'fhir.search')";
    assert_eq!(world.count(hashes), 2);
    let shown = |world: &World| {
        let browser = Browser::default();
        let started = browser.get(world, "/account/");
        world.sign_in(&browser, &started, &anne());
        let page = browser.get(world, "/account/").text();
        let looked = between(&page, "Looked at your Medicare information", "</td>");
        (page.contains("Looked at"), looked)
    };
    assert_eq!(shown(&world), (true, ", 2 times".to_owned()));
    // Without the former key its events are nobody's.
    world.reconfigure(&[("audit_key", TWO)]);
    assert_eq!(shown(&world), (true, String::new()));
    assert_eq!(findings(&world), Vec::<String>::new());
}

#[test]
fn a_former_chain_key_still_verifies_what_it_signed() {
    let mut world = operated();
    world.reconfigure(&[("chain_key", ONE)]);
    world.app("App");
    world.seal();
    let former = Signer::new(&world.app.config.chain_key).public().text();
    world.reconfigure(&[("chain_key", TWO), ("former_chain_keys", &former)]);
    world.app("Another");
    world.seal();
    let report = world.look("/ops/audit/verify").json();
    assert_eq!(report["whole"], true, "{report}");
    assert_eq!(report["public_keys"].as_array().unwrap().len(), 2);
    world.reconfigure(&[("chain_key", TWO)]);
    let report = world.look("/ops/audit/verify").json();
    assert_eq!(report["broken"]["link"], 1, "{report}");
    assert!(
        report["broken"]["reason"]
            .as_str()
            .unwrap()
            .contains("`k1`"),
        "{report}"
    );
    assert_eq!(
        world.count("audit WHERE action = 'audit.verify' AND level = 'critical'"),
        1
    );
}

#[test]
fn the_audit_is_compared_and_exported_through_its_routes() {
    let world = operated();
    let client = world.app("App");
    world.connect(&client, &anne());
    for (route, status) in [
        ("verify", 200),
        ("reconcile", 200),
        ("export", 200),
        ("export?after=99", 404),
        ("export?after=x", 400),
    ] {
        let path = format!("/ops/audit/{route}");
        assert_eq!(world.send(Call::get(&path)).status, 401, "{route}");
        assert_eq!(world.look(&path).status, status, "{route}");
    }
    let compared = world.look("/ops/audit/reconcile").json();
    assert_eq!(compared["findings"], json!([]));
    assert!(compared["changes"].as_i64().unwrap() > 3, "{compared}");

    let answer = world.look("/ops/audit/export");
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let text = answer.text();
    let keys = world.look("/ops/audit/verify").json()["public_keys"][0].clone();
    let keys = [PublicKey::parse(keys.as_str().unwrap()).unwrap()];
    let mut file = File::new(&keys, None);
    text.lines().for_each(|line| file.line(line));
    let (report, head) = file.finish();
    assert!(report.is_whole() && report.rows > 10, "{report:?}");
    assert_eq!(head, Head::parse(text.lines().last().unwrap()));
    // The export is in itself, and the next one goes on after it.
    assert!(text.contains("ops.audit.export"));
    let after = head.unwrap().link;
    world.seal();
    let rest = world
        .look(&format!("/ops/audit/export?after={after}"))
        .text();
    let mut file = File::new(&keys, head);
    text.lines()
        .filter(|line| !line.contains("\"head\""))
        .chain(rest.lines())
        .for_each(|line| file.line(line));
    let (report, later) = file.finish();
    assert!(
        report.is_whole() && later.unwrap().link > after,
        "{report:?}"
    );
    world.sql("UPDATE application SET status = 'suspended'");
    let compared = world.look("/ops/audit/reconcile").json();
    assert!(
        compared["findings"][0]
            .as_str()
            .unwrap()
            .contains("update of application"),
        "{compared}"
    );
}

#[test]
fn a_long_export_comes_in_parts() {
    let world = operated();
    world.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
         INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level)
         SELECT 1, 2, 'r' || i, '0123456789abcdef0123456789abcdef', '', '', zeroblob(32), 'a', 'ok', '', 'info' FROM n",
    );
    let mut parts = 0;
    let mut target = "/ops/audit/export".to_owned();
    let mut file = File::new(&[Signer::new(&world.app.config.chain_key).public()], None);
    loop {
        let answer = world.look(&target);
        assert!(answer.body.len() < 2 << 20, "{}", answer.body.len());
        answer.text().lines().for_each(|line| file.line(line));
        parts += 1;
        match answer.header("link").split_once('>') {
            Some((next, "; rel=\"next\"")) => next
                .trim_start_matches(&format!("<{BASE}"))
                .clone_into(&mut target),
            _ => break,
        }
    }
    let (report, head) = file.finish();
    assert!(
        report.is_whole() && report.rows >= 6000 && head.is_some(),
        "{report:?}"
    );
    assert!(parts >= 2, "{parts}");
}

#[test]
fn what_expired_is_removed_a_day_later_and_what_lives_stays() {
    let world = operated();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    world.code(&client, &bert(), SCOPE);
    world.authorize(&Browser::default(), &client, &[]);
    Browser::default().get(&world, "/account/");
    let count = |table: &str| world.count(table);
    let tables = [
        "authorization_request",
        "authorization_code",
        "access_token",
        "account_session",
    ];
    let before = tables.map(count);
    assert!(before.iter().all(|rows| *rows > 0), "{before:?}");
    world.advance(86_400);
    world.purge();
    // The code and the sign-in to /account/ are a day past their end, the access token is not.
    assert_eq!(count("access_token"), before[2]);
    world.advance(3_700);
    world.purge();
    assert_eq!(tables.map(count), [0; 4]);
    // The grant goes on, and its refresh token with it.
    let next = world.refresh(&client, &tokens.refresh).tokens();
    assert_eq!(world.claims(&next.access).status, 200);
    assert_eq!(findings(&world), Vec::<String>::new());
}

#[test]
fn grants_and_chains_are_removed_long_after_they_ended_and_the_audit_knows() {
    let world = operated();
    let client = world.app("App");
    let ended = world.connect(&client, &anne());
    world.refresh(&client, &ended.refresh).tokens();
    world.connect(&client, &bert());
    world.about_token("revoke", &client, &ended.refresh);
    world.advance(399 * 86_400);
    world.purge();
    assert_eq!(world.count("consent_grant"), 2);
    world.advance(2 * 86_400);
    world.purge();
    assert_eq!(
        (world.count("consent_grant"), world.count("token_chain")),
        (1, 1)
    );
    assert_eq!(world.count("retired_refresh"), 0);
    // Bert's ran out after 13 months; 400 days later it goes as well.
    world.advance(500 * 86_400);
    world.purge();
    assert_eq!(
        (world.count("consent_grant"), world.count("token_chain")),
        (0, 0)
    );
    assert!(
        world.count("store_event WHERE operation = 'delete' AND source = 'consent_grant'") == 2
    );
    assert_eq!(world.count("removal"), 0);
    assert_eq!(findings(&world), Vec::<String>::new());
}

#[test]
fn the_audit_is_purged_by_whole_links_and_stays_verifiable() {
    let mut world = operated();
    // By the clock of this machine everything here happened long ago, which the store itself asks for.
    world.at("2010-01-01T00:00:00Z");
    let client = world.app("App");
    world.connect(&client, &anne());
    world.seal();
    world.advance(365 * 86_400);
    world.connect(&client, &anne());
    world.seal();
    let links = world.count("chain_link");
    world.advance(5 * 365 * 86_400 + 10 * 86_400);
    world.app("Later");
    world.seal();
    world.purge();
    assert_eq!(world.count("chain_anchor"), 0, "seven years are not over");
    world.advance(366 * 86_400);
    world.app("Much later");
    world.purge();
    world.seal();
    assert_eq!(world.count("chain_anchor"), 1);
    assert_eq!(
        world.count("audit WHERE id <= (SELECT audit_to FROM chain_link WHERE id = 1)"),
        0
    );
    assert!(world.count("chain_link") > links);
    let keys = [Signer::new(&world.app.config.chain_key).public()];
    let check = |world: &World| block_on(verify(world.database.as_ref(), &keys, None)).unwrap();
    let report = check(&world);
    assert!(report.is_whole() && report.purged_to >= 1, "{report:?}");
    let mut file = File::new(&keys, None);
    let text = world.look("/ops/audit/export").text();
    text.lines().for_each(|line| file.line(line));
    let (of_file, _) = file.finish();
    assert!(
        of_file.is_whole() && of_file.purged_to == report.purged_to,
        "{of_file:?}"
    );
    // What is younger stays, whoever asks; and an anchor that nobody signed hides nothing.
    let younger = report.purged_to + 1;
    let refused = block_on(world.app.database.execute(
        crate::base::ports::Durability::Durable,
        "DELETE FROM audit WHERE id = (SELECT MAX(id) FROM audit)",
        Vec::new(),
    ));
    assert!(refused.unwrap_err().0.contains("never removed"));
    world.sql("SAVEPOINT forged");
    world.sql(&format!(
        "INSERT INTO chain_anchor SELECT 2, {younger}, 1, 'r', key_id, signature FROM chain_anchor WHERE id = 1"
    ));
    world.sql(&format!(
        "DELETE FROM audit WHERE id <= (SELECT audit_to FROM chain_link WHERE id = {younger})"
    ));
    let broken = check(&world).broken.unwrap();
    assert!(broken.reason.contains("anchor"), "{broken:?}");
    world.sql("ROLLBACK TO forged");
    assert!(check(&world).is_whole());
    world.reconfigure(&[]);
    assert_eq!(findings(&world), Vec::<String>::new());
}

#[test]
fn a_gap_is_an_alert_before_the_chain_goes_on() {
    let world = operated();
    world.app("App");
    world.seal();
    world.app("Another");
    world.sql("DROP TRIGGER audit_is_never_removed");
    world.sql("DELETE FROM audit WHERE id = (SELECT MAX(id) FROM audit)");
    world.app("A third");
    let links = world.count("chain_link");
    world.seal();
    world.seal();
    assert_eq!(
        world.count(
            "audit WHERE action = 'audit.chain' AND outcome = 'failed' AND level = 'critical'"
        ),
        1
    );
    // Told once; then the chain goes on, and the gap stays to be seen.
    assert!(world.count("chain_link") > links);
    let report = world.look("/ops/audit/verify").json();
    assert_eq!(report["whole"], false);
    assert!(
        report["broken"]["reason"]
            .as_str()
            .unwrap()
            .contains("is missing"),
        "{report}"
    );
    assert_eq!(
        report["schema"],
        json!(["trigger audit_is_never_removed is missing"])
    );
}

/// Each link is told where whoever writes to the file does not reach.
#[test]
fn every_link_is_a_line_of_the_log() {
    let world = operated();
    world.app("App");
    world.seal();
    world.app("Another");
    world.seal();
    let links = world.sql("SELECT id, lower(hex(hash)) FROM chain_link ORDER BY id");
    assert!(links.len() > 1);
    let lines: Vec<Json> = world
        .log
        .0
        .lock()
        .unwrap()
        .iter()
        .filter(|line| line.contains("audit.link"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), links.len());
    for (line, link) in lines.iter().zip(&links) {
        let (Value::Integer(id), Value::Text(hash)) = (&link[0], &link[1]) else {
            panic!("{link:?}");
        };
        assert_eq!(line["link"], *id);
        assert_eq!(line["hash"], **hash);
        assert!(Head::parse(&line.to_string()).is_some());
    }
}

#[test]
fn links_that_are_gone_or_others_are_an_alert_before_anything_is_sealed_anew() {
    for change in [
        "DELETE FROM chain_link WHERE id = (SELECT MAX(id) FROM chain_link)",
        "UPDATE chain_link SET hash = zeroblob(32) WHERE id = (SELECT MAX(id) FROM chain_link)",
    ] {
        let world = operated();
        world.app("App");
        world.seal();
        let link = world.count("chain_link");
        let told = format!(
            "audit WHERE action = 'audit.chain' AND outcome = 'failed' AND level = 'critical' AND code = 'link_{link}_lost'"
        );
        assert_eq!(world.count(&told), 0);
        world.sql("DROP TRIGGER chain_link_is_never_removed");
        world.sql("DROP TRIGGER chain_link_is_never_changed");
        world.sql(change);
        world.seal();
        world.seal();
        assert_eq!(world.count(&told), 1, "{change}");
    }
}

/// Whoever writes to the file takes the triggers away, changes a row that is sealed, takes the links off from there
/// on and puts the triggers back. The gateway then seals what is left, with its own key.
#[test]
fn the_attack_of_whoever_writes_to_the_file_is_found_through_an_exported_head() {
    let world = operated();
    let client = world.app("App");
    world.connect(&client, &anne());
    world.seal();
    let exported = world.look("/ops/audit/export").text();
    let head = Head::parse(exported.lines().last().unwrap());
    assert!(head.is_some());
    let keys = [Signer::new(&world.app.config.chain_key).public()];
    let check = |head| block_on(verify(world.app.database.as_ref(), &keys, head)).unwrap();
    assert!(check(head).is_whole());
    let guards = world.sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('audit', 'chain_link')");
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    for guard in &guards {
        world.sql(&format!("DROP TRIGGER {}", text(&guard[0])));
    }
    world.sql("UPDATE audit SET code = 'nothing_happened' WHERE id = 2");
    world.sql("DELETE FROM chain_link");
    for guard in &guards {
        world.sql(&text(&guard[1]));
    }
    // No instance remembers; the next one seals what it finds.
    world.restart();
    world.seal();
    let alone = check(None);
    assert!(
        alone.is_whole() && alone.links > 0,
        "in itself it is whole: {alone:?}"
    );
    let broken = check(head).broken.expect("found through the head");
    assert!(broken.reason.contains("earlier head"), "{}", broken.reason);
}

#[test]
fn a_schema_that_differs_in_a_byte_is_an_alert() {
    let told =
        "audit WHERE action = 'audit.chain' AND level = 'critical' AND code = 'schema_changed'";
    for change in [
        "CREATE TRIGGER sqlitex_quiet AFTER INSERT ON audit BEGIN SELECT 1; END",
        "DROP TRIGGER audit_is_never_removed",
        "CREATE INDEX audit_by_nothing ON audit (code)",
    ] {
        let world = operated();
        world.app("App");
        world.seal();
        assert_eq!(world.count(told), 0);
        world.sql(change);
        // Looked at from time to time, and by each instance that begins.
        world.advance(900);
        world.seal();
        world.seal();
        assert_eq!(world.count(told), 1, "{change}");
        world.drain();
        assert_eq!(
            world.count("alert WHERE kind = 'chain_broken'"),
            1,
            "{change}"
        );
    }
}

#[test]
fn a_row_from_the_future_is_an_alert_before_it_is_sealed() {
    let world = operated();
    world.app("App");
    world.seal();
    let row = |ended_at: i64| {
        format!(
            "INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level)
             VALUES (1, {ended_at}, 'late', 'f', 'gateway', '', x'ab', 'test', 'ok', '', 'info')"
        )
    };
    let now = world.clock.now().0;
    let told =
        "audit WHERE action = 'audit.chain' AND code LIKE 'audit_%_newer' AND level = 'critical'";
    // Clocks differ by a little.
    world.sql(&row(now + 299_000));
    world.seal();
    assert_eq!(world.count(told), 0);
    world.sql(&row(now + 301_000));
    world.seal();
    assert_eq!(world.count(told), 1);
}

#[test]
fn an_operator_gets_the_signed_head_whenever_it_is_wanted() {
    let world = operated();
    world.app("App");
    let answer = world.send(Call::post("/ops/audit/head").bearer("reader"));
    assert_eq!(answer.status, 200);
    let told = answer.json();
    assert_eq!(told["webhook"], false);
    let head = Head::parse(&told.to_string()).unwrap();
    assert_eq!(head.link, world.count("chain_link"));
    let signer = Signer::new(&world.app.config.chain_key);
    assert_eq!(told["head"]["public_key"], signer.public().text());
    let report = block_on(verify(
        world.app.database.as_ref(),
        &[signer.public()],
        Some(head),
    ));
    assert!(report.unwrap().is_whole());
    assert_eq!(world.send(Call::post("/ops/audit/head")).status, 401);
}

#[test]
fn what_comes_after_a_purge_gets_no_number_of_what_was_purged() {
    let world = operated();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    world.advance(3 * 86_400);
    world.purge();
    assert_eq!(
        world.count("authorization_code"),
        0,
        "the code is long over"
    );
    // The chain still has the number of its code.
    let later = world.connect(&client, &bert());
    assert_eq!(world.claims(&later.access).status, 200);
    assert_eq!(world.refresh(&client, &tokens.refresh).status, 200);
}
