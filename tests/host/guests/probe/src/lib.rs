//! A component that does what the path says, so that the tests can watch the host from inside.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http_body_util::BodyExt as _;
use spin_sdk::http::body::IncomingBodyExt as _;
use spin_sdk::http::{BoxBody, EmptyBody, Request, Response, box_body, send};
use spin_sdk::http_service;
use spin_sdk::sqlite::{Connection, Value};
use spin_sdk::wasip3::clocks::monotonic_clock;

type Reply = http::Response<BoxBody>;

/// Requests that this instance served, and how many it has at the moment.
static SERVED: AtomicU32 = AtomicU32::new(0);
static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
/// A connection that this instance keeps.
static KEPT: OnceLock<Connection> = OnceLock::new();

#[http_service]
async fn handle(request: Request) -> Result<Reply> {
    SERVED.fetch_add(1, Relaxed);
    MOST.fetch_max(NOW.fetch_add(1, Relaxed) + 1, Relaxed);
    let reply = answer(request).await;
    NOW.fetch_sub(1, Relaxed);
    reply
}

async fn answer(request: Request) -> Result<Reply> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let (what, rest) = path.split_once('/').unwrap_or((&path, ""));
    match what {
        "hello" => text("hello"),
        "count" => text(counts()),
        "wait" => {
            wait(rest.parse()?).await;
            text(counts())
        }
        "panic" => {
            wait(rest.parse().unwrap_or(0)).await;
            panic!("asked to")
        }
        "fail" => bail!("asked to"),
        "print" => {
            println!("out: {rest}");
            eprintln!("err: {rest}");
            text("printed")
        }
        "environment" => text(std::env::var(rest).unwrap_or_else(|_| "unset".to_owned())),
        "variable" => text(match spin_sdk::variables::get(rest).await {
            Ok(value) => value,
            Err(error) => format!("error: {error:?}"),
        }),
        "headers" => {
            let lines = request.headers().iter().map(|(name, value)| {
                format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))
            });
            text(lines.collect::<String>())
        }
        "echo" => Ok(http::Response::new(streamed(request.into_body().stream()))),
        "make" => Ok(http::Response::new(made(rest.parse()?))),
        "swallow" => {
            let mut body = request.into_body().stream();
            let mut bytes = 0;
            while let Some(chunk) = body.next().await {
                bytes += chunk?.len();
            }
            text(bytes.to_string())
        }
        "fetch" => fetch(request).await,
        "sql" => text(
            sql(request)
                .await
                .unwrap_or_else(|e| format!("error: {e:#}")),
        ),
        "label" => text(match Connection::open(rest).await {
            Ok(_) => "opened".to_owned(),
            Err(error) => format!("error: {error:?}"),
        }),
        "sync-sql" => text(sync_sql(request).await?),
        "separate" => text(separate().await?),
        "read" => text(read().await?),
        "slow-write" => {
            wait(rest.parse()?).await;
            run(
                &Connection::open_default().await?,
                "INSERT INTO done VALUES ('slow-write')",
                vec![],
            )
            .await?;
            text("written")
        }
        _ => Ok(http::Response::builder()
            .status(404)
            .body(whole("no such probe"))?),
    }
}

/// An instance is known by a random number.
fn counts() -> String {
    static ID: OnceLock<u64> = OnceLock::new();
    let id = ID.get_or_init(spin_sdk::wasip3::random::random::get_random_u64);
    format!(
        "instance={id:016x} served={} most={}",
        SERVED.load(Relaxed),
        MOST.load(Relaxed)
    )
}

async fn wait(milliseconds: u64) {
    if milliseconds > 0 {
        monotonic_clock::wait_for(Duration::from_millis(milliseconds).as_nanos() as u64).await;
    }
}

fn whole(text: impl Into<Bytes>) -> BoxBody {
    box_body(http_body_util::Full::new(text.into()))
}

fn text(text: impl Into<String>) -> Result<Reply> {
    let text = text.into();
    Ok(http::Response::builder()
        .header("content-length", text.len())
        .body(whole(text))?)
}

/// Passes a body on with at most a few pieces in hand.
fn streamed<E: std::error::Error + Send + Sync + 'static>(
    mut from: impl futures::Stream<Item = Result<Bytes, E>> + Unpin + 'static,
) -> BoxBody {
    let (mut out, body) = futures::channel::mpsc::channel(2);
    spin_sdk::wasip3::spawn(async move {
        while let Some(piece) = from.next().await {
            let piece = piece
                .map(http_body::Frame::data)
                .map_err(anyhow::Error::from);
            if out.send(piece).await.is_err() {
                break;
            }
        }
    });
    http_body_util::StreamBody::new(body).boxed_unsync()
}

