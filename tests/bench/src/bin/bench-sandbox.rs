//! What a page of ten claims costs the sandbox's component, for the median person and for the heaviest.

use std::process::ExitCode;

use bluegate_bench::sandbox::{Plan, measure};

const USAGE: &str = "usage: bench-sandbox [--json] [--rounds 7] [--requests 150]";

fn main() -> ExitCode {
    let Some((plan, json)) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match measure(plan) {
        Ok(costs) if json => println!("{:#}", costs.json()),
        Ok(costs) => print!("{}", costs.table()),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<(Plan, bool)> {
    let (mut plan, mut json) = (Plan::default(), false);
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--json" => json = true,
            "--rounds" => plan.rounds = number(arguments.next())?,
            "--requests" => plan.requests = number(arguments.next())?,
            _ => return None,
        }
    }
    Some((plan, json))
}

fn number(text: Option<String>) -> Option<usize> {
    text?.parse().ok().filter(|number| *number > 0)
}
