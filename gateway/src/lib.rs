//! bluegate-gateway.
