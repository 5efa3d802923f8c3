//! Cookies: which browser this is (see `browser.rs`), and who signed in.
//!
//! Over https they carry the `__Host-` prefix and `Secure`; on a plain-http loopback address, where browsers
//! refuse both, neither (docs/contract/02-authorize.md, step 5).

use http::HeaderMap;
use http::header::COOKIE;

use crate::base::config::Config;
use crate::base::secret::{Secret, hex, keyed_hash};

/// Name of the browser cookie.
pub(crate) fn browser_name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-bg" } else { "bg" }
}

/// The browser cookie, where the request has a well-formed one.
pub(crate) fn browser(config: &Config, headers: &HeaderMap) -> Option<Secret> {
    let value = read(headers, browser_name(config))?;
    (value.len() == 43).then(|| Secret::new(value.to_owned()))
}

/// How the cookie of a transaction begins that came without the browser cookie.
pub(crate) fn transaction_prefix(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-bgt-"
    } else {
        "bgt-"
    }
}

/// Its name.
pub(crate) fn transaction_name(config: &Config, transaction: &Secret) -> String {
    named(config, transaction_prefix(config), transaction)
}

/// Name of the cookie of a session at `/account/`.
pub(crate) fn account_name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-bga"
    } else {
        "bga"
    }
}

/// Name of the cookie that carries the sealed name of whoever signed in at `/account/`.
pub(crate) fn account_person_name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-bgan"
    } else {
        "bgan"
    }
}

/// The session at `/account/`, where the request has a well-formed one.
pub(crate) fn account(config: &Config, headers: &HeaderMap) -> Option<Secret> {
    let value = read(headers, account_name(config))?;
    (value.len() == 43).then(|| Secret::new(value.to_owned()))
}

/// Name of the cookie of a session at `/developer/`.
pub(crate) fn developer_name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-bgd"
    } else {
        "bgd"
    }
}

/// Name of the cookie of a browser that a developer signed in with before.
pub(crate) fn developer_browser_name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-bgdb"
    } else {
        "bgdb"
    }
}

/// The session at `/developer/`, where the request has a well-formed one.
pub(crate) fn developer(config: &Config, headers: &HeaderMap) -> Option<Secret> {
    let value = read(headers, developer_name(config))?;
    (value.len() == 43).then(|| Secret::new(value.to_owned()))
}

/// How the cookie begins that carries the sealed profile of one sign-in, from the callback to the decision.
pub(crate) fn person_prefix(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-bgp-"
    } else {
        "bgp-"
    }
}

/// Its name.
pub(crate) fn person_name(config: &Config, transaction: &Secret) -> String {
    named(config, person_prefix(config), transaction)
}

fn named(config: &Config, prefix: &str, transaction: &Secret) -> String {
    // Part of a hash: the cookie's name says nothing about the transaction.
    let hash = keyed_hash(
        &config.token_key,
        "person-cookie",
        &[transaction.expose().as_bytes()],
    );
    let tag = hex(&hash[..4]);
    format!("{prefix}{tag}")
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

/// A `Set-Cookie` value; `max_age` in seconds, 0 removes.
pub(crate) fn set(config: &Config, name: &str, value: &str, max_age: u32) -> String {
    let secure = if config.is_https() { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}")
}
