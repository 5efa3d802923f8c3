//! Each way in which somebody who can write to the file could change history, and what verification says.

use futures::executor::block_on;

use super::*;
use crate::audit::chain::{BATCH, Sealed, last, seal};
use crate::audit::export::page;
use crate::base::adapters::native::SqliteDatabase;
use crate::base::config::Config;
use crate::base::config::tests::sandbox;
use crate::base::secret::hex;
use crate::base::signature::Signer;

const NOW: UnixMillis = UnixMillis(1_000);

struct Store(SqliteDatabase);

impl Store {
    /// Three links: 2, 2 and 1 events, with a change of the store each.
    fn new() -> Self {
        let store = Self(SqliteDatabase::in_memory());
        store.fill();
        store
    }

    fn fill(&self) {
        let store = self;
        for (round, events) in [2, 2, 1].into_iter().enumerate() {
            for number in 0..events {
                store.event(&format!("r{round}-{number}"));
            }
            store.run(&format!(
                "INSERT INTO lock_down (kind, target, reason, operator, started_at, request_id)
                 VALUES ('application', 'app{round}', 'why', 'ann', 1, 'r{round}')"
            ));
            assert_eq!(store.seal(), Sealed::Link);
        }
        assert_eq!(store.seal(), Sealed::Nothing);
    }

    fn run(&self, sql: &str) {
        block_on(self.0.execute(Durability::Durable, sql, Vec::new())).unwrap();
    }

    fn number(&self, sql: &str) -> i64 {
        block_on(one(&self.0, Durability::Durable, sql, Vec::new()))
            .unwrap()
            .unwrap()
            .integer(0)
            .unwrap()
    }

    fn event(&self, request: &str) {
        self.run(&format!(
            "INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level)
             VALUES (1, 2, '{request}', 'f', 'gateway', '', x'ab', 'test', 'ok', '', 'info')"
        ));
    }

    fn seal(&self) -> Sealed {
        block_on(seal(&self.0, &signer(), NOW, false)).unwrap().0
    }

    fn verify(&self) -> Report {
        self.verify_with(None)
    }

    fn verify_with(&self, head: Option<Head>) -> Report {
        block_on(verify(&self.0, &[signer().public()], head)).unwrap()
    }

    /// Writes past every trigger, and puts them back as they were: nothing but the rows tells.
    fn forge(&self, statements: &[&str]) {
        let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'";
        let triggers = block_on(all(&self.0, Durability::Durable, sql, Vec::new())).unwrap();
        for trigger in &triggers {
            self.run(&format!("DROP TRIGGER {}", trigger.text(0).unwrap()));
        }
        for statement in statements {
            self.run(statement);
        }
        for trigger in &triggers {
            self.run(trigger.text(1).unwrap());
        }
    }

    #[track_caller]
    fn is_broken(&self, link: i64, reason: &str) {
        let report = self.verify();
        let broken = report.broken.unwrap();
        assert_eq!(broken.link, link, "{}", broken.reason);
        assert!(broken.reason.contains(reason), "{}", broken.reason);
        assert_eq!(report.schema, Vec::<String>::new());
    }
}

fn signer() -> Signer {
    let config = Config::parse(&sandbox()).ok().unwrap();
    Signer::new(&config.chain_key)
}

#[test]
fn an_untouched_store_is_whole() {
    let store = Store::new();
    let report = store.verify();
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.links, report.rows, report.unsealed), (3, 8, 0));
    store.event("later");
    let report = store.verify();
    assert!(report.is_whole() && report.unsealed == 1, "{report:?}");
    assert_eq!(store.seal(), Sealed::Link);
    assert_eq!(store.verify().links, 4);
}

/// What the sandbox remembers lies in the same file.
#[test]
fn the_tables_of_the_sandbox_are_no_difference_and_a_trigger_on_one_is() {
    let store = Store::new();
    store.run("CREATE TABLE sandbox_note (key TEXT PRIMARY KEY)");
    assert!(store.verify().is_whole());
    store.run("CREATE TRIGGER sandbox_guess AFTER INSERT ON sandbox_note BEGIN DELETE FROM access_token; END");
    assert_eq!(
        store.verify().schema,
        ["trigger sandbox_guess is not of this build"]
    );
}

