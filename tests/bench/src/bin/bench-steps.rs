//! What each step of a page costs: instructions against the committed numbers, and time.

use std::process::ExitCode;

use bluegate_bench::steps::{ARGUMENT, measure, run_step};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let result = match arguments.next().as_deref() {
        Some(ARGUMENT) => run_step(arguments).map(|()| true),
        None => report(false),
        Some("--save") => report(true),
        Some(_) => {
            eprintln!("usage: bench-steps [--save]");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(save: bool) -> std::io::Result<bool> {
    let costs = measure()?;
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
