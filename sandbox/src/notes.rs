//! The few things that the sandbox remembers between two requests: codes that were used, the generation of the
//! signing key, faults that somebody asked for. Each has an end, and nothing of people or claims is among them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

/// A boxed future.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a note is about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Topic {
    /// A code of the identity provider that was redeemed.
    UsedCode,
    /// A fault of the claims backend that somebody asked for.
    Fault,
    /// The generation of the identity provider's signing key.
    KeyGeneration,
}

impl Topic {
    /// The name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UsedCode => "used_code",
            Self::Fault => "fault",
            Self::KeyGeneration => "key_generation",
        }
    }
}

/// A note.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// Which of its topic.
    pub key: String,
    /// What it says.
    pub text: String,
    /// Seconds since 1970 of its end.
    pub until: i64,
}

/// Where notes are kept. A store that cannot be asked knows of none: the sandbox goes on.
pub trait Notes: Debug + Send + Sync {
    /// All notes of a topic that have not ended at `now`, in the order of their keys.
    fn list(&self, topic: Topic, now: i64) -> Later<'_, Vec<Note>>;
    /// Writes a note; an earlier one with its key is replaced.
    fn put(&self, topic: Topic, note: Note, now: i64) -> Later<'_, ()>;
    /// Writes a note that must be the first with its key, in one step whatever the concurrency. False where it
    /// is not.
    fn first(&self, topic: Topic, note: Note, now: i64) -> Later<'_, bool>;
    /// Removes a note, or all of a topic.
    fn remove<'a>(&'a self, topic: Topic, key: Option<&'a str>) -> Later<'a, ()>;
}

/// In the memory of this process: for native runs. A component's memory is too short-lived for it.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<BTreeMap<(Topic, String), Note>>);

impl Notes for InMemory {
    fn list(&self, topic: Topic, now: i64) -> Later<'_, Vec<Note>> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = notes
            .iter()
            .filter(|((of, _), note)| *of == topic && note.until > now)
            .map(|(_, note)| note.clone())
            .collect();
        Box::pin(async move { found })
    }

    fn put(&self, topic: Topic, note: Note, _: i64) -> Later<'_, ()> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.insert((topic, note.key.clone()), note);
        Box::pin(async {})
    }

    fn first(&self, topic: Topic, note: Note, now: i64) -> Later<'_, bool> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (topic, note.key.clone());
        let first = notes.get(&key).is_none_or(|known| known.until <= now);
        if first {
            notes.insert(key, note);
        }
        Box::pin(async move { first })
    }

    fn remove<'a>(&'a self, topic: Topic, key: Option<&'a str>) -> Later<'a, ()> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.retain(|(of, known), _| *of != topic || key.is_some_and(|key| key != known));
        Box::pin(async {})
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;

    fn note(key: &str, until: i64) -> Note {
        Note {
            key: key.to_owned(),
            text: String::new(),
            until,
        }
    }

    #[test]
    fn a_note_ends_and_is_one_of_its_topic() {
        let notes = InMemory::default();
        block_on(notes.put(Topic::Fault, note("a", 10), 0));
        let keys = |topic, now| {
            let found = block_on(notes.list(topic, now));
            found.into_iter().map(|note| note.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(Topic::Fault, 9), ["a"]);
        assert_eq!(keys(Topic::Fault, 10), Vec::<String>::new());
        assert_eq!(keys(Topic::UsedCode, 9), Vec::<String>::new());
        block_on(notes.put(Topic::Fault, note("b", 10), 0));
        block_on(notes.remove(Topic::Fault, Some("a")));
        assert_eq!(keys(Topic::Fault, 9), ["b"]);
        block_on(notes.remove(Topic::Fault, None));
        assert_eq!(keys(Topic::Fault, 9), Vec::<String>::new());
    }

    #[test]
    fn only_one_is_the_first() {
        let notes = InMemory::default();
        let first = |until, now| block_on(notes.first(Topic::UsedCode, note("code", until), now));
        assert!(first(60, 0));
        assert!(!first(70, 10));
        assert!(first(120, 60));
    }
}