#[test]
fn a_changed_event_breaks_its_link() {
    for column in [
        "started_at = 9",
        "request_id = 'x'",
        "flow_id = ''",
        "actor = 'beneficiary'",
        "client_id = 'x'",
        "person = x'ac'",
        "action = 'other'",
        "outcome = 'refused'",
        "code = 'x'",
        "backend_status = 200",
        "bytes = 1",
        "level = 'warning'",
        "account = x'ac'",
        "backend_ms = 1",
        "matches = 1",
    ] {
        let store = Store::new();
        store.forge(&[&format!("UPDATE audit SET {column} WHERE id = 3")]);
        store.is_broken(2, "was changed or moved");
    }
    let store = Store::new();
    store.forge(&[
        "UPDATE store_event SET after = json_set(after, '$.reason', 'none') WHERE id = 3",
    ]);
    store.is_broken(3, "store_event 3 to 3");
}

#[test]
fn a_removed_event_breaks_its_link() {
    for (id, link) in [(1, 1), (2, 1), (4, 2), (5, 3)] {
        let store = Store::new();
        store.forge(&[&format!("DELETE FROM audit WHERE id = {id}")]);
        store.is_broken(link, &format!("audit row {id} is missing"));
    }
    let store = Store::new();
    store.forge(&["DELETE FROM store_event WHERE id = 2"]);
    store.is_broken(2, "store_event row 2 is missing");
    // Closing the gap does not help.
    let store = Store::new();
    store.forge(&[
        "DELETE FROM audit WHERE id = 2",
        "UPDATE audit SET id = id - 1 WHERE id > 2",
    ]);
    store.is_broken(1, "was changed or moved");
}

#[test]
fn an_inserted_event_breaks_its_link() {
    let store = Store::new();
    store.forge(&[
        "UPDATE audit SET id = 100 + id WHERE id > 2",
        "UPDATE audit SET id = id - 99 WHERE id > 100",
        "INSERT INTO audit SELECT 3, started_at, ended_at, 'slipped', flow_id, actor, client_id, person, action, outcome, code,
             backend_status, bytes, level, account, backend_ms, matches FROM audit WHERE id = 1",
    ]);
    store.is_broken(2, "was changed or moved");
}

#[test]
fn reordered_events_break_their_link() {
    let store = Store::new();
    store.forge(&[
        "UPDATE audit SET id = 100 WHERE id = 3",
        "UPDATE audit SET id = 3 WHERE id = 4",
        "UPDATE audit SET id = 4 WHERE id = 100",
    ]);
    store.is_broken(2, "was changed or moved");
}

#[test]
fn events_removed_before_they_were_sealed_leave_a_gap_that_is_not_sealed_over() {
    let store = Store::new();
    for request in ["a", "b", "c"] {
        store.event(request);
    }
    store.forge(&["DELETE FROM audit WHERE id = 7"]);
    store.is_broken(4, "rows of audit after its last link are missing");
    assert_eq!(store.seal(), Sealed::Gap(Layer::Api, 7));
    // Sealed over, it is still missing.
    store.run("SAVEPOINT sealed");
    block_on(seal(&store.0, &signer(), NOW, true)).unwrap();
    store.is_broken(4, "audit row 7 is missing");
    store.run("ROLLBACK TO sealed");
    store.run("RELEASE sealed");
    // All of them gone: their numbers were given out.
    store.forge(&["DELETE FROM audit WHERE id > 5"]);
    store.is_broken(4, "rows of audit after its last link are missing");
    // And what comes after it is written all the same.
    store.event("after");
}

#[test]
fn a_rewritten_chain_table_is_found_by_its_signatures() {
    // Each link alone, and all of them as somebody without the key could make them.
    let store = Store::new();
    store.forge(&["UPDATE chain_link SET hash = zeroblob(32) WHERE id = 2"]);
    store.is_broken(2, "signature");
    let store = Store::new();
    store.forge(&["UPDATE chain_link SET audit_to = 5 WHERE id = 2"]);
    store.is_broken(2, "was changed or moved");
    let store = Store::new();
    store.forge(&["DELETE FROM chain_link WHERE id = 2"]);
    store.is_broken(2, "the link is missing");
    let store = Store::new();
    store.forge(&["UPDATE chain_link SET key_id = 'theirs' WHERE id = 3"]);
    store.is_broken(3, "no public key is known for `theirs`");

    let store = Store::new();
    store.forge(&[
        "UPDATE audit SET code = 'x' WHERE id = 1",
        "DELETE FROM chain_link",
    ]);
    let config = Config::parse(&sandbox()).ok().unwrap();
    let theirs = Signer::new(&config.token_key);
    while block_on(seal(&store.0, &theirs, NOW, false)).unwrap().0 == Sealed::Link {}
    store.is_broken(1, "signature");
}

