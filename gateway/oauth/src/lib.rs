//! Decisions without any I/O: what a request may do, and what comes of it.

pub mod application;
pub mod assertion;
pub mod authorize;
pub mod consent;
pub mod name;
pub mod parameters;
pub mod redirect;
pub mod registration;
pub mod rules;
pub mod token;
