//! Verification of an id_token: OpenID Connect Core, section 3.1.3.7; docs/contract/03-sign-in.md.

use bluegate_shared::id::{Issuer, Subject, SubjectForm};
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::JwkSet;
use zeroize::Zeroizing;

use super::SignInError;
use crate::base::jwt::{ClaimError, Claims, Jwt, JwtError};
use crate::base::ports::UnixMillis;
use crate::base::profile::Profile;
use crate::base::secret::Secret;

/// What a verified id_token says.
#[non_exhaustive]
pub struct Person {
    /// The subject, whole, with the length measured here.
    pub subject: Subject,
    /// The Medicare number. Never stored, never logged, wiped on drop.
    pub mbi: Option<Zeroizing<String>>,
    /// Names and e-mail.
    pub profile: Profile,
}

/// What the token must say.
#[allow(clippy::exhaustive_structs)]
pub struct Expected<'a> {
    /// `iss`.
    pub issuer: &'a Issuer,
    /// `aud`.
    pub client_id: &'a str,
    /// `nonce`.
    pub nonce: &'a Secret,
    /// Form of `sub`.
    pub subject_form: SubjectForm,
    /// Now.
    pub now: UnixMillis,
}

/// Verifies signature and claims.
///
/// # Errors
///
/// [`SignInError::IdToken`] with what is wrong; [`UNKNOWN_KEY`] where a fresh JWKS may help.
pub fn verify(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Person, SignInError> {
    let claims = Jwt::parse(token)
        .and_then(|jwt| jwt.verified(keys, &ALGORITHMS))
        .map_err(unverified)?;
    check(&claims, expected)?;
    let subject = Subject::parse(&claims.required_text("sub")?)
        .map_err(|_| SignInError::IdToken("sub is not 1 to 255 bytes"))?;
    if !subject.has_form(expected.subject_form) {
        return Err(SignInError::SubjectForm);
    }
    let text = |name| claims.text(name).map(Option::unwrap_or_default);
    Ok(Person {
        subject,
        mbi: Some(Zeroizing::new(text("mbi")?)).filter(|mbi| !mbi.is_empty()),
        profile: Profile {
            name: text("name")?,
            given_name: text("given_name")?,
            family_name: text("family_name")?,
            email: text("email")?,
        },
    })
}

/// The token names a key that is not in the set.
pub const UNKNOWN_KEY: SignInError = SignInError::IdToken("its key is not one of the provider's");

fn unverified(error: JwtError) -> SignInError {
    match error {
        JwtError::Malformed => SignInError::IdToken("it is not a signed JWT"),
        JwtError::Algorithm => SignInError::IdToken("its algorithm is not ES256, RS256 or EdDSA"),
        JwtError::Critical => SignInError::IdToken(
            "its header has crit, and no extension is understood here (RFC 7515, section 4.1.11)",
        ),
        JwtError::UnknownKey => UNKNOWN_KEY,
        JwtError::UnusableKey => SignInError::IdToken("the provider's key cannot be used"),
        JwtError::Signature => SignInError::IdToken("its signature does not fit"),
    }
}

impl From<ClaimError> for SignInError {
    fn from(error: ClaimError) -> Self {
        Self::Claim(error)
    }
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), SignInError> {
    let now = expected.now;
    let refuse = |what| Err(SignInError::IdToken(what));
    if claims.required_text("iss")? != expected.issuer.as_str() {
        return refuse("iss is another issuer");
    }
    let azp = claims.text("azp")?;
    let for_us = match claims.audiences()?.as_slice() {
        [only] => only == expected.client_id,
        // Several audiences: we must be one, and the party it was issued to.
        several => {
            several
                .iter()
                .any(|audience| audience == expected.client_id)
                && azp.is_some()
        }
    };
    if !for_us || azp.is_some_and(|azp| azp != expected.client_id) {
        return refuse("aud is another client");
    }
    if claims.required_date("exp")? <= now.plus_seconds(-CLOCK_SKEW_S) {
        return refuse("it has expired");
    }
    let issued = claims.required_date("iat")?;
    if issued > now.plus_seconds(CLOCK_SKEW_S) || issued < now.plus_seconds(-MAX_AGE_S) {
        return refuse("iat is not now");
    }
    if !claims
        .text("nonce")?
        .is_some_and(|nonce| expected.nonce.is(&nonce))
    {
        return refuse("nonce is another");
    }
    Ok(())
}

const ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA];
const CLOCK_SKEW_S: i64 = 60;
/// An id_token straight from the token endpoint is fresh; one from an hour ago is a replay.
const MAX_AGE_S: i64 = 600;

