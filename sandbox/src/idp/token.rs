//! The token endpoint: client authentication, PKCE, id_token (RFC 6749, section 4.1.3; OpenID Connect Core, 3.1.3).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::accounts::Account;
use super::authorize::Code;
use super::keys;
use super::params::{self, Params, Repeated};
use super::sealed::{self, Purpose};
use crate::config::Config;

/// Life of an id_token and of an access token.
const TOKEN_TTL_S: i64 = 300;

/// The successful answer.
#[derive(Debug, Serialize)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) token_type: &'static str,
    pub(super) expires_in: i64,
    pub(super) id_token: String,
    pub(super) scope: String,
}

/// An error of RFC 6749, section 5.2.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(super) struct TokenError {
    pub(super) error: &'static str,
    pub(super) error_description: &'static str,
}

impl TokenError {
    pub(super) const fn new(error: &'static str, error_description: &'static str) -> Self {
        Self {
            error,
            error_description,
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        if self.error == "invalid_client" {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::BAD_REQUEST
        }
    }
}

#[derive(Serialize)]
struct IdToken {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    auth_time: i64,
    nonce: String,
    #[serde(flatten)]
    claims: Claims,
}

/// What is said of the person, in the id_token and at the userinfo endpoint.
#[derive(Debug, Serialize)]
pub(super) struct Claims {
    #[serde(skip_serializing_if = "Option::is_none")]
    mbi: Option<String>,
    name: String,
    given_name: &'static str,
    family_name: &'static str,
    email: String,
    locale: &'static str,
}

#[derive(Debug, Deserialize, Serialize)]
struct AccessToken {
    username: String,
}

/// Answers a token request.
pub(super) fn exchange(
    config: &Config,
    now: i64,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Exchange, TokenError> {
    if !params::is_form(headers) {
        return Err(TokenError::new(
            "invalid_request",
            "the body must be application/x-www-form-urlencoded",
        ));
    }
    let params = Params::parse(body)
        .map_err(|Repeated(_)| TokenError::new("invalid_request", "a parameter came twice"))?;
    authenticate(config, headers, &params)?;
    match params.get("grant_type") {
        Some("authorization_code") => {}
        Some(_) => {
            return Err(TokenError::new(
                "unsupported_grant_type",
                "only authorization_code is known",
            ));
        }
        None => return Err(TokenError::new("invalid_request", "grant_type is missing")),
    }
    let code = params
        .get("code")
        .ok_or(TokenError::new("invalid_request", "code is missing"))?;
    let code_hash = URL_SAFE_NO_PAD.encode(Sha256::digest(code));
    let code: Code = sealed::open(Purpose::Code, now, code).ok_or(TokenError::new(
        "invalid_grant",
        "the code is unknown or has expired",
    ))?;
    if params.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
        return Err(TokenError::new(
            "invalid_grant",
            "redirect_uri differs from the authorization request",
        ));
    }
    let verifier = params.get("code_verifier").ok_or(TokenError::new(
        "invalid_request",
        "code_verifier is missing",
    ))?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    if !(43..=128).contains(&verifier.len()) || !same(&challenge, &code.challenge) {
        return Err(TokenError::new(
            "invalid_grant",
            "code_verifier does not match",
        ));
    }
    let account = Account::of_username(&code.username).ok_or(TokenError::new(
        "invalid_grant",
        "the code is unknown or has expired",
    ))?;
    let id_token = IdToken {
        iss: config.issuer(),
        sub: account.subject(),
        aud: config.idp_client_id.clone(),
        exp: now + TOKEN_TTL_S,
        iat: now,
        auth_time: now,
        nonce: code.nonce,
        claims: claims(account),
    };
    let access = AccessToken {
        username: code.username,
    };
    Ok(Exchange {
        code_hash,
        access_token: sealed::seal(Purpose::AccessToken, now + TOKEN_TTL_S, &access),
        id_token,
        scope: code.scope,
    })
}

/// A code and all that belongs to it, found good; whether it was used before is not known here.
pub(super) struct Exchange {
    /// Names the code without being it.
    pub(super) code_hash: String,
    access_token: String,
    id_token: IdToken,
    scope: String,
}

impl Exchange {
    /// The tokens, signed with a generation of the key.
    pub(super) fn sign(self, generation: u32) -> Result<Tokens, TokenError> {
        Ok(Tokens {
            access_token: self.access_token,
            token_type: "Bearer",
            expires_in: TOKEN_TTL_S,
            id_token: keys::sign(generation, &self.id_token)
                .ok_or(TokenError::new("server_error", "the key is missing"))?,
            scope: self.scope,
        })
    }
}

/// The userinfo document for a bearer token (OpenID Connect Core, section 5.3).
pub(super) fn userinfo(now: i64, headers: &HeaderMap) -> Option<(String, Claims)> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let access: AccessToken = scheme
        .eq_ignore_ascii_case("Bearer")
        .then(|| sealed::open(Purpose::AccessToken, now, token.trim()))
        .flatten()?;
    let account = Account::of_username(&access.username)?;
    Some((account.subject(), claims(account)))
}

fn claims(account: Account) -> Claims {
    let profile = account.profile();
    Claims {
        mbi: account.mbi().map(|mbi| mbi.to_string()),
        name: format!("{} {}", profile.given, profile.family),
        given_name: profile.given,
        family_name: profile.family,
        email: profile.email,
        locale: profile.locale,
    }
}

/// `client_secret_basic` or `client_secret_post`, never both (RFC 6749, section 2.3).
fn authenticate(config: &Config, headers: &HeaderMap, params: &Params) -> Result<(), TokenError> {
    let wrong = TokenError::new(
        "invalid_client",
        "the client is unknown or its secret is wrong",
    );
    let (id, secret) = match headers.get(AUTHORIZATION) {
        Some(value) => {
            if params.get("client_secret").is_some() {
                return Err(TokenError::new(
                    "invalid_request",
                    "two methods of client authentication",
                ));
            }
            let Some(pair) = value.to_str().ok().and_then(basic) else {
                return Err(wrong);
            };
            if params.get("client_id").is_some_and(|id| id != pair.0) {
                return Err(wrong);
            }
            pair
        }
        None => match (params.get("client_id"), params.get("client_secret")) {
            (Some(id), Some(secret)) => (id.to_owned(), secret.to_owned()),
            _ => return Err(wrong),
        },
    };
    // An empty secret in the settings lets nobody in.
    if !config.idp_client_secret.is_empty()
        && same(&id, &config.idp_client_id)
        && same(&secret, &config.idp_client_secret)
    {
        Ok(())
    } else {
        Err(wrong)
    }
}

/// Both halves are form-encoded before they are joined (RFC 6749, section 2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, rest) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |part: &str| {
        Some(
            percent_decode_str(&part.replace('+', " "))
                .decode_utf8()
                .ok()?
                .into_owned(),
        )
    };
    Some((decoded(id)?, decoded(secret)?))
}

fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}
