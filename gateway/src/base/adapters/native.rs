//! In-process adapters for native unit tests: the same schema file and the same SQL, on rusqlite.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::StatementStatus;
use rusqlite::types::{Value as SqlValue, ValueRef};

use crate::base::config::Config;
use crate::base::context::App;
use crate::base::ports::{
    Clock, Database, DatabaseError, Durability, Entropy, EntropyError, Log, PortFuture, Rows,
    UnixMillis, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse, Value,
};

/// The sandbox's defaults with some variables changed, a fresh store, and parts that stand still.
pub(crate) fn app(variables: &[(&'static str, &str)], clock: Arc<ManualClock>) -> App {
    let mut raw = crate::base::config::tests::sandbox();
    raw.extend(
        variables
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    App::new(
        Config::parse(&raw).unwrap(),
        Arc::new(SqliteDatabase::in_memory()),
        Arc::new(ScriptedUpstream::default()),
        clock,
        Arc::new(CountingEntropy::new()),
        Arc::new(MemoryLog::default()),
    )
}

/// SQLite in memory or in a file. Statements run at once, in the order of the calls, and are kept compiled as
/// Spin keeps them.
pub(crate) struct SqliteDatabase {
    connection: Mutex<rusqlite::Connection>,
    recompiled: Mutex<Vec<String>>,
}

impl SqliteDatabase {
    /// A fresh store in memory with the schema applied.
    pub(crate) fn in_memory() -> Self {
        Self::of(rusqlite::Connection::open_in_memory().unwrap())
    }

    /// A store in a file, with the schema applied where it is not yet.
    pub(crate) fn in_file(path: &std::path::Path) -> Self {
        Self::of(rusqlite::Connection::open(path).unwrap())
    }

    fn of(connection: rusqlite::Connection) -> Self {
        let database = Self {
            connection: Mutex::new(connection),
            recompiled: Mutex::default(),
        };
        futures::executor::block_on(crate::base::store::migrate::migrate(&database)).unwrap();
        database
    }
}

impl Database for SqliteDatabase {
    fn execute<'a>(
        &'a self,
        _: Durability,
        sql: &'a str,
        parameters: Vec<Value>,
    ) -> PortFuture<'a, Result<Rows, DatabaseError>> {
        let result = self
            .run(sql, parameters)
            .map_err(|error| DatabaseError(error.to_string()));
        Box::pin(async move { result })
    }
}

impl SqliteDatabase {
    fn run(&self, sql: &str, parameters: Vec<Value>) -> rusqlite::Result<Rows> {
        let connection = self.connection.lock().unwrap();
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
            all.push(
                (0..columns)
                    .map(|index| {
                        Ok(match row.get_ref(index)? {
                            ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                            ValueRef::Integer(number) => Value::Integer(number),
                            ValueRef::Null => Value::Null,
                            ValueRef::Real(number) => Value::Real(number),
                            ValueRef::Text(text) => {
                                Value::Text(String::from_utf8_lossy(text).into_owned())
                            }
                        })
                    })
                    .collect::<rusqlite::Result<_>>()?,
            );
        }
        drop(rows);
        if statement.reset_status(StatementStatus::RePrepare) > 0 {
            self.recompiled.lock().unwrap().push(sql.to_owned());
        }
        Ok(all)
    }

    /// The statements that SQLite compiled again although they were kept, once for each time.
    pub(crate) fn recompiled(&self) -> Vec<String> {
        std::mem::take(&mut self.recompiled.lock().unwrap())
    }
}

/// A clock that stands until it is moved.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at 2026-11-21T12:00:00Z.
    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(1_795_262_400_000))
    }

    /// Moves it.
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) -> PortFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Bytes that are different at each call and the same in each run.
pub(crate) struct CountingEntropy(AtomicU64);

