//! The command line.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use bluegate_gateway::base::config::operator::Operator;
use bluegate_gateway::base::signature::PublicKey;

/// Configuration, keys, operators and the audit of a Bluegate gateway.
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
    /// The audit of a store, or of an export of it
    #[command(subcommand, after_help = EXIT_CODES)]
    Audit(Audit),
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

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Recompute the chain, compare the schema with this version's, name the first broken link
    #[command(after_help = EXIT_CODES)]
    Verify(Verify),
    /// Name changes without their event, events without their change, and rows that differ from both
    #[command(after_help = EXIT_CODES)]
    Reconcile(Database),
    /// Write the audit as lines of JSON, the last one the signed head
    #[command(after_help = EXIT_CODES)]
    Export(Export),
}

#[derive(Args)]
pub(crate) struct Database {
    /// The SQLite file of the store; it is only read, also while a gateway runs
    #[arg(long, value_name = "FILE", default_value = ".spin/sqlite_db.db")]
    pub(crate) database: PathBuf,
}

#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) store: Database,
    /// Check this export instead of a store
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    pub(crate) file: Option<PathBuf>,
    /// An earlier export, whose head the chain must still have
    #[arg(long, value_name = "FILE")]
    pub(crate) head: Option<PathBuf>,
    /// Who may have signed; can be repeated. Otherwise the keys of SPIN_VARIABLE_CHAIN_KEY and
    /// SPIN_VARIABLE_FORMER_CHAIN_KEYS
    #[arg(long = "public-key", value_name = "ID:KEY", value_parser = public_key)]
    pub(crate) public_keys: Vec<PublicKey>,
    #[command(flatten)]
    pub(crate) sandbox: Sandbox,
}

#[derive(Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) store: Database,
    /// Go on after this link
    #[arg(long, value_name = "LINK", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) after: i64,
    #[command(flatten)]
    pub(crate) sandbox: Sandbox,
}

#[derive(Args)]
pub(crate) struct Sandbox {
    /// Take the key of the sandbox, which everybody knows, where the environment has none
    #[arg(long)]
    pub(crate) sandbox: bool,
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

fn public_key(text: &str) -> Result<PublicKey, &'static str> {
    PublicKey::parse(text).ok_or("it is an id, a colon and an Ed25519 public key in base64url")
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
