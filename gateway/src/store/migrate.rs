//! Brings the store to the schema of this build.

use crate::ports::{Database, DatabaseError, Durability, Value};

/// The version that `schema.sql` describes.
pub const SCHEMA_VERSION: i64 = 1;

const SCHEMA: &str = include_str!("schema.sql");

/// Applies the schema where it is missing. `database` must be a connection of its own: the statements run in
/// one transaction, so that instances that start at once do it once.
///
/// # Errors
///
/// The store's error, or one that says that the store is of a newer build.
pub async fn migrate(database: &dyn Database) -> Result<(), DatabaseError> {
    let run = |sql: &'static str| database.execute(Durability::Durable, sql, Vec::new());
    // libSQL refuses this pragma and needs it not; in memory it has no effect.
    let _ = run("PRAGMA journal_mode = WAL").await;
    if user_version(database).await? == SCHEMA_VERSION {
        return Ok(());
    }
    run("BEGIN IMMEDIATE").await?;
    match apply(database).await {
        Ok(()) => run("COMMIT").await.map(drop),
        Err(error) => {
            let _ = run("ROLLBACK").await;
            Err(error)
        }
    }
}

async fn apply(database: &dyn Database) -> Result<(), DatabaseError> {
    match user_version(database).await? {
        0 => {}
        SCHEMA_VERSION => return Ok(()),
        _ => return Err(DatabaseError("the store was written by another version of the gateway; deploy that version or a newer one".to_owned())),
    }
    for statement in statements(SCHEMA) {
        database
            .execute(Durability::Durable, statement, Vec::new())
            .await?;
    }
    database
        .execute(Durability::Durable, "PRAGMA user_version = 1", Vec::new())
        .await?;
    Ok(())
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
    use crate::adapters::native::SqliteDatabase;

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
    fn a_store_of_a_newer_build_is_left_alone() {
        let database = SqliteDatabase::in_memory();
        futures::executor::block_on(async {
            database
                .execute(Durability::Durable, "PRAGMA user_version = 99", Vec::new())
                .await
                .unwrap();
            assert!(migrate(&database).await.is_err());
            assert_eq!(user_version(&database).await.unwrap(), 99);
        });
    }
}
