//! Which requests count where (`docs/limits.md`; wire contract, section 2).

pub mod address;
