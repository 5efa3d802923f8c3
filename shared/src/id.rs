//! Newtypes for every identifier.
