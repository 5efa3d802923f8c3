//! Everything that is kept, behind functions that know neither HTTP nor policy.

pub mod access;
