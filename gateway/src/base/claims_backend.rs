//! The claims backend as a server: one exchange, and the circuit breaker around it. What is asked is in `fhir`.

pub mod breaker;
pub(crate) mod exchange;
pub mod statements;
