//! `docs`: prints `docs/configuration.md`. `check`: says whether the gateway would start with the variables in
//! the environment (`SPIN_VARIABLE_*`) over the defaults of the manifest that `environment` names.

use std::collections::BTreeMap;
use std::process::ExitCode;

use bluegate_gateway::config::{Config, VARIABLES, documentation};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("docs") => {
            print!("{}", documentation());
            ExitCode::SUCCESS
        }
        Some("check") => check(),
        _ => {
            eprintln!("usage: config docs | config check");
            ExitCode::from(2)
        }
    }
}

fn check() -> ExitCode {
    let given = |name: &str| std::env::var(format!("SPIN_VARIABLE_{}", name.to_uppercase())).ok();
    let production = given("environment").as_deref() == Some("production");
    let mut raw = BTreeMap::new();
    for variable in &VARIABLES {
        let default = if production {
            variable.production_default
        } else {
            Some(variable.sandbox_default)
        };
        if let Some(value) = given(variable.name).or_else(|| default.map(str::to_owned)) {
            raw.insert(variable.name, value);
        }
    }
    match Config::parse(&raw) {
        Ok(_) => {
            println!(
                "the configuration is good for {}",
                if production {
                    "production"
                } else {
                    "the sandbox"
                }
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
