//! What a request costs that proves nothing, at every public route with its worst input.

use std::process::ExitCode;

use bluegate_bench::cost::{Plan, json, measure, table};

const USAGE: &str = "usage: bench-limits [--json] [--requests 400]";

fn main() -> ExitCode {
    let Some((plan, as_json)) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let costs = measure(plan);
    if as_json {
        println!("{:#}", json(&costs));
    } else {
        print!("{}", table(&costs));
    }
    ExitCode::SUCCESS
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<(Plan, bool)> {
    let (mut plan, mut json) = (Plan::default(), false);
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--json" => json = true,
            "--requests" => plan.requests = arguments.next()?.parse().ok().filter(|n| *n >= 10)?,
            _ => return None,
        }
    }
    Some((plan, json))
}
