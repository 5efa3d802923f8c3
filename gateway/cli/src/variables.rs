//! Every variable of the gateway.

use bluegate_gateway::base::config::{VARIABLES, documentation};
use serde_json::{Value, json};

use crate::environment::in_environment;
use crate::output::Answer;

/// `docs/configuration.md`, or the table as JSON.
pub(crate) fn variables() -> Answer {
    let list: Vec<Value> = VARIABLES
        .iter()
        .map(|variable| {
            json!({
                "name": variable.name,
                "environment": in_environment(variable.name),
                "sandbox_default": variable.sandbox_default,
                "production_default": variable.production_default,
                "required_in_production": variable.production_default.is_none(),
                "secret": variable.secret,
                "purpose": variable.purpose,
            })
        })
        .collect();
    Answer::new(true, documentation(), json!({ "variables": list }))
}