#[test]
fn a_chain_that_was_cut_off_is_found_with_an_earlier_head() {
    let store = Store::new();
    let exported = block_on(page(&store.0, &signer(), 0, NOW))
        .unwrap()
        .unwrap();
    let head = Head::parse(exported.text.lines().last().unwrap());
    assert!(head.is_some_and(|head| head.link == 3));
    assert!(store.verify_with(head).is_whole());
    store.forge(&[
        "DELETE FROM chain_link WHERE id = 3",
        "DELETE FROM audit WHERE id > 4",
        "DELETE FROM store_event WHERE id > 2",
        "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'audit'",
        "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'store_event'",
    ]);
    // By itself it is a chain like any other.
    assert!(store.verify().is_whole());
    let broken = store.verify_with(head).broken.unwrap();
    assert_eq!(broken.link, 3);
    assert!(broken.reason.contains("ends before link 3"), "{broken:?}");
    // Going on from there gives another link of the same number.
    store.event("another");
    store.seal();
    let broken = store.verify_with(head).broken.unwrap();
    assert!(broken.reason.contains("earlier head"), "{broken:?}");
}

#[test]
fn a_dropped_or_changed_trigger_is_named() {
    for (change, named) in [
        (
            "DROP TRIGGER audit_is_never_changed",
            "trigger audit_is_never_changed is missing",
        ),
        (
            "DROP TRIGGER token_chain_update_recorded",
            "trigger token_chain_update_recorded is missing",
        ),
        (
            "DROP INDEX identity_of_patient",
            "index identity_of_patient is missing",
        ),
        (
            "CREATE TABLE shadow (x)",
            "table shadow is not of this build",
        ),
        (
            "ALTER TABLE lock_down ADD COLUMN note TEXT",
            "table lock_down is not as shipped",
        ),
        (
            "CREATE TRIGGER quiet AFTER INSERT ON audit BEGIN SELECT 1; END",
            "trigger quiet is not of this build",
        ),
    ] {
        let store = Store::new();
        store.run(change);
        assert_eq!(store.verify().schema, [named], "{change}");
    }
    let store = Store::new();
    store.run("DROP TRIGGER audit_is_never_removed");
    store.run(
        "CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit WHEN 0 BEGIN SELECT RAISE(ABORT, 'never'); END",
    );
    assert_eq!(
        store.verify().schema,
        ["trigger audit_is_never_removed is not as shipped"]
    );
}

/// Whoever writes to the file has no key; but the gateway has one, and seals what is left.
#[test]
fn what_the_gateway_sealed_anew_is_found_with_an_earlier_head() {
    let store = Store::new();
    let exported = block_on(page(&store.0, &signer(), 0, NOW))
        .unwrap()
        .unwrap();
    let head = Head::parse(exported.text.lines().last().unwrap());
    // The line of the log that told of the link says the same.
    let last = block_on(last(&store.0)).unwrap().unwrap();
    let line = format!(
        r#"{{"event":"audit.link","link":{},"hash":"{}"}}"#,
        last.id,
        hex(&last.hash)
    );
    assert_eq!(Head::parse(&line), head);
    store.forge(&[
        "UPDATE audit SET code = 'nothing' WHERE id = 3",
        "DELETE FROM chain_link WHERE id >= 2",
    ]);
    let report = store.verify_with(head);
    assert!(
        report
            .broken
            .unwrap()
            .reason
            .contains("the chain ends before link 3")
    );
    while store.seal() != Sealed::Nothing {}
    // In itself it is whole again, and one link shorter; and longer once more happened.
    assert!(store.verify().is_whole());
    let broken = |head| store.verify_with(head).broken.unwrap().reason;
    assert!(broken(head).contains("the chain ends before link 3"));
    store.event("later");
    assert_eq!(store.seal(), Sealed::Link);
    assert!(store.verify().is_whole());
    assert!(broken(head).contains("it is not the link of the earlier head"));
}

