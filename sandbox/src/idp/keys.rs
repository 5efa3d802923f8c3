//! The signing key and the id_token.
//!
//! Each generation of the key follows from a constant in this file, so everybody knows it: that is what lets the
//! component sign the same way in every instance. It must never be trusted outside the sandbox.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

/// The key and its name.
struct Key {
    signing: SigningKey,
    id: String,
}

fn key(generation: u32) -> Option<Key> {
    // Nearly every digest is a valid scalar; the counter is for the one in 2^32 that is not.
    let signing = (0..16u8).find_map(|counter| {
        let mut seed =
            format!("bluegate sandbox identity provider, signing key {generation}, ").into_bytes();
        seed.push(counter);
        SigningKey::from_slice(&Sha256::digest(seed)).ok()
    })?;
    let id = thumbprint(signing.verifying_key());
    Some(Key { signing, id })
}

/// The name of a key.
pub(super) fn id(generation: u32) -> String {
    key(generation).map(|key| key.id).unwrap_or_default()
}

/// Signs `claims` as a JWT (RFC 7519) with ES256 (RFC 7518, section 3.4).
pub(super) fn sign<T: Serialize>(generation: u32, claims: &T) -> Option<String> {
    let key = key(generation)?;
    let header = json!({ "alg": "ES256", "kid": key.id, "typ": "JWT" });
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).ok()?)
    );
    // RFC 6979: the nonce follows from key and message, so no randomness is needed.
    let signature: Signature = key.signing.sign(signed.as_bytes());
    Some(format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(signature.to_bytes())
    ))
}

/// The key set document (RFC 7517): the key before, so that what it signed can still be verified, the key that
/// signs, and the next, so that it is known before its first signature.
pub(super) fn jwks(generation: u32) -> String {
    let first = generation.saturating_sub(1).max(1);
    let keys: Vec<_> = (first..=generation.saturating_add(1))
        .filter_map(key)
        .map(|key| {
            let (x, y) = coordinates(key.signing.verifying_key());
            json!({ "kty": "EC", "use": "sig", "alg": "ES256", "kid": key.id, "crv": "P-256", "x": x, "y": y })
        })
        .collect();
    json!({ "keys": keys }).to_string()
}

fn coordinates(key: &VerifyingKey) -> (String, String) {
    let point = key.to_encoded_point(false);
    let text = |part: Option<&p256::FieldBytes>| {
        part.map(|part| URL_SAFE_NO_PAD.encode(part))
            .unwrap_or_default()
    };
    (text(point.x()), text(point.y()))
}

/// RFC 7638: the digest of the required members in lexicographic order.
fn thumbprint(key: &VerifyingKey) -> String {
    let (x, y) = coordinates(key);
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(
        r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#
    )))
}

#[cfg(test)]
mod tests {
    use p256::EncodedPoint;
    use p256::ecdsa::signature::Verifier as _;

    use super::*;

    #[test]
    fn what_is_signed_verifies_with_the_published_key() {
        let token = sign(1, &json!({ "sub": "x" })).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let set: serde_json::Value = serde_json::from_str(&jwks(1)).unwrap();
        let published = &set["keys"][0];
        let part = |name: &str| {
            let bytes = URL_SAFE_NO_PAD
                .decode(published[name].as_str().unwrap())
                .unwrap();
            *p256::FieldBytes::from_slice(&bytes)
        };
        let point = EncodedPoint::from_affine_coordinates(&part("x"), &part("y"), false);
        let verifier = VerifyingKey::from_encoded_point(&point).unwrap();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        verifier.verify(signed.as_bytes(), &signature).unwrap();
        verifier.verify(b"something else", &signature).unwrap_err();
        let header = URL_SAFE_NO_PAD
            .decode(signed.split_once('.').unwrap().0)
            .unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(
            (&header["kid"], &header["alg"]),
            (&published["kid"], &json!("ES256"))
        );
        assert!(published.get("d").is_none());
    }

    #[test]
    fn the_key_before_and_the_next_are_published_too() {
        let published = |generation| {
            let set: serde_json::Value = serde_json::from_str(&jwks(generation)).unwrap();
            let keys = set["keys"].as_array().unwrap().clone();
            keys.iter()
                .map(|key| key["kid"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(published(1), [id(1), id(2)]);
        assert_eq!(published(2), [id(1), id(2), id(3)]);
        // Of an unannounced change nobody could know.
        assert!(!published(1).contains(&id(3)));
        assert!(published(3).contains(&id(3)));
    }
}
