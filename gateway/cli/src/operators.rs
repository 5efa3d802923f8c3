//! A token for one more operator.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use bluegate_gateway::base::config::operator::Operator;
use bluegate_gateway::base::secret::SecretHash;
use serde_json::json;

use crate::args::AddOperator;
use crate::environment::{given, in_environment};
use crate::keys::random;
use crate::output::Answer;

/// The variable with the new operator at its end. The token itself goes to its file or is shown once: the gateway
/// gets its hash alone.
pub(crate) fn add(options: &AddOperator) -> Result<Answer> {
    let variable = in_environment("operators");
    let present = given("operators")?.unwrap_or_default();
    let operators = Operator::parse_list(&present).with_context(|| {
        format!("{variable} cannot be read: it is name:role:sha256(token), separated by commas")
    })?;
    if operators
        .iter()
        .any(|operator| operator.name == options.name)
    {
        bail!("{variable} has an operator `{}` already", options.name);
    }
    let token = random()?;
    let entry = format!(
        "{}:{}:{}",
        options.name,
        options.role,
        SecretHash::of(token.expose()).hex()
    );
    let list = match present.trim().trim_end_matches(',') {
        "" => entry,
        present => format!("{present},{entry}"),
    };
    let mut json = json!({ "name": options.name, "role": options.role, "operators": list });
    let note = if let Some(path) = &options.token_file {
        write_new(path, token.expose())
            .with_context(|| format!("{} cannot be written", path.display()))?;
        format!("the token of {} is in {}", options.name, path.display())
    } else {
        json["token"] = token.expose().into();
        format!(
            "the token of {}, shown this once: {}",
            options.name,
            token.expose()
        )
    };
    Ok(Answer::new(true, format!("{variable}={list}\n"), json).note(note))
}

/// Never over a file that is there: it may be the token of somebody.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
