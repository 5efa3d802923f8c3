//! The signature of a JWT (RFC 7519, RFC 7515), for id_tokens and for client assertions.
//!
//! Only the signature: what the claims must say is the caller's matter, checked against the caller's clock.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Verifies the signature with a key of the set and reads the claims.
///
/// `algorithms` is the list of what is accepted. It decides, not the key and not the token: `none` and HMAC are in
/// no list. A token without `kid` is verified only by a set of one key.
///
/// # Errors
///
/// [`JwtError`] with what is wrong.
pub fn verified<C: DeserializeOwned>(
    token: &str,
    keys: &JwkSet,
    algorithms: &[Algorithm],
) -> Result<C, JwtError> {
    let header = decode_header(token).map_err(|_| JwtError::Malformed)?;
    if !algorithms.contains(&header.alg) {
        return Err(JwtError::Algorithm);
    }
    let key = match (&header.kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = DecodingKey::from_jwk(key.ok_or(JwtError::UnknownKey)?)
        .map_err(|_| JwtError::UnusableKey)?;
    let mut signature_only = Validation::new(header.alg);
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_aud = false;
    decode(token, &key, &signature_only)
        .map(|token| token.claims)
        .map_err(|_| JwtError::Signature)
}

/// Why a signature is not accepted.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JwtError {
    /// The algorithm is not in the list.
    Algorithm,
    /// Not a signed JWT.
    Malformed,
    /// The signature does not fit, or the claims cannot be read.
    Signature,
    /// The token names a key that is not in the set; a fresh set may have it.
    UnknownKey,
    /// The key cannot be used.
    UnusableKey,
}

/// `aud`: one audience, or several.
#[allow(clippy::exhaustive_enums)]
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}
