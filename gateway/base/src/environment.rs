//! Where the gateway runs.

/// Where the gateway runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Environment {
    /// With real people.
    Production,
    /// With synthetic people, on a laptop or a public test server.
    Sandbox,
}