#[cfg(test)]
#[path = "../../../base/src/jwt/test_key.rs"]
mod test_key;

#[cfg(test)]
pub(crate) mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    pub(crate) use super::test_key::{PRIVATE, public_key, signed};
    use super::*;

    const NOW: i64 = 1_800_000_000;
    fn keys() -> JwkSet {
        serde_json::from_value(json!({ "keys": [public_key()] })).unwrap()
    }

    fn claims() -> Value {
        json!({ "iss": "https://id.example", "sub": "s-1", "aud": "gw", "exp": NOW + 300, "iat": NOW, "nonce": "n", "mbi": "1S00A00AA00" })
    }

    fn token(claims: &Value, kid: &str) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(kid.to_owned());
        encode(
            &header,
            claims,
            &EncodingKey::from_ec_pem(PRIVATE.as_bytes()).unwrap(),
        )
        .unwrap()
    }

    fn check(token: &str) -> Result<Person, SignInError> {
        verify(
            token,
            &keys(),
            &Expected {
                issuer: &Issuer::new("https://id.example"),
                client_id: "gw",
                nonce: &Secret::new("n".to_owned()),
                subject_form: SubjectForm::Any,
                now: UnixMillis(NOW * 1000),
            },
        )
    }

    fn with(name: &str, value: Value) -> Result<Person, SignInError> {
        let mut changed = claims();
        changed[name] = value;
        check(&token(&changed, "k1"))
    }

    #[test]
    fn a_good_token_gives_the_whole_subject() {
        let person = check(&token(&claims(), "k1")).ok().unwrap();
        assert_eq!(Vec::from(person.subject.whole()), b"s-1");
        assert_eq!(person.mbi.unwrap().as_str(), "1S00A00AA00");
    }

    #[test]
    fn each_claim_is_checked() {
        for (name, value) in [
            ("iss", json!("https://other.example")),
            ("iss", json!("https://id.example/")),
            ("aud", json!("other")),
            ("aud", json!(["gw", "other"])),
            ("azp", json!("other")),
            ("exp", json!(NOW - 61)),
            ("iat", json!(NOW + 61)),
            ("iat", json!(NOW - 3600)),
            ("nonce", json!("other")),
            ("nonce", Value::Null),
            ("sub", json!("")),
            ("sub", json!("x".repeat(256))),
            ("sub", json!(12345)),
        ] {
            assert!(with(name, value.clone()).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn clock_skew_of_60_seconds_is_accepted() {
        assert!(with("exp", json!(NOW - 59)).is_ok());
        assert!(with("iat", json!(NOW + 60)).is_ok());
    }

    #[test]
    fn none_and_hmac_are_refused() {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
        let body = B64.encode(claims().to_string());
        let none = format!("{}.{body}.", B64.encode(r#"{"alg":"none","kid":"k1"}"#));
        assert!(check(&none).is_err());
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("k1".to_owned());
        let public = b"EzZN0scPeam4mTpVA8yHVRBpXByfrubjb_5hDR7kf_Y";
        let hmac = encode(&header, &claims(), &EncodingKey::from_secret(public)).unwrap();
        assert_eq!(
            check(&hmac).err(),
            Some(SignInError::IdToken(
                "its algorithm is not ES256, RS256 or EdDSA"
            ))
        );
    }

    #[test]
    fn an_unknown_key_is_told_apart_so_that_rotation_works() {
        assert_eq!(check(&token(&claims(), "k2")).err(), Some(UNKNOWN_KEY));
    }

    #[test]
    fn a_changed_signature_or_body_is_refused() {
        let good = token(&claims(), "k1");
        let mut changed = good.clone().into_bytes();
        let middle = good.find('.').unwrap() + 10;
        changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
        assert!(check(&String::from_utf8(changed).unwrap()).is_err());
        assert!(check(&good[..good.len() - 4]).is_err());
    }
}
