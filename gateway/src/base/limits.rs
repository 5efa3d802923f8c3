//! Which requests count where, and how many of them a minute has: the one model of the gateway
//! (`docs/limits.md`; docs/contract/02-authorize.md).
//!
//! A request counts for an application or a person only where that is proved: by client authentication, a live
//! token, a redeemed code, a finished sign-in. Whatever proves nothing counts for its address, so that nobody can
//! use up what is somebody else's by naming them. Surfaces have buckets of their own: what is used up at one leaves
//! the others open.

pub mod rate;
pub mod statements;

use crate::base::address::Address;
use crate::base::config::Config;
use crate::base::secret::{hex, keyed_hash};

/// What a request counts for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bucket<'a> {
    /// Requests of an address that prove nothing.
    Address(Surface, Address),
    /// Requests that are proved to be an application's, by its row id.
    Application(Surface, i64),
    /// Passwords tried or set in a browser that signed in as this developer before, by the developer's row id.
    Browser(i64),
    /// Passwords tried or set at the portal, from anywhere but such browsers.
    Passwords,
    /// Passwords of one name tried from one address, whether there is such a name or not.
    PasswordsOf(Address, &'a str),
    /// Registrations, from anywhere.
    Registrations,
}

/// Where.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Surface {
    /// Authorization, sign-in and `/account/`.
    Authorize,
    /// FHIR and userinfo.
    Fhir,
    /// `/ops/`.
    Operator,
    /// Passwords at `/developer/`.
    Password,
    /// Registration, over HTTP and at the portal.
    Register,
    /// Token, PAR, revocation and introspection.
    Token,
}

impl Surface {
    const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Fhir => "fhir",
            Self::Operator => "ops",
            Self::Password => "password",
            Self::Register => "register",
            Self::Token => "token",
        }
    }

    /// Requests a minute for each address or application.
    fn limit(self, config: &Config) -> i64 {
        let small = match self {
            Self::Authorize | Self::Fhir | Self::Token => i64::MAX,
            Self::Operator | Self::Password => config.password_limit_per_minute,
            Self::Register => config.registration_limit_per_minute,
        };
        config.rate_limit_per_minute.min(small)
    }
}

impl Bucket<'_> {
    /// Requests a minute.
    #[must_use]
    pub fn limit(&self, config: &Config) -> i64 {
        match self {
            Self::Address(surface, _) | Self::Application(surface, _) => surface.limit(config),
            Self::Browser(_) => Surface::Password.limit(config),
            Self::Passwords => Surface::Password.limit(config) * ALL_PASSWORDS,
            Self::PasswordsOf(..) => (Surface::Password.limit(config) / 2).max(1),
            Self::Registrations => Surface::Register.limit(config) * ALL_REGISTRATIONS,
        }
    }

    /// Its name in the store, where addresses and names are keyed hashes.
    #[must_use]
    pub fn key(&self, config: &Config) -> String {
        let hashed = |parts: &[&[u8]]| hex(&keyed_hash(&config.audit_key, "address", parts)[..16]);
        match self {
            Self::Address(surface, address) => {
                format!("{}:address:{}", surface.name(), hashed(&[&address.bytes()]))
            }
            Self::Application(surface, id) => format!("{}:{id}", surface.name()),
            Self::Browser(developer) => format!("password:browser:{developer}"),
            Self::Passwords => "password:all".to_owned(),
            Self::PasswordsOf(address, name) => {
                let name = name.to_lowercase();
                format!(
                    "password:name:{}",
                    hashed(&[&address.bytes(), name.as_bytes()])
                )
            }
            Self::Registrations => "register:all".to_owned(),
        }
    }
}

/// Bytes that the body of a route may have: what its largest honest request needs.
#[must_use]
pub fn body(path: &str) -> usize {
    const KIB: usize = 1024;
    let mut segments = path.strip_suffix('/').unwrap_or(path).split('/').skip(1);
    let mut next = || segments.next().unwrap_or_default();
    match [next(), next(), next(), next()] {
        // A picture of 100 KB, at the portal in a form.
        ["o", "register", _, "logo"] | ["developer", "app", _, "logo"] => 128 * KIB,
        // Metadata of 16 KB, escaped in JSON or percent-encoded in a form, and what is dropped of it: certificates in keys.
        ["o", "register", ..] | ["developer", ..] => 128 * KIB,
        // A `state` of 4 KiB percent-encoded, a signed assertion, a search of ten ids; multipart has 16 KiB of its own.
        [_, "o", ..] | [_, "fhir", _, "_search"] => 32 * KIB,
        ["connect", ..] | [_, "connect", ..] => 8 * KIB,
        ["account" | "signin" | "signout" | "sandbox", ..] => 8 * KIB,
        ["docs" | "ops", ..] => 32 * KIB,
        // Nobody takes it; it is read so that whoever sends it sees the answer.
        _ => KIB,
    }
}

/// Of the refusals of one address at one surface in one minute, so many have a row in the audit, each its own.
/// Those after them leave none: the store keeps what it is given for years.
pub const AUDITED: i64 = 60;

/// All addresses together may try so many times what one may.
const ALL_PASSWORDS: i64 = 6;
/// The same for registrations.
const ALL_REGISTRATIONS: i64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_takes_a_body_of_its_own_size() {
        for (path, kib) in [
            ("/o/register/x/logo", 128),
            ("/developer/app/x/logo/", 128),
            ("/o/register", 128),
            ("/o/register/x/", 128),
            ("/developer/new", 128),
            ("/developer/", 128),
            ("/v2/o/token/", 32),
            ("/v3/o/authorize", 32),
            ("/v1/o/authorize/consent", 32),
            ("/v2/fhir/Patient/_search", 32),
            ("/ops/lock-down", 32),
            ("/docs", 32),
            ("/connect/userinfo", 8),
            ("/v2/connect/userinfo/", 8),
            ("/account/", 8),
            ("/signout", 8),
            ("/sandbox/try/revoke", 8),
            ("/health", 1),
            ("/v2/fhir/Patient/-1", 1),
            ("/o/logo/x", 1),
            ("/", 1),
            ("", 1),
            ("/nowhere", 1),
        ] {
            assert_eq!(body(path), kib * 1024, "{path}");
        }
    }
}
