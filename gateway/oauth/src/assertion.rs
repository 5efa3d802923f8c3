//! Client assertions: `private_key_jwt` (RFC 7523, section 3; OpenID Connect Core, section 9; SMART App
//! Launch 2.2, asymmetric clients).

use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value, json};

use bluegate_base::jwt::{ClaimError, Jwt, JwtError};
use bluegate_base::ports::UnixMillis;
use bluegate_base::secret::SecretHash;

/// The value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A verified assertion, which counts once.
pub struct Assertion {
    /// Hash of its `jti`.
    pub jti: SecretHash,
    /// Until when the `jti` must be remembered.
    pub expires_at: UnixMillis,
}

/// The client id that an assertion claims, unverified: only to find the keys.
#[must_use]
pub fn claimed_client(assertion: &str) -> Option<String> {
    let jwt = Jwt::parse(assertion).ok()?;
    jwt.algorithm(&ALGORITHMS).ok()?;
    jwt.unverified().text("sub").ok()?
}

/// Verifies an assertion with the client's registered keys.
///
/// `audiences` are the issuer and the addresses of the endpoints that it may be meant for.
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
) -> Result<Assertion, AssertionError> {
    let claims = Jwt::parse(assertion)?.verified(keys, &ALGORITHMS)?;
    if claims.required_text("iss")? != client_id || claims.required_text("sub")? != client_id {
        return Err(AssertionError::AnotherClient);
    }
    // Exactly one, the countermeasure to CVE-2025-27370: what is meant for another server as well could have been
    // asked for by that server.
    match claims.audiences()?.as_slice() {
        [only] if audiences.contains(only) => {}
        _ => return Err(AssertionError::Audience),
    }
    let expires_at = claims.required_date("exp")?;
    if expires_at <= now.plus_seconds(-CLOCK_SKEW_S) {
        return Err(AssertionError::Expired);
    }
    if expires_at > now.plus_seconds(MAX_LIFETIME_S + CLOCK_SKEW_S) {
        return Err(AssertionError::TooLong);
    }
    for name in ["nbf", "iat"] {
        let from_the_future = |at| at > now.plus_seconds(CLOCK_SKEW_S);
        if claims.date(name)?.is_some_and(from_the_future) {
            return Err(AssertionError::FromTheFuture);
        }
    }
    let jti = claims.required_text("jti")?;
    if jti.is_empty() || jti.len() > 255 {
        return Err(AssertionError::Id);
    }
    Ok(Assertion {
        jti: SecretHash::of(&jti),
        expires_at: expires_at.plus_seconds(CLOCK_SKEW_S),
    })
}

/// Why a client assertion is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AssertionError {
    /// Signed with another algorithm.
    Algorithm,
    /// `iss` or `sub` is not the client.
    AnotherClient,
    /// Meant for another audience, or for more than one.
    Audience,
    /// A claim that is missing or of another type.
    Claim(ClaimError),
    /// Its header asks for what is not understood.
    Critical,
    /// Past its `exp`.
    Expired,
    /// `nbf` or `iat` is still to come.
    FromTheFuture,
    /// `jti` is empty or too long.
    Id,
    /// The operator closed the origin of `jwks_uri`.
    KeysClosed,
    /// `jwks_uri` does not answer.
    KeysUnreachable,
    /// It was presented before.
    Replayed,
    /// `exp` is too far away.
    TooLong,
    /// It names a key that is not in the set; a fresh set may have it.
    UnknownKey,
    /// Not a signed JWT, or the signature does not fit.
    Unverified,
}

impl From<JwtError> for AssertionError {
    fn from(error: JwtError) -> Self {
        match error {
            JwtError::Algorithm => Self::Algorithm,
            JwtError::Critical => Self::Critical,
            JwtError::UnknownKey => Self::UnknownKey,
            JwtError::Malformed | JwtError::Signature | JwtError::UnusableKey => Self::Unverified,
        }
    }
}

impl From<ClaimError> for AssertionError {
    fn from(error: ClaimError) -> Self {
        Self::Claim(error)
    }
}

impl fmt::Display for AssertionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Algorithm => {
                "the client assertion must be signed with ES256, ES384, RS256 or RS384"
            }
            Self::AnotherClient => "iss and sub of the client assertion must be the client_id",
            Self::Audience => {
                "aud of the client assertion must be one audience: the token endpoint, the issuer, or the PAR endpoint when pushing"
            }
            Self::Claim(error) => return write!(f, "in the client assertion, {error}"),
            Self::Critical => {
                "the client assertion has a header crit, and no extension is understood here (RFC 7515, section 4.1.11)"
            }
            Self::Expired => "the client assertion has expired",
            Self::FromTheFuture => "the client assertion is from the future",
            Self::Id => "jti of the client assertion must have 1 to 255 bytes",
            Self::KeysClosed => {
                "keys are not fetched from this jwks_uri any more; register them as jwks"
            }
            Self::KeysUnreachable => "the keys at jwks_uri cannot be had",
            Self::Replayed => "jti of the client assertion was used before",
            Self::TooLong => {
                "the client assertion must expire within five minutes (SMART App Launch 2.2)"
            }
            Self::UnknownKey => "the client assertion is signed with a key that is not registered",
            Self::Unverified => {
                "the client assertion cannot be verified with the registered keys"
            }
        })
    }
}

