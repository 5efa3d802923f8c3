//! The whole application over HTTP, rule by rule: each test is named after the rule of the wire contract that
//! it holds the application to.

mod support;

mod alerts;
mod audit;
mod authorize;
mod backend_limits;
mod backend_trouble;
mod bodies;
mod card;
mod compression;
mod configuration;
mod consent;
mod discovery;
mod guard;
mod headers;
mod implicit;
mod limits;
mod management;
mod monitoring;
mod multipart;
mod operators;
mod outages;
mod pages;
mod pushed;
mod races;
mod refresh;
mod registration;
mod resources;
mod revocation;
mod robustness;
mod sandbox;
mod secrets;
mod slow;
mod subjects;
mod to_backend;
mod token_answer;
mod token_exchange;
mod try_out;
mod v3;
mod whole_flow;
