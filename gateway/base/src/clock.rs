//! Instants as the wire has them.

use jiff::Timestamp;

use crate::ports::UnixMillis;

/// RFC 3339 in UTC with whole seconds, as in `access_grant_expiration`.
#[must_use]
pub fn rfc3339(instant: UnixMillis) -> String {
    Timestamp::from_second(instant.seconds())
        .map(|timestamp| timestamp.to_string())
        .unwrap_or_default()
}
