//! The whole application over HTTP, rule by rule: each test is named after the rule of the wire contract that
//! it holds the application to.

mod support;

mod authorize;
mod outages;
mod registration;
mod resources;
mod subjects;
mod token_exchange;
mod whole_flow;
