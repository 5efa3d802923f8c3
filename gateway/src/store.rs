//! Everything that is kept, behind functions that know neither HTTP nor policy.
//!
//! Each function is one statement, or one statement and a read that tells why it changed nothing.

pub mod access;
pub mod account;
pub mod alert;
pub mod application;
pub mod audit;
pub mod authorization;
pub mod breaker;
pub mod chain;
pub mod client_proof;
pub mod developer;
pub mod export;
pub mod identity;
pub mod incident;
pub mod layers;
pub mod lines;
pub mod lock_down;
pub mod logo;
pub mod metric;
pub mod migrate;
pub mod operator_session;
pub mod overview;
pub mod pushed;
pub mod rate;
pub mod reauthentication;
pub mod reconcile;
pub mod resolution;
pub mod retention;
pub mod row;
pub mod shorten;
pub mod token;
pub mod verify;
pub mod watch;

pub use row::{Row, StoreError};
