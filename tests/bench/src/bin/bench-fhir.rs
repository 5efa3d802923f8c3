//! A page of claims through the gateway, beside nginx and beside a bare component on the same engine.

use std::process::ExitCode;
use std::time::Duration;

use bluegate_bench::fhir::{ORIGIN_ARGUMENT, Plan, measure, serve_as_origin};

const USAGE: &str = "usage: bench-fhir [--json] [--rounds 7] [--milliseconds 1200] [--connections 16] [--only b1,c,d]";

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(ORIGIN_ARGUMENT) {
        return report(serve_as_origin());
    }
    let Some((plan, json)) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    report(measure(&plan).map(|results| {
        if json {
            println!("{:#}", results.json());
        } else {
            print!("{}", results.table());
        }
    }))
}

fn report(result: std::io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<(Plan, bool)> {
    let (mut plan, mut json) = (Plan::default(), false);
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--json" => json = true,
            "--rounds" => plan.rounds = number(arguments.next())?,
            "--connections" => plan.connections = number(arguments.next())?,
            "--only" => plan.only = arguments.next()?.split(',').map(str::to_owned).collect(),
            "--milliseconds" => {
                let milliseconds = number(arguments.next())?;
                plan.time = Duration::from_millis(u64::try_from(milliseconds).ok()?);
            }
            _ => return None,
        }
    }
    Some((plan, json))
}

fn number(text: Option<String>) -> Option<usize> {
    text?.parse().ok().filter(|number| *number > 0)
}
