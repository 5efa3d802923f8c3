//! The owner scan of the release guard.
