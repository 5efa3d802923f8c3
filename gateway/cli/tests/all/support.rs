//! Running the program, and stores for it to look at.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use bluegate_gateway::audit::chain::seal;
use bluegate_gateway::audit::event::{Event, Level, record};
use bluegate_gateway::base::config::{Config, VARIABLES};
use bluegate_gateway::base::ports::{
    Database, DatabaseError, Durability, PortFuture, Rows, UnixMillis, Value,
};
use bluegate_gateway::base::signature::Signer;
use bluegate_gateway::base::store::migrate::migrate;
use futures::executor::block_on;
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, params_from_iter};
use tempfile::TempDir;

/// The program with these words, and nothing of this environment.
pub(crate) fn bluegate(line: &str) -> Ended {
    with(line, &[])
}

/// The same with variables of the gateway, by their names in the manifest.
pub(crate) fn with(line: &str, variables: &[(&str, &str)]) -> Ended {
    let mut command = program(line);
    for (name, value) in variables {
        command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
    }
    ended(line, &mut command)
}

pub(crate) fn program(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bluegate"));
    command.args(line.split_whitespace()).env_clear();
    command
}

pub(crate) fn ended(line: &str, command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        line: line.to_owned(),
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// How it ended, and what it said.
pub(crate) struct Ended {
    line: String,
    code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\n{}\n{}",
            self.line,
            self.out,
            self.err
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A store of the sandbox in a file, with some events under two links of the chain and one under none yet.
pub(crate) struct Store {
    folder: TempDir,
}

impl Store {
    pub(crate) fn new() -> Self {
        let store = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let database = store.open();
        let signer = signer();
        block_on(async {
            migrate(&database).await.unwrap();
            for number in 0..5 {
                record(&database, &event(number)).await.unwrap();
                if number % 2 == 1 {
                    let now = UnixMillis(1_700_000_000_000 + number);
                    seal(&database, &signer, now, false).await.unwrap();
                }
            }
        });
        store
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The path of the database, for a command line.
    pub(crate) fn path(&self) -> String {
        self.file("store.db").display().to_string()
    }

    /// What somebody does who has the file.
    pub(crate) fn by_hand(&self, sql: &str) {
        let connection = Connection::open(self.file("store.db")).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// A text file beside it.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.file(name), text).unwrap();
        self.file(name).display().to_string()
    }

    fn open(&self) -> Writable {
        Writable(Mutex::new(Connection::open(self.file("store.db")).unwrap()))
    }
}

fn event(number: i64) -> Event<'static> {
    Event {
        started_at: UnixMillis(1_700_000_000_000),
        ended_at: UnixMillis(1_700_000_000_000 + number),
        request_id: "r",
        flow_id: "",
        actor: "gateway",
        client_id: "",
        person: &[],
        account: &[],
        action: "test",
        outcome: "ok",
        code: "",
        level: Level::Info,
    }
}

/// With the key of the sandbox.
pub(crate) fn signer() -> Signer {
    let raw: BTreeMap<_, _> = VARIABLES
        .iter()
        .map(|variable| (variable.name, variable.sandbox_default.to_owned()))
        .collect();
    Signer::new(&Config::parse(&raw).ok().unwrap().chain_key)
}

struct Writable(Mutex<Connection>);

impl Database for Writable {
    fn execute<'a>(
        &'a self,
        _: Durability,
        sql: &'a str,
        parameters: Vec<Value>,
    ) -> PortFuture<'a, Result<Rows, DatabaseError>> {
        let rows = self
            .run(sql, parameters)
            .map_err(|error| DatabaseError(error.to_string()));
        Box::pin(async move { rows })
    }
}

impl Writable {
    fn run(&self, sql: &str, parameters: Vec<Value>) -> rusqlite::Result<Rows> {
        let connection = self.0.lock().unwrap();
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let parameters = parameters.into_iter().map(|value| match value {
            Value::Blob(bytes) => SqlValue::Blob(bytes),
            Value::Integer(number) => SqlValue::Integer(number),
            Value::Null => SqlValue::Null,
            Value::Real(number) => SqlValue::Real(number),
            Value::Text(text) => SqlValue::Text(text),
        });
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut all = Rows::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| {
                Ok(match row.get_ref(column)? {
                    ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                    ValueRef::Integer(number) => Value::Integer(number),
                    ValueRef::Null => Value::Null,
                    ValueRef::Real(number) => Value::Real(number),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                })
            });
            all.push(values.collect::<rusqlite::Result<_>>()?);
        }
        Ok(all)
    }
}
