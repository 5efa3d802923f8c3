//! What composes the features: the routes, the layer around every answer, the entry point on Spin.

pub(crate) mod assets;
pub(crate) mod demo;
pub(crate) mod frame;
pub mod gateway;
#[cfg(target_arch = "wasm32")]
pub mod spin;
#[cfg(test)]
pub(crate) mod tests;
