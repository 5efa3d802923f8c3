//! `spin:sqlite@3.1.0` on a file, as Spin keeps it on a laptop.
//!
//! Each `open` makes a SQLite connection of its own (opened at its first use). Statements run on
//! blocking threads; a connection does one at a time, and a statement whose rows are streamed holds
//! its connection until the last row was taken or the stream was dropped.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{Value as SqlValue, ValueRef};
use tokio::sync::{mpsc, oneshot};
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Access, Accessor, Destination, FutureReader, HasData, Resource, StreamProducer, StreamReader,
    StreamResult,
};

use crate::bindings::sqlite::{self, Error, QueryResult, RowResult, Value};
use crate::state::State;

/// As many connections as Spin lets one instance hold.
const MAX_CONNECTIONS: usize = 256;
/// As many bytes as Spin lets a result have in the host's memory.
const MAX_RESULT_BYTES: usize = 128 << 20;
/// Rows that are read ahead of a component that streams them.
const ROWS_AHEAD: usize = 4;

/// A connection that a component opened.
#[derive(Clone)]
pub struct Connection {
    path: PathBuf,
    libsql: bool,
    opened: Arc<OnceLock<SharedConnection>>,
}

/// Where the databases of a component are.
#[derive(Clone)]
pub struct Store {
    /// Their files, by the labels by which it may open them.
    pub files: Arc<BTreeMap<String, PathBuf>>,
    /// Whether it refuses what libSQL refuses.
    pub libsql: bool,
}

type SharedConnection = Arc<Mutex<rusqlite::Connection>>;

/// What an instance needs to open connections.
pub struct Databases {
    store: Store,
    open: usize,
}

impl Databases {
    /// None is open yet.
    pub const fn new(store: Store) -> Self {
        Self { store, open: 0 }
    }

    fn connect(&mut self, label: &str) -> Result<Connection, Error> {
        let path = self.store.files.get(label).ok_or(Error::AccessDenied)?;
        if self.open >= MAX_CONNECTIONS {
            return Err(Error::Io("too many connections opened".to_owned()));
        }
        self.open += 1;
        Ok(Connection {
            path: path.clone(),
            libsql: self.store.libsql,
            opened: Arc::default(),
        })
    }
}

/// Marks the host functions of this module in the linker.
pub struct Sqlite;

impl HasData for Sqlite {
    type Data<'a> = &'a mut State;
}

impl Connection {
    fn get(&self) -> Result<SharedConnection, Error> {
        if let Some(open) = self.opened.get() {
            return Ok(open.clone());
        }
        // rusqlite waits up to 5 s for a lock by itself, and so does Spin.
        let mut connection = rusqlite::Connection::open(&self.path).map_err(io)?;
        let libsql = self.libsql;
        connection
            .authorizer(Some(move |context: AuthContext<'_>| {
                allows(libsql, context)
            }))
            .map_err(io)?;
        Ok(self
            .opened
            .get_or_init(|| Arc::new(Mutex::new(connection)))
            .clone())
    }

    /// Runs `work` with the connection on a thread that may block.
    async fn with<T: Send + 'static>(
        self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let run = move || {
            let connection = self.get()?;
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&connection)
        };
        tokio::task::spawn_blocking(run)
            .await
            .unwrap_or_else(|e| Err(Error::Io(e.to_string())))
    }

    async fn execute(
        self,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        self.with(move |connection| {
            let mut statement = connection.prepare_cached(&statement).map_err(io)?;
            let columns = column_names(&statement);
            let mut rows = statement.query(bind(parameters)).map_err(io)?;
            let mut taken = Vec::new();
            let mut bytes = 0;
            while let Some(row) = rows.next().map_err(io)? {
                let row = read_row(row, columns.len())?;
                bytes += size_of_row(&row);
                check_size(bytes)?;
                taken.push(row);
            }
            Ok(QueryResult {
                columns,
                rows: taken,
            })
        })
        .await
    }

    /// Starts a statement and leaves its rows and outcome to be streamed.
    async fn stream(self, statement: String, parameters: Vec<Value>) -> Result<Streaming, Error> {
        let (columns_out, columns) = oneshot::channel();
        let (rows_out, rows) = mpsc::channel(ROWS_AHEAD);
        let (outcome_out, outcome) = oneshot::channel();
        let run = self.with(move |connection| {
            // A statement that does not compile has no columns; the outcome tells why.
            let mut statement = match connection.prepare_cached(&statement) {
                Ok(statement) => statement,
                Err(error) => {
                    let _ = columns_out.send(Vec::new());
                    return Err(io(error));
                }
            };
            let names = column_names(&statement);
            let width = names.len();
            columns_out.send(names).map_err(|_| gone())?;
            let mut rows = statement.query(bind(parameters)).map_err(io)?;
            while let Some(row) = rows.next().map_err(io)? {
                let row = read_row(row, width)?;
                check_size(size_of_row(&row))?;
                rows_out.blocking_send(row).map_err(|_| gone())?;
            }
            Ok(())
        });
        tokio::spawn(async move {
            let _ = outcome_out.send(run.await);
        });
        match columns.await {
            Ok(columns) => Ok(Streaming {
                columns,
                rows,
                outcome,
            }),
            // The connection could not be opened.
            Err(_) => match outcome.await {
                Ok(Err(error)) => Err(error),
                _ => Err(gone()),
            },
        }
    }
}

