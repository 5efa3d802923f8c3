//! Secrets and tokens: types without `Debug`, `Display` or `==`, wiped on drop.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bluegate_shared::id::{Issuer, PatientId, Subject};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::key::Key;
use crate::ports::{Entropy, EntropyError, Value};

/// A secret text: a client secret, a token, a code.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// 256 fresh random bits in base64url, 43 characters.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] where the platform has no random bytes.
    pub fn random(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Ok(Self::new(URL_SAFE_NO_PAD.encode(entropy.bytes32()?)))
    }

    /// Derived from a key, a purpose and the parts: HMAC-SHA-256 in base64url, 43 characters.
    #[must_use]
    pub fn derived(key: &Key, purpose: &str, parts: &[&[u8]]) -> Self {
        Self::new(URL_SAFE_NO_PAD.encode(keyed_hash(key, purpose, parts)))
    }

    /// The text, for the one place it goes to.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in constant time.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }

    /// What the store keeps.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

/// SHA-256 of a secret of 256 random bits. Not a secret itself, but not shown either.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Hashes what a client presented.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// In hexadecimal, for ids that are made from random bits.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Compares with a stored hash in constant time.
    #[must_use]
    pub fn is(&self, stored: &[u8]) -> bool {
        self.0.as_slice().ct_eq(stored).into()
    }
}

impl From<SecretHash> for Value {
    fn from(hash: SecretHash) -> Self {
        Self::Blob(hash.0.to_vec())
    }
}

/// HMAC-SHA-256 under `key`. `purpose` and each part are length-prefixed, so that no two uses and no two
/// lists of parts can give the same input.
#[must_use]
pub fn keyed_hash(key: &Key, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a key to the block of its hash with zeros (RFC 2104); done here, it cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key.bytes());
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// What the audit calls a person: a keyed hash of the patient id (docs/contract/10-audit.md).
#[must_use]
pub fn person_hash(key: &Key, patient: &PatientId) -> [u8; 32] {
    keyed_hash(key, "person", &[patient.as_str().as_bytes()])
}

/// What the audit calls the account that a person signs in with.
#[must_use]
pub fn account_hash(key: &Key, issuer: &Issuer, subject: &Subject) -> [u8; 32] {
    keyed_hash(
        key,
        "account",
        &[issuer.as_str().as_bytes(), &Vec::from(subject.whole())],
    )
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    text
}