/// Reads the `jwks` of a registration: public RSA keys of 2048 to 4096 bits, or EC keys on P-256 or P-384. What comes
/// back has the members that are used here, and no others.
///
/// # Errors
///
/// What is wrong, in words.
pub fn usable_keys(jwks: &Value) -> Result<Value, &'static str> {
    let list = jwks
        .get("keys")
        .and_then(Value::as_array)
        .ok_or("jwks must be an object with a list keys")?;
    if list.is_empty() || list.len() > 20 {
        return Err("jwks must have 1 to 20 keys");
    }
    let mut kept = Vec::with_capacity(list.len());
    for key in list {
        if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
            .iter()
            .any(|secret| key.get(secret).is_some())
        {
            return Err("jwks has a private key; treat it as leaked and send public keys only");
        }
        let members = key
            .as_object()
            .ok_or("jwks has a key that cannot be read")?;
        let used: Map<String, Value> = members
            .iter()
            .filter(|(name, _)| USED_MEMBERS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let key: Jwk = serde_json::from_value(Value::Object(used.clone()))
            .map_err(|_| "jwks has a key that cannot be read")?;
        match &key.algorithm {
            AlgorithmParameters::EllipticCurve(curve)
                if matches!(curve.curve, EllipticCurve::P256 | EllipticCurve::P384) => {}
            // 2048 bits are 342 base64url characters, 4096 are 683.
            AlgorithmParameters::RSA(rsa) if (342..=683).contains(&rsa.n.len()) => {}
            _ => {
                return Err("jwks keys must be RSA of 2048 to 4096 bits, or EC on P-256 or P-384");
            }
        }
        DecodingKey::from_jwk(&key).map_err(|_| "jwks has a key that cannot be used")?;
        kept.push(Value::Object(used));
    }
    Ok(json!({ "keys": kept }))
}

/// RFC 7517, section 4, and RFC 7518, sections 6.2.1 and 6.3.1, without certificates, which nothing here looks at.
const USED_MEMBERS: [&str; 10] = [
    "kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "n", "e",
];

/// ES256, ES384, RS256, RS384; the list, not the key, decides.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::RS256,
    Algorithm::RS384,
];
const CLOCK_SKEW_S: i64 = 60;
/// SMART App Launch 2.2: no later than five minutes from now.
const MAX_LIFETIME_S: i64 = 300;

#[cfg(test)]
#[path = "../../base/src/jwt/test_key.rs"]
mod test_key;

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};

    use super::test_key::{PRIVATE, public_key, signed};
    use super::*;

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

    fn check(token: &str) -> Result<Assertion, AssertionError> {
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
    }

    fn accepted(token: &str) -> bool {
        check(token).is_ok()
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
    fn a_fraction_of_a_second_counts() {
        let at = |exp: &str| {
            let claims = claims().to_string().replace(&(NOW + 300).to_string(), exp);
            check(&signed(r#"{"alg":"ES256","kid":"k1"}"#, &claims)).map(|one| one.expires_at.0)
        };
        let expected = |millis: i64| Ok((NOW + CLOCK_SKEW_S) * 1000 + millis);
        assert_eq!(at(&format!("{NOW}.25")), expected(250));
        assert_eq!(at("1.8000001E9"), expected(100_000));
        assert_eq!(at(&format!("{}.001", NOW - 60)), expected(-59_999));
        assert_eq!(at(&format!("{}.0", NOW - 60)), Err(AssertionError::Expired));
        assert_eq!(
            at(&format!("{}.5", NOW + 360)),
            Err(AssertionError::TooLong)
        );
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
        let good = json!({ "keys": [public_key()] });
        assert_eq!(usable_keys(&good), Ok(good.clone()));
        let mut long = good.clone();
        long["junk"] = json!("x".repeat(1000));
        long["keys"][0]["x5c"] = json!(["x".repeat(1000)]);
        long["keys"][0]["junk"] = json!({ "a": [1, 2, 3] });
        assert_eq!(usable_keys(&long), Ok(good));
        let mut private = public_key();
        private["d"] = json!("AAAA");
        for wrong in [
            json!({}),
            json!({ "keys": [] }),
            json!({ "keys": [private] }),
            json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] }),
            json!({ "keys": [{ "kty": "RSA", "n": "AQAB", "e": "AQAB" }] }),
            json!({ "keys": [{ "kty": "RSA", "n": "A".repeat(684), "e": "AQAB" }] }),
            json!({ "keys": ["x"] }),
        ] {
            assert!(usable_keys(&wrong).is_err(), "{wrong}");
        }
    }
}
