//! The ports implemented in process, for native tests. Those for Spin stand at its entry point, `app::spin`.

#[cfg(test)]
pub(crate) mod native;
