//! What every feature stands on: ports and their adapters, configuration, secrets, the store, HTTP, pages, limits,
//! and the two servers behind: the identity provider and the claims backend.

pub mod adapters;
pub mod address;
pub(crate) mod calls;
pub mod claims_backend;
pub mod config;
pub mod context;
pub mod dependencies;
pub mod drain;
pub(crate) mod failure;
pub mod heads;
pub mod http;
pub mod identity_provider;
pub mod jwks;
pub mod limits;
pub(crate) mod page;
pub(crate) mod session;
pub(crate) mod site;
pub mod store;

pub use bluegate_base::{
    bearer, clock, errors, jwt, key, language, ports, profile, secret, signature, uri, version,
    weights,
};
