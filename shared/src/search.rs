//! FHIR search parameters.
