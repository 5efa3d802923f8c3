//! What the operator allows to applications that register.

use crate::base::config::{Config, Environment};

/// What the operator allows.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Sandbox or production.
    pub environment: Environment,
    /// The variable `allow_implicit_flow_insecure`.
    pub allow_implicit: bool,
    /// The variable `client_jwks_origin`: the one origin from which keys of applications are fetched.
    pub jwks_origin: Option<&'a str>,
    /// The variable `reserved_names`: words that no name may have.
    pub reserved_names: &'a [String],
    /// Where the gateway itself is, which is nobody's redirect URI; nothing for its own applications.
    pub own_address: Option<&'a str>,
}

impl<'a> Rules<'a> {
    /// The rules of a configuration.
    #[must_use]
    pub fn of(config: &'a Config) -> Self {
        Self {
            environment: config.environment,
            allow_implicit: config.allow_implicit_flow_insecure,
            jwks_origin: config.client_jwks_origin.as_deref(),
            reserved_names: &config.reserved_names,
            own_address: Some(&config.public_base_url),
        }
    }

    /// The rules for the sandbox's own applications, whose pages the gateway serves.
    #[must_use]
    pub fn of_own(config: &'a Config) -> Self {
        Self {
            reserved_names: &[],
            own_address: None,
            ..Self::of(config)
        }
    }
}
