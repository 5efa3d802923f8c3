//! `audit verify`, `reconcile` and `export`.

use serde_json::json;

use super::support::{Store, bluegate, signer, with};

#[test]
fn a_whole_store_is_0() {
    let store = Store::new();
    let line = format!("audit verify --sandbox --database {}", store.path());
    let whole = bluegate(&line).code(0);
    assert_eq!(
        whole.out,
        "2 links, 4 rows\n1 rows are in no link yet\nwhole\n"
    );
    let whole = bluegate(&format!("{line} --output json")).code(0).json();
    assert_eq!(
        whole,
        json!({
            "whole": true, "links": 2, "rows": 4, "unsealed": 1, "purged_to": 0, "broken": null, "schema": [],
            "has_head": true, "public_keys": [signer().public().text()],
        })
    );
}

#[test]
fn a_changed_row_a_cut_chain_and_a_dropped_trigger_are_1() {
    let changed = "PRAGMA writable_schema = ON;
        CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit';
        DELETE FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit';
        PRAGMA writable_schema = RESET;
        UPDATE audit SET action = 'other' WHERE id = 1;
        PRAGMA writable_schema = ON;
        INSERT INTO sqlite_schema SELECT * FROM kept;
        PRAGMA writable_schema = RESET;
        DROP TABLE kept;";
    let store = Store::new();
    store.by_hand(changed);
    let line = format!("audit verify --sandbox --database {}", store.path());
    let said = bluegate(&line).code(1);
    assert!(
        said.out.contains("BROKEN at link 1: a row among"),
        "{}",
        said.out
    );
    let said = bluegate(&format!("{line} --output json")).code(1).json();
    assert_eq!(
        (&said["whole"], &said["broken"]["link"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(
        said["schema"],
        json!([]),
        "nothing is left to see but the chain"
    );

    let store = Store::new();
    let trigger =
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit' LIMIT 1";
    let name: String = rusqlite::Connection::open(store.path())
        .unwrap()
        .query_row(trigger, [], |row| row.get(0))
        .unwrap();
    store.by_hand(&format!("DROP TRIGGER {name}"));
    let said = bluegate(&format!(
        "audit verify --sandbox --database {}",
        store.path()
    ))
    .code(1);
    assert!(
        said.out
            .contains(&format!("schema: trigger {name} is missing")),
        "{}",
        said.out
    );
    assert!(
        said.out
            .ends_with("the chain is whole, the schema is not\n"),
        "{}",
        said.out
    );
}

#[test]
fn a_chain_of_another_key_is_1_and_no_key_is_3() {
    let store = Store::new();
    let line = format!("audit verify --database {}", store.path());
    let said = bluegate(&line).code(3);
    assert!(said.err.contains("SPIN_VARIABLE_CHAIN_KEY"), "{}", said.err);
    let key = format!("other:{}", "A".repeat(43));
    let said = with(&line, &[("chain_key", &key)]).code(1);
    assert!(
        said.out.contains("no public key is known for `sandbox`"),
        "{}",
        said.out
    );
    // The former one still counts, and so does one that is named.
    let public = signer().public().text();
    with(
        &line,
        &[("chain_key", &key), ("former_chain_keys", &public)],
    )
    .code(0);
    bluegate(&format!("{line} --public-key {public}")).code(0);
    let said = with(&line, &[("chain_key", "hush")]).code(3);
    assert!(
        said.err.contains("variable chain_key") && !said.err.contains("hush"),
        "{}",
        said.err
    );
}

#[test]
fn an_export_is_verified_without_its_store() {
    let store = Store::new();
    let export = bluegate(&format!(
        "audit export --sandbox --database {}",
        store.path()
    ))
    .code(0);
    assert_eq!(export.err, "");
    let lines: Vec<_> = export.out.lines().collect();
    assert!(
        lines
            .last()
            .is_some_and(|line| line.contains(r#""layer":"head""#))
    );
    let public = signer().public().text();
    let check = |name: &str, text: &str| {
        let file = store.write(name, text);
        format!("audit verify --file {file} --public-key {public}")
    };

    bluegate(&check("whole", &export.out)).code(0);
    let without_head = lines[..lines.len() - 1].join("\n");
    let said = bluegate(&check("cut", &without_head)).code(1);
    assert!(said.out.contains("the export has no head"), "{}", said.out);
    let said = bluegate(&format!("{} --output json", check("cut", &without_head)))
        .code(1)
        .json();
    assert_eq!(
        (&said["whole"], &said["has_head"]),
        (&json!(false), &json!(false))
    );
    let changed = export
        .out
        .replacen(r#""action":"test""#, r#""action":"rest""#, 1);
    let said = bluegate(&check("changed", &changed)).code(1);
    assert!(said.out.contains("BROKEN at link 1"), "{}", said.out);
    bluegate(&check("empty", "")).code(1);
    bluegate(&check("other", "hello\nworld\n")).code(1);
}

#[test]
fn an_export_goes_on_after_a_link_and_its_head_holds_the_store() {
    let store = Store::new();
    let line = format!("audit export --sandbox --database {}", store.path());
    let all = bluegate(&line).code(0).out;
    let rest = bluegate(&format!("{line} --after 1")).code(0).out;
    assert!(rest.starts_with(r#"{"layer":"start","after":1"#), "{rest}");
    assert!(rest.lines().count() < all.lines().count());
    let said = bluegate(&format!("{line} --after 9")).code(3);
    assert!(
        said.err.contains("there is no link 9") && said.out.is_empty(),
        "{}",
        said.err
    );

    let head = store.write("head", &all);
    let verify = format!("audit verify --sandbox --database {} --head", store.path());
    bluegate(&format!("{verify} {head}")).code(0);
    let later = store.write(
        "later",
        &all.replace(r#""layer":"head","link":2"#, r#""layer":"head","link":7"#),
    );
    let said = bluegate(&format!("{verify} {later}")).code(1);
    assert!(
        said.out.contains("which an earlier head names"),
        "{}",
        said.out
    );
    let none = store.write("none", "{}\n");
    let said = bluegate(&format!("{verify} {none}")).code(3);
    assert!(
        said.err.contains("does not end with the head of an export"),
        "{}",
        said.err
    );
}

#[test]
fn a_change_by_hand_is_a_finding() {
    let store = Store::new();
    let line = format!("audit reconcile --database {}", store.path());
    let same = bluegate(&line).code(0);
    assert_eq!(
        same.out,
        "0 changes, 0 events of changes, 0 rows; 0 findings\n"
    );
    store.by_hand(
        "INSERT INTO lock_down (kind, target, reason, operator, started_at, request_id)
         VALUES ('all', '', 'x', 'x', 1, 'x')",
    );
    let found = bluegate(&line).code(1);
    assert!(found.out.contains("without its event"), "{}", found.out);
    let found = bluegate(&format!("{line} --output json")).code(1).json();
    assert!(
        found["findings"]
            .as_array()
            .is_some_and(|findings| !findings.is_empty())
    );
}

#[test]
fn what_is_no_store_is_3_and_named() {
    let store = Store::new();
    store.write(
        "text",
        "this is no database, and long enough to be seen as none by its header",
    );
    store.write("empty", "");
    let other = store.file("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let newer = Store::new();
    newer.by_hand("PRAGMA user_version = 999");
    let path = |name: &str| store.file(name).display().to_string();
    for command in [
        "audit verify --sandbox",
        "audit reconcile",
        "audit export --sandbox",
    ] {
        for (file, said) in [
            (path("missing.db"), "cannot be opened"),
            (path("text"), "not a database"),
            (path("empty"), "is no store of a gateway"),
            (path("other.db"), "is no store of a gateway"),
            (path("."), "cannot be opened"),
            (newer.path(), "has schema 999"),
        ] {
            let ended = bluegate(&format!("{command} --database {file}")).code(3);
            assert!(
                ended.err.contains(said) && ended.err.contains(&file) && ended.out.is_empty(),
                "{command}: {}",
                ended.err
            );
        }
        assert!(
            !store.file("missing.db").exists(),
            "nothing is made by looking"
        );
    }
    for option in ["--file", "--head"] {
        let line = format!(
            "audit verify --sandbox --output json {option} {}",
            path("missing.jsonl")
        );
        let error: serde_json::Value = serde_json::from_str(&bluegate(&line).code(3).err).unwrap();
        assert!(
            error["error"]
                .as_str()
                .is_some_and(|text| text.contains("missing.jsonl"))
        );
        assert_eq!(error["causes"].as_array().map(Vec::len), Some(1));
    }
}
