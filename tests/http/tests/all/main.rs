//! The whole application over HTTP, rule by rule: each test is named after the rule of the wire contract that
//! it holds the application to.

mod support;

mod authorize;
mod compression;
mod configuration;
mod consent;
mod discovery;
mod headers;
mod implicit;
mod limits;
mod management;
mod multipart;
mod operators;
mod outages;
mod pushed;
mod races;
mod refresh;
mod registration;
mod resources;
mod revocation;
mod secrets;
mod subjects;
mod token_answer;
mod token_exchange;
mod whole_flow;
