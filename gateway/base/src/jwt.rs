//! Signed JWTs (RFC 7519, RFC 7515), for id_tokens and for client assertions.
//!
//! The signature is verified here, and each claim is read here as the type that RFC 7519 gives it. What the claims
//! must say is the caller's matter, checked against the caller's clock.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::ports::UnixMillis;

/// A JWT in its parts, not verified.
pub struct Jwt<'a> {
    header: Members,
    claims: Claims,
    /// What is signed.
    message: &'a str,
    signature: &'a str,
}

impl<'a> Jwt<'a> {
    /// Takes a compact JWS apart (RFC 7515, section 7.1).
    ///
    /// # Errors
    ///
    /// [`JwtError::Malformed`] where it is none.
    pub fn parse(token: &'a str) -> Result<Self, JwtError> {
        let (message, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(JwtError::Malformed)?;
        Ok(Self {
            header: members(header)?,
            claims: Claims(members(claims)?),
            message,
            signature,
        })
    }

    /// The algorithm that the header names, where it is one of `algorithms`. The list decides, not the key and not
    /// the token: `none` and HMAC are in no list.
    ///
    /// # Errors
    ///
    /// [`JwtError::Algorithm`] where it is another.
    pub fn algorithm(&self, algorithms: &[Algorithm]) -> Result<Algorithm, JwtError> {
        self.header
            .read("alg")
            .filter(|algorithm| algorithms.contains(algorithm))
            .ok_or(JwtError::Algorithm)
    }

    /// The claims before anything is verified: only to find the keys that may verify them.
    #[must_use]
    pub const fn unverified(&self) -> &Claims {
        &self.claims
    }

    /// The claims, where the signature verifies with a key of the set. A token without `kid` is verified only by a
    /// set of one key.
    ///
    /// # Errors
    ///
    /// [`JwtError`] with what is wrong.
    pub fn verified(self, keys: &JwkSet, algorithms: &[Algorithm]) -> Result<Claims, JwtError> {
        let algorithm = self.algorithm(algorithms)?;
        // RFC 7515, section 4.1.11: whatever `crit` names must be understood. Nothing that it may name is understood
        // here, and a list of nothing, or no list at all, is malformed.
        if self.header.0.contains_key("crit") {
            return Err(JwtError::Critical);
        }
        let kid: Option<String> = self.header.read("kid");
        let key = match (&kid, keys.keys.as_slice()) {
            (Some(kid), _) => keys.find(kid),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let key = DecodingKey::from_jwk(key.ok_or(JwtError::UnknownKey)?)
            .map_err(|_| JwtError::UnusableKey)?;
        match crypto::verify(self.signature, self.message.as_bytes(), &key, algorithm) {
            Ok(true) => Ok(self.claims),
            Ok(false) | Err(_) => Err(JwtError::Signature),
        }
    }
}

/// Why a JWT is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JwtError {
    /// The algorithm is not in the list.
    Algorithm,
    /// The header has `crit`, and nothing that it names is understood.
    Critical,
    /// Not a signed JWT.
    Malformed,
    /// The signature does not fit.
    Signature,
    /// The token names a key that is not in the set; a fresh set may have it.
    UnknownKey,
    /// The key cannot be used.
    UnusableKey,
}

/// The claims of a JWT. A claim that is `null` counts as left out.
pub struct Claims(Members);

impl Claims {
    /// A claim that is a text, where it is there.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] where it is something else.
    pub fn text(&self, name: &'static str) -> Result<Option<String>, ClaimError> {
        self.typed(name, Fault::NotAText)
    }

    /// A text that must be there.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] where it is not there or something else.
    pub fn required_text(&self, name: &'static str) -> Result<String, ClaimError> {
        self.text(name)?.ok_or(ClaimError::missing(name))
    }

    /// A claim that is a `NumericDate`, where it is there: seconds since 1970, with or without a fraction
    /// (RFC 7519, section 2).
    ///
    /// # Errors
    ///
    /// [`ClaimError`] where it is something else, or before 1970 or after the year 9999.
    pub fn date(&self, name: &'static str) -> Result<Option<UnixMillis>, ClaimError> {
        let Some(raw) = self.0.get(name) else {
            return Ok(None);
        };
        // Read from the text of the number, so that one that is too large is told as this claim.
        numeric_date(raw.get()).map(Some).ok_or(ClaimError {
            name,
            fault: Fault::NotADate,
        })
    }

    /// A `NumericDate` that must be there.
    ///
    /// # Errors
    ///
    /// As [`Claims::date`], and where it is not there.
    pub fn required_date(&self, name: &'static str) -> Result<UnixMillis, ClaimError> {
        self.date(name)?.ok_or(ClaimError::missing(name))
    }

    /// `aud`: one audience, or a list of them (RFC 7519, section 4.1.3).
    ///
    /// # Errors
    ///
    /// [`ClaimError`] where it is not there or something else.
    pub fn audiences(&self) -> Result<Vec<String>, ClaimError> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Audience {
            One(String),
            Many(Vec<String>),
        }
        match self.typed("aud", Fault::NotAnAudience)? {
            Some(Audience::One(one)) => Ok(vec![one]),
            Some(Audience::Many(many)) => Ok(many),
            None => Err(ClaimError::missing("aud")),
        }
    }

    fn typed<T: DeserializeOwned>(
        &self,
        name: &'static str,
        fault: Fault,
    ) -> Result<Option<T>, ClaimError> {
        let Some(raw) = self.0.get(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw.get())
            .map(Some)
            .map_err(|_| ClaimError { name, fault })
    }
}

/// A claim that does not fit its type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClaimError {
    name: &'static str,
    fault: Fault,
}

impl ClaimError {
    const fn missing(name: &'static str) -> Self {
        Self {
            name,
            fault: Fault::Missing,
        }
    }
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let must = match self.fault {
            Fault::Missing => "is missing",
            Fault::NotADate => {
                "must be a number of seconds since 1970, with or without a fraction (RFC 7519, section 2)"
            }
            Fault::NotAText => "must be a string",
            Fault::NotAnAudience => "must be a string or a list of strings",
        };
        write!(f, "{} {must}", self.name)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    Missing,
    NotADate,
    NotAText,
    NotAnAudience,
}

/// The members of a JSON object, unread. Names that are repeated make it malformed (RFC 7515, section 4; RFC 7519,
/// section 4), since two readers could take different ones.
struct Members(BTreeMap<String, Box<RawValue>>);

impl Members {
    fn get(&self, name: &str) -> Option<&RawValue> {
        self.0
            .get(name)
            .map(|raw| &**raw)
            .filter(|raw| raw.get() != "null")
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Distinct;

        impl<'de> Visitor<'de> for Distinct {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with distinct names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name is repeated"));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Distinct)
    }
}

fn members(encoded: &str) -> Result<Members, JwtError> {
    let json = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| JwtError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| JwtError::Malformed)
}

fn numeric_date(json: &str) -> Option<UnixMillis> {
    // Only a number of JSON begins like this; Rust's own numbers may be `inf` and `nan` too.
    if !json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    let seconds: f64 = json.parse().ok()?;
    if !(0.0..=LATEST_S).contains(&seconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is between 1970 and the year 9999; a part of a millisecond may go"
    )]
    let millis = (seconds * 1000.0) as i64;
    Some(UnixMillis(millis))
}

/// The end of the year 9999.
const LATEST_S: f64 = 253_402_300_799.0;
