//! A store as a gateway has it after some thousand calls, natively: the same schema and statements on SQLite in a
//! file, with the settings of the gateway's connection for FHIR calls.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bluegate_bench_steps::calls::TOKEN;
use bluegate_gateway::ports::{Database, DatabaseError, Durability, PortFuture, Rows, Value};
use bluegate_gateway::secret::SecretHash;
use bluegate_gateway::store::migrate::{is_current, migrate};
use bluegate_shared::scope::ScopeSet;
use futures_executor::block_on;
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, params};

/// Calls in the audit.
const CALLS: u32 = 20_000;
/// People who made them.
const PEOPLE: u32 = 200;

/// One connection.
pub(super) struct Sqlite(Mutex<Connection>);

impl Sqlite {
    /// As an instance opens it.
    pub(super) async fn open(file: &Path) -> Result<Self, DatabaseError> {
        let connection = || Connection::open(file).map(|open| Self(Mutex::new(open)));
        let relaxed = connection().map_err(failed)?;
        if !is_current(&relaxed).await? {
            migrate(&connection().map_err(failed)?).await?;
        }
        let normal = relaxed.run("PRAGMA synchronous = NORMAL", Vec::new());
        normal.map_err(failed).map(|_| relaxed)
    }

    fn run(&self, sql: &str, parameters: Vec<Value>) -> rusqlite::Result<Rows> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let parameters = parameters.into_iter().map(|value| match value {
            Value::Blob(bytes) => SqlValue::Blob(bytes),
            Value::Integer(number) => SqlValue::Integer(number),
            Value::Null => SqlValue::Null,
            Value::Real(number) => SqlValue::Real(number),
            Value::Text(text) => SqlValue::Text(text),
        });
        let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
        let mut all = Rows::new();
        while let Some(row) = rows.next()? {
            let value = |index| {
                Ok(match row.get_ref(index)? {
                    ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                    ValueRef::Integer(number) => Value::Integer(number),
                    ValueRef::Null => Value::Null,
                    ValueRef::Real(number) => Value::Real(number),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                })
            };
            all.push((0..columns).map(value).collect::<rusqlite::Result<_>>()?);
        }
        Ok(all)
    }
}

impl Database for Sqlite {
    fn execute<'a>(
        &'a self,
        _: Durability,
        sql: &'a str,
        parameters: Vec<Value>,
    ) -> PortFuture<'a, Result<Rows, DatabaseError>> {
        let result = self.run(sql, parameters).map_err(failed);
        Box::pin(async move { result })
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn failed(error: rusqlite::Error) -> DatabaseError {
    DatabaseError(error.to_string())
}

/// Makes the store in the folder, whole in one file: one person's token is live, and the audit has calls of others.
pub(super) fn make(folder: &Path) -> Result<PathBuf, DatabaseError> {
    let file = folder.join("store.db");
    drop(block_on(Sqlite::open(&file))?);
    fill(&file).map_err(failed)?;
    Ok(file)
}

fn fill(file: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open(file)?;
    let transaction = connection.transaction()?;
    let scopes = ScopeSet::parse("patient/ExplanationOfBenefit.read patient/Patient.read")
        .expect("known scopes");
    let (scope, bits) = (scopes.to_string(), scopes.permissions().bits());
    let client = "b".repeat(40);
    let never = i64::MAX / 4;
    transaction.execute(
        "INSERT INTO identity (id, issuer, subject, subject_length, patient_id, created_at, request_id)
         VALUES (1, 'https://idp.example', CAST('bench' AS BLOB), 5, '-10000000000100', 1, '')",
        [],
    )?;
    transaction.execute(
        "INSERT INTO application (id, client_id, client_name, client_name_key, token_endpoint_auth_method, redirect_uris,
             scope, scope_bits, data_access_type, requires_demographics, metadata, status, created_at, updated_at, request_id)
         VALUES (1, ?, 'Bench', 'bench', 'none', '[]', ?, ?, 'RESEARCH_STUDY', 0, '{}', 'active', 1, 1, '')",
        params![client, scope, bits],
    )?;
    transaction.execute(
        "INSERT INTO consent_grant (id, identity_id, application_id, scope, scope_bits, data_access_type, created_at,
             consented_at, request_id)
         VALUES (1, 1, 1, ?, ?, 'RESEARCH_STUDY', 1, 1, '')",
        params![scope, bits],
    )?;
    transaction.execute(
        "INSERT INTO token_chain (id, code_id, grant_id, application_id, scope, scope_bits, flow_id, created_at, request_id)
         VALUES (1, 1, 1, 1, ?, ?, 'c7a1f09e5b3d48628e17d0a4b9c6f352', 1, '')",
        params![scope, bits],
    )?;
    let Value::Blob(hash) = Value::from(SecretHash::of(TOKEN)) else {
        unreachable!("a hash is bytes");
    };
    transaction.execute(
        "INSERT INTO access_token (token_hash, chain_id, scope, scope_bits, issued_at, expires_at) VALUES (?, 1, ?, ?, 1, ?)",
        params![hash, scope, bits, never],
    )?;
    {
        let mut call = transaction.prepare(
            "INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code,
                 backend_status, bytes, level, backend_ms, matches)
             VALUES (?1, ?1 + 13, printf('%032x', ?1), printf('%032x', ?2), 'application', ?3,
                     unhex(printf('%064x', 7919 * ?2)), 'fhir.search', 'ok', '', 200, 143215, 'info', 12, 8)",
        )?;
        for number in 0..CALLS {
            call.execute(params![number, number % PEOPLE, client])?;
        }
    }
    transaction.commit()?;
    // One file without a log, to be copied.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use bluegate_bench_steps::calls::{CALL_STEPS, Calls};
    use bluegate_gateway::ports::Log;

    use super::*;

    #[test]
    fn every_step_of_a_call_does_what_it_must() {
        struct Lines(Mutex<usize>);
        impl Log for &Lines {
            fn line(&self, _: &str) {
                *self.0.lock().unwrap() += 1;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let file = make(folder.path()).unwrap();
        let lines = Lines(Mutex::new(0));
        let open = async || Sqlite::open(&file).await;
        let calls = block_on(Calls::begin(open, &lines)).unwrap();
        let count = |what: &str| -> i64 {
            let connection = Connection::open(&file).unwrap();
            let sql = format!("SELECT count(*) FROM {what}");
            connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let before = count("audit");
        for (number, step) in CALL_STEPS.into_iter().enumerate() {
            block_on(calls.run(step, number)).unwrap();
        }
        // The permit by itself and the one after a lookup; the lease wrote no other row.
        assert_eq!(count("audit"), before + 2);
        assert_eq!(count("rate_window"), 1);
        assert_eq!(*lines.0.lock().unwrap(), 2);

        let connection = Connection::open(&file).unwrap();
        connection
            .execute("UPDATE application SET status = 'suspended'", [])
            .unwrap();
        assert!(block_on(calls.run(CALL_STEPS[0], 0)).is_err(), "lookup");
        assert!(block_on(calls.run(CALL_STEPS[1], 0)).is_err(), "permit");
    }
}
