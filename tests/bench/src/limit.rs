//! The limit of an application (docs/contract/07-fhir.md, 7.1 and 7.5): 64 connections ask for twice as much as it
//! may have in one minute, of instances that live longer or shorter. What is let through is the
//! limit, or up to a tenth less; never more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bluegate_http_tests::{Application, Consent, Flow, Stack};

use crate::CLIENTS;
use crate::client::{Connection, get_as};
use crate::machine::InstanceWatch;
use crate::report::{Findings, Group, scaled};

/// Requests a minute in a full run.
pub const LIMIT: usize = 6_000;
/// Requests that an instance serves before it ends. 128 is Spin's default.
const LIVES: [&str; 2] = ["128", "32"];

/// Runs one minute for each length of an instance's life.
#[must_use]
pub fn run(scale: f64) -> Group {
    let limit = scaled(LIMIT, scale);
    let mut notes = Vec::new();
    let mut group = Group::run("limit", LIVES.len(), |number, findings| {
        // A slow machine may not send everything within the minute; then nothing was shown.
        for _ in 0..3 {
            if let Some(note) = minute(limit, LIVES[number], findings) {
                return notes.push(note);
            }
        }
        findings.add(format!(
            "{} requests take more than a minute here",
            2 * limit
        ));
    });
    group.notes = notes;
    group
}

/// One minute. `None` if it was over before everything was sent.
fn minute(limit: usize, life: &str, findings: &mut Findings) -> Option<String> {
    let stack = Stack::with_options(
        &[
            ("rate_limit_per_minute", &limit.to_string()),
            ("person_limit_per_minute", "10000000"),
            ("clock_offset_s", &to_the_full_minute().to_string()),
        ],
        &["--max-instance-reuse-count", life],
    );
    let app = Application::public(&stack, "Limit");
    let tokens = Flow::new("v2").tokens(&stack, &app, "BBUser00077", Consent::ALLOW);
    let watch = InstanceWatch::start(stack.data(), Duration::from_millis(5));
    // Somebody else's id: refused by the gateway itself, and counted like every call.
    let request = get_as(stack.base(), "/v2/fhir/Patient/7", &tokens.access);
    let began = Instant::now();
    let first = Connection::open(stack.base()).and_then(|mut one| one.send(&request));
    let left = first.ok()?.header("ratelimit-reset").parse().ok()?;
    let (begun, passed, limited) = (
        AtomicUsize::new(1),
        AtomicUsize::new(1),
        AtomicUsize::new(0),
    );
    let wrong: Vec<String> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection =
                        Connection::open(stack.base()).map_err(|error| error.to_string())?;
                    while begun.fetch_add(1, Ordering::Relaxed) < 2 * limit {
                        let reply = connection
                            .send(&request)
                            .map_err(|error| error.to_string())?;
                        match reply.status {
                            404 => passed.fetch_add(1, Ordering::Relaxed),
                            429 if !reply.header("retry-after").is_empty() => {
                                limited.fetch_add(1, Ordering::Relaxed)
                            }
                            other => return Err(format!("answered {other}")),
                        };
                    }
                    Ok(())
                })
            })
            .collect();
        clients
            .into_iter()
            .filter_map(|client| {
                client
                    .join()
                    .unwrap_or_else(|_| Err("panicked".to_owned()))
                    .err()
            })
            .collect()
    });
    if began.elapsed() >= Duration::from_secs(left) {
        return None;
    }
    wrong.into_iter().for_each(|finding| findings.add(finding));
    let (passed, limited) = (passed.into_inner(), limited.into_inner());
    findings.check(passed <= limit, || {
        format!("{passed} of at most {limit} were let through")
    });
    findings.check(passed * 10 >= limit * 9, || {
        format!("only {passed} of {limit} were let through")
    });
    findings.check(passed + limited == 2 * limit, || {
        format!("{passed} and {limited} make no {}", 2 * limit)
    });
    Some(format!(
        "{passed} of {limit} let through, {:.1} % less, by instances for {life} requests, {} at once",
        100.0 - 100.0 * passed as f64 / limit as f64,
        watch.take()
    ))
}

/// Seconds to add so that a minute begins now.
fn to_the_full_minute() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.as_secs());
    60 - now % 60
}
