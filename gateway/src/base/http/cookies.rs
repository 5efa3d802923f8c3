//! Cookies: which browser this is (see `browser.rs`), and who signed in.
//!
//! Over https they carry the `__Host-` prefix and `Secure`; on a plain-http loopback address, where browsers
//! refuse both, neither (docs/contract/02-authorize.md, step 5).

use http::HeaderMap;
use http::header::COOKIE;

use crate::base::config::Config;
use crate::base::secret::{Secret, hex, keyed_hash};

/// The name of a cookie, or how it begins.
#[derive(Clone, Copy)]
pub(crate) struct Name(&'static str);

impl Name {
    /// As this gateway sets it.
    pub(crate) fn of(self, config: &Config) -> &'static str {
        if config.is_https() {
            self.0
        } else {
            self.0.trim_start_matches("__Host-")
        }
    }
}

/// Which browser this is.
pub(crate) const BROWSER: Name = Name("__Host-bg");
/// How the cookie of a transaction begins that came without the browser cookie.
pub(crate) const TRANSACTION: Name = Name("__Host-bgt-");
/// How the cookie begins that carries the sealed profile of one sign-in, from the callback to the decision.
pub(crate) const PERSON: Name = Name("__Host-bgp-");
/// The session at `/account/`.
pub(crate) const ACCOUNT: Name = Name("__Host-bga");
/// The sealed name of whoever signed in at `/account/`.
pub(crate) const ACCOUNT_PERSON: Name = Name("__Host-bgan");
/// The session at `/developer/`.
pub(crate) const DEVELOPER: Name = Name("__Host-bgd");
/// A browser that a developer signed in with before.
pub(crate) const DEVELOPER_BROWSER: Name = Name("__Host-bgdb");
/// The session at `/ops/`.
pub(crate) const OPERATOR: Name = Name("__Host-bgo");

/// The browser cookie, where the request has a well-formed one.
pub(crate) fn browser(config: &Config, headers: &HeaderMap) -> Option<Secret> {
    let value = read(headers, BROWSER.of(config))?;
    (value.len() == 43).then(|| Secret::new(value.to_owned()))
}

/// The name of a transaction's own cookie.
pub(crate) fn transaction_name(config: &Config, transaction: &Secret) -> String {
    named(config, TRANSACTION, transaction)
}

/// The name of the cookie with the profile of one sign-in.
pub(crate) fn person_name(config: &Config, transaction: &Secret) -> String {
    named(config, PERSON, transaction)
}

fn named(config: &Config, start: Name, transaction: &Secret) -> String {
    // Part of a hash: the cookie's name says nothing about the transaction.
    let hash = keyed_hash(
        &config.token_key,
        "person-cookie",
        &[transaction.expose().as_bytes()],
    );
    format!("{}{}", start.of(config), hex(&hash[..4]))
}

/// What the sealed profile is bound to: one sign-in of one person. Where another signed in meanwhile, it does not
/// open, and no name is shown or stored instead of a wrong one.
pub(crate) fn person_context(transaction: &Secret, identity_id: i64) -> Vec<u8> {
    [transaction.expose().as_bytes(), &identity_id.to_be_bytes()].concat()
}

/// The value of a cookie.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    pairs(headers)
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Name and value of each cookie.
pub(crate) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// Whether a cookie comes along where somebody follows a link of another site.
#[derive(Clone, Copy)]
pub(crate) enum SameSite {
    Lax,
    Strict,
}

/// A `Set-Cookie` value; `max_age` in seconds, 0 removes.
pub(crate) fn set(config: &Config, name: &str, value: &str, max_age: u32) -> String {
    set_for(SameSite::Lax, config, name, value, max_age)
}

/// The same with `SameSite`.
pub(crate) fn set_for(
    same_site: SameSite,
    config: &Config,
    name: &str,
    value: &str,
    max_age: u32,
) -> String {
    let secure = if config.is_https() { "; Secure" } else { "" };
    let same_site = match same_site {
        SameSite::Lax => "Lax",
        SameSite::Strict => "Strict",
    };
    format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={max_age}{secure}")
}
