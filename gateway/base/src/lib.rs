//! What all crates of the gateway speak of: ports as traits, instants, keys and secrets, URIs, signed tokens, versions
//! and languages. Nothing here does I/O, and nothing knows of configuration, of the store's schema or of a request.

pub mod bearer;
pub mod clock;
pub mod environment;
pub mod errors;
pub mod jwt;
pub mod key;
pub mod language;
pub mod ports;
pub mod profile;
pub mod secret;
pub mod signature;
pub mod uri;
pub mod version;
pub mod weights;
