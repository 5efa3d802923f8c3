//! bluegate-web-client.
