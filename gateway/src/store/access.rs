//! Access tokens looked up, and the release permit.
