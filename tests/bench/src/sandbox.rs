//! What a page of claims costs the sandbox: the same component on the same engine answers a request that needs no
//! claims, and pages of ten. The difference is the component's own time for the claims; what the host and the way there
//! cost is in both.

use std::fmt::Write as _;
use std::io;
use std::time::{Duration, Instant};

use bluegate_sandbox::claims::counts;
use bluegate_sandbox::people::{DOCUMENTED, PersonNumber};
use serde_json::{Value, json};

use crate::client::Connection;

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds, in each of which every row has its turn.
    pub rounds: usize,
    /// Requests of a turn.
    pub requests: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            rounds: 7,
            requests: 150,
        }
    }
}

/// One kind of request.
#[derive(Debug)]
struct Row {
    name: String,
    path: String,
    gzip: bool,
    bytes: usize,
    /// The median of each round.
    medians: Vec<Duration>,
}

/// What was measured.
#[derive(Debug)]
pub struct Costs {
    rows: Vec<Row>,
    /// Bytes of the component.
    wasm: Option<u64>,
}

/// Measures on an application of its own.
///
/// # Errors
///
/// Where the application does not answer as it should.
pub fn measure(plan: Plan) -> io::Result<Costs> {
    // One instance for all requests, as a busy sandbox has it.
    let stack = crate::start();
    let mut connection = Connection::open(stack.base())?;
    let mut rows = rows();
    for row in &mut rows {
        row.bytes = row.send(stack.base(), &mut connection)?.0;
    }
    for _ in 0..plan.rounds {
        for row in &mut rows {
            let mut times = Vec::with_capacity(plan.requests);
            for _ in 0..plan.requests {
                times.push(row.send(stack.base(), &mut connection)?.1);
            }
            times.sort_unstable();
            row.medians.push(times[times.len() / 2]);
        }
    }
    Ok(Costs {
        rows,
        wasm: component_size(),
    })
}

/// What the component answers to a path, as seen behind a proxy of that name.
///
/// # Errors
///
/// Where the connection breaks.
pub fn answer(base: &str, path: &str, proxy: &str) -> io::Result<(u16, Vec<u8>)> {
    let host = base.trim_start_matches("http://");
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: {proxy}\r\n\r\n");
    let reply = Connection::open(base)?.send(request.as_bytes())?;
    Ok((reply.status, reply.body))
}

fn rows() -> Vec<Row> {
    let mut people: Vec<(u32, PersonNumber)> = PersonNumber::all()
        .filter(|person| person.get() < DOCUMENTED)
        .map(|person| (counts::of(person).total(), person))
        .collect();
    people.sort_unstable();
    let median = people[people.len() / 2];
    let heaviest = people[people.len() - 1];
    let mut rows = vec![row(
        "no claims: a claim that is not there".into(),
        "v2",
        "/carrier-1",
    )];
    for (who, (claims, person)) in [("median", median), ("heaviest", heaviest)] {
        for version in ["v1", "v2", "v3"] {
            let id = match version {
                "v3" => person.v3_id(),
                _ => person.patient_id(),
            };
            let query = format!("?patient={id}&_count=10");
            rows.push(row(
                format!("{who} person, {claims} claims, {version} page of 10"),
                version,
                &query,
            ));
        }
    }
    let compressed: Vec<Row> = rows
        .iter()
        .filter(|row| row.path.contains("/v2/") && row.path.contains('?'))
        .map(|row| Row {
            name: format!("{}, gzip", row.name),
            path: row.path.clone(),
            gzip: true,
            bytes: 0,
            medians: Vec::new(),
        })
        .collect();
    rows.extend(compressed);
    rows
}

fn row(name: String, version: &str, rest: &str) -> Row {
    Row {
        name,
        path: format!("/sandbox/claims/{version}/fhir/ExplanationOfBenefit{rest}"),
        gzip: false,
        bytes: 0,
        medians: Vec::new(),
    }
}

impl Row {
    fn send(&self, base: &str, connection: &mut Connection) -> io::Result<(usize, Duration)> {
        let host = base.trim_start_matches("http://");
        let encoding = if self.gzip { "gzip" } else { "identity" };
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: {encoding}\r\n\r\n",
            self.path
        );
        let begin = Instant::now();
        let reply = connection.send(request.as_bytes())?;
        let time = begin.elapsed();
        let expected = if self.path.contains('?') { 200 } else { 404 };
        if reply.status != expected {
            return Err(io::Error::other(format!("{}: {}", self.path, reply.status)));
        }
        Ok((reply.body.len(), time))
    }

    /// The median of the rounds' medians, in milliseconds.
    fn milliseconds(&self) -> f64 {
        let mut medians = self.medians.clone();
        medians.sort_unstable();
        medians[medians.len() / 2].as_secs_f64() * 1_000.0
    }
}

/// The component next to the manifest, where it is built.
fn component_size() -> Option<u64> {
    let manifest = std::env::var_os("BLUEGATE_MANIFEST")?;
    let folder = std::path::Path::new(&manifest).parent()?;
    let file = folder.join("target/wasm32-wasip2/release/bluegate_sandbox.wasm");
    Some(std::fs::metadata(file).ok()?.len())
}

impl Costs {
    fn base(&self) -> f64 {
        self.rows.first().map_or(0.0, Row::milliseconds)
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<52} {:>9} {:>8} {:>10}\n",
            "request", "bytes", "ms", "own ms"
        );
        for row in &self.rows {
            let time = row.milliseconds();
            let _ = writeln!(
                text,
                "{:<52} {:>9} {time:>8.3} {:>10.3}",
                row.name,
                row.bytes,
                time - self.base()
            );
        }
        if let Some(bytes) = self.wasm {
            let _ = writeln!(text, "the component has {bytes} bytes");
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let time = row.milliseconds();
            json!({
                "request": row.name,
                "bytes": row.bytes,
                "milliseconds": time,
                "own_milliseconds": time - self.base(),
            })
        });
        json!({ "rows": rows.collect::<Vec<_>>(), "wasm_bytes": self.wasm })
    }
}
