//! Tokens per second for exchange and refresh, next to SQLite's own commits per second on the same disk.

use std::process::ExitCode;

use bluegate_bench::token_rate::{Plan, measure};

const USAGE: &str = "usage: bench-token [--json] [--turns 7] [--connections 16]";

fn main() -> ExitCode {
    let Some((plan, json)) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let rates = measure(plan);
    if json {
        println!("{:#}", rates.json());
    } else {
        print!("{}", rates.table());
    }
    ExitCode::SUCCESS
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<(Plan, bool)> {
    let (mut plan, mut json) = (Plan::default(), false);
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--json" => json = true,
            "--turns" => plan.turns = number(arguments.next())?,
            "--connections" => plan.connections = number(arguments.next())?,
            _ => return None,
        }
    }
    Some((plan, json))
}

fn number(text: Option<String>) -> Option<usize> {
    text?.parse().ok().filter(|number| *number > 0)
}
