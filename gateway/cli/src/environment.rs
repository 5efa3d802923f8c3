//! The variables of the environment, as Spin reads them: `SPIN_VARIABLE_` and the name in upper case.

use std::collections::BTreeMap;
use std::env::{self, VarError};

use anyhow::{Context as _, Result, bail};
use bluegate_gateway::base::config::{Config, SANDBOX_VARIABLES, VARIABLES};
use bluegate_gateway::base::signature::{PublicKey, Signer};

use crate::args::Sandbox;

/// The value of a variable, where the environment has it.
pub(crate) fn given(name: &str) -> Result<Option<String>> {
    let name = in_environment(name);
    match env::var(&name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        // Its value may be a secret: not shown.
        Err(VarError::NotUnicode(_)) => bail!("{name} is not UTF-8"),
    }
}

/// What the environment sets and no gateway reads: most often a misspelt name.
pub(crate) fn unknown() -> Vec<String> {
    let known = VARIABLES.iter().chain(&SANDBOX_VARIABLES);
    let known: Vec<_> = known
        .map(|variable| in_environment(variable.name))
        .collect();
    let mut unknown: Vec<_> = env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with(PREFIX) && !known.contains(name))
        .collect();
    unknown.sort();
    unknown
}

/// What signs the chain, with the public keys of those that signed it before.
pub(crate) fn chain_keys(sandbox: &Sandbox) -> Result<(Signer, Vec<PublicKey>)> {
    let own = given("chain_key")?;
    if own.is_none() && !sandbox.sandbox {
        bail!(
            "no key of the chain: set {} as for the gateway, or say --sandbox for a store of the sandbox",
            in_environment("chain_key")
        );
    }
    let own = own.map(|value| ("chain_key", value));
    let former = given("former_chain_keys")?.map(|value| ("former_chain_keys", value));
    let config = sandbox_with(own.into_iter().chain(former))?;
    Ok((Signer::new(&config.chain_key), config.former_chain_keys))
}

/// The public half of a value of `chain_key`.
pub(crate) fn public_half(chain_key: String) -> Result<PublicKey> {
    let config = sandbox_with([("chain_key", chain_key)])?;
    Ok(Signer::new(&config.chain_key).public())
}

/// Where only these variables matter: the others have the sandbox's values, which always parse.
fn sandbox_with(values: impl IntoIterator<Item = (&'static str, String)>) -> Result<Config> {
    let mut raw: BTreeMap<_, _> = VARIABLES
        .iter()
        .map(|variable| (variable.name, variable.sandbox_default.to_owned()))
        .collect();
    raw.extend(values);
    Config::parse(&raw).context("the keys of the chain cannot be read")
}

/// What a variable is called in the environment.
pub(crate) fn in_environment(name: &str) -> String {
    format!("{PREFIX}{}", name.to_uppercase())
}

const PREFIX: &str = "SPIN_VARIABLE_";
