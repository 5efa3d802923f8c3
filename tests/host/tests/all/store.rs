//! `spin:sqlite` on a file.

use crate::support::{Host, Start, guest, manifest, probe};

fn up() -> Host {
    Start::new(&probe("")).up()
}

#[test]
fn statements_change_and_read_the_database() {
    let host = up();
    host.post("/sql", "CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
        .is(200, "");
    host.post(
        "/sql",
        "INSERT INTO t (b) VALUES ('x'), (NULL), (x'0102'), (2.5) RETURNING a",
    )
    .is(200, "1\n2\n3\n4\n");
    host.post("/sql", "SELECT a, b FROM t ORDER BY a")
        .is(200, "1|x\n2|null\n3|[1, 2]\n4|2.5\n");
    host.post("/sync-sql", "SELECT a, b FROM t")
        .is(200, "columns=a,b rows=4 changes=0 rowid=0");
    host.post("/sync-sql", "INSERT INTO t (b) VALUES (1), (2)")
        .is(200, "columns= rows=0 changes=2 rowid=6");
}

#[test]
fn each_open_is_a_connection_of_its_own() {
    let reply = up().get("/separate");
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(
        reply.body.starts_with("changes=1 rowid=1 one=7 two="),
        "{reply:?}"
    );
    assert!(reply.body.contains("no such table: mine"), "{reply:?}");
}

#[test]
fn more_rows_than_are_read_ahead_come_in_order() {
    let numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5000) SELECT x FROM n";
    let expected: String = (1..=5000).map(|n| format!("{n}\n")).collect();
    up().post("/sql", numbers).is(200, &expected);
}

#[test]
fn errors_tell_what_sqlite_says() {
    let host = up();
    let error = |statement: &str| host.post("/sql", statement).body;
    assert!(
        error("SELEC 1").contains("Error::Io(\"near \\\"SELEC\\\": syntax error"),
        "{}",
        error("SELEC 1")
    );
    host.post("/sql", "CREATE TABLE u (a UNIQUE)").is(200, "");
    host.post("/sql", "INSERT INTO u VALUES (1)").is(200, "");
    let twice = error("INSERT INTO u VALUES (1)");
    assert!(twice.contains("UNIQUE constraint failed: u.a"), "{twice}");
    let attached = error("ATTACH DATABASE 'other.db' AS other");
    assert!(attached.contains("not authorized"), "{attached}");
}

/// Spin runs the first statement and forgets the rest; here such a text is an error, so that it is seen.
#[test]
fn a_text_of_two_statements_is_refused() {
    let host = up();
    let error = host.post("/sql", "SELECT 1; SELECT 2").body;
    assert!(error.contains("Multiple statements"), "{error}");
    host.post("/sql", "SELECT 1; -- no more").is(200, "1\n");
}

#[test]
fn a_database_that_is_not_declared_is_denied() {
    let host = up();
    host.get("/label/default").is(200, "opened");
    host.get("/label/other")
        .is(200, "error: Error::AccessDenied");
    let without = manifest(
        "",
        &format!(
            "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"p\"\n[component.p]\nsource = {:?}\n",
            guest("probe")
        ),
    );
    Start::new(&without)
        .up()
        .get("/label/default")
        .is(200, "error: Error::AccessDenied");
}

#[test]
fn a_read_waits_for_no_writer_and_writers_wait_for_each_other() {
    let host = up();
    host.post("/sql", "PRAGMA journal_mode=WAL")
        .is(200, "wal\n");
    host.post("/sql", "CREATE TABLE c (n)").is(200, "");
    host.post("/sql", "INSERT INTO c VALUES (0)").is(200, "");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    host.post("/sql", "UPDATE c SET n = n + 1").is(200, "");
                }
            });
        }
    });
    host.post("/sql", "SELECT n FROM c").is(200, "80\n");
}
