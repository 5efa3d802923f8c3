//! A key that signs the tokens of tests, in every crate that checks some.

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

// A P-256 key of these tests alone.
pub(crate) const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5tP0MEvCEN99rj0k
+sWf+cqliU2wDZF4i+E9J4NvZjWhRANCAAQTNk3Sxw95qbiZOlUDzIdVEGlcHJ+u
5uNv/mENHuR/9tyoxXi0YPhsIIXJ4o0RTKl2mDW/416F8Vr2e/7Vjs3Z
-----END PRIVATE KEY-----";

/// Its public half.
pub(crate) fn public_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "alg": "ES256",
        "x": "EzZN0scPeam4mTpVA8yHVRBpXByfrubjb_5hDR7kf_Y",
        "y": "3KjFeLRg-GwghcnijRFMqXaYNb_jXoXxWvZ7_tWOzdk"
    })
}

/// Header and claims as they are written, signed with the key of these tests.
pub(crate) fn signed(header: &str, claims: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
    let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
    let key = EncodingKey::from_ec_pem(PRIVATE.as_bytes()).unwrap();
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}