#[test]
fn a_row_that_is_newer_than_its_link_breaks_it() {
    let store = Store::new();
    let insert = "INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level)
                  VALUES (1, 301001, 'late', 'f', 'gateway', '', x'ab', 'test', 'ok', '', 'info')";
    store.run(insert);
    assert_eq!(store.seal(), Sealed::Link);
    store.is_broken(4, "audit row 6 is newer than the link");
    let exported = block_on(page(&store.0, &signer(), 0, NOW))
        .unwrap()
        .unwrap();
    let mut file = File::new(&[signer().public()], None);
    exported.text.lines().for_each(|line| file.line(line));
    let broken = file.finish().0.broken.unwrap();
    assert!(
        broken.reason.contains("newer than the link"),
        "{}",
        broken.reason
    );
    // Clocks differ by a little.
    let store = Store::new();
    store.run(&insert.replace("301001", "301000"));
    assert_eq!(store.seal(), Sealed::Link);
    assert!(store.verify().is_whole());
}

#[test]
fn a_head_is_read_wherever_it_was_told() {
    let store = Store::new();
    let exported = block_on(page(&store.0, &signer(), 0, NOW))
        .unwrap()
        .unwrap();
    let line = exported.text.lines().last().unwrap();
    let head = Head::parse(line);
    assert!(head.is_some());
    for told in [
        format!(r#"{{"head":{line},"webhook":true}}"#),
        format!(
            r#"{{"type":"audit.head","timestamp":"x","data":{{"gateway":"g","head":{line}}}}}"#
        ),
    ] {
        assert_eq!(Head::parse(&told), head, "{told}");
    }
    for other in [
        "",
        "{}",
        "[]",
        r#"{"layer":"link","link":3,"hash":"00"}"#,
        r#"{"head":3}"#,
    ] {
        assert_eq!(Head::parse(other), None, "{other}");
    }
}

/// No name is passed over, and no part of a text: what SQLite would run counts.
#[test]
fn the_schema_is_compared_byte_for_byte() {
    let shipped = "SELECT sql FROM sqlite_schema WHERE name = 'audit_is_never_removed'";
    let changed = |from: &str, to: &str| {
        format!(
            "UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE name = 'audit_is_never_removed'"
        )
    };
    let insert = |kind: &str, name: &str, sql: &str| {
        format!(
            "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('{kind}', '{name}', '{name}', 0, '{sql}')"
        )
    };
    let quiet = "CREATE TRIGGER quiet AFTER INSERT ON audit BEGIN SELECT 1; END";
    assert!(one_text(&Store::new(), shipped).contains("'audit rows are never removed'"));
    for (change, named) in [
        (
            "CREATE TRIGGER sqlitex_quiet AFTER INSERT ON audit BEGIN SELECT 1; END".to_owned(),
            "trigger sqlitex_quiet is not of this build",
        ),
        (
            changed("never removed", "never removed -- not"),
            "trigger audit_is_never_removed is not as shipped",
        ),
        (
            changed("BEGIN", "WHEN ''--'' <> ''--'' BEGIN"),
            "trigger audit_is_never_removed is not as shipped",
        ),
        (
            changed("RAISE(ABORT", "RAISE( ABORT"),
            "trigger audit_is_never_removed is not as shipped",
        ),
        (
            "UPDATE sqlite_schema SET tbl_name = 'identity' WHERE name = 'audit_is_never_removed'"
                .to_owned(),
            "trigger audit_is_never_removed is not as shipped",
        ),
        (
            insert("trigger", "sqlite_quiet", quiet),
            "trigger sqlite_quiet is not of this build",
        ),
        (
            insert("table", "sandbox_note", quiet),
            "table sandbox_note is not of this build",
        ),
        (
            insert("table", "sqlite_stat9", quiet),
            "table sqlite_stat9 is not of this build",
        ),
        (
            insert("index", "sqlite_autoindex_audit_1", quiet),
            "index sqlite_autoindex_audit_1 is not of this build",
        ),
        (
            "UPDATE sqlite_schema SET sql = sql || '' -- '' WHERE name = 'audit'"
                .replace("''", "'"),
            "table audit is not as shipped",
        ),
    ] {
        let store = Store::new();
        store.run("PRAGMA writable_schema = ON");
        store.run(&change);
        assert_eq!(store.verify().schema, [named], "{change}");
    }
    // The same trigger twice: both would run.
    let store = Store::new();
    store.run("PRAGMA writable_schema = ON");
    store.run("INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 'audit_is_never_removed'");
    assert_eq!(
        store.verify().schema,
        ["trigger audit_is_never_removed is not of this build"]
    );
}

#[test]
fn many_rows_make_several_links_and_two_instances_make_one_of_each() {
    let store = Store::new();
    store.run(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
         INSERT INTO audit SELECT NULL, 1, 2, 'r' || i, '', '', '', x'', 'a', 'ok', '', NULL, NULL, 'info', x'', NULL, NULL FROM n",
        2 * BATCH + 1
    ));
    for sealed in [Sealed::Full, Sealed::Full, Sealed::Link] {
        assert_eq!(store.seal(), sealed);
    }
    assert_eq!(store.seal(), Sealed::Nothing);
    let report = store.verify();
    assert!(report.is_whole() && report.links == 6, "{report:?}");
    // Another instance read the same rows and comes second.
    let other = "INSERT INTO chain_link SELECT 6, audit_to, store_to, previous, hash, sealed_at, key_id, signature
                 FROM chain_link WHERE id = 6 AND 6 = 1 + (SELECT MAX(id) FROM chain_link)";
    store.run(other);
    assert_eq!(store.number("SELECT COUNT(*) FROM chain_link"), 6);
}

