//! What a request costs that proves nothing, at every public route with its worst input: processor time of the whole
//! engine, and bytes that stay in the store for good.
//!
//! Each request comes from an address of its own, as a proxy tells it: of one address, the audit keeps few refusals.

use std::path::Path;

use bluegate_http_tests::Stack;
use rusqlite::{Connection as Sqlite, OpenFlags};
use serde_json::{Value, json};

use crate::client::Connection;
use crate::machine;

mod inputs;

pub use self::inputs::{Input, worst};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Requests for each input.
    pub requests: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { requests: 400 }
    }
}

/// What one input cost.
#[derive(Debug)]
pub struct Cost {
    /// The input.
    pub name: &'static str,
    /// Status of its last answer.
    pub status: u16,
    /// Milliseconds of processor time for a request.
    pub milliseconds: f64,
    /// Bytes that a request leaves for good.
    pub bytes: f64,
}

/// Measures each input.
///
/// # Panics
///
/// Where the engine does not answer.
#[must_use]
pub fn measure(plan: Plan) -> Vec<Cost> {
    let stack = Stack::with(&[
        ("rate_limit_per_minute", "10000000"),
        ("person_limit_per_minute", "10000000"),
        ("registration_limit_per_minute", "1000000"),
        ("password_limit_per_minute", "1000000"),
        ("trusted_proxies", "127.0.0.1"),
    ]);
    let mut address = 0_u32;
    worst(&stack)
        .iter()
        .map(|input| {
            // The first requests of an input compile statements and start instances.
            let warm = plan.requests / 10;
            send(&stack, input, warm, &mut address);
            let before = (
                machine::processor_time(stack.pid()),
                kept(&stack.database()),
            );
            let status = send(&stack, input, plan.requests, &mut address);
            let requests = plan.requests as f64;
            let milliseconds = machine::processor_time(stack.pid()) - before.0;
            Cost {
                name: input.name,
                status,
                milliseconds: milliseconds / requests,
                bytes: (kept(&stack.database()) - before.1) as f64 / requests,
            }
        })
        .collect()
}

fn send(stack: &Stack, input: &Input, times: usize, address: &mut u32) -> u16 {
    let mut connection = None;
    let mut status = 0;
    for _ in 0..times {
        *address += 1;
        let request = input.from(*address);
        // The engine may have closed the connection after an answer that it gave early.
        for _ in 0..3 {
            let open = match connection.take() {
                Some(open) => open,
                None => Connection::open(stack.base()).expect("a connection"),
            };
            let mut open: Connection = open;
            if let Ok(reply) = open.send(&request) {
                status = reply.status;
                if status != 413 && status != 431 {
                    connection = Some(open);
                }
                break;
            }
        }
    }
    status
}

/// Bytes of the pages of everything that is kept for years, indexes included.
fn kept(path: &Path) -> i64 {
    let store = Sqlite::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .expect("the store of the gateway");
    store
        .query_row(
            "SELECT SUM(s.pgsize - s.unused) FROM dbstat s JOIN sqlite_schema t ON t.name = s.name
             WHERE t.tbl_name IN ('alert', 'application', 'application_logo', 'audit', 'chain_link', 'consent_grant',
                                  'developer', 'identity', 'lock_down', 'metric', 'store_event')",
            [],
            |row| row.get(0),
        )
        .expect("the sizes of tables")
}

/// A table for people.
#[must_use]
pub fn table(costs: &[Cost]) -> String {
    let mut table = format!(
        "{:<58} {:>6} {:>9} {:>9}\n",
        "request", "status", "ms", "bytes"
    );
    for cost in costs {
        table += &format!(
            "{:<58} {:>6} {:>9.2} {:>9.0}\n",
            cost.name, cost.status, cost.milliseconds, cost.bytes
        );
    }
    table += &format!(
        "{}, {} processors, load {:.1}; processor time of the engine with everything in it\n",
        machine::model(),
        machine::processors(),
        machine::load().unwrap_or_default()
    );
    table
}

/// The same for programs.
#[must_use]
pub fn json(costs: &[Cost]) -> Value {
    costs
        .iter()
        .map(|cost| {
            json!({
                "request": cost.name, "status": cost.status, "milliseconds": cost.milliseconds, "bytes": cost.bytes,
            })
        })
        .collect()
}
