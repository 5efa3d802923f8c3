//! Adapters for Spin: WASI 0.3 HTTP, `spin:sqlite`, `spin:variables`.
//!
//! Nothing here waits for another request's task: each request may start the instance on its own, and the
//! first that is done keeps the result for the others.

mod wire;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use send_wrapper::SendWrapper;
use spin_sdk::sqlite::wit::sqlite::Connection;
use spin_sdk::sqlite::{Error as SqliteError, Value as SqliteValue};
use spin_sdk::wasip3::http::types::{ErrorCode, Request, RequestOptions, Response};

use crate::app::gateway::{Gateway, unavailable, unreadable};
use crate::base::config::{Config, ConfigError, VARIABLES};
use crate::base::context::App;
use crate::base::http::{BodyError, Reply};
use crate::base::ports::{
    Clock, Database, DatabaseError, Durability, Entropy, EntropyError, Log, PortFuture, Rows,
    UnixMillis, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse, Value,
};
use crate::base::store::migrate::{is_current, migrate};

thread_local! {
    static GATEWAY: RefCell<Option<Gateway>> = const { RefCell::new(None) };
}

/// Serves one request.
///
/// # Errors
///
/// What the host says where the answer cannot be handed over.
pub async fn serve(request: Request) -> Result<Response, ErrorCode> {
    wire::respond(answer(request).await)
}

async fn answer(request: Request) -> Reply {
    let (head, body) = match wire::received(request) {
        Ok(received) => received,
        Err(error) => return unreadable(error, &SystemEntropy, is_https().await),
    };
    let gateway = match gateway().await {
        Ok(gateway) => gateway,
        Err(problem) => {
            println!(
                "{}",
                serde_json::json!({ "level": "critical", "event": "start", "problem": problem.to_string() })
            );
            return unavailable(head.into_parts().0, &SystemEntropy, is_https().await);
        }
    };
    let reply = gateway.respond(head.map(|()| body)).await;
    // The answer does not wait for it; the host lets the instance finish what it began.
    if let Some(turn) = gateway.begin_drain() {
        spin_sdk::wasip3::spawn(async move { gateway.drain(turn).await });
    }
    reply
}

/// What the public address begins with, where there is no configuration to ask.
async fn is_https() -> bool {
    spin_sdk::variables::get("public_base_url")
        .await
        .is_ok_and(|address| address.starts_with("https://"))
}

/// The gateway of this instance, started where it is not yet.
async fn gateway() -> Result<Gateway, StartError> {
    if let Some(gateway) = GATEWAY.with_borrow(Clone::clone) {
        return Ok(gateway);
    }
    let gateway = Gateway::start(app().await?)
        .await
        .map_err(|error| StartError::Store(error.to_string()))?;
    GATEWAY.set(Some(gateway.clone()));
    Ok(gateway)
}

/// What an instance has when it starts: the variables of the manifest, and the host's ports.
///
/// # Errors
///
/// [`StartError`].
pub async fn app() -> Result<App, StartError> {
    let mut raw = BTreeMap::new();
    for variable in &VARIABLES {
        if let Ok(value) = spin_sdk::variables::get(variable.name).await {
            raw.insert(variable.name, value);
        }
    }
    let config = Config::parse(&raw)?;
    let offset_ms = config.clock_offset_s.saturating_mul(1000);
    Ok(App::new(
        config,
        Arc::new(SpinDatabase::open().await?),
        Arc::new(SpinUpstream),
        Arc::new(SystemClock { offset_ms }),
        Arc::new(SystemEntropy),
        Arc::new(StandardOutput),
    ))
}

/// Why an instance does not start.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store does not open, or is of another build.
    #[error("store: {0}")]
    Store(String),
}

impl From<DatabaseError> for StartError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.0)
    }
}

/// Two connections that the requests of an instance share. That is safe because no sequence of statements
/// is ever a transaction.
///
/// Instances are many and short-lived, and each connection reads the whole schema first: the durable one is
/// opened by the first statement that needs it, which on FHIR routes is none.
struct SpinDatabase {
    durable: SendWrapper<OnceCell<Connection>>,
    relaxed: SendWrapper<Connection>,
    calls: Calls,
}

/// How statements are called. One way for all of an instance: a statement whose rows are still to be taken can
/// hold the lock that a blocking one waits for.
#[derive(Clone, Copy)]
enum Calls {
    /// Until the rows are there the whole instance waits. On a file that is short, and the streams by which the
    /// other way hands rows over cost several times what SQLite does.
    Blocking,
    /// The instance goes on meanwhile: for a store that is not on this machine.
    Awaited,
}

impl SpinDatabase {
    async fn open() -> Result<Self, DatabaseError> {
        let relaxed = connection()?;
        // libSQL has what it says by itself, and refuses the pragma.
        let relax = run(
            &relaxed,
            Calls::Blocking,
            "PRAGMA synchronous = NORMAL",
            Vec::new(),
        );
        let calls = match relax.await {
            Ok(_) => Calls::Blocking,
            Err(_) => Calls::Awaited,
        };
        let relaxed = SoleConnection(SendWrapper::new(relaxed), calls);
        if !is_current(&relaxed).await? {
            migrate(&SoleConnection(SendWrapper::new(connection()?), calls)).await?;
        }
        Ok(Self {
            durable: SendWrapper::new(OnceCell::new()),
            relaxed: relaxed.0,
            calls,
        })
    }

    async fn durable(&self) -> Result<&Connection, DatabaseError> {
        if let Some(open) = self.durable.get() {
            return Ok(open);
        }
        let connection = connection()?;
        let _ = run(
            &connection,
            self.calls,
            "PRAGMA synchronous = FULL",
            Vec::new(),
        )
        .await;
        // Where another request was faster, its connection is as good.
        Ok(self.durable.get_or_init(|| connection))
    }
}

