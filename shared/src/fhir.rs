//! FHIR resources of v1, v2 and v3 read into one model.
