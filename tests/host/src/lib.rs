//! A test double of Spin: it serves a Spin manifest on machines where Spin is not installed.
//!
//! [`manifest`] and [`runtime_config`] read the files, [`variables`] and [`allowed_hosts`] resolve what they declare,
//! [`engine`] compiles the components, [`worker`] keeps their instances, and [`server`] accepts
//! connections ([`tls`] encrypts them), finds the component by [`routes`] and hands the request over. What a
//! component asks of its host is answered by [`state`] (WASI), [`outbound`] (HTTP), [`sqlite`] and [`variables`].
//!
//! Production is Spin. Where the two could differ, this one follows Spin, surprises included; where it
//! cannot, it refuses to start and says what is missing: each start names [`LEFT_OUT`].

/// What Spin has and this host has not, by the words of the README's list.
pub const LEFT_OUT: &[&str] = &[
    "components of WASI 0.2 and older",
    "triggers other than HTTP",
    "static responses",
    "key-value",
    "Redis",
    "MySQL",
    "PostgreSQL",
    "MQTT",
    "AI models",
    "sockets",
    "`files`",
    "component dependencies",
    "components from a registry",
    "libSQL",
    "variables from a vault",
    "telemetry",
];

pub mod allowed_hosts;
pub mod bindings;
pub mod engine;
pub mod manifest;
pub mod options;
pub mod outbound;
pub mod routes;
pub mod runtime_config;
pub mod server;
pub mod sqlite;
pub mod state;
pub mod stdio;
pub mod tls;
pub mod variables;
pub mod worker;
