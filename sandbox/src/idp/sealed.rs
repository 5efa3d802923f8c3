//! Values that carry their own state: the sign-in form's hidden field, the code, the access token.
//!
//! A value is base64url(JSON) and an HMAC-SHA-256 over it and its purpose, so that one kind cannot be used as
//! another. The key follows from a constant: the sandbox protects no secret, it only behaves as one that does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// What a sealed value is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// The authorization request behind a sign-in form.
    Form,
    /// An authorization code.
    Code,
    /// An access token for the userinfo endpoint.
    AccessToken,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Form => b"form",
            Self::Code => b"code",
            Self::AccessToken => b"access token",
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Envelope<T> {
    exp: i64,
    #[serde(flatten)]
    value: T,
}

/// Seals `value` until the instant `expires`.
pub(super) fn seal<T: Serialize>(purpose: Purpose, expires: i64, value: &T) -> String {
    // Serialising plain structs of strings and numbers cannot fail; an empty payload would not open.
    let payload = serde_json::to_vec(&Envelope {
        exp: expires,
        value,
    })
    .unwrap_or_default();
    let tag = mac(purpose, &payload)
        .map(|mac| mac.finalize().into_bytes())
        .unwrap_or_default();
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(payload),
        URL_SAFE_NO_PAD.encode(tag)
    )
}

/// Opens a value sealed for the same purpose, unless it was changed or has expired at `now`.
pub(super) fn open<T: DeserializeOwned>(purpose: Purpose, now: i64, text: &str) -> Option<T> {
    let (payload, tag) = text.split_once('.')?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    mac(purpose, &payload)?.verify_slice(&tag).ok()?;
    let envelope: Envelope<T> = serde_json::from_slice(&payload).ok()?;
    (now < envelope.exp).then_some(envelope.value)
}

fn mac(purpose: Purpose, payload: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(
        b"bluegate sandbox identity provider, sealed values, version 1",
    )
    .ok()?;
    mac.update(purpose.label());
    mac.update(&[0]);
    mac.update(payload);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
    struct Note {
        text: String,
    }

    fn note() -> Note {
        Note {
            text: "ü".to_owned(),
        }
    }

    #[test]
    fn a_value_opens_for_its_purpose_until_it_expires() {
        let sealed = seal(Purpose::Code, 100, &note());
        assert_eq!(open(Purpose::Code, 99, &sealed), Some(note()));
        assert_eq!(open::<Note>(Purpose::Code, 100, &sealed), None);
        assert_eq!(open::<Note>(Purpose::Form, 99, &sealed), None);
    }

    #[test]
    fn a_changed_value_does_not_open() {
        let sealed = seal(Purpose::Code, 100, &note());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(
                open::<Note>(Purpose::Code, 0, &changed)
                    .is_none_or(|opened| changed == sealed && opened == note())
            );
        }
        for text in ["", ".", "a.b", "YQ.YQ", &sealed[1..]] {
            assert_eq!(open::<Note>(Purpose::Code, 0, text), None);
        }
    }
}
