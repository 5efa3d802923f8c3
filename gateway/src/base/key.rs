//! Keys of the configuration.

use std::ops::Deref;

use zeroize::Zeroizing;

/// A 256-bit key with the id that is stored beside what it protects.
pub struct Key {
    pub(crate) id: String,
    pub(crate) bytes: Zeroizing<[u8; 32]>,
}

impl Key {
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
    pub(crate) current: Key,
    pub(crate) former: Vec<Key>,
}

impl KeyRing {
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
