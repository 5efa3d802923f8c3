//! Names and e-mail addresses, sealed: XChaCha20-Poly1305 under `store_key`.
//!
//! They are stored only where `profile` was granted, and travel from sign-in to consent in a sealed cookie,
//! so that a consent that withholds them leaves nothing behind (docs/contract/03-sign-in.md).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bluegate_shared::id::PatientId;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};

use crate::key::{Key, KeyRing};
use crate::ports::{Entropy, EntropyError};

/// What the identity provider said about a person, apart from the subject and the Medicare number.
#[derive(Clone, Default, Deserialize, Serialize)]
pub struct Profile {
    /// Full name.
    #[serde(default)]
    pub name: String,
    /// Given name.
    #[serde(default)]
    pub given_name: String,
    /// Family name.
    #[serde(default)]
    pub family_name: String,
    /// E-mail address.
    #[serde(default)]
    pub email: String,
}

impl Profile {
    /// Seals it for one place: `context` must be given again to open it.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] where the platform has no random bytes.
    pub fn seal(
        &self,
        key: &Key,
        context: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, EntropyError> {
        let random = entropy.bytes32()?;
        let nonce = XNonce::from_slice(&random[..NONCE]);
        let plain = serde_json::to_vec(self).unwrap_or_default();
        let mut sealed = Vec::with_capacity(1 + key.id().len() + NONCE + plain.len() + 16);
        // The key's id stands before the rest, so that a key can be changed.
        sealed.push(u8::try_from(key.id().len()).unwrap_or(0));
        sealed.extend_from_slice(key.id().as_bytes());
        sealed.extend_from_slice(nonce);
        let body = cipher(key)
            .encrypt(
                nonce,
                Payload {
                    msg: &plain,
                    aad: context,
                },
            )
            .map_err(|_| EntropyError)?;
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens what [`Profile::seal`] made, with the current key or a former one; `None` if key, context or a
    /// bit differs.
    #[must_use]
    pub fn open(sealed: &[u8], keys: &KeyRing, context: &[u8]) -> Option<Self> {
        let (length, rest) = sealed.split_first()?;
        let (id, rest) = rest.split_at_checked(usize::from(*length))?;
        let key = keys.find(id)?;
        let (nonce, body) = rest.split_at_checked(NONCE)?;
        let plain = cipher(key)
            .decrypt(
                XNonce::from_slice(nonce),
                Payload {
                    msg: body,
                    aad: context,
                },
            )
            .ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// [`Profile::seal`] in base64url, for a cookie.
    ///
    /// # Errors
    ///
    /// As [`Profile::seal`].
    pub fn seal_text(
        &self,
        key: &Key,
        context: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<String, EntropyError> {
        Ok(URL_SAFE_NO_PAD.encode(self.seal(key, context, entropy)?))
    }

    /// [`Profile::open`] from base64url.
    #[must_use]
    pub fn open_text(sealed: &str, keys: &KeyRing, context: &[u8]) -> Option<Self> {
        Self::open(&URL_SAFE_NO_PAD.decode(sealed).ok()?, keys, context)
    }
}

/// Context of a profile in the store: it opens in the grant of this person to this application and in no other row,
/// whoever moves it there.
#[must_use]
pub fn grant_context(patient: &PatientId, client_id: &str) -> Vec<u8> {
    let mut context = b"consent_grant.profile_sealed".to_vec();
    for part in [patient.as_str(), client_id] {
        context.extend_from_slice(&(part.len() as u64).to_be_bytes());
        context.extend_from_slice(part.as_bytes());
    }
    context
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

const NONCE: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes;

    impl Entropy for Bytes {
        fn bytes32(&self) -> Result<[u8; 32], EntropyError> {
            Ok([3; 32])
        }
    }

    #[test]
    fn only_the_same_key_and_context_open_it() {
        let key = |byte: u8| KeyRing::new(Key::new("k1".to_owned(), [byte; 32].into()));
        let (store_key, other) = (key(1), key(2));
        let profile = Profile {
            name: "Jane Doe".to_owned(),
            ..Profile::default()
        };
        let sealed = profile.seal(&store_key, b"grant", &Bytes).unwrap();
        assert!(!sealed.windows(4).any(|part| part == b"Jane"));
        assert_eq!(
            Profile::open(&sealed, &store_key, b"grant").unwrap().name,
            "Jane Doe"
        );
        assert!(Profile::open(&sealed, &store_key, b"cookie").is_none());
        assert!(Profile::open(&sealed, &other, b"grant").is_none());
        for index in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[index] ^= 1;
            assert!(
                Profile::open(&broken, &store_key, b"grant").is_none(),
                "byte {index}"
            );
            assert!(Profile::open(&sealed[..index], &store_key, b"grant").is_none());
        }
    }
}
