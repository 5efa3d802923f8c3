//! What operators read and change.

pub mod incident;
pub mod metric;
pub mod operator_session;
pub mod overview;
pub mod reauthentication;
pub mod registration;
pub mod resolution;
