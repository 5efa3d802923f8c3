//! Whether the gateway would start.

use std::collections::BTreeMap;

use anyhow::Result;
use bluegate_gateway::base::config::{Config, VARIABLES};
use serde_json::json;

use crate::args::{CheckConfig, Manifest};
use crate::environment::{given, unknown};
use crate::output::Answer;

/// The variables of the environment over the defaults of a manifest, parsed as the component parses them.
pub(crate) fn check_config(options: &CheckConfig) -> Result<Answer> {
    let mut raw = BTreeMap::new();
    for variable in &VARIABLES {
        let default = match options.manifest {
            Manifest::Production => variable.production_default,
            Manifest::Sandbox => Some(variable.sandbox_default),
        };
        if let Some(value) = given(variable.name)?.or_else(|| default.map(str::to_owned)) {
            raw.insert(variable.name, value);
        }
    }
    let unknown = unknown();
    let answer = match Config::parse(&raw) {
        Ok(config) => {
            let environment = if config.is_sandbox() {
                "sandbox"
            } else {
                "production"
            };
            let the = if config.is_sandbox() { "the " } else { "" };
            Answer::new(
                true,
                format!("the configuration is good for {the}{environment}\n"),
                json!({ "good": true, "environment": environment, "unknown": unknown }),
            )
        }
        Err(error) => Answer::new(
            false,
            format!("{error}\n"),
            json!({
                "good": false,
                "variable": error.variable(),
                "advice": error.advice(),
                "unknown": unknown,
            }),
        ),
    };
    Ok(unknown.iter().fold(answer, |answer, name| {
        answer.note(format!(
            "warning: {name} is no variable of the gateway; `bluegate variables` lists them"
        ))
    }))
}
