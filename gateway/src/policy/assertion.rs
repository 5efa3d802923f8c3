//! Client assertions: `private_key_jwt` (RFC 7523, section 3; OpenID Connect Core, section 9; SMART App
//! Launch 2.2, asymmetric clients).

use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, decode_header};
use serde::Deserialize;
use serde_json::Value;

use crate::jwt::{Audience, JwtError, verified};
use crate::ports::UnixMillis;
use crate::secret::SecretHash;

/// The value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A verified assertion, which counts once.
#[non_exhaustive]
pub struct Assertion {
    /// Hash of its `jti`.
    pub jti: SecretHash,
    /// Until when the `jti` must be remembered.
    pub expires_at: UnixMillis,
}

/// The client id that an assertion claims, unverified: only to find the keys.
#[must_use]
pub fn claimed_client(assertion: &str) -> Option<String> {
    let header = decode_header(assertion).ok()?;
    if !ALGORITHMS.contains(&header.alg) {
        return None;
    }
    Some(insecure_decode::<Subject>(assertion).ok()?.claims.sub)
}

/// Verifies an assertion with the client's registered keys.
///
/// `audiences` are the issuer and the addresses of the token endpoint.
///
/// # Errors
///
/// What is wrong. Only after the signature is verified does it say anything about the claims.
pub fn verify(
    assertion: &str,
    client_id: &str,
    keys: &JwkSet,
    audiences: &[String],
    now: UnixMillis,
) -> Result<Assertion, &'static str> {
    let claims: Claims = verified(assertion, keys, &ALGORITHMS).map_err(|error| match error {
        JwtError::Algorithm => {
            "the client assertion must be signed with ES256, ES384, RS256 or RS384"
        }
        JwtError::UnknownKey => UNKNOWN_KEY,
        JwtError::Malformed | JwtError::Signature | JwtError::UnusableKey => UNVERIFIED,
    })?;
    let now_s = now.seconds();
    let for_us = match &claims.aud {
        Audience::One(audience) => audiences.contains(audience),
        Audience::Many(list) => list.iter().any(|audience| audiences.contains(audience)),
    };
    if claims.iss != client_id || claims.sub != client_id {
        return Err("iss and sub of the client assertion must be the client_id");
    }
    if !for_us {
        return Err("aud of the client assertion must be the token endpoint or the issuer");
    }
    if claims.exp <= now_s - CLOCK_SKEW_S {
        return Err("the client assertion has expired");
    }
    if claims.exp > now_s + MAX_LIFETIME_S + CLOCK_SKEW_S {
        return Err("the client assertion must expire within five minutes (SMART App Launch 2.2)");
    }
    if claims.nbf.is_some_and(|nbf| nbf > now_s + CLOCK_SKEW_S)
        || claims.iat.is_some_and(|iat| iat > now_s + CLOCK_SKEW_S)
    {
        return Err("the client assertion is from the future");
    }
    if claims.jti.is_empty() || claims.jti.len() > 255 {
        return Err("jti of the client assertion must have 1 to 255 bytes");
    }
    Ok(Assertion {
        jti: SecretHash::of(&claims.jti),
        expires_at: UnixMillis((claims.exp + CLOCK_SKEW_S) * 1000),
    })
}

/// The assertion names a key that is not in the set; a fresh set may have it.
pub const UNKNOWN_KEY: &str = "the client assertion is signed with a key that is not registered";

