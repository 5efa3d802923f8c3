//! Brings the store to the schema of this build.

use super::layers::triggers;
use crate::base::ports::{Database, DatabaseError, Durability, Value};

/// The version that `schema.sql` describes.
pub const SCHEMA_VERSION: i64 = 10;

const SCHEMA: &str = include_str!("schema.sql");
const WATCH: &str = include_str!("../../maintenance/watch.sql");

/// Applies the schema where it is missing. `database` must be a connection of its own: the statements run in
/// one transaction, so that instances that start at once do it once.
///
/// # Errors
///
/// The store's error, or one that says that the store is of a newer build.
pub async fn migrate(database: &dyn Database) -> Result<(), DatabaseError> {
    let run = |sql: &'static str| database.execute(Durability::Durable, sql, Vec::new());
    if is_current(database).await? {
        return Ok(());
    }
    // Kept in the file. libSQL refuses this pragma and needs it not; in memory it has no effect.
    let _ = run("PRAGMA journal_mode = WAL").await;
    run("BEGIN IMMEDIATE").await?;
    match apply(database).await {
        Ok(()) => run("COMMIT").await.map(drop),
        Err(error) => {
            let _ = run("ROLLBACK").await;
            Err(error)
        }
    }
}

/// Whether the store has the schema of this build. Every instance asks this first, because it needs no schema, and
/// reading the schema is the dearest part of an instance's start.
///
/// # Errors
///
/// The store's error.
pub async fn is_current(database: &dyn Database) -> Result<bool, DatabaseError> {
    Ok(user_version(database).await? == SCHEMA_VERSION)
}

async fn apply(database: &dyn Database) -> Result<(), DatabaseError> {
    match user_version(database).await? {
        0 => {}
        SCHEMA_VERSION => return Ok(()),
        found if found < SCHEMA_VERSION => {
            return Err(DatabaseError(format!(
                "the store has schema {found}, of a build before the first release; this one has {SCHEMA_VERSION} and does not carry it over: start with an empty store (`cargo xtask up --data-dir DIR`), or deploy the former build"
            )));
        }
        found => {
            return Err(DatabaseError(format!(
                "the store has schema {found}, of a newer version of the gateway; this one knows {SCHEMA_VERSION}: deploy that version or a newer one"
            )));
        }
    }
    for statement in schema() {
        database
            .execute(Durability::Durable, &statement, Vec::new())
            .await?;
    }
    let version = format!("PRAGMA user_version = {SCHEMA_VERSION}");
    database
        .execute(Durability::Durable, &version, Vec::new())
        .await?;
    Ok(())
}

/// Every statement that makes the schema, in order: `schema.sql`, `watch.sql`, and the triggers of the audit.
pub fn schema() -> impl Iterator<Item = String> {
    statements(SCHEMA)
        .chain(statements(WATCH))
        .map(str::to_owned)
        .chain(triggers())
}

async fn user_version(database: &dyn Database) -> Result<i64, DatabaseError> {
    let rows = database
        .execute(Durability::Durable, "PRAGMA user_version", Vec::new())
        .await?;
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(version)) => Ok(*version),
        _ => Err(DatabaseError(
            "PRAGMA user_version gave no number".to_owned(),
        )),
    }
}

/// Splits the schema file: a statement ends with a line that ends in `;`, a trigger with the line `END;`.
fn statements(schema: &str) -> impl Iterator<Item = &str> {
    let mut rest = schema;
    std::iter::from_fn(move || {
        let mut in_body = false;
        let mut length = 0;
        for line in rest.split_inclusive('\n') {
            length += line.len();
            let line = line.trim_end();
            let code = line.split("--").next().unwrap_or_default().trim_end();
            if code == "BEGIN" {
                in_body = true;
            }
            if if in_body {
                code == "END;"
            } else {
                code.ends_with(';')
            } {
                let (statement, after) = rest.split_at(length);
                rest = after;
                return Some(statement.trim());
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::adapters::native::SqliteDatabase;

    #[test]
    fn every_statement_of_the_schema_is_found() {
        let found: Vec<_> = statements(SCHEMA).collect();
        assert_eq!(
            found
                .iter()
                .filter(|text| text.contains("CREATE TABLE"))
                .count(),
            SCHEMA.matches("CREATE TABLE").count()
        );
        assert_eq!(
            found
                .iter()
                .filter(|text| text.contains("CREATE TRIGGER"))
                .count(),
            SCHEMA.matches("CREATE TRIGGER").count()
        );
        assert_eq!(found.len(), SCHEMA.matches("CREATE ").count());
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let database = SqliteDatabase::in_memory();
        futures::executor::block_on(async {
            migrate(&database).await.unwrap();
            assert_eq!(user_version(&database).await.unwrap(), SCHEMA_VERSION);
        });
    }

    #[test]
    fn a_store_of_another_build_is_left_alone_and_the_error_says_what_to_do() {
        for (version, advice) in [(99, "or a newer one"), (1, "start with an empty store")] {
            let database = SqliteDatabase::in_memory();
            futures::executor::block_on(async {
                let sql = format!("PRAGMA user_version = {version}");
                database
                    .execute(Durability::Durable, &sql, Vec::new())
                    .await
                    .unwrap();
                let error = migrate(&database).await.unwrap_err();
                assert!(error.0.contains(advice), "{error}");
                assert_eq!(user_version(&database).await.unwrap(), version);
            });
        }
    }
}
