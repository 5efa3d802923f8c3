//! What was measured, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Plan;
use super::load::Round;
use super::page::{CLAIMS, Page};
use crate::machine;

/// Everything that was measured.
#[derive(Debug)]
pub struct Results {
    plan: Plan,
    /// What the page was made of.
    source: String,
    /// Bytes of the page and of the Patient.
    sizes: [usize; 2],
    nginx: String,
    rows: Vec<Row>,
    /// Load average before and after.
    pub(super) load: [Option<f64>; 2],
}

#[derive(Debug, Default)]
struct Row {
    name: &'static str,
    what: &'static str,
    bytes: usize,
    proxied: bool,
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    proxy_ms: Vec<f64>,
    origin_ms: Vec<f64>,
}

/// What the issue asks of the gateway.
struct Goal {
    text: &'static str,
    what: &'static str,
    row: &'static str,
    beside: &'static str,
    least: f64,
}

const GOALS: [Goal; 3] = [
    Goal {
        text: "page with gzip against nginx, gzip 1",
        what: "page",
        row: "d",
        beside: "b1",
        least: 1.0,
    },
    Goal {
        text: "page that comes compressed and public against nginx, gzip 1",
        what: "page",
        row: "f1",
        beside: "b1",
        least: 1.5,
    },
    Goal {
        text: "Patient against the pass-through component",
        what: "Patient",
        row: "d",
        beside: "c",
        least: 0.8,
    },
];

/// Compressed bytes against those of nginx, gzip 1.
const MOST_BYTES: f64 = 1.2;

impl Results {
    pub(super) fn new(plan: &Plan, page: &Page, nginx: &str) -> Self {
        Self {
            plan: plan.clone(),
            source: page.source.clone(),
            sizes: [page.own.len(), page.patient.len()],
            nginx: nginx.to_owned(),
            rows: Vec::new(),
            load: [machine::load(), None],
        }
    }

    pub(super) fn add(
        &mut self,
        name: &'static str,
        what: &'static str,
        bytes: usize,
        proxied: bool,
    ) {
        self.rows.push(Row {
            name,
            what,
            bytes,
            proxied,
            ..Row::default()
        });
    }

    pub(super) fn note(
        &mut self,
        index: usize,
        round: &Round,
        proxy_ms: Option<f64>,
        origin_ms: Option<f64>,
    ) {
        let row = &mut self.rows[index];
        row.rates.push(round.rate());
        row.p50.push(round.percentile(50));
        row.p99.push(round.percentile(99));
        row.proxy_ms.extend(proxy_ms);
        row.origin_ms.extend(origin_ms);
    }

