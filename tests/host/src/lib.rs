//! A test double of Spin: it serves a Spin manifest on machines where Spin is not installed.
//!
//! [`manifest`] reads the file, [`variables`] and [`allowed_hosts`] resolve what it declares,
//! [`engine`] compiles the components, [`worker`] keeps their instances, and [`server`] accepts
//! connections, finds the component by [`routes`] and hands the request over. What a component asks
//! of its host is answered by [`state`] (WASI), [`outbound`] (HTTP), [`sqlite`] and [`variables`].
//!
//! Production is Spin. Where the two could differ, this one follows Spin, surprises included; where it
//! cannot, it refuses to start and says what is missing.

pub mod allowed_hosts;
pub mod bindings;
pub mod engine;
pub mod manifest;
pub mod options;
pub mod outbound;
pub mod routes;
pub mod server;
pub mod sqlite;
pub mod state;
pub mod stdio;
pub mod variables;
pub mod worker;
