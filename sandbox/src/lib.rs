//! bluegate-sandbox.
