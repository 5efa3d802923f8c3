//! The authorization endpoint's decisions: which requests lead to the sign-in form, and what comes after it.
//!
//! Where client or redirect URI are wrong the person sees a page; every other fault goes back to the client
//! (RFC 6749, section 4.1.2.1, with `iss` as RFC 9207 says).

use serde::{Deserialize, Serialize};

use super::accounts::Account;
use super::params::{Params, Repeated};
use super::sealed::{self, Purpose};
use crate::config::Config;

/// How long a sign-in form can be used.
const FORM_TTL_S: i64 = 600;

/// How long a code can be redeemed.
pub(super) const CODE_TTL_S: i64 = 60;

/// A checked authorization request, as it travels in the form.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Request {
    redirect_uri: String,
    state: String,
    nonce: String,
    challenge: String,
    scope: String,
    /// The language of the pages.
    pub(super) spanish: bool,
    /// A user name to begin with (`login_hint`).
    pub(super) hint: Option<String>,
}

/// What a code stands for.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Code {
    pub(super) username: String,
    pub(super) redirect_uri: String,
    pub(super) nonce: String,
    pub(super) challenge: String,
    pub(super) scope: String,
}

/// Why a request does not lead to the form.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// The person is told, because nobody else can be trusted with it.
    Page(&'static str),
    /// The client is told, by this redirect.
    Redirect(String),
}

/// Checks the parameters of an authorization request.
pub(super) fn check(config: &Config, query: &[u8], spanish: bool) -> Result<Request, Refusal> {
    let params =
        Params::parse(query).map_err(|Repeated(_)| Refusal::Page("a parameter came twice"))?;
    if params.get("client_id") != Some(config.idp_client_id.as_str()) {
        return Err(Refusal::Page("client_id is unknown"));
    }
    let redirect_uri = config.redirect_uri();
    if params.get("redirect_uri") != Some(redirect_uri.as_str()) {
        return Err(Refusal::Page("redirect_uri is not registered"));
    }
    let refuse = |error: &str, description: &str| {
        let mut pairs = vec![("error", error), ("error_description", description)];
        pairs.extend(params.get("state").map(|state| ("state", state)));
        Refusal::Redirect(redirect(config, &pairs))
    };
    if params.get("response_type") != Some("code") {
        return Err(refuse(
            "unsupported_response_type",
            "response_type must be code",
        ));
    }
    if params.get("request").is_some() {
        return Err(refuse(
            "request_not_supported",
            "request objects are not supported",
        ));
    }
    if params.get("request_uri").is_some() {
        return Err(refuse(
            "request_uri_not_supported",
            "request_uri is not supported",
        ));
    }
    let scope = params.get("scope").unwrap_or("");
    if !scope.split(' ').any(|part| part == "openid") {
        return Err(refuse("invalid_scope", "scope must contain openid"));
    }
    if params.get("code_challenge_method") != Some("S256") {
        return Err(refuse(
            "invalid_request",
            "code_challenge_method must be S256",
        ));
    }
    // BASE64URL(SHA-256) is 43 characters long (RFC 7636, section 4.2).
    let challenge = params
        .get("code_challenge")
        .filter(|text| text.len() == 43 && text.bytes().all(is_base64url));
    let Some(challenge) = challenge else {
        return Err(refuse(
            "invalid_request",
            "code_challenge is missing or malformed",
        ));
    };
    let (Some(state), Some(nonce)) = (params.get("state"), params.get("nonce")) else {
        return Err(refuse("invalid_request", "state and nonce are required"));
    };
    // Nobody is ever signed in here, so a request that forbids the form cannot be met.
    if params
        .get("prompt")
        .is_some_and(|prompt| prompt.split(' ').any(|word| word == "none"))
    {
        return Err(refuse("login_required", "the sandbox keeps no session"));
    }
    Ok(Request {
        redirect_uri,
        state: state.to_owned(),
        nonce: nonce.to_owned(),
        challenge: challenge.to_owned(),
        scope: scope.to_owned(),
        spanish: params
            .get("ui_locales")
            .and_then(prefers_spanish)
            .unwrap_or(spanish),
        hint: params.get("login_hint").map(str::to_owned),
    })
}

impl Request {
    /// The hidden field of the form.
    pub(super) fn seal(&self, now: i64) -> String {
        sealed::seal(Purpose::Form, now + FORM_TTL_S, self)
    }

    /// The request of a hidden field that was not changed and is not too old.
    pub(super) fn open(now: i64, field: &str) -> Option<Self> {
        sealed::open(Purpose::Form, now, field)
    }

    /// Where the browser goes after a correct password.
    pub(super) fn success(&self, config: &Config, now: i64, account: Account) -> String {
        let code = Code {
            username: account.username(),
            redirect_uri: self.redirect_uri.clone(),
            nonce: self.nonce.clone(),
            challenge: self.challenge.clone(),
            scope: self.scope.clone(),
        };
        let code = sealed::seal(Purpose::Code, now + CODE_TTL_S, &code);
        redirect(
            config,
            &[("code", code.as_str()), ("state", self.state.as_str())],
        )
    }

    /// Where the browser goes when the person turns back.
    pub(super) fn denied(&self, config: &Config) -> String {
        redirect(
            config,
            &[("error", "access_denied"), ("state", self.state.as_str())],
        )
    }
}

/// Whether a list of languages names Spanish before English; `None` if it names neither.
pub(super) fn prefers_spanish(languages: &str) -> Option<bool> {
    languages
        .split([' ', ','])
        .map(|tag| tag.trim().to_ascii_lowercase())
        .find_map(|tag| {
            let primary = tag.split(['-', ';']).next().unwrap_or("").to_owned();
            match primary.as_str() {
                "es" => Some(true),
                "en" => Some(false),
                _ => None,
            }
        })
}

/// The redirect URI with parameters; it is our own, and has no query.
fn redirect(config: &Config, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .append_pair("iss", &config.issuer())
        .finish();
    format!("{}?{query}", config.redirect_uri())
}

const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
