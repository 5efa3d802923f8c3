//! Keys of the configuration.

use std::ops::Deref;

use zeroize::Zeroizing;

/// A 256-bit key with the id that is stored beside what it protects.
pub struct Key {
    id: String,
    bytes: Zeroizing<[u8; 32]>,
}

impl Key {
    /// A key and its id.
    #[must_use]
    pub const fn new(id: String, bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { id, bytes }
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// The key in use, and those that were in use before it.
pub struct KeyRing {
    current: Key,
    former: Vec<Key>,
}

impl KeyRing {
    /// The key in use, with none before it.
    #[must_use]
    pub const fn new(current: Key) -> Self {
        Self {
            current,
            former: Vec::new(),
        }
    }

    /// Adds one that was in use before.
    pub fn push_former(&mut self, key: Key) {
        self.former.push(key);
    }

    /// The key with this id, current or former.
    #[must_use]
    pub fn find(&self, id: &[u8]) -> Option<&Key> {
        self.all().find(|key| key.id().as_bytes() == id)
    }

    /// The current one, then the former ones.
    pub fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.former)
    }
}

impl Deref for KeyRing {
    type Target = Key;

    fn deref(&self) -> &Key {
        &self.current
    }
}
