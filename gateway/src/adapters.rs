//! The ports implemented: for Spin, and in-process for native tests.

#[cfg(test)]
pub(crate) mod native;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
pub(crate) mod spin;
