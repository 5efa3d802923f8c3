//! A store in a SQLite file, for reading. A gateway may be writing to it.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bluegate_gateway::base::ports::{Database, DatabaseError, Durability, PortFuture, Rows, Value};
use bluegate_gateway::base::store::migrate::SCHEMA_VERSION;
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, OpenFlags};

/// An open store.
pub(crate) struct Store(Mutex<Connection>);

impl Store {
    /// Opens the file, which must be a store of this version's schema: of another one nothing said here would be true.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .with_context(|| format!("{shown} cannot be opened"))?;
        connection.busy_timeout(BUSY)?;
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .with_context(|| format!("{shown} cannot be read"))?;
        match version {
            SCHEMA_VERSION => Ok(Self(Mutex::new(connection))),
            0 => bail!("{shown} is no store of a gateway"),
            found => bail!(
                "{shown} has schema {found}, and this is the program for schema {SCHEMA_VERSION}: take the `bluegate` of the gateway's own version"
            ),
        }
    }

    fn read(&self, sql: &str, parameters: Vec<Value>) -> rusqlite::Result<Rows> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let parameters = parameters.into_iter().map(to_sqlite);
        let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
        let mut all = Rows::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| row.get_ref(column).map(from_sqlite));
            all.push(values.collect::<rusqlite::Result<_>>()?);
        }
        Ok(all)
    }
}

impl Database for Store {
    fn execute<'a>(
        &'a self,
        _: Durability,
        sql: &'a str,
        parameters: Vec<Value>,
    ) -> PortFuture<'a, Result<Rows, DatabaseError>> {
        let rows = self
            .read(sql, parameters)
            .map_err(|error| DatabaseError(error.to_string()));
        Box::pin(async move { rows })
    }
}

fn to_sqlite(value: Value) -> SqlValue {
    match value {
        Value::Blob(bytes) => SqlValue::Blob(bytes),
        Value::Integer(number) => SqlValue::Integer(number),
        Value::Null => SqlValue::Null,
        Value::Real(number) => SqlValue::Real(number),
        Value::Text(text) => SqlValue::Text(text),
    }
}

fn from_sqlite(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Null => Value::Null,
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
    }
}

/// Beyond this a writer is not busy but stuck.
const BUSY: Duration = Duration::from_secs(10);
