//! The repository's one tool: `cargo xtask up` builds and starts the whole thing, `cargo xtask test`
//! runs every test there is. Both do their own set-up first, so that a fresh machine with Rust, Node
//! and Python needs no other command. What the user typed becomes a [`args::Command`]; [`setup`]
//! installs, [`parts`] builds, [`engine`] serves, [`suites`] tests.

mod args;
mod bluegate;
mod commits;
mod data;
mod dist;
mod engine;
mod fuzz;
mod health;
mod lanes;
mod mutants;
mod parts;
mod process;
mod say;
mod setup;
mod sizes;
mod suites;
mod tally;
mod tick;
mod up;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use args::Command;
use workspace::Workspace;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) if error.is::<process::Interrupted>() => {
            eprintln!("interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let command = match args::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("error: {error}\n\n{}", args::HELP);
            return Ok(ExitCode::from(2));
        }
    };
    let workspace = Workspace::find()?;
    match command {
        Command::Audit(options) => bluegate::audit(&workspace, &options),
        Command::Bench(bench) => {
            process::stop_children_on_signal()?;
            suites::bench(&workspace, &bench)
        }
        Command::BenchPages(bench) => {
            process::stop_children_on_signal()?;
            suites::bench_pages(&workspace, &bench)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::BenchWeb(options) => {
            process::stop_children_on_signal()?;
            suites::bench_web(&workspace, &options)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Build(build) => {
            process::stop_children_on_signal()?;
            parts::build(&workspace, &build)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::CheckConfig => bluegate::check_config(&workspace),
        Command::Commits(range) => commits::run(&workspace, range.as_deref()),
        Command::Dist { check } => {
            process::stop_children_on_signal()?;
            dist::run(&workspace, check)
        }
        Command::Fuzz(options) => {
            process::stop_children_on_signal()?;
            fuzz::run(&workspace, &options)
        }
        Command::Help => {
            println!("{}", args::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Command::Mutants(options) => {
            process::stop_children_on_signal()?;
            mutants::run(&workspace, &options)
        }
        Command::Samples => samples(&workspace),
        Command::Screenshots => {
            process::stop_children_on_signal()?;
            suites::screenshots(&workspace)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Sizes => {
            sizes::print(&workspace)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Test(options) => {
            process::stop_children_on_signal()?;
            suites::run(&workspace, &options)
        }
        Command::Up(options) => up::run(&workspace, &options),
        Command::Validate { people } => {
            process::stop_children_on_signal()?;
            data::validate(&workspace, people)
        }
    }
}

/// The table of sample people, from the sandbox's own code.
fn samples(workspace: &Workspace) -> Result<ExitCode> {
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--quiet", "--package", "bluegate-sandbox"]);
    let status = cargo.args(["--example", "samples"]).status()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
