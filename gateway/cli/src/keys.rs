//! New keys.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bluegate_gateway::base::ports::{Entropy, EntropyError};
use bluegate_gateway::base::secret::Secret;
use serde_json::json;

use crate::args::NewKeys;
use crate::environment::{in_environment, public_half};
use crate::output::Answer;

/// Lines of an environment file, and for the chain what others check its signatures with.
pub(crate) fn new(options: &NewKeys) -> Result<Answer> {
    let which: Vec<&str> = if options.which.is_empty() {
        vec!["store", "token", "audit", "chain"]
    } else {
        options.which.iter().map(String::as_str).collect()
    };
    let mut lines = String::new();
    let mut keys = Vec::new();
    let mut notes = Vec::new();
    for name in which {
        let (variable, value) = match name {
            "alert" => ("alert_secret".to_owned(), signing_secret()?),
            _ => (
                format!("{name}_key"),
                format!("{}:{}", options.id, random()?.expose()),
            ),
        };
        writeln!(lines, "{}={value}", in_environment(&variable))?;
        let mut key = json!({ "variable": variable, "value": value });
        if name == "chain" {
            let public = public_half(value)?.text();
            notes.push(format!(
                "the public half of chain_key, which verifies the audit: {public}"
            ));
            key["public"] = public.into();
        }
        keys.push(key);
    }
    let answer = Answer::new(true, lines, json!({ "keys": keys }));
    Ok(notes.into_iter().fold(answer, Answer::note))
}

/// 256 random bits in base64url.
pub(crate) fn random() -> Result<Secret> {
    Secret::random(&OperatingSystem).context("a secret cannot be made")
}

fn signing_secret() -> Result<String> {
    let bytes = OperatingSystem
        .bytes32()
        .context("a secret cannot be made")?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)))
}

struct OperatingSystem;

impl Entropy for OperatingSystem {
    fn bytes32(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [0; 32];
        // The port's error has no room for the system's.
        getrandom::fill(&mut bytes).map_err(|_| EntropyError)?;
        Ok(bytes)
    }
}
