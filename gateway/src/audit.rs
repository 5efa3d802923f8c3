//! The audit: events, their chain, what verifies, exports and keeps it.

pub(crate) mod action;
pub mod chain;
pub(crate) mod count;
pub mod event;
pub mod export;
pub mod lines;
pub mod reconcile;
pub mod retention;
pub mod verify;