/// All pages of an export, and what comes of reading it.
fn export(store: &Store) -> String {
    let mut text = String::new();
    let mut after = 0;
    loop {
        let page = block_on(page(&store.0, &signer(), after, NOW))
            .unwrap()
            .unwrap();
        text.push_str(&page.text);
        if !page.more {
            return text;
        }
        assert!(page.last > after);
        after = page.last;
    }
}

fn read_file(text: &str, head: Option<Head>) -> (Report, Option<Head>) {
    let mut file = File::new(&[signer().public()], head);
    text.lines().for_each(|line| file.line(line));
    file.finish()
}

#[test]
fn an_export_is_checked_without_its_store() {
    let store = Store::new();
    let text = export(&store);
    let (report, head) = read_file(&text, None);
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.links, report.rows), (3, 8));
    assert_eq!(head.map(|head| head.link), Some(3));
    assert!(read_file(&text, head).0.is_whole());
    assert!(read_file("", None).0.broken.is_some());
    // By the description in docs/audit.md alone.
    let lines: Vec<_> = text.lines().collect();
    let rows: Vec<_> = lines[2..5].iter().map(|line| format!("{line}\n")).collect();
    let mut input = vec![0; 32];
    input.extend(format!("link 1 2 1 1000\n{}", rows.concat()).bytes());
    let hash = crate::base::secret::hex(&<sha2::Sha256 as sha2::Digest>::digest(&input));
    assert!(lines[1].contains(&hash), "{}", lines[1]);
}

#[test]
fn an_export_goes_on_where_it_ended() {
    let store = Store::new();
    let whole = export(&store);
    let rest = block_on(page(&store.0, &signer(), 2, NOW))
        .unwrap()
        .unwrap();
    assert!(read_file(&rest.text, None).0.is_whole());
    let first: String = whole
        .lines()
        .take_while(|line| !line.contains("\"id\":3,\"audit_to\""))
        .map(|line| format!("{line}\n"))
        .collect();
    let (report, head) = read_file(&format!("{first}{}", rest.text), None);
    assert!(
        report.is_whole() && report.links == 3 && head.is_some(),
        "{report:?}"
    );
    assert!(
        block_on(page(&store.0, &signer(), 9, NOW))
            .unwrap()
            .is_none()
    );
    // A part is missing in between.
    let rest = block_on(page(&store.0, &signer(), 3, NOW))
        .unwrap()
        .unwrap();
    let (report, _) = read_file(&format!("{first}{}", rest.text), None);
    assert_eq!(report.broken.unwrap().reason, "a part is missing");
}

#[test]
fn each_line_of_an_export_that_is_changed_removed_repeated_or_moved_breaks_it() {
    let store = Store::new();
    let text = export(&store);
    let lines: Vec<_> = text.lines().collect();
    let check = |lines: &[&str]| read_file(&lines.join("\n"), None);
    for number in 0..lines.len() {
        let mut removed = lines.clone();
        let line = removed.remove(number);
        // Without the head at its end it is a whole export that was not finished.
        if number + 1 < lines.len() {
            assert!(check(&removed).0.broken.is_some(), "without {line}");
            let mut repeated = lines.clone();
            repeated.insert(number, line);
            assert!(
                check(&repeated).0.broken.is_some() || line.contains("start"),
                "twice {line}"
            );
            let mut moved = lines.clone();
            moved.swap(number, number + 1);
            assert!(check(&moved).0.broken.is_some(), "moved {line}");
        } else {
            assert!(check(&removed).1.is_none());
        }
        for (at, digit) in line
            .char_indices()
            .filter(|(_, letter)| letter.is_ascii_digit())
            .step_by(9)
        {
            let mut changed = line.to_owned();
            changed.replace_range(at..=at, if digit == '7' { "8" } else { "7" });
            let mut lines = lines.clone();
            lines[number] = &changed;
            let (report, _) = check(&lines);
            let told_only = line.contains("\"layer\":\"head\"") && changed.contains("public_key");
            assert!(report.broken.is_some() || told_only, "{line} -> {changed}");
        }
    }
}

