//! Everything that is kept, behind functions that know neither HTTP nor policy.
//!
//! Each function is one statement, or one statement and a read that tells why it changed nothing.

pub mod layers;
pub mod migrate;
pub mod row;

pub use row::{Row, StoreError};
