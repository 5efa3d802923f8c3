//! The store: its schema, its rows, and the triggers that watch it. The statements stand with the features.
//!
//! Each of them is one function: one statement, or one statement and a read that tells why it changed nothing.

pub mod layers;
pub mod migrate;
pub mod row;

pub use row::{Row, StoreError};