/// A body of so many bytes.
fn made(bytes: usize) -> BoxBody {
    const PIECE: usize = 64 * 1024;
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let pieces = (0..bytes.div_ceil(PIECE)).map(move |index| {
        let length = PIECE.min(bytes - index * PIECE);
        Ok::<_, std::convert::Infallible>(piece.slice(..length))
    });
    streamed(futures::stream::iter(pieces))
}

/// Requests the address in `x-url` and answers with what came, or with the error's name.
async fn fetch(request: Request) -> Result<Reply> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let url = header("x-url").context("x-url")?;
    let mut outgoing = http::Request::get(url).body(EmptyBody::new())?;
    let options = spin_sdk::wasip3::http::types::RequestOptions::new();
    let limit = |name| {
        header(name)
            .map(|ms| ms.parse::<u64>().map(|ms| ms * 1_000_000))
            .transpose()
    };
    options
        .set_first_byte_timeout(limit("x-first-byte-ms")?)
        .map_err(|e| anyhow!("{e:?}"))?;
    options
        .set_between_bytes_timeout(limit("x-between-bytes-ms")?)
        .map_err(|e| anyhow!("{e:?}"))?;
    outgoing
        .extensions_mut()
        .insert(spin_sdk::wasip3::http_compat::RequestOptionsExtension(
            options,
        ));
    match send(outgoing).await {
        Ok(response) => {
            let (parts, body): (_, _) = Response::into_parts(response);
            let mut reply = http::Response::new(streamed(body.stream()));
            *reply.status_mut() = parts.status;
            Ok(reply)
        }
        Err(error) => text(format!("error: {error:?}")),
    }
}

/// Runs the statement in the body on a new connection; a row a line, values parted by `|`.
async fn sql(request: Request) -> Result<String> {
    let statement = String::from_utf8(request.into_body().bytes().await?.to_vec())?;
    run(&Connection::open_default().await?, &statement, vec![]).await
}

/// The same by the functions that are not asynchronous.
async fn sync_sql(request: Request) -> Result<String> {
    use spin_sdk::sqlite::wit::sqlite::Connection;
    let statement = String::from_utf8(request.into_body().bytes().await?.to_vec())?;
    let connection = Connection::open("default")?;
    let result = connection.execute(&statement, &[])?;
    let (columns, rows) = (result.columns.join(","), result.rows.len());
    let (changes, rowid) = (connection.changes(), connection.last_insert_rowid());
    Ok(format!(
        "columns={columns} rows={rows} changes={changes} rowid={rowid}"
    ))
}

async fn run(connection: &Connection, statement: &str, parameters: Vec<Value>) -> Result<String> {
    let mut result = connection.execute(statement, parameters).await?;
    let mut lines = String::new();
    while let Some(row) = result.next().await {
        let values: Vec<String> = row
            .values
            .iter()
            .map(|value| match value {
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => text.clone(),
                Value::Blob(bytes) => format!("{bytes:?}"),
                Value::Null => "null".to_owned(),
            })
            .collect();
        lines.push_str(&values.join("|"));
        lines.push('\n');
    }
    result.result().await?;
    Ok(lines)
}

/// What one connection keeps for itself, another of the same instance does not see.
async fn separate() -> Result<String> {
    let (one, two) = (
        Connection::open_default().await?,
        Connection::open_default().await?,
    );
    run(&one, "CREATE TEMP TABLE mine (x)", vec![]).await?;
    run(&one, "INSERT INTO mine VALUES (?)", vec![Value::Integer(7)]).await?;
    let changes = one.changes().await;
    let seen_by_one = run(&one, "SELECT x FROM mine", vec![]).await?;
    let seen_by_two = run(&two, "SELECT x FROM mine", vec![]).await;
    Ok(format!(
        "changes={changes} rowid={} one={} two={}",
        one.last_insert_rowid().await,
        seen_by_one.trim(),
        seen_by_two.map_or_else(|e| e.to_string(), |rows| rows)
    ))
}

/// One read on a connection that the instance keeps.
async fn read() -> Result<String> {
    if KEPT.get().is_none() {
        let connection = Connection::open_default().await?;
        let _ = KEPT.set(connection);
    }
    let connection = KEPT.get().context("no connection")?;
    run(connection, "SELECT ?", vec![Value::Integer(42)]).await
}