impl Database for SpinDatabase {
    fn execute<'a>(
        &'a self,
        durability: Durability,
        sql: &'a str,
        parameters: Vec<Value>,
    ) -> PortFuture<'a, Result<Rows, DatabaseError>> {
        Box::pin(SendWrapper::new(async move {
            let connection = match durability {
                Durability::Durable => self.durable().await?,
                Durability::Relaxed => &*self.relaxed,
            };
            run(connection, self.calls, sql, parameters).await
        }))
    }
}

/// The connection that migrates: there alone, statements may form a transaction.
struct SoleConnection(SendWrapper<Connection>, Calls);

impl Database for SoleConnection {
    fn execute<'a>(
        &'a self,
        _: Durability,
        sql: &'a str,
        parameters: Vec<Value>,
    ) -> PortFuture<'a, Result<Rows, DatabaseError>> {
        Box::pin(SendWrapper::new(async move {
            run(&self.0, self.1, sql, parameters).await
        }))
    }
}

fn connection() -> Result<Connection, DatabaseError> {
    Connection::open("default").map_err(failed)
}

async fn run(
    connection: &Connection,
    calls: Calls,
    sql: &str,
    parameters: Vec<Value>,
) -> Result<Rows, DatabaseError> {
    let parameters: Vec<_> = parameters
        .into_iter()
        .map(|value| match value {
            Value::Blob(bytes) => SqliteValue::Blob(bytes),
            Value::Integer(number) => SqliteValue::Integer(number),
            Value::Null => SqliteValue::Null,
            Value::Real(number) => SqliteValue::Real(number),
            Value::Text(text) => SqliteValue::Text(text),
        })
        .collect();
    let rows = match calls {
        Calls::Blocking => connection.execute(sql, &parameters).map_err(failed)?.rows,
        Calls::Awaited => {
            let (_, rows, outcome) = connection
                .execute_async(sql.to_owned(), parameters)
                .await
                .map_err(failed)?;
            let rows = rows.collect().await;
            outcome.await.map_err(failed)?;
            rows
        }
    };
    Ok(rows
        .into_iter()
        .map(|row| {
            row.values
                .into_iter()
                .map(|value| match value {
                    SqliteValue::Blob(bytes) => Value::Blob(bytes),
                    SqliteValue::Integer(number) => Value::Integer(number),
                    SqliteValue::Null => Value::Null,
                    SqliteValue::Real(number) => Value::Real(number),
                    SqliteValue::Text(text) => Value::Text(text),
                })
                .collect()
        })
        .collect())
}

fn failed(error: SqliteError) -> DatabaseError {
    DatabaseError(match error {
        SqliteError::Io(text) => text,
        SqliteError::NoSuchDatabase => {
            "no database named default; see sqlite_databases in the manifest".to_owned()
        }
        SqliteError::AccessDenied => {
            "the manifest does not allow the database; add it to sqlite_databases".to_owned()
        }
        SqliteError::InvalidConnection => "the connection is closed".to_owned(),
        SqliteError::DatabaseFull => "the database is full".to_owned(),
    })
}

struct SpinUpstream;

impl Upstream for SpinUpstream {
    fn send(
        &self,
        request: UpstreamRequest,
    ) -> PortFuture<'_, Result<UpstreamResponse, UpstreamError>> {
        Box::pin(SendWrapper::new(send(request)))
    }
}

async fn send(request: UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
    let deadline = std::pin::pin!(spin_sdk::time::sleep(request.timeout));
    let exchange = std::pin::pin!(exchange(request));
    match select(exchange, deadline).await {
        Either::Left((answer, _)) => answer,
        Either::Right(((), _)) => Err(UpstreamError::Timeout),
    }
}

async fn exchange(request: UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
    let options = RequestOptions::new();
    let nanos = u64::try_from(request.timeout.as_nanos()).unwrap_or(u64::MAX);
    let connect = u64::try_from(CONNECT_TIMEOUT.as_nanos())
        .unwrap_or(u64::MAX)
        .min(nanos);
    // A host that does not offer one of these says so; the deadline above holds in any case.
    let _ = options.set_connect_timeout(Some(connect));
    let _ = options.set_first_byte_timeout(Some(nanos));
    let _ = options.set_between_bytes_timeout(Some(nanos));

    let body_limit = request.body_limit;
    let incoming = wire::send(request, options)
        .await
        .map_err(|error| classify(&error))?;
    let (status, headers) = (incoming.status, incoming.headers.clone());
    let body = incoming
        .body(body_limit)
        .await
        .map_err(|error| match error {
            BodyError::Broken => UpstreamError::Broken,
            BodyError::TooLarge => UpstreamError::TooLarge,
        })?;
    Ok(UpstreamResponse {
        status,
        headers,
        body,
    })
}

fn classify(error: &ErrorCode) -> UpstreamError {
    match error {
        ErrorCode::HttpRequestDenied => UpstreamError::Denied,
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => UpstreamError::Connect,
        ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => UpstreamError::Timeout,
        _ => UpstreamError::Broken,
    }
}

struct SystemClock {
    offset_ms: i64,
}

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        UnixMillis(
            i64::try_from(since.as_millis())
                .unwrap_or(i64::MAX)
                .saturating_add(self.offset_ms),
        )
    }

    fn sleep(&self, time: Duration) -> PortFuture<'_, ()> {
        Box::pin(SendWrapper::new(spin_sdk::time::sleep(time)))
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

struct StandardOutput;

impl Log for StandardOutput {
    fn line(&self, json: &str) {
        println!("{json}");
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
