//! Tokens per second through the whole application with the durable settings, next to the commits per second
//! that SQLite reaches by itself on the same disk.
//!
//! The three things are measured one after the other, several times, so that what else the machine does
//! falls on all of them; what is reported are medians.

use std::path::Path;
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bluegate_http_tests::Stack;
use rusqlite::Connection as Sqlite;
use serde_json::{Value, json};

use crate::client::Connection;
use crate::crowd::Crowd;
use crate::machine::{self, InstanceWatch};
use crate::start;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Connections that stay open.
    pub connections: usize,
    /// Times that each thing is measured.
    pub turns: usize,
    /// Codes redeemed in a turn; they live a minute, so there cannot be very many.
    pub codes: usize,
    /// How long a turn refreshes.
    pub refreshing: Duration,
    /// How long a turn commits in SQLite alone.
    pub committing: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            connections: 16,
            turns: 7,
            codes: 800,
            refreshing: Duration::from_secs(2),
            committing: Duration::from_secs(1),
        }
    }
}

/// What was measured, by the second, one figure for each turn.
#[derive(Debug, Default)]
pub struct Rates {
    /// Codes redeemed.
    pub exchange: Vec<f64>,
    /// Refreshes.
    pub refresh: Vec<f64>,
    /// Commits of SQLite alone: one connection, one small row each, `synchronous=FULL`.
    pub sqlite: Vec<f64>,
    /// Most instances of the gateway alive in a turn of exchanges.
    pub exchange_instances: Vec<usize>,
    /// Most instances of the gateway alive in a turn of refreshes.
    pub refresh_instances: Vec<usize>,
    /// Connections that were open.
    pub connections: usize,
    /// Load average before and after.
    pub load: [Option<f64>; 2],
}

/// Measures.
///
/// # Panics
///
/// Where any answer is not 200: a rate of refusals would mean nothing.
#[must_use]
pub fn measure(plan: Plan) -> Rates {
    let stack = start();
    let crowd = Crowd::new(&stack);
    let watch = InstanceWatch::start(stack.data(), Duration::from_millis(100));
    let sqlite = database(stack.data());
    let chains = crowd.chains(&stack, plan.connections);
    let tokens: Vec<_> = chains
        .into_iter()
        .map(|chain| Mutex::new(chain.refresh))
        .collect();
    let mut rates = Rates {
        connections: plan.connections,
        load: [machine::load(), None],
        ..Rates::default()
    };
    for _ in 0..plan.turns {
        let codes = crowd.codes(&stack, plan.codes);
        let requests: Vec<_> = codes.iter().map(|code| crowd.redeem(code)).collect();
        let _ = watch.take();
        rates.exchange.push(exchange(&stack, plan, &requests));
        rates.exchange_instances.push(watch.take());

        rates.sqlite.push(commit(&sqlite, plan.committing));

        let _ = watch.take();
        rates.refresh.push(refresh(&stack, &crowd, plan, &tokens));
        rates.refresh_instances.push(watch.take());
    }
    rates.load[1] = machine::load();
    rates
}

