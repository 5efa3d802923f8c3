//! Ed25519 signatures of the audit chain: made with `chain_key`, checked by anybody who has the public key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::key::Key;

/// What signs.
pub struct Signer {
    id: String,
    key: SigningKey,
}

impl Signer {
    /// The 32 bytes of the key are the seed of RFC 8032.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        Self {
            id: key.id().to_owned(),
            key: SigningKey::from_bytes(key.bytes()),
        }
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Signs a hash for one purpose.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, hash: &[u8; 32]) -> [u8; 64] {
        self.key.sign(&purpose.message(hash)).to_bytes()
    }

    /// What others check it with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey {
            id: self.id.clone(),
            key: self.key.verifying_key(),
        }
    }
}

/// What is signed: a signature of one thing says nothing about another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// A link of the chain.
    Link,
    /// Rows that were purged.
    Anchor,
    /// The end of an export.
    Head,
}

impl Purpose {
    fn message(self, hash: &[u8; 32]) -> Vec<u8> {
        let label: &[u8] = match self {
            Self::Link => b"bluegate-audit-link\n",
            Self::Anchor => b"bluegate-audit-anchor\n",
            Self::Head => b"bluegate-audit-head\n",
        };
        [label, hash].concat()
    }
}

/// A key to check with, and its id.
#[derive(Clone, Debug)]
pub struct PublicKey {
    id: String,
    key: VerifyingKey,
}

impl PublicKey {
    /// Reads `id:key`, the key in base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, encoded) = text.split_once(':')?;
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(encoded).ok()?.try_into().ok()?;
        if id.is_empty() {
            return None;
        }
        Some(Self {
            id: id.to_owned(),
            key: VerifyingKey::from_bytes(&bytes).ok()?,
        })
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `id:key`, as [`PublicKey::parse`] reads it.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}:{}",
            self.id,
            URL_SAFE_NO_PAD.encode(self.key.as_bytes())
        )
    }

    /// Whether the signature was made with this key.
    #[must_use]
    pub fn verifies(&self, purpose: Purpose, hash: &[u8; 32], signature: &[u8]) -> bool {
        let Ok(bytes) = <[u8; 64]>::try_from(signature) else {
            return false;
        };
        self.key
            .verify_strict(&purpose.message(hash), &Signature::from_bytes(&bytes))
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_key_one_purpose_and_one_hash() {
        let key = |byte| Key::new("sandbox".to_owned(), [byte; 32].into());
        let signer = Signer::new(&key(1));
        let other = Signer::new(&key(2)).public();
        let signature = signer.sign(Purpose::Link, &[7; 32]);
        let public = PublicKey::parse(&signer.public().text()).unwrap();
        assert_eq!(public.id(), "sandbox");
        assert!(public.verifies(Purpose::Link, &[7; 32], &signature));
        assert!(!public.verifies(Purpose::Anchor, &[7; 32], &signature));
        assert!(!public.verifies(Purpose::Link, &[8; 32], &signature));
        assert!(!public.verifies(Purpose::Link, &[7; 32], &signature[..63]));
        assert!(!other.verifies(Purpose::Link, &[7; 32], &signature));
        assert!(PublicKey::parse("k").is_none() && PublicKey::parse(":AAAA").is_none());
    }
}
