//! The ports implemented: for Spin, and in-process for native tests.

#[cfg(test)]
pub(crate) mod native;
