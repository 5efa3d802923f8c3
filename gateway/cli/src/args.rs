//! The command line.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use bluegate_gateway::policy::operator::Operator;

/// Configuration, keys and operators of a Bluegate gateway.
#[derive(Parser)]
#[command(name = "bluegate", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// How the result is written to standard output; errors go to standard error in the same form
    #[arg(long, global = true, value_enum, default_value_t = Output::Human)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// For a person or for a program.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
pub(crate) enum Output {
    Human,
    Json,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say whether the gateway would start with the SPIN_VARIABLE_* of the environment
    #[command(after_help = EXIT_CODES)]
    CheckConfig(CheckConfig),
    /// The keys of a gateway
    #[command(subcommand, after_help = EXIT_CODES)]
    Keys(Keys),
    /// Who may call /ops
    #[command(subcommand, after_help = EXIT_CODES)]
    Operators(Operators),
    /// Print every variable with its defaults and purpose (docs/configuration.md)
    #[command(after_help = EXIT_CODES)]
    Variables,
}

#[derive(Args)]
pub(crate) struct CheckConfig {
    /// Whose defaults hold for what the environment does not set
    #[arg(long, value_enum, default_value_t = Manifest::Production)]
    pub(crate) manifest: Manifest,
}

/// The two manifests: deploy/spin.toml and spin.toml.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
pub(crate) enum Manifest {
    Production,
    Sandbox,
}

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Make random keys and print them as lines of an environment file
    #[command(after_help = EXIT_CODES)]
    New(NewKeys),
}

#[derive(Args)]
pub(crate) struct NewKeys {
    /// The id that is stored beside what a key protects; another one for each rotation, such as 2026a
    #[arg(long, value_parser = key_id)]
    pub(crate) id: String,
    /// Which ones; store, token, audit and chain where none is named
    #[arg(value_name = "KEY", value_parser = PossibleValuesParser::new(["store", "token", "audit", "chain", "alert"]))]
    pub(crate) which: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum Operators {
    /// Make a token for an operator, and print SPIN_VARIABLE_OPERATORS with its hash added
    #[command(after_help = EXIT_CODES)]
    Add(AddOperator),
}

#[derive(Args)]
pub(crate) struct AddOperator {
    /// The name that the audit shows: letters, digits, `.`, `_` and `-`
    #[arg(value_parser = operator_name)]
    pub(crate) name: String,
    /// What the operator may do; each role includes the ones before
    #[arg(long, value_parser = PossibleValuesParser::new(["read", "approve", "lock"]))]
    pub(crate) role: String,
    /// Write the token to this new file, readable by its owner, instead of showing it
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// As the configuration reads it; `sandbox` is what production refuses.
fn key_id(text: &str) -> Result<String, &'static str> {
    let form = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match text {
        "sandbox" => Err("production refuses the id of the sandbox's keys"),
        _ if form && (1..=32).contains(&text.len()) => Ok(text.to_owned()),
        _ => Err("it has 1 to 32 letters, digits and hyphens"),
    }
}

/// As the variable is read.
fn operator_name(text: &str) -> Result<String, &'static str> {
    let list = Operator::parse_list(&format!("{text}:read:{}", "0".repeat(64)));
    match list.as_deref() {
        Some([operator]) if operator.name == text => Ok(text.to_owned()),
        _ => Err("it has 1 to 64 letters, digits, `.`, `_` and `-`"),
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0  good, or done
  1  looked at, and something is wrong with it
  2  the command line is wrong
  3  it could not be looked at or done: a file, the store, the environment";
