//! Registered applications.

pub mod logo;
pub mod statements;
pub mod stored_logo;
