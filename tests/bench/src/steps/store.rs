//! A store as a gateway has it after some thousand calls, and a gateway on it, natively: the same schema and
//! statements on SQLite in a file, with the settings of the gateway's connection for FHIR calls.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bluegate_bench_steps::calls::{TOKEN, variables};
use bluegate_gateway::base::config::Config;
use bluegate_gateway::base::context::App;
use bluegate_gateway::base::ports::{
    Clock, Database, DatabaseError, Durability, Entropy, EntropyError, Log, PortFuture, Rows,
    UnixMillis, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse, Value,
};
use bluegate_gateway::base::secret::SecretHash;
use bluegate_gateway::base::store::migrate::{is_current, migrate};
use bluegate_gateway::maintenance::drain;
use bluegate_shared::scope::ScopeSet;
use futures_executor::block_on;
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, params};

/// Calls in the audit.
const CALLS: u32 = 20_000;
/// People who made them.
const PEOPLE: u32 = 200;

/// What an instance has when it starts, on the store in the folder; its log is a file beside it.
pub(super) async fn app(folder: &Path) -> Result<App, String> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    let config = Config::parse(&variables()).map_err(|error| error.to_string())?;
    let database = Sqlite::open(&folder.join(FILE)).await;
    Ok(App::new(
        config,
        Arc::new(database.map_err(|error| error.to_string())?),
        Arc::new(Nowhere),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        Arc::new(LogFile(log.map_err(|error| error.to_string())?)),
    ))
}

/// The store's file in its folder.
pub(super) const FILE: &str = "store.db";

/// Each line is in the file when the call returns, as the host does it.
struct LogFile(File);

impl Log for LogFile {
    fn line(&self, json: &str) {
        let _ = (&self.0).write_all(format!("{json}\n").as_bytes());
    }
}

/// The steps have a backend of their own.
struct Nowhere;

impl Upstream for Nowhere {
    fn send(&self, _: UpstreamRequest) -> PortFuture<'_, Result<UpstreamResponse, UpstreamError>> {
        Box::pin(async { Err(UpstreamError::Connect) })
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep(&self, _: Duration) -> PortFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bytes32(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| EntropyError)?;
        Ok(bytes)
    }
}

/// One connection.
struct Sqlite(Mutex<Connection>);

impl Sqlite {
    /// As an instance opens it.
    async fn open(file: &Path) -> Result<Self, DatabaseError> {
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

/// Makes the store in the folder, whole in one file: this person's token is live, and the audit has calls of others.
pub(super) fn make(folder: &Path, person: &str) -> Result<(), DatabaseError> {
    let file = folder.join(FILE);
    drop(block_on(Sqlite::open(&file))?);
    fill(&file, person).map_err(failed)?;
    // Chain and watch are up to date.
    let app = block_on(app(folder)).map_err(DatabaseError)?;
    let connection = Connection::open(&file).map_err(failed)?;
    let behind = || -> rusqlite::Result<i64> { connection.query_row(BEHIND, [], |row| row.get(0)) };
    while behind().map_err(failed)? > 0 {
        block_on(drain(&app));
    }
    drop(app);
    // One file without a log, to be copied.
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(failed)
}

/// Rows of the audit that are not in the chain yet, or not watched.
const BEHIND: &str = "SELECT MAX(id) - MIN((SELECT COALESCE(MAX(audit_to), 0) FROM chain_link),
                                         (SELECT audit_id FROM watch_position)) FROM audit";

fn fill(file: &Path, person: &str) -> rusqlite::Result<()> {
    let mut connection = Connection::open(file)?;
    let transaction = connection.transaction()?;
    let scopes = ScopeSet::parse("patient/ExplanationOfBenefit.read patient/Patient.read")
        .expect("known scopes");
    let (scope, bits) = (scopes.to_string(), scopes.permissions().bits());
    let client = "b".repeat(40);
    let never = i64::MAX / 4;
    transaction.execute(
        "INSERT INTO identity (id, issuer, subject, subject_length, patient_id, created_at, request_id)
         VALUES (1, 'https://idp.example', CAST('bench' AS BLOB), 5, ?, 1, '')",
        [person],
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
            let at = 1_789_000_000_000 + i64::from(number) * 1000;
            call.execute(params![at, number % PEOPLE, client])?;
        }
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use bluegate_bench_steps::calls::{CALL_STEPS, CallStep, Calls, DRAINED, Whole};
    use bluegate_bench_steps::{BACKEND, Input};
    use flate2::read::GzDecoder;
    use serde_json::Value as Json;

    use super::*;
    use crate::fhir::page::sandbox_page;

    #[test]
    fn every_step_of_a_call_does_what_it_must() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (person, page, patient) = sandbox_page();
        make(folder, &person).unwrap();
        let input = Input::new(&person, BACKEND, &page, &patient).unwrap();
        let open = async || app(folder).await;
        let calls = block_on(Calls::begin(open, &input)).unwrap();
        let count = |what: &str| -> i64 {
            let connection = Connection::open(folder.join(FILE)).unwrap();
            let sql = format!("SELECT count(*) FROM {what}");
            connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let before = count("audit");
        let (mut permits, mut lines) = (0, 0);
        for (number, step) in CALL_STEPS.into_iter().enumerate() {
            let wrote = || {
                let log = std::fs::read_to_string(folder.join("log")).unwrap();
                log.lines().count()
            };
            let already = wrote();
            block_on(calls.run(step, number)).unwrap();
            permits += match step {
                CallStep::Permit | CallStep::InTurn | CallStep::Whole(_) => 1,
                CallStep::Upkeep => i64::from(DRAINED),
                _ => 0,
            };
            if step == CallStep::Upkeep {
                let connection = Connection::open(folder.join(FILE)).unwrap();
                let behind: i64 = connection.query_row(BEHIND, [], |row| row.get(0)).unwrap();
                assert_eq!(behind, 0);
            }
            lines += wrote() - already;
        }
        assert_eq!(count("audit"), before + permits);
        // Two of the step, and two of each whole call: as many as a call writes. One of the upkeep, which tells the
        // head of the chain.
        assert_eq!(lines, 13);

        let plain = |whole| {
            let body = block_on(calls.whole(whole)).unwrap();
            let mut text = String::new();
            let mut unzip = GzDecoder::new(&*body);
            if whole == Whole::Plain {
                text = String::from_utf8(body.to_vec()).unwrap();
            } else {
                std::io::Read::read_to_string(&mut unzip, &mut text).unwrap();
            }
            text
        };
        let json = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        for whole in [Whole::Gzip, Whole::Plain, Whole::PublicGzip, Whole::OwnGzip] {
            let got = plain(whole);
            assert_eq!(json(&got)["entry"], json(&page)["entry"], "{whole:?}");
            assert!(!got.contains(BACKEND), "{whole:?}");
        }
        assert_eq!(plain(Whole::Patient), patient);

        let connection = Connection::open(folder.join(FILE)).unwrap();
        connection
            .execute("UPDATE application SET status = 'suspended'", [])
            .unwrap();
        for step in CALL_STEPS {
            let live = matches!(step, CallStep::Lease | CallStep::Log);
            assert_eq!(block_on(calls.run(step, 0)).is_ok(), live, "{step:?}");
        }
    }
}
