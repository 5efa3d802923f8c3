//! A synthetic identity provider and a synthetic claims backend, for laptops and tests.
//!
//! The component stands in for two systems that CMS runs: the OpenID provider that people sign in at
//! (`/sandbox/idp/…`, module [`idp`]) and the FHIR claims backend (`/sandbox/claims/{v1,v2,v3}/fhir/…`, module
//! [`backend`]). It keeps nothing but counts of wrong passwords and a few [`notes`]: the 30,000 people ([`people`]) and their claims ([`claims`]) are computed
//! from the person's number, and what a sign-in has to remember travels in values that carry a MAC.
//! [`fhir`] writes one claim as STU3, as R4 or as v3's R4. The gateway reaches all of it over HTTP only.
//!
//! Everything here is public: the keys are derived from constants, and no real person is behind any record.

pub mod app;
pub mod backend;
pub mod claims;
pub mod config;
pub mod date;
pub mod faults;
pub mod fhir;
pub mod idp;
pub mod notes;
pub mod people;
mod reply;
mod rng;
pub mod samples;
#[cfg(test)]
mod testing;

#[cfg(target_arch = "wasm32")]
mod spin;