/// A power cut loses the end of SQLite's log, wherever the disk was: what is left is what was there at some moment
/// before, so the chain holds and the layers agree.
#[test]
fn wherever_the_log_of_the_store_is_cut_off_the_rest_is_whole() {
    let folder = std::env::temp_dir().join(format!("bluegate-cut-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("store.db");
    let store = Store(SqliteDatabase::in_file(&path));
    store.run("PRAGMA wal_checkpoint(TRUNCATE)");
    for round in 0..10 {
        store.run(&format!(
            "INSERT INTO lock_down (kind, target, reason, operator, started_at, request_id, event)
             VALUES ('application', 'app{round}', 'why', 'ann', 1, 'r{round}',
                     '[1,2,\"\",\"operator:ann\",\"\",\"\",\"ops.lock_down\",\"ok\",\"application\",\"critical\"]')"
        ));
        for call in 0..5 {
            store.event(&format!("call-{round}-{call}"));
        }
        assert_eq!(store.seal(), Sealed::Link);
    }
    let log = std::fs::read(folder.join("store.db-wal")).unwrap();
    let cut = folder.join("cut.db");
    let mut seen = std::collections::BTreeSet::new();
    for part in 0..=100 {
        std::fs::copy(&path, &cut).unwrap();
        let _ = std::fs::remove_file(folder.join("cut.db-shm"));
        std::fs::write(folder.join("cut.db-wal"), &log[..log.len() * part / 100]).unwrap();
        let rest = Store(SqliteDatabase::in_file(&cut));
        let report = rest.verify();
        assert!(report.is_whole(), "{part}: {report:?}");
        let compared = block_on(crate::audit::reconcile::reconcile(&rest.0)).unwrap();
        assert_eq!(compared.findings, Vec::new(), "{part}");
        let rows = rest.number("SELECT COUNT(*) FROM audit");
        assert!(seen.last().is_none_or(|before| *before <= rows));
        seen.insert(rows);
    }
    // From nothing to everything, and much in between.
    assert!(
        seen.len() > 20 && seen.contains(&0) && seen.contains(&60),
        "{seen:?}"
    );
    drop(store);
    std::fs::remove_dir_all(folder).unwrap();
}

/// What the audit costs a FHIR call: the permit as it is, beside one into a table without any trigger. Prints
/// microseconds, holds nothing to them: `cargo test -p bluegate-gateway --release --lib -- --ignored cost_of`.
#[test]
#[ignore = "a measurement"]
fn cost_of_the_audit_for_each_call() {
    const CALLS: u32 = 20_000;
    let insert = "INSERT INTO TABLE (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level)
                  VALUES (1, 2, '0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef', 'application',
                          'BluegateDemoPublicClientForSandbox000001', zeroblob(32), 'fhir.search', 'ok', '', 'info')";
    let each = |store: &Store, sql: &str| {
        let started = std::time::Instant::now();
        for _ in 0..CALLS {
            store.run(sql);
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
    };
    let store = Store(SqliteDatabase::in_memory());
    let definition = one_text(&store, "SELECT sql FROM sqlite_schema WHERE name = 'audit'");
    store.run(&definition.replace("CREATE TABLE audit", "CREATE TABLE bare"));
    store.run("CREATE INDEX bare_by_person ON bare (person) WHERE person <> x''");
    store.run("CREATE INDEX bare_alerts ON bare (level, id) WHERE level <> 'info'");
    let (bare, audited) = (
        insert.replace("TABLE", "bare"),
        insert.replace("TABLE", "audit"),
    );
    each(&store, &bare);
    for _ in 0..3 {
        let (before, after) = (each(&store, &bare), each(&store, &audited));
        let started = std::time::Instant::now();
        while store.seal() != Sealed::Nothing {}
        let chain = started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS);
        println!(
            "insert without triggers {before:.2} us, with them {after:.2} us; chain, outside the call, {chain:.2} us"
        );
    }
}

fn one_text(store: &Store, sql: &str) -> String {
    let row = block_on(one(&store.0, Durability::Durable, sql, Vec::new()));
    row.unwrap().unwrap().text(0).unwrap().to_owned()
}
