//! What a call costs in all: the steps that it is made of, their sum, the whole call with its backend in memory, and
//! beside it whole calls through the gateway on the same machine.

use std::io;
use std::time::Duration;

use bluegate_bench_steps::calls::{CallStep, DRAINED, Whole as WholeCall};

use super::markdown;
use crate::fhir::{self, Plan};

/// A way that an answer comes through the gateway, as `bench fhir` has it.
#[derive(Clone, Copy, Debug)]
struct Route {
    what: &'static str,
    line: &'static str,
    call: WholeCall,
    /// The origin sends gzip.
    inflated: bool,
    /// Links have to be put on the public base.
    rewritten: bool,
    deflated: bool,
}

const PAGE: &str = "page";
const PATIENT: &str = "Patient";

const ROUTES: [Route; 5] = [
    Route {
        what: PAGE,
        line: "d",
        call: WholeCall::Gzip,
        inflated: false,
        rewritten: true,
        deflated: true,
    },
    Route {
        what: PAGE,
        line: "e",
        call: WholeCall::Plain,
        inflated: false,
        rewritten: true,
        deflated: false,
    },
    Route {
        what: PAGE,
        line: "f1",
        call: WholeCall::PublicGzip,
        inflated: true,
        rewritten: false,
        deflated: false,
    },
    Route {
        what: PAGE,
        line: "f2",
        call: WholeCall::OwnGzip,
        inflated: true,
        rewritten: true,
        deflated: true,
    },
    Route {
        what: PATIENT,
        line: "d",
        call: WholeCall::Patient,
        inflated: false,
        rewritten: false,
        deflated: true,
    },
];

/// Processor time of calls in the engine, and of those that a component only passes on: what, line, milliseconds.
#[derive(Debug)]
pub(super) struct Whole(Vec<(&'static str, &'static str, f64)>);

impl Whole {
    /// Measures, with the steps' own page, in short rounds.
    pub(super) fn measure() -> io::Result<Self> {
        let passed = [(PAGE, PASS_THROUGH), (PATIENT, PASS_THROUGH)];
        let lines = ROUTES.map(|route| (route.what, route.line));
        let lines: Vec<_> = lines.into_iter().chain(passed).collect();
        let results = fhir::measure(&Plan {
            rounds: 5,
            time: Duration::from_millis(1000),
            only: lines
                .iter()
                .map(|(what, line)| format!("{what} {line} "))
                .collect(),
            from_sandbox: true,
            ..Plan::default()
        })?;
        let spent = |(what, line)| Some((what, line, results.processor_ms(what, line)?));
        Ok(Self(lines.into_iter().filter_map(spent).collect()))
    }

    fn micros(&self, what: &str, line: &str) -> Option<f64> {
        let wanted = |known: &&(&str, &str, f64)| known.0 == what && known.1 == line;
        let (.., spent) = self.0.iter().find(wanted)?;
        Some(spent * 1000.0)
    }
}

/// Line of the component that passes everything on.
const PASS_THROUGH: &str = "c";
/// An instance serves so many requests,
const REUSE: f64 = 128.0;
/// and asks for a block of the rate limit so often: fhir::tests::audit::a_call_costs_one_read_and_one_write.
const LEASES: f64 = 12.0;

