//! The FHIR resource server.
