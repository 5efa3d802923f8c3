//! What is said where the reason is no matter of whoever asked.

/// The text of every answer that cannot carry data because of us or the backend (wire contract, 7.5).
pub const INTERNAL_ISSUE: &str = "Medicare is unable to retrieve your data at this time due to an internal issue. \
     Our team is aware of the issue and is working to resolve it. Please try again at a later time. \
     We apologize for any inconvenience.";
