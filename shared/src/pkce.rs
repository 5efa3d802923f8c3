//! Proof Key for Code Exchange, RFC 7636, method S256 only.
//!
//! The browser library makes a [`Verifier`] from 256 random bits and sends its [`Challenge`]; the gateway
//! keeps the challenge and compares. The method `plain` does not exist here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A code verifier: 43 to 128 unreserved characters (RFC 7636, section 4.1).
#[derive(Clone, Eq, PartialEq)]
pub struct Verifier(String);

impl Verifier {
    /// The verifier of 43 characters that spells 256 random bits (RFC 7636, section 4.1, recommended form).
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(entropy))
    }

    /// Reads what a client sent as `code_verifier`.
    ///
    /// A trailing `=` padding is accepted, because the published Blue Button SDKs send it, and is part of
    /// what is hashed (docs/contract/05-token-exchange.md, 5.1).
    ///
    /// # Errors
    ///
    /// [`PkceError::Verifier`] where it is not 43 to 128 unreserved characters before the padding.
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        let bare = text.trim_end_matches('=');
        let padding = text.len() - bare.len();
        if padding > 2 || !(43..=128).contains(&text.len()) || !bare.bytes().all(is_unreserved) {
            return Err(PkceError::Verifier);
        }
        Ok(Self(text.to_owned()))
    }

    /// BASE64URL(SHA-256(verifier)), RFC 7636, section 4.2.
    #[must_use]
    pub fn challenge(&self) -> Challenge {
        Challenge(URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.as_bytes())))
    }

    /// The verifier as it is sent. It is a secret until the code is redeemed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A code challenge of method S256: 43 base64url characters, 256 bits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenge(String);

impl Challenge {
    /// Reads what a client sent as `code_challenge`; padding is stripped (docs/contract/05-token-exchange.md, 5.1).
    ///
    /// # Errors
    ///
    /// [`PkceError::Challenge`] where it is not 43 base64url characters that spell 256 bits.
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        let bare = text.trim_end_matches('=');
        if text.len() - bare.len() > 1 || bare.len() != 43 {
            return Err(PkceError::Challenge);
        }
        match URL_SAFE_NO_PAD.decode(bare) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(bare.to_owned())),
            _ => Err(PkceError::Challenge),
        }
    }

    /// The 43 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A parameter of PKCE that cannot be used.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PkceError {
    /// Not a challenge of method S256.
    #[error("code_challenge must be 43 base64url characters: BASE64URL(SHA-256(code_verifier))")]
    Challenge,
    /// Not a verifier.
    #[error("code_verifier must be 43 to 128 characters of A-Z a-z 0-9 - . _ ~")]
    Verifier,
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7636_appendix_b_vector() {
        let verifier = Verifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert_eq!(
            verifier.challenge().as_str(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn verifier_from_256_bits_has_43_characters_and_parses() {
        let verifier = Verifier::from_entropy([0xff; 32]);
        assert_eq!(verifier.as_str().len(), 43);
        assert!(Verifier::parse(verifier.as_str()).is_ok());
    }

    #[test]
    fn padding_of_a_verifier_is_hashed_as_received() {
        let bare = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let padded = Verifier::parse(&format!("{bare}=")).unwrap();
        assert_ne!(
            padded.challenge(),
            Verifier::parse(bare).unwrap().challenge()
        );
    }

    #[test]
    fn verifier_outside_the_rule_is_refused() {
        for bad in [
            "",
            "short",
            &"a".repeat(42),
            &"a".repeat(129),
            &format!("{}ä", "a".repeat(43)),
            &format!("{} ", "a".repeat(43)),
            &format!("{}===", "a".repeat(43)),
        ] {
            assert_eq!(
                Verifier::parse(bad).err(),
                Some(PkceError::Verifier),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn padding_of_a_challenge_is_stripped() {
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=").unwrap();
        assert_eq!(
            challenge.as_str(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn challenge_outside_the_rule_is_refused() {
        for bad in [
            "",
            "abc",
            &"a".repeat(44),
            &"+".repeat(43),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM==",
        ] {
            assert_eq!(
                Challenge::parse(bad).err(),
                Some(PkceError::Challenge),
                "{bad:?}"
            );
        }
    }
}
