//! What can go wrong in a call: it is refused for a reason, or it fails inside, whoever asked.
//!
//! A reason stands in the one table of its surface (OAuth, FHIR, pages, operators), which says what it means on the wire
//! and in the audit. A failure keeps its cause up to the edge: there it is written down once ([`log`]) with the request
//! that it spoiled, and answered in the shape of the surface, without a word of the cause.

use std::error::Error as StdError;

use serde_json::json;

use crate::base::ports::{DatabaseError, EntropyError, Log};
use crate::base::store::StoreError;

/// Why a call does not get what it asked for.
#[derive(Debug)]
pub(crate) enum Error<R> {
    /// For a reason that whoever asked is told.
    Refused(R),
    /// The same, where the log needs to know more than that: what another server did, or what is wrong with what it sent.
    Caused(R, Cause),
    /// The store, the platform or this code failed.
    Internal(Cause),
}

/// A table of reasons. One of its rows says to whoever asked that something failed inside.
pub(crate) trait Reason {
    /// That row.
    fn unavailable() -> Self;
}

/// What failed inside. It may be known only to the log.
pub(crate) type Cause = Box<dyn StdError + Send + Sync>;

impl<R> Error<R> {
    /// Something failed for which there is no conversion: said where it is done, since most errors are refusals.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// Refused, and why it came to that.
    pub(crate) fn because(reason: R, cause: impl Into<Cause>) -> Self {
        Self::Caused(reason, cause.into())
    }

    /// The same in the words of another surface.
    pub(crate) fn map<Other>(self, reason: impl FnOnce(R) -> Other) -> Error<Other> {
        match self {
            Self::Refused(refused) => Error::Refused(reason(refused)),
            Self::Caused(refused, cause) => Error::Caused(reason(refused), cause),
            Self::Internal(cause) => Error::Internal(cause),
        }
    }
}

impl<R: Reason> Error<R> {
    /// At the edge: the reason to answer with. A cause is written down here.
    pub(crate) fn settle(self, log: &(dyn Log + 'static), spoiled: Spoiled<'_>) -> R {
        match self {
            Self::Refused(reason) => reason,
            Self::Caused(reason, cause) => {
                write(log, "refused.cause", spoiled, cause.as_ref());
                reason
            }
            Self::Internal(cause) => {
                self::log(log, spoiled, cause.as_ref());
                R::unavailable()
            }
        }
    }
}

impl<R: Reason> From<R> for Error<R> {
    fn from(reason: R) -> Self {
        Self::Refused(reason)
    }
}

impl<R> From<StoreError> for Error<R> {
    fn from(cause: StoreError) -> Self {
        Self::internal(cause)
    }
}

impl<R> From<EntropyError> for Error<R> {
    fn from(cause: EntropyError) -> Self {
        Self::internal(cause)
    }
}

/// The call that something spoiled.
#[derive(Clone, Copy)]
pub(crate) struct Spoiled<'a> {
    pub(crate) request_id: &'a str,
    /// Empty where it is not known.
    pub(crate) flow_id: &'a str,
    pub(crate) action: &'a str,
}

/// [`log`] for those who have no more than the id of the request.
pub(crate) fn note(
    to: &(dyn Log + 'static),
    request_id: &str,
    action: &str,
    cause: &(dyn StdError + 'static),
) {
    let spoiled = Spoiled {
        request_id,
        flow_id: "",
        action,
    };
    log(to, spoiled, cause);
}

/// Writes a failure down, with the chain of its causes. Once for each, where it is answered.
pub(crate) fn log(
    log: &(dyn Log + 'static),
    spoiled: Spoiled<'_>,
    cause: &(dyn StdError + 'static),
) {
    let of_store =
        |cause: &(dyn StdError + 'static)| cause.is::<StoreError>() || cause.is::<DatabaseError>();
    let event = match chain(cause).any(of_store) {
        true => "store.error",
        false => "internal.error",
    };
    write(log, event, spoiled, cause);
}

/// A failure, what caused it, what caused that, and so on.
pub(crate) fn chain<'a>(
    cause: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(cause);
    std::iter::from_fn(move || {
        let one = next?;
        next = one.source();
        Some(one)
    })
}

fn write(
    log: &(dyn Log + 'static),
    event: &str,
    spoiled: Spoiled<'_>,
    cause: &(dyn StdError + 'static),
) {
    let causes: Vec<_> = chain(cause).skip(1).map(ToString::to_string).collect();
    log.object(&json!({
        "event": event,
        "level": "warning",
        "action": spoiled.action,
        "request_id": spoiled.request_id,
        "flow_id": spoiled.flow_id,
        "error": cause.to_string(),
        "causes": causes,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::adapters::native::MemoryLog;

    #[derive(Debug, thiserror::Error)]
    #[error("the key cannot be read")]
    struct Outer(#[source] StoreError);

    #[test]
    fn a_failure_is_one_line_with_the_chain_of_its_causes() {
        let memory = MemoryLog::default();
        let spoiled = Spoiled {
            request_id: "r1",
            flow_id: "f1",
            action: "token.code",
        };
        let store = StoreError::from(DatabaseError("disk full".to_owned()));
        log(&memory, spoiled, &Outer(store));
        log(&memory, spoiled, &EntropyError);
        let lines: Vec<serde_json::Value> = memory
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines,
            [
                json!({
                    "event": "store.error", "level": "warning", "action": "token.code", "request_id": "r1",
                    "flow_id": "f1", "error": "the key cannot be read", "causes": ["store: disk full"],
                }),
                json!({
                    "event": "internal.error", "level": "warning", "action": "token.code", "request_id": "r1",
                    "flow_id": "f1", "error": "no random bytes from the platform", "causes": [],
                }),
            ]
        );
    }

    struct Told;

    impl Reason for Told {
        fn unavailable() -> Self {
            Self
        }
    }

    #[test]
    fn what_a_refusal_came_from_is_one_line_too() {
        let memory = MemoryLog::default();
        let spoiled = Spoiled {
            request_id: "r1",
            flow_id: "",
            action: "token",
        };
        let store = StoreError::from(DatabaseError("disk full".to_owned()));
        let error = Error::because("no keys", Outer(store)).map(|_| Told);
        let Told = error.settle(&memory, spoiled);
        let Told = Error::from(Told).settle(&memory, spoiled);
        let lines = memory.0.lock().unwrap();
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((lines.len(), &line["event"]), (1, &json!("refused.cause")));
        assert_eq!(line["error"], "the key cannot be read");
        assert_eq!(line["causes"], json!(["store: disk full"]));
    }

    #[test]
    fn a_refusal_stays_one_and_a_failure_too() {
        let refused: Error<i32> = Error::Refused("1").map(|text: &str| i32::from(text == "1"));
        assert!(matches!(refused, Error::Refused(1)));
        let failed: Error<()> = Error::<i32>::from(EntropyError).map(drop);
        assert!(matches!(failed, Error::Internal(cause) if cause.is::<EntropyError>()));
    }
}
