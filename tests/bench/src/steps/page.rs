//! What a page of claims costs in all: the steps that it is made of, their sum, and beside it whole pages through
//! the gateway on the same machine.

use std::io;
use std::time::Duration;

use super::markdown;
use crate::fhir::{self, Plan};

/// A way that a page comes through the gateway, by the letter of `bench fhir`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    /// Line of `bench fhir`.
    line: &'static str,
    what: &'static str,
    /// The origin sends gzip.
    inflated: bool,
    /// Links have to be put on the public base.
    rewritten: bool,
    deflated: bool,
}

impl Route {
    pub(super) const ALL: [Self; 4] = [
        Self {
            line: "d",
            what: "(d) gzip",
            inflated: false,
            rewritten: true,
            deflated: true,
        },
        Self {
            line: "e",
            what: "(e) plain",
            inflated: false,
            rewritten: true,
            deflated: false,
        },
        Self {
            line: "f1",
            what: "(f1) gzip, links public",
            inflated: true,
            rewritten: false,
            deflated: false,
        },
        Self {
            line: "f2",
            what: "(f2) gzip, links changed",
            inflated: true,
            rewritten: true,
            deflated: true,
        },
    ];
}

/// Processor time of a whole page in the engine, and of one that a component only passes on, in milliseconds.
#[derive(Debug)]
pub(super) struct Whole(Vec<(&'static str, f64)>);

impl Whole {
    /// Measures, with the steps' own page, in short rounds.
    pub(super) fn measure() -> io::Result<Self> {
        let lines = Route::ALL.map(|route| route.line);
        let only = lines.iter().chain(&[PASS_THROUGH]);
        let results = fhir::measure(&Plan {
            rounds: 5,
            time: Duration::from_millis(1000),
            only: only.map(|line| format!("page {line} ")).collect(),
            from_sandbox: true,
            ..Plan::default()
        })?;
        let spent = |line| Some((line, results.processor_ms("page", line)?));
        Ok(Self(
            lines
                .into_iter()
                .chain([PASS_THROUGH])
                .filter_map(spent)
                .collect(),
        ))
    }

    fn micros(&self, line: &str) -> Option<f64> {
        let (_, spent) = self.0.iter().find(|(name, _)| *name == line)?;
        Some(spent * 1000.0)
    }
}

/// Line of the component that passes everything on.
const PASS_THROUGH: &str = "c";
/// An instance serves so many requests,
const REUSE: f64 = 128.0;
/// and asks for a block of the rate limit so often: fhir::tests::audit::a_call_costs_one_read_and_one_write.
const LEASES: f64 = 12.0;

/// Name, microseconds, and which routes have it.
type Line = (&'static str, f64, fn(&Route) -> bool);

/// The table. `cost` gives microseconds of a step on the engine.
pub(super) fn table(routes: &[Route], cost: impl Fn(&str) -> f64, whole: Option<&Whole>) -> String {
    let checksum = cost("checksum of gzip");
    let (lookup, permit) = (cost("store: lookup"), cost("audit: permit"));
    let among_others = cost("both, two instances in turn") - lookup - permit;
    let lease = cost("rate limit: lease") * LEASES / REUSE;
    let start = cost("store: start of an instance") / REUSE;
    let always = |_: &Route| true;
    let inflated = |route: &Route| route.inflated;
    let rewritten = |route: &Route| route.rewritten;
    let deflated = |route: &Route| route.deflated;
    let lines: [Line; 12] = [
        ("store: lookup", lookup, always),
        ("rate limit: 12 leases of 128 requests", lease, always),
        ("inflate", cost("inflate"), inflated),
        ("guard", cost("guard"), always),
        (
            "rewrite",
            cost("guard and rewrite") - cost("guard"),
            rewritten,
        ),
        ("etag", cost("etag"), always),
        ("audit: permit", permit, always),
        (
            "store and audit: what others wrote read again",
            among_others,
            always,
        ),
        ("log: two lines", cost("log: two lines"), always),
        ("deflate, level 1", cost("deflate 1") - checksum, deflated),
        ("deflate: checksum", checksum, deflated),
        (
            "store: start of an instance, of 128 requests",
            start,
            always,
        ),
    ];
    let of = |line: &Line, route: &Route| line.2(route).then_some(line.1);
    let sum = |route: &Route| -> f64 { lines.iter().filter_map(|line| of(line, route)).sum() };
    let row = |name: &str, cost: &dyn Fn(&Route) -> Option<f64>| {
        let cells = routes
            .iter()
            .map(|route| cost(route).map_or_else(String::new, |micros| format!("{micros:.0}")));
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    let mut rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| row(line.0, &|route| of(line, route)))
        .collect();
    rows.push(row("**sum**", &|route| Some(sum(route))));
    if let Some(whole) = whole {
        let passed = whole.micros(PASS_THROUGH);
        let spent = |route: &Route| whole.micros(route.line);
        rows.push(row("pass-through (c): sockets, HTTP, tasks", &|_| passed));
        rows.push(row(
            "left: calls of the host, copies, routing, upkeep",
            &|route| Some(spent(route)? - passed? - sum(route)),
        ));
        rows.push(row("**measured (`bench fhir`)**", &spent));
    }
    let names: Vec<_> = routes.iter().map(|route| route.what).collect();
    format!(
        "\nWhat this page costs on the engine, in µs of processor time:\n\n{}",
        markdown(&format!("Step | {}", names.join(" | ")), rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_and_what_is_left_make_the_whole() {
        let cost = |name: &str| match name {
            "guard" => 200.0,
            "guard and rewrite" => 230.0,
            "deflate 1" => 100.0,
            "checksum of gzip" => 40.0,
            "inflate" => 90.0,
            _ => 0.0,
        };
        let whole = Whole(vec![("d", 0.5), ("f1", 0.4), (PASS_THROUGH, 0.05)]);
        let text = table(&Route::ALL, cost, Some(&whole));
        let cells = |name: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.contains(name)).unwrap();
            line.split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        assert_eq!(cells("**sum**")[2..6], ["330", "230", "290", "420"]);
        assert_eq!(cells("left:")[2..6], ["120", "", "60", ""]);
        assert_eq!(cells("measured")[2..6], ["500", "", "400", ""]);
        assert_eq!(cells("deflate: checksum")[2..6], ["40", "", "", "40"]);
    }
}
