//! What is said where the reason is no matter of whoever asked, and causes that the log may know.

/// The text of every answer that cannot carry data because of us or the backend (wire contract, 7.5).
pub const INTERNAL_ISSUE: &str = "Medicare is unable to retrieve your data at this time due to an internal issue. \
     Our team is aware of the issue and is working to resolve it. Please try again at a later time. \
     We apologize for any inconvenience.";

/// Where a JSON document is not what it must be. Nothing of what stands there: it may be a token or a name.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{category:?} error at line {line} column {column} of the JSON")]
pub struct Misread {
    /// Whether it is no JSON, not all of it, or other JSON.
    pub category: serde_json::error::Category,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl From<serde_json::Error> for Misread {
    fn from(error: serde_json::Error) -> Self {
        Self {
            category: error.classify(),
            line: error.line(),
            column: error.column(),
        }
    }
}
