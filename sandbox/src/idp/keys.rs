//! The signing key and the id_token.
//!
//! The key follows from a constant in this file, so everybody knows it: that is what lets the component keep
//! nothing and still sign the same way in every instance. It must never be trusted outside the sandbox.

use std::sync::OnceLock;

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

fn key() -> Option<&'static Key> {
    static KEY: OnceLock<Option<Key>> = OnceLock::new();
    KEY.get_or_init(|| {
        // Nearly every digest is a valid scalar; the counter is for the one in 2^32 that is not.
        let signing = (0..16u8).find_map(|counter| {
            let seed = Sha256::digest(
                [
                    b"bluegate sandbox identity provider, signing key 1, ",
                    &[counter][..],
                ]
                .concat(),
            );
            SigningKey::from_slice(&seed).ok()
        })?;
        let id = thumbprint(signing.verifying_key());
        Some(Key { signing, id })
    })
    .as_ref()
}

/// Signs `claims` as a JWT (RFC 7519) with ES256 (RFC 7518, section 3.4).
pub(super) fn sign<T: Serialize>(claims: &T) -> Option<String> {
    let key = key()?;
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

/// The key set document (RFC 7517).
pub(super) fn jwks() -> String {
    let keys: Vec<_> = key()
        .into_iter()
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
        let token = sign(&json!({ "sub": "x" })).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let set: serde_json::Value = serde_json::from_str(&jwks()).unwrap();
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
}
