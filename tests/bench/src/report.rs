//! What a group of rounds found, in one line.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// The outcome of a group of rounds.
#[derive(Debug)]
pub struct Group {
    /// What was tried.
    pub name: &'static str,
    /// How often.
    pub rounds: usize,
    /// What should not have happened, each with its round.
    pub anomalies: Vec<String>,
    /// Circumstances worth a line.
    pub notes: Vec<String>,
    /// How long it took.
    pub wall: Duration,
}

impl Group {
    /// Runs the rounds one after the other. A round that panics is an anomaly, and the next one follows.
    pub(crate) fn run(
        name: &'static str,
        rounds: usize,
        mut round: impl FnMut(usize, &mut Findings),
    ) -> Self {
        let started = Instant::now();
        let mut anomalies = Vec::new();
        for number in 0..rounds {
            let mut findings = Findings::default();
            if catch_unwind(AssertUnwindSafe(|| round(number, &mut findings))).is_err() {
                findings.0.push("the round panicked".to_owned());
            }
            anomalies.extend(
                findings
                    .0
                    .into_iter()
                    .map(|finding| format!("round {number}: {finding}")),
            );
        }
        Self {
            name,
            rounds,
            anomalies,
            notes: Vec::new(),
            wall: started.elapsed(),
        }
    }

    /// Fails with everything that was found.
    ///
    /// # Panics
    ///
    /// Where there is an anomaly, or no round ran.
    pub fn assert_clean(&self) {
        assert!(self.rounds > 0 && self.anomalies.is_empty(), "{self}");
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<8} {:>4} rounds  {:>3} anomalies  {:>6.1} s",
            self.name,
            self.rounds,
            self.anomalies.len(),
            self.wall.as_secs_f64()
        )?;
        if !self.notes.is_empty() {
            write!(f, "  ({})", self.notes.join("; "))?;
        }
        for anomaly in self.anomalies.iter().take(SHOWN) {
            write!(f, "\n  {anomaly}")?;
        }
        if self.anomalies.len() > SHOWN {
            write!(f, "\n  and {} more", self.anomalies.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// What one round found.
#[derive(Default)]
pub(crate) struct Findings(Vec<String>);

impl Findings {
    /// Notes an anomaly unless `holds`.
    pub(crate) fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.push(otherwise());
        }
    }

    /// Takes all from another.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// Notes an anomaly.
    pub(crate) fn add(&mut self, anomaly: String) {
        self.0.push(anomaly);
    }
}

/// `4 to 9, median 6`.
pub(crate) fn spread(values: &[usize]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    match (sorted.first(), sorted.last()) {
        (Some(least), Some(most)) => {
            format!("{least} to {most}, median {}", sorted[sorted.len() / 2])
        }
        _ => "none".to_owned(),
    }
}

/// The rounds of a scale, at least one.
pub(crate) fn scaled(full: usize, scale: f64) -> usize {
    ((full as f64 * scale).round() as usize).max(1)
}

const SHOWN: usize = 20;