struct Streaming {
    columns: Vec<String>,
    rows: mpsc::Receiver<RowResult>,
    outcome: oneshot::Receiver<Result<(), Error>>,
}

impl sqlite::Host for State {}

impl sqlite::HostConnection for State {
    async fn open(
        &mut self,
        database: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        match self.databases.connect(&database) {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let connection = self.table.get(&connection)?.clone();
        Ok(connection.execute(statement, parameters).await)
    }

    async fn last_insert_rowid(
        &mut self,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        let connection = self.table.get(&connection)?.clone();
        or_trap(connection.with(|c| Ok(c.last_insert_rowid())).await)
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        let connection = self.table.get(&connection)?.clone();
        or_trap(connection.with(|c| Ok(c.changes())).await)
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        self.databases.open = self.databases.open.saturating_sub(1);
        Ok(())
    }
}

impl<T: Send> sqlite::HostConnectionWithStore<T> for Sqlite {
    async fn open_async(
        store: &Accessor<T, Self>,
        database: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        store.with(|mut access| {
            let state = access.get();
            match state.databases.connect(&database) {
                Ok(connection) => Ok(Ok(state.table.push(connection)?)),
                Err(error) => Ok(Err(error)),
            }
        })
    }

    async fn execute_async(
        store: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<
        Result<
            (
                Vec<String>,
                StreamReader<RowResult>,
                FutureReader<Result<(), Error>>,
            ),
            Error,
        >,
    > {
        let connection = find(store, &connection)?;
        let Streaming {
            columns,
            rows,
            outcome,
        } = match connection.stream(statement, parameters).await {
            Ok(streaming) => streaming,
            Err(error) => return Ok(Err(error)),
        };
        store.with(|mut access: Access<'_, T, Self>| {
            let rows = StreamReader::new(&mut access, Rows(rows))?;
            let outcome = FutureReader::new(&mut access, async move {
                wasmtime::error::Ok(outcome.await.unwrap_or_else(|_| Err(gone())))
            })?;
            Ok(Ok((columns, rows, outcome)))
        })
    }

    async fn last_insert_rowid_async(
        store: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        let connection = find(store, &connection)?;
        or_trap(connection.with(|c| Ok(c.last_insert_rowid())).await)
    }

    async fn changes_async(
        store: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<u64> {
        let connection = find(store, &connection)?;
        or_trap(connection.with(|c| Ok(c.changes())).await)
    }
}

fn find<T>(
    store: &Accessor<T, Sqlite>,
    connection: &Resource<Connection>,
) -> wasmtime::Result<Connection> {
    store.with(|mut access| Ok(access.get().table.get(connection)?.clone()))
}

/// These two functions have no error of their own to return.
fn or_trap<T>(result: Result<T, Error>) -> wasmtime::Result<T> {
    result.map_err(|error| wasmtime::format_err!("sqlite: {error:?}"))
}

/// Rows on their way to the component, each handed over as it comes.
struct Rows(mpsc::Receiver<RowResult>);

impl<D> StreamProducer<D> for Rows {
    type Item = RowResult;
    type Buffer = Option<RowResult>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.0.poll_recv(cx) {
            Poll::Ready(Some(row)) => {
                destination.set_buffer(Some(row));
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(None) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Spin lets no statement attach a file of the host, and libSQL none change how a file is written.
fn allows(libsql: bool, context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => {
            Authorization::Deny
        }
        AuthAction::Pragma {
            pragma_name: "journal_mode" | "synchronous",
            pragma_value: Some(_),
        } if libsql => Authorization::Deny,
        _ => Authorization::Allow,
    }
}

fn bind(parameters: Vec<Value>) -> impl rusqlite::Params {
    rusqlite::params_from_iter(parameters.into_iter().map(|value| match value {
        Value::Null => SqlValue::Null,
        Value::Integer(number) => SqlValue::Integer(number),
        Value::Real(number) => SqlValue::Real(number),
        Value::Text(text) => SqlValue::Text(text),
        Value::Blob(bytes) => SqlValue::Blob(bytes),
    }))
}

fn column_names(statement: &rusqlite::Statement<'_>) -> Vec<String> {
    statement.column_names().map(str::to_owned).collect()
}

fn read_row(row: &rusqlite::Row<'_>, width: usize) -> Result<RowResult, Error> {
    let values = (0..width).map(|index| match row.get_ref(index).map_err(io)? {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Real(number) => Ok(Value::Real(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(error) => Err(Error::Io(error.to_string())),
        },
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
    });
    Ok(RowResult {
        values: values.collect::<Result<_, Error>>()?,
    })
}

fn size_of_row(row: &RowResult) -> usize {
    let contents = row.values.iter().map(|value| match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        Value::Null | Value::Integer(_) | Value::Real(_) => 0,
    });
    contents.sum::<usize>() + row.values.len() * size_of::<Value>()
}

fn check_size(bytes: usize) -> Result<(), Error> {
    if bytes > MAX_RESULT_BYTES {
        return Err(Error::Io(format!(
            "query result exceeds limit of {MAX_RESULT_BYTES} bytes"
        )));
    }
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn io(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

fn gone() -> Error {
    Error::Io("nobody reads the rows any more".to_owned())
}
