//! The audit of a store, looked at without a running gateway: `cargo xtask audit` runs this.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use bluegate_gateway::config::{Config, VARIABLES};
use bluegate_gateway::ports::{
    Database, DatabaseError, Durability, PortFuture, Rows, UnixMillis, Value,
};
use bluegate_gateway::signature::{PublicKey, Signer};
use bluegate_gateway::store::export::page;
use bluegate_gateway::store::reconcile::reconcile;
use bluegate_gateway::store::verify::{self, Head, Report, verify};
use futures::executor::block_on;
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, OpenFlags};

const USAGE: &str = "\
cargo xtask audit verify     recompute the chain, compare the schema, name the first broken link
cargo xtask audit reconcile  changes without their event, events without their change
cargo xtask audit export     lines of JSON, the last one the signed head

  --database FILE      the store (.spin/sqlite_db.db)
  --file FILE          verify: an export instead of a store
  --head FILE          verify: what ends with an earlier head, which the chain must still have: an export, a line
                       `audit.link` of the log, or what the webhook or /ops/audit/head gave
  --public-key ID:KEY  verify: who may have signed; several times for several keys.
                       Otherwise those of SPIN_VARIABLE_CHAIN_KEY and SPIN_VARIABLE_FORMER_CHAIN_KEYS,
                       or of the sandbox
  --after LINK         export: go on after this link";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, String> {
    let options = Options::read(std::env::args().skip(1))?;
    match options.command.as_str() {
        "verify" => check(&options),
        "reconcile" => compare(&options),
        "export" => export(&options),
        _ => Err(format!("say verify, reconcile or export\n\n{USAGE}")),
    }
}

struct Options {
    command: String,
    database: PathBuf,
    file: Option<PathBuf>,
    head: Option<PathBuf>,
    keys: Vec<PublicKey>,
    after: i64,
}

impl Options {
    fn read(mut given: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            command: given.next().unwrap_or_default(),
            database: PathBuf::from(".spin/sqlite_db.db"),
            file: None,
            head: None,
            keys: Vec::new(),
            after: 0,
        };
        while let Some(name) = given.next() {
            let value = given
                .next()
                .ok_or_else(|| format!("`{name}` needs a value\n\n{USAGE}"))?;
            match name.as_str() {
                "--database" => options.database = value.into(),
                "--file" => options.file = Some(value.into()),
                "--head" => options.head = Some(value.into()),
                "--public-key" => options.keys.push(
                    PublicKey::parse(&value).ok_or("`--public-key` is an id, a colon and a key")?,
                ),
                "--after" => {
                    options.after = value
                        .parse()
                        .map_err(|_| "`--after` is the number of a link")?;
                }
                other => return Err(format!("there is no option `{other}`\n\n{USAGE}")),
            }
        }
        Ok(options)
    }

    fn keys(&self) -> Result<Vec<PublicKey>, String> {
        if !self.keys.is_empty() {
            return Ok(self.keys.clone());
        }
        let config = config()?;
        Ok(std::iter::once(Signer::new(&config.chain_key).public())
            .chain(config.former_chain_keys)
            .collect())
    }

    fn store(&self) -> Result<Store, String> {
        let connection =
            Connection::open_with_flags(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .map_err(|error| format!("{}: {error}", self.database.display()))?;
        Ok(Store(Mutex::new(connection)))
    }
}

fn check(options: &Options) -> Result<bool, String> {
    let keys = options.keys()?;
    let head = match &options.head {
        None => None,
        Some(path) => Some(
            lines(path)?
                .map_while(Result::ok)
                .last()
                .and_then(|line| Head::parse(&line))
                .ok_or_else(|| format!("{} does not end with a head", path.display()))?,
        ),
    };
    let mut finished = true;
    let report = match &options.file {
        None => block_on(verify(&options.store()?, &keys, head)).map_err(|e| e.to_string())?,
        Some(path) => {
            let mut file = verify::File::new(&keys, head);
            for line in lines(path)? {
                file.line(&line.map_err(|error| error.to_string())?);
            }
            let (report, ending) = file.finish();
            finished = ending.is_some();
            report
        }
    };
    show(&report);
    if !finished && report.is_whole() {
        println!("but the export has no head: what came after is missing");
    }
    Ok(report.is_whole() && finished)
}

fn show(report: &Report) {
    println!("{} links, {} rows", report.links, report.rows);
    if report.unsealed > 0 {
        println!("{} rows are in no link yet", report.unsealed);
    }
    if report.purged_to > 0 {
        println!(
            "the rows up to link {} were purged, says a signed anchor",
            report.purged_to
        );
    }
    for difference in &report.schema {
        println!("schema: {difference}");
    }
    match &report.broken {
        Some(broken) => println!("BROKEN at link {}: {}", broken.link, broken.reason),
        None if report.schema.is_empty() => println!("whole"),
        None => println!("the chain is whole, the schema is not"),
    }
}

fn compare(options: &Options) -> Result<bool, String> {
    let comparison = block_on(reconcile(&options.store()?)).map_err(|error| error.to_string())?;
    for finding in &comparison.findings {
        println!("{finding}");
    }
    println!(
        "{} changes, {} events of changes, {} rows; {} findings",
        comparison.changes,
        comparison.events,
        comparison.rows,
        comparison.findings.len()
    );
    Ok(comparison.findings.is_empty())
}

fn export(options: &Options) -> Result<bool, String> {
    let store = options.store()?;
    let signer = Signer::new(&config()?.chain_key);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_err(|error| error.to_string())?;
    let now = UnixMillis(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
    let mut after = options.after;
    loop {
        let page = block_on(page(&store, &signer, after, now))
            .map_err(|error| error.to_string())?
            .ok_or_else(|| format!("there is no link {after}"))?;
        stdout()
            .write_all(page.text.as_bytes())
            .map_err(|error| error.to_string())?;
        if !page.more {
            return Ok(true);
        }
        after = page.last;
    }
}

fn lines(path: &PathBuf) -> Result<std::io::Lines<BufReader<File>>, String> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(BufReader::new(file).lines())
}

/// The variables of the environment over the defaults of the sandbox: only the keys of the chain matter here.
fn config() -> Result<Config, String> {
    let mut raw = BTreeMap::new();
    for variable in &VARIABLES {
        let given = ["chain_key", "former_chain_keys"]
            .contains(&variable.name)
            .then(|| std::env::var(format!("SPIN_VARIABLE_{}", variable.name.to_uppercase())).ok())
            .flatten();
        raw.insert(
            variable.name,
            given.unwrap_or_else(|| variable.sandbox_default.to_owned()),
        );
    }
    Config::parse(&raw).map_err(|error| error.to_string())
}

/// The store, for reading.
struct Store(Mutex<Connection>);

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

impl Store {
    fn read(&self, sql: &str, parameters: Vec<Value>) -> rusqlite::Result<Rows> {
        let connection = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut statement = connection.prepare(sql)?;
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
