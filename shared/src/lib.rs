//! The types and parsers that the gateway and the browser library have in common.
//!
//! Everything here is pure: no I/O, no clock, no randomness. The gateway component is built with it,
//! and so are the two WebAssembly modules of the npm package, so that both sides of the wire read
//! scopes, search parameters and FHIR resources with the very same code.

pub mod fhir;
pub mod id;
pub mod oauth;
pub mod owner;
pub mod pkce;
pub mod scope;
pub mod search;
