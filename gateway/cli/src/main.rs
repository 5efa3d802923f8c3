//! `bluegate`: what those who run a gateway need beside it. The same code as the component's, so that both say the
//! same of a configuration and of an audit; no checkout and no toolchain.
//!
//! [`args`] has the command line. Each command is one function that gives an [`Answer`]; only this file prints.

mod args;
mod audit;
mod check_config;
mod environment;
mod keys;
mod operators;
mod output;
mod store;
mod variables;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use args::{Arguments, Audit, Command, Keys, Operators};
use output::Answer;

fn main() -> ExitCode {
    // A wrong command line ends here, with 2.
    let arguments = Arguments::parse();
    match run(&arguments.command).and_then(|answer| answer.print(arguments.output)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            output::print_error(&error, arguments.output);
            ExitCode::from(3)
        }
    }
}

fn run(command: &Command) -> Result<Answer> {
    match command {
        Command::Audit(Audit::Export(options)) => audit::export(options),
        Command::Audit(Audit::Reconcile(options)) => audit::reconcile(options),
        Command::Audit(Audit::Verify(options)) => audit::verify(options),
        Command::CheckConfig(options) => check_config::check_config(options),
        Command::Keys(Keys::New(options)) => keys::new(options),
        Command::Operators(Operators::Add(options)) => operators::add(options),
        Command::Variables => Ok(variables::variables()),
    }
}