/// Checks the `jwks` of a registration: public RSA keys of 2048 bits or more, or EC keys on P-256 or P-384.
///
/// # Errors
///
/// What is wrong, in words.
pub fn usable_keys(jwks: &Value) -> Result<(), &'static str> {
    let list = jwks
        .get("keys")
        .and_then(Value::as_array)
        .ok_or("jwks must be an object with a list keys")?;
    if list.is_empty() || list.len() > 20 {
        return Err("jwks must have 1 to 20 keys");
    }
    for key in list {
        if ["d", "p", "q", "k"]
            .iter()
            .any(|secret| key.get(secret).is_some())
        {
            return Err("jwks has a private key; treat it as leaked and send public keys only");
        }
        let key: Jwk = serde_json::from_value(key.clone())
            .map_err(|_| "jwks has a key that cannot be read")?;
        match &key.algorithm {
            AlgorithmParameters::EllipticCurve(curve)
                if matches!(curve.curve, EllipticCurve::P256 | EllipticCurve::P384) => {}
            // 2048 bits are 342 base64url characters.
            AlgorithmParameters::RSA(rsa) if rsa.n.len() >= 342 => {}
            _ => {
                return Err("jwks keys must be RSA of at least 2048 bits, or EC on P-256 or P-384");
            }
        }
        DecodingKey::from_jwk(&key).map_err(|_| "jwks has a key that cannot be used")?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Subject {
    sub: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
    jti: String,
}

/// ES256, ES384, RS256, RS384; the list, not the key, decides.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::RS256,
    Algorithm::RS384,
];
const UNVERIFIED: &str = "the client assertion cannot be verified with the registered keys";
const CLOCK_SKEW_S: i64 = 60;
/// SMART App Launch 2.2: no later than five minutes from now.
const MAX_LIFETIME_S: i64 = 300;

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;
    use crate::signin::id_token::tests::{PRIVATE, public_key};

    const NOW: i64 = 1_800_000_000;
    const CLIENT: &str = "c";

    fn claims() -> Value {
        json!({ "iss": CLIENT, "sub": CLIENT, "aud": "https://gw.example/v2/o/token/", "exp": NOW + 300, "jti": "j-1" })
    }

    fn sign(claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("k1".to_owned());
        encode(
            &header,
            claims,
            &EncodingKey::from_ec_pem(PRIVATE.as_bytes()).unwrap(),
        )
        .unwrap()
    }

    fn accepted(token: &str) -> bool {
        let audiences = [
            "https://gw.example".to_owned(),
            "https://gw.example/v2/o/token/".to_owned(),
        ];
        verify(
            token,
            CLIENT,
            &serde_json::from_value(json!({ "keys": [public_key()] })).unwrap(),
            &audiences,
            UnixMillis(NOW * 1000),
        )
        .is_ok()
    }

    #[test]
    fn a_good_assertion_is_accepted_for_token_endpoint_or_issuer() {
        assert!(accepted(&sign(&claims())));
        let mut issuer = claims();
        issuer["aud"] = json!(["https://gw.example"]);
        assert!(accepted(&sign(&issuer)));
        assert_eq!(claimed_client(&sign(&claims())).as_deref(), Some(CLIENT));
    }

    #[test]
    fn each_claim_is_checked() {
        for (name, value) in [
            ("iss", json!("other")),
            ("sub", json!("other")),
            ("aud", json!("https://other.example/token")),
            ("exp", json!(NOW - 61)),
            ("exp", json!(NOW + 361)),
            ("nbf", json!(NOW + 61)),
            ("iat", json!(NOW + 61)),
            ("jti", json!("")),
            ("jti", Value::Null),
        ] {
            let mut changed = claims();
            changed[name] = value.clone();
            assert!(!accepted(&sign(&changed)), "{name}={value}");
        }
    }

    #[test]
    fn hmac_and_none_are_refused() {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("k1".to_owned());
        let hmac = encode(&header, &claims(), &EncodingKey::from_secret(b"x")).unwrap();
        assert!(!accepted(&hmac));
        assert!(claimed_client(&hmac).is_none());
    }

    #[test]
    fn only_public_rsa_and_ec_keys_may_be_registered() {
        assert_eq!(usable_keys(&json!({ "keys": [public_key()] })), Ok(()));
        let mut private = public_key();
        private["d"] = json!("AAAA");
        for wrong in [
            json!({}),
            json!({ "keys": [] }),
            json!({ "keys": [private] }),
            json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] }),
            json!({ "keys": [{ "kty": "RSA", "n": "AQAB", "e": "AQAB" }] }),
        ] {
            assert!(usable_keys(&wrong).is_err(), "{wrong}");
        }
    }
}