impl CountingEntropy {
    /// Begins at zero.
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Entropy for CountingEntropy {
    fn bytes32(&self) -> Result<[u8; 32], EntropyError> {
        use sha2::Digest as _;
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        Ok(sha2::Sha256::digest(number.to_be_bytes()).into())
    }
}

/// Collects log lines.
#[derive(Default)]
pub(crate) struct MemoryLog(pub(crate) Mutex<Vec<String>>);

impl Log for MemoryLog {
    fn line(&self, json: &str) {
        self.0.lock().unwrap().push(json.to_owned());
    }
}

/// Answers in a fixed order and remembers what it was asked.
#[derive(Default)]
pub(crate) struct ScriptedUpstream {
    pub(crate) answers: Mutex<VecDeque<Result<UpstreamResponse, UpstreamError>>>,
    pub(crate) requests: Mutex<Vec<UpstreamRequest>>,
}

impl Upstream for ScriptedUpstream {
    fn send(
        &self,
        request: UpstreamRequest,
    ) -> PortFuture<'_, Result<UpstreamResponse, UpstreamError>> {
        self.requests.lock().unwrap().push(request);
        let answer = self
            .answers
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Err(UpstreamError::Connect));
        Box::pin(async move { answer })
    }
}

/// What happens at a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// It fails and is applied, and its answer is lost.
    After,
    /// It fails and is not applied.
    Before,
    /// It succeeds, but another statement was faster.
    Meanwhile(&'static str),
    /// It takes so many seconds.
    Slow(i64),
}

/// A store where something happens at one statement, counted from the last [`FaultyDatabase::plan`].
pub(crate) struct FaultyDatabase {
    inner: SqliteDatabase,
    clock: Arc<ManualClock>,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    fault: Option<(usize, Fault)>,
    seen: Vec<String>,
}

impl FaultyDatabase {
    /// A fresh store in memory without faults, that moves this clock where it is slow.
    pub(crate) fn in_memory(clock: Arc<ManualClock>) -> Self {
        Self {
            inner: SqliteDatabase::in_memory(),
            clock,
            plan: Mutex::default(),
        }
    }

    /// Counts from here; the fault is for the statement of that number, the first being 0.
    pub(crate) fn plan(&self, fault: Option<(usize, Fault)>) {
        *self.plan.lock().unwrap() = Plan {
            fault,
            seen: Vec::new(),
        };
    }

    /// The statements since the last plan. No faults from here on.
    pub(crate) fn finish(&self) -> Vec<String> {
        std::mem::take(&mut *self.plan.lock().unwrap()).seen
    }

    /// Runs a statement of the test itself, past the plan.
    pub(crate) fn sql(&self, sql: &str, parameters: Vec<Value>) -> Rows {
        self.inner.run(sql, parameters).unwrap()
    }

    /// What happens to the statement that is about to run.
    fn next(&self, sql: &str) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap();
        let number = plan.seen.len();
        plan.seen.push(sql.to_owned());
        plan.fault
            .filter(|(planned, _)| *planned == number)
            .map(|(_, fault)| fault)
    }
}

impl Database for FaultyDatabase {
    fn execute<'a>(
        &'a self,
        durability: Durability,
        sql: &'a str,
        parameters: Vec<Value>,
    ) -> PortFuture<'a, Result<Rows, DatabaseError>> {
        let lost = || Err(DatabaseError("disk I/O error".to_owned()));
        match self.next(sql) {
            None => self.inner.execute(durability, sql, parameters),
            Some(Fault::After) => {
                let _ = self.inner.run(sql, parameters);
                Box::pin(async move { lost() })
            }
            Some(Fault::Before) => Box::pin(async move { lost() }),
            Some(Fault::Meanwhile(other)) => {
                self.inner.run(other, Vec::new()).unwrap();
                self.inner.execute(durability, sql, parameters)
            }
            Some(Fault::Slow(seconds)) => {
                self.clock.advance_seconds(seconds);
                self.inner.execute(durability, sql, parameters)
            }
        }
    }
}
