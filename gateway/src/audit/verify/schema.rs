//! The schema of a store, held against the one that this build ships: every row of `sqlite_schema`, byte for byte.
//!
//! SQLite keeps the text of each statement from the name on, comments included, and runs what stands there when it opens
//! the file, whatever the other columns say. So texts are compared as they are, and no name, however it begins, is
//! passed over.

use std::collections::BTreeMap;

use crate::base::ports::{Database, Durability};
use crate::base::store::migrate::schema;
use crate::base::store::row::{StoreError, all};

/// How the schema differs, in words.
pub(crate) async fn differences(database: &dyn Database) -> Result<Vec<String>, StoreError> {
    // Quoted by SQLite, so that values of any type can be read, and differ from text.
    let sql = "SELECT quote(type), quote(name), quote(tbl_name), quote(sql) FROM sqlite_schema ORDER BY rowid";
    let rows = all(database, Durability::Relaxed, sql, Vec::new()).await?;
    let mut missing: BTreeMap<String, Object> = schema()
        .filter_map(|statement| Object::shipped(&statement))
        .map(|object| (object.key(), object))
        .collect();
    let tables: Vec<_> = missing
        .values()
        .map(|object| object.table.clone())
        .collect();
    let mut differences = Vec::new();
    for row in &rows {
        let there = Object {
            kind: row.text(0)?.to_owned(),
            name: row.text(1)?.to_owned(),
            table: row.text(2)?.to_owned(),
            sql: row.text(3)?.to_owned(),
        };
        match missing.remove(&there.key()) {
            Some(shipped) if shipped == there => {}
            Some(_) => differences.push(format!("{} is not as shipped", there.key())),
            None if there.is_of_sqlite(&tables) || there.is_of_the_sandbox() => {}
            None => differences.push(format!("{} is not of this build", there.key())),
        }
    }
    differences.extend(missing.keys().map(|key| format!("{key} is missing")));
    differences.sort();
    Ok(differences)
}

/// A row of `sqlite_schema`, each column as SQLite quotes it.
#[derive(Debug, Eq, PartialEq)]
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

impl Object {
    /// What a statement of the shipped schema comes to; nothing for one that makes nothing.
    fn shipped(statement: &str) -> Option<Self> {
        let start = statement
            .lines()
            .take_while(|line| !line.starts_with("CREATE "))
            .map(|line| line.len() + 1)
            .sum();
        let sql = statement.get(start..)?.trim_end_matches(';');
        let mut words = sql.split(|c: char| c.is_whitespace() || c == '(');
        let mut words = words.by_ref().filter(|word| !word.is_empty()).skip(1);
        let kind = words.find(|word| *word != "UNIQUE")?.to_lowercase();
        let name = words.next()?;
        let table = match &*kind {
            "index" | "trigger" => words.skip_while(|word| *word != "ON").nth(1)?,
            _ => name,
        };
        Some(Self {
            kind: quoted(&kind),
            name: quoted(name),
            table: quoted(table),
            sql: quoted(sql),
        })
    }

    /// What it is called: `trigger audit_is_never_removed`.
    fn key(&self) -> String {
        format!("{} {}", bare(&self.kind), bare(&self.name))
    }

    /// What SQLite makes by itself: the counters of `AUTOINCREMENT`, and indexes of constraints, which have no text.
    fn is_of_sqlite(&self, tables: &[String]) -> bool {
        let is_sequence = self.kind == "'table'"
            && self.name == "'sqlite_sequence'"
            && self.table == self.name
            && self.sql == "'CREATE TABLE sqlite_sequence(name,seq)'";
        let is_of_constraint = || {
            let prefix = format!("sqlite_autoindex_{}_", bare(&self.table));
            let number = bare(&self.name).strip_prefix(&prefix);
            (tables.contains(&self.table) || self.is_sandboxs_table())
                && number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        is_sequence || (self.kind == "'index'" && self.sql == "NULL" && is_of_constraint())
    }

    /// In the sandbox the provider and the claims backend keep two tables of their own in the same file: a table by
    /// itself does nothing to another.
    fn is_of_the_sandbox(&self) -> bool {
        let text = bare(&self.sql).strip_prefix("CREATE TABLE ");
        let behind = text.and_then(|text| text.strip_prefix(bare(&self.name)));
        self.kind == "'table'"
            && self.table == self.name
            && self.is_sandboxs_table()
            && behind.is_some_and(|text| text.starts_with(|c: char| c.is_whitespace() || c == '('))
    }

    fn is_sandboxs_table(&self) -> bool {
        ["'sandbox_guess'", "'sandbox_note'"].contains(&&*self.table)
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn bare(quoted: &str) -> &str {
    quoted
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
        .unwrap_or(quoted)
}
