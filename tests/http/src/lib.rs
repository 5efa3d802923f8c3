//! bluegate-http-tests.