    /// A table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{CLAIMS} claims from {}: {} bytes; a Patient: {} bytes; {} connections, {} rounds of {:.1} s for each line\n\
             {} x {}, load {} before and {} after; client, origin, proxies and store on the same machine; {}\n\n",
            self.source,
            self.sizes[0],
            self.sizes[1],
            self.plan.connections,
            self.plan.rounds,
            self.plan.time.as_secs_f64(),
            machine::processors(),
            machine::model(),
            shown(self.load[0]),
            shown(self.load[1]),
            self.nginx
        );
        let _ = writeln!(
            text,
            "{:<32} {:>6}  {:^13} {:>6} {:>6} {:>7} {:>7} {:>7} {:>8} {:>8}",
            "", "req/s", "range", "x b1", "x c", "p50 ms", "p99 ms", "bytes", "CPU ms", "origin"
        );
        for row in &self.rows {
            let cpu = if row.proxied {
                format!("{:.3}", median(&row.proxy_ms))
            } else {
                "-".to_owned()
            };
            let (low, high) = range(&row.rates);
            let _ = writeln!(
                text,
                "{:<8}{:<24} {:>6.0}  {:>6.0}-{:<6.0} {:>6.2} {:>6.2} {:>7.2} {:>7.2} {:>7} {cpu:>8} {:>8.3}",
                row.what,
                row.name,
                median(&row.rates),
                low,
                high,
                self.ratio(row, "b1"),
                self.ratio(row, "c"),
                median(&row.p50),
                median(&row.p99),
                row.bytes,
                median(&row.origin_ms)
            );
        }
        text.push_str(
            "\nreq/s, p50, p99 and CPU are medians of the rounds; a ratio is the median of the ratios within a round.\n\
             CPU ms is the processor time of a request in the process in the middle: nginx's worker has one\n\
             processor, the engine uses all. Its last column is that of the origin.\n\n",
        );
        for goal in &GOALS {
            if let Some((ratio, bytes)) = self.reached(goal) {
                let verdict = if ratio >= goal.least && bytes <= MOST_BYTES {
                    "reached"
                } else {
                    "NOT reached"
                };
                let _ = writeln!(
                    text,
                    "{verdict:<12} {ratio:.2} (goal {:.1}): {}{}",
                    goal.least,
                    goal.text,
                    if goal.row == "d" && goal.what == "page" {
                        format!(", with {bytes:.2} of its bytes (at most {MOST_BYTES})")
                    } else {
                        String::new()
                    }
                );
            }
        }
        text
    }

    /// Processor time of a request in the process in the middle.
    pub(crate) fn processor_ms(&self, what: &str, kind: &str) -> Option<f64> {
        let row = self.row(what, kind)?;
        row.proxied.then(|| median(&row.proxy_ms))
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "what": row.what,
                    "kind": row.name.split(' ').next(),
                    "name": row.name,
                    "bytes": row.bytes,
                    "requests_per_s": median(&row.rates),
                    "requests_per_s_rounds": row.rates,
                    "ratio_to_nginx_1": self.ratio(row, "b1"),
                    "ratio_to_pass_through": self.ratio(row, "c"),
                    "p50_ms": median(&row.p50),
                    "p99_ms": median(&row.p99),
                    "proxy_cpu_ms": row.proxied.then(|| median(&row.proxy_ms)),
                    "origin_cpu_ms": median(&row.origin_ms),
                })
            })
            .collect();
        let goals: Vec<_> = GOALS
            .iter()
            .filter_map(|goal| {
                let (ratio, bytes) = self.reached(goal)?;
                Some(json!({
                    "goal": goal.text, "least": goal.least, "ratio": ratio, "bytes_ratio": bytes,
                    "reached": ratio >= goal.least && bytes <= MOST_BYTES,
                }))
            })
            .collect();
        json!({
            "page": { "source": self.source, "claims": CLAIMS, "bytes": self.sizes[0] },
            "patient_bytes": self.sizes[1],
            "connections": self.plan.connections,
            "rounds": self.plan.rounds,
            "processors": machine::processors(),
            "model": machine::model(),
            "load": self.load,
            "nginx": self.nginx,
            "rows": rows,
            "goals": goals,
        })
    }

    /// Ratio of requests a second, and of bytes where both are compressed.
    fn reached(&self, goal: &Goal) -> Option<(f64, f64)> {
        let row = self.row(goal.what, goal.row)?;
        let beside = self.row(goal.what, goal.beside)?;
        let bytes = match goal.beside {
            "b1" => row.bytes as f64 / beside.bytes as f64,
            _ => 1.0,
        };
        Some((self.ratio(row, goal.beside), bytes))
    }

    fn row(&self, what: &str, kind: &str) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.what == what && row.name.split(' ').next() == Some(kind))
    }

    /// Median of the ratios within each round: what disturbs a round disturbs both.
    fn ratio(&self, row: &Row, kind: &str) -> f64 {
        let Some(beside) = self.row(row.what, kind) else {
            return f64::NAN;
        };
        let ratios: Vec<_> = row
            .rates
            .iter()
            .zip(&beside.rates)
            .map(|(one, other)| one / other)
            .collect();
        median(&ratios)
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn range(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, 0.0), |(low, high), value| {
            (value.min(low), value.max(high))
        })
}

fn shown(load: Option<f64>) -> String {
    load.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(page: [f64; 2], bytes: [usize; 2]) -> Results {
        let mut results = Results {
            plan: Plan::default(),
            source: "a test".to_owned(),
            sizes: [140_000, 4000],
            nginx: String::new(),
            rows: Vec::new(),
            load: [None, None],
        };
        for (index, name) in ["b1 nginx, gzip 1", "d  gateway, gzip"]
            .into_iter()
            .enumerate()
        {
            results.add(name, "page", bytes[index], true);
            for turn in 1..=3 {
                results.rows[index]
                    .rates
                    .push(page[index] * f64::from(turn));
            }
        }
        results
    }

    #[test]
    fn a_goal_is_reached_by_rate_and_bytes_together() {
        for (rates, bytes, verdict) in [
            ([100.0, 110.0], [20_000, 23_000], "reached"),
            ([100.0, 90.0], [20_000, 20_000], "NOT reached"),
            ([100.0, 110.0], [20_000, 25_000], "NOT reached"),
        ] {
            let results = results(rates, bytes);
            let table = results.table();
            let line = table.lines().find(|line| line.contains("(goal")).unwrap();
            assert!(line.starts_with(verdict), "{line}");
            assert_eq!(results.json()["goals"][0]["reached"], verdict == "reached");
        }
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        let results = results([100.0, 150.0], [1, 1]);
        let row = results.row("page", "d").unwrap();
        assert_eq!(results.ratio(row, "b1"), 1.5);
        assert!(results.ratio(row, "c").is_nan());
    }
}
