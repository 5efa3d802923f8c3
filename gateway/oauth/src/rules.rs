//! What the operator allows to applications that register.

use bluegate_base::environment::Environment;

/// What the operator allows.
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