/// The table. `cost` gives microseconds of a step on the engine.
pub(super) fn table(cost: impl Fn(&str) -> f64, whole: Option<&Whole>) -> String {
    let (lookup, permit) = (cost("store: lookup"), cost("audit: permit"));
    let of_body = |route: &Route, page: f64, patient: f64| match route.what {
        PAGE => page,
        _ => patient,
    };
    let checksum = cost("checksum of gzip");
    let rewrite = cost("guard and rewrite") - cost("guard");
    let guard = |route: &Route| of_body(route, cost("guard"), cost("guard, Patient"));
    let etag = |route: &Route| of_body(route, cost("etag"), cost("etag, Patient"));
    let deflate = |route: &Route| of_body(route, cost("deflate 1"), cost("deflate 6, Patient"));
    let deflate = |route: &Route| {
        let sum = of_body(route, checksum, cost("checksum, Patient"));
        (deflate(route) - sum, sum)
    };
    let steps = |route: &Route| -> [(&str, Option<f64>); 9] {
        let deflate = route.deflated.then(|| deflate(route));
        [
            ("store: lookup", Some(lookup)),
            ("inflate", route.inflated.then(|| cost("inflate"))),
            ("guard", Some(guard(route))),
            ("rewrite", route.rewritten.then_some(rewrite)),
            ("etag", Some(etag(route))),
            ("audit: permit", Some(permit)),
            ("log: two lines", Some(cost("log: two lines"))),
            ("deflate", deflate.map(|(deflate, _)| deflate)),
            ("checksum of gzip", deflate.map(|(_, sum)| sum)),
        ]
    };
    let sum = |route: &Route| -> f64 { steps(route).iter().filter_map(|(_, cost)| *cost).sum() };
    let call = |route: &Route| cost(CallStep::Whole(route.call).name());
    let around = [
        (
            "rate limit: 12 leases of 128 calls",
            cost("rate limit: lease") * LEASES / REUSE,
        ),
        (
            "start of an instance: one of 128 calls",
            cost("start of an instance") / REUSE,
        ),
        (
            "after the answer: chain, watch, alerts",
            cost("100 permits and upkeep") / f64::from(DRAINED) - permit,
        ),
        (
            "store: what other instances wrote",
            cost("both, two instances in turn") - lookup - permit,
        ),
    ];
    let all = |route: &Route| call(route) + around.iter().map(|(_, cost)| cost).sum::<f64>();

    let row = |name: &str, cost: &dyn Fn(&Route) -> Option<f64>| -> Vec<String> {
        let cells = ROUTES.iter().map(|route| {
            let micros = cost(route);
            micros.map_or_else(String::new, |micros| format!("{micros:.0}"))
        });
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    let mut rows = Vec::new();
    for (index, (name, _)) in steps(&ROUTES[0]).iter().enumerate() {
        rows.push(row(name, &|route| {
            steps(route).get(index).and_then(|(_, cost)| *cost)
        }));
    }
    rows.push(row("the rest: parameters, headers, wake-ups", &|route| {
        Some(call(route) - sum(route))
    }));
    rows.push(row("**the call, its backend in memory**", &|route| {
        Some(call(route))
    }));
    for (name, cost) in around {
        rows.push(row(name, &|_| Some(cost)));
    }
    if let Some(whole) = whole {
        let passed = |route: &Route| whole.micros(route.what, PASS_THROUGH);
        let spent = |route: &Route| whole.micros(route.what, route.line);
        rows.push(row("sockets and HTTP: pass-through (c)", &passed));
        rows.push(row("left: bodies copied, memory of instances", &|route| {
            Some(spent(route)? - passed(route)? - all(route))
        }));
        rows.push(row("**measured, as by `bench fhir`**", &spent));
    }
    let names: Vec<_> = ROUTES
        .iter()
        .map(|route| format!("{} ({})", route.what, route.line))
        .collect();
    format!(
        "\nWhat a call costs on the engine, in µs of processor time:\n\n{}",
        markdown(&format!("Step | {}", names.join(" | ")), rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_and_what_is_left_make_the_whole() {
        let cost = |name: &str| match name {
            "guard" => 200.0,
            "guard and rewrite" => 230.0,
            "deflate 1" => 100.0,
            "checksum of gzip" => 40.0,
            "inflate" => 90.0,
            "deflate 6, Patient" => 20.0,
            "call: page (d)" => 350.0,
            "call: page (f1)" => 300.0,
            "call: Patient (d)" => 45.0,
            "start of an instance" => 1280.0,
            _ => 0.0,
        };
        let whole = Whole(vec![
            (PAGE, "d", 0.5),
            (PAGE, "f1", 0.4),
            (PAGE, PASS_THROUGH, 0.05),
            (PATIENT, "d", 0.1),
            (PATIENT, PASS_THROUGH, 0.04),
        ]);
        let text = table(cost, Some(&whole));
        let cells = |name: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.contains(name)).unwrap();
            line.split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        assert_eq!(cells("checksum")[2..7], ["40", "", "", "40", "0"]);
        assert_eq!(cells("the rest")[2], "20");
        assert_eq!(cells("the rest")[6], "25");
        assert_eq!(cells("left:")[2..7], ["90", "", "40", "", "5"]);
        assert_eq!(cells("measured")[2..7], ["500", "", "400", "", "100"]);
    }
}
