//! Decisions without any I/O: what a request may do, and what comes of it.

pub mod application;
pub mod assertion;
pub mod authorize;
pub mod consent;
pub mod logo;
pub mod name;
pub mod operator;
pub mod parameters;
pub mod password;
pub mod redirect;
pub mod registration;
pub mod rule;
pub mod token;
pub mod uri;
pub mod webhook;

/// The text of every answer that cannot carry data because of us or the backend (wire contract, 7.5).
pub const INTERNAL_ISSUE: &str = "Medicare is unable to retrieve your data at this time due to an internal issue. \
     Our team is aware of the issue and is working to resolve it. Please try again at a later time. \
     We apologize for any inconvenience.";
