//! bluegate-demo.