impl Rates {
    /// A small table.
    #[must_use]
    pub fn table(&self) -> String {
        let sqlite = median(&self.sqlite);
        let row = |name: &str, rates: &[f64], instances: &str| {
            let (low, high) = range(rates);
            format!(
                "{name:<28} {:>8.0} {low:>8.0} {high:>8.0} {:>7.2}  {instances}\n",
                median(rates),
                median(rates) / sqlite
            )
        };
        let mut table = format!(
            "{:<28} {:>8} {:>8} {:>8} {:>7}  {}\n",
            "by the second", "median", "lowest", "highest", "ratio", "instances"
        );
        table += &row("SQLite alone, commits", &self.sqlite, "-");
        table += &row(
            "exchange, tokens",
            &self.exchange,
            &crate::report::spread(&self.exchange_instances),
        );
        table += &row(
            "refresh, tokens",
            &self.refresh,
            &crate::report::spread(&self.refresh_instances),
        );
        table += &format!(
            "{} connections, {} processors, load {} before and {} after; client, host and store on the same machine;\na token is one durable commit: the change, with its event in the audit\n",
            self.connections,
            machine::processors(),
            shown(self.load[0]),
            shown(self.load[1])
        );
        table
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let sqlite = median(&self.sqlite);
        let of = |rates: &[f64]| json!({ "median": median(rates), "ratio": median(rates) / sqlite, "turns": rates });
        json!({
            "connections": self.connections,
            "processors": machine::processors(),
            "load": self.load,
            "sqlite_commits_per_s": of(&self.sqlite),
            "exchange_tokens_per_s": of(&self.exchange),
            "refresh_tokens_per_s": of(&self.refresh),
            "exchange_instances": self.exchange_instances,
            "refresh_instances": self.refresh_instances,
        })
    }
}

/// Redeems the codes, each connection its share.
fn exchange(stack: &Stack, plan: Plan, requests: &[Vec<u8>]) -> f64 {
    let share = requests.len().div_ceil(plan.connections);
    let shares: Vec<_> = requests.chunks(share).collect();
    per_second(stack, &shares, |connection, share| {
        for request in share.iter() {
            let reply = connection.send(request).expect("an answer");
            assert_eq!(reply.status, 200, "{}", reply.short());
        }
        share.len()
    })
}

/// Each connection refreshes one chain again and again.
fn refresh(stack: &Stack, crowd: &Crowd, plan: Plan, tokens: &[Mutex<String>]) -> f64 {
    per_second(stack, tokens, |connection, token| {
        let mut token = token.lock().unwrap_or_else(PoisonError::into_inner);
        let started = Instant::now();
        let mut done = 0;
        while started.elapsed() < plan.refreshing {
            let reply = connection.send(&crowd.refresh(&token)).expect("an answer");
            assert_eq!(reply.status, 200, "{}", reply.short());
            *token = reply.text("refresh_token");
            done += 1;
        }
        done
    })
}

/// Runs `work` for each share on a connection of its own, from one instant to the end of the last.
fn per_second<T: Sync>(
    stack: &Stack,
    shares: &[T],
    work: impl Fn(&mut Connection, &T) -> usize + Sync,
) -> f64 {
    let barrier = Barrier::new(shares.len() + 1);
    thread::scope(|scope| {
        let workers: Vec<_> = shares
            .iter()
            .map(|share| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    let connection = Connection::open(stack.base());
                    barrier.wait();
                    work(&mut connection.expect("a connection"), share)
                })
            })
            .collect();
        barrier.wait();
        let started = Instant::now();
        let done: usize = workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker"))
            .sum();
        done as f64 / started.elapsed().as_secs_f64()
    })
}

/// A database beside the gateway's own, with its settings.
fn database(folder: &Path) -> Sqlite {
    let database = Sqlite::open(folder.join("commits.db")).expect("a database");
    database
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE small (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL) STRICT;",
        )
        .expect("its settings");
    database
}

fn commit(database: &Sqlite, time: Duration) -> f64 {
    let mut insert = database
        .prepare("INSERT INTO small (at, what) VALUES (?, 'a small row')")
        .expect("a statement");
    let started = Instant::now();
    let mut done = 0_u32;
    while started.elapsed() < time {
        insert.execute([done]).expect("a commit");
        done += 1;
    }
    f64::from(done) / started.elapsed().as_secs_f64()
}

fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn range(rates: &[f64]) -> (f64, f64) {
    rates
        .iter()
        .fold((f64::INFINITY, 0.0), |(low, high), rate| {
            (rate.min(low), rate.max(high))
        })
}

fn shown(load: Option<f64>) -> String {
    load.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(&[9.0, 1.0, 5.0]), 5.0);
        assert_eq!(range(&[9.0, 1.0, 5.0]), (1.0, 9.0));
    }
}
