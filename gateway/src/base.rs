//! What every feature stands on: ports and their adapters, configuration, secrets, the store, HTTP, pages, limits,
//! and the two servers behind: the identity provider and the claims backend.

pub mod adapters;
pub mod address;
pub(crate) mod bearer;
pub(crate) mod calls;
pub mod claims_backend;
pub mod clock;
pub mod config;
pub mod context;
pub mod dependencies;
pub mod drain;
pub mod errors;
pub(crate) mod failure;
pub mod heads;
pub mod http;
pub mod identity_provider;
pub mod jwks;
pub mod jwt;
pub mod key;
pub mod language;
pub mod limits;
pub(crate) mod page;
pub mod ports;
pub mod profile;
pub mod secret;
pub mod signature;
pub(crate) mod site;
pub mod store;
pub mod uri;
pub mod version;
pub(crate) mod weights;
