//! What each step of a page costs: instructions against the committed numbers, and time.

use std::process::ExitCode;

use bluegate_bench::fhir::{ORIGIN_ARGUMENT, serve_as_origin};
use bluegate_bench::steps::{ARGUMENT, measure, run_step};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(ARGUMENT) => return end(run_step(arguments.into_iter().skip(1)).map(|()| true)),
        Some(ORIGIN_ARGUMENT) => return end(serve_as_origin().map(|()| true)),
        _ => {}
    }
    if arguments
        .iter()
        .any(|option| !["--page", "--save"].contains(&option.as_str()))
    {
        eprintln!("usage: bench-steps [--page] [--save]");
        return ExitCode::from(2);
    }
    let has = |wanted: &str| arguments.iter().any(|option| option == wanted);
    end(report(has("--page"), has("--save")))
}

fn end(result: std::io::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(whole_pages: bool, save: bool) -> std::io::Result<bool> {
    let costs = measure(whole_pages)?;
    print!("{}", costs.table());
    if save {
        costs.save()?;
        return Ok(true);
    }
    let regressions = costs.regressions();
    if !regressions.is_empty() {
        println!("REGRESSION: {}", regressions.join(", "));
    }
    Ok(regressions.is_empty())
}
