//! The identity provider: OpenID discovery, code flow with PKCE, a sign-in form, signed id_tokens.
//!
//! It has one client, the gateway, and no session: every authorization request shows the form. What must be
//! remembered between two requests travels in sealed values; only that a code was used, and which key signs, are
//! notes in the store.

pub mod accounts;
mod authorize;
pub mod guesses;
mod keys;
mod pages;
mod params;
mod sealed;
mod token;

use axum::extract::State;
use bytes::Bytes;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, COOKIE, PRAGMA, RETRY_AFTER, SET_COOKIE,
    WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use serde_json::json;

use self::accounts::Account;
use self::authorize::{Refusal, Request};
use self::params::Params;
use crate::app::Site;
use crate::notes::{Note, Topic};
use crate::reply::Reply;

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const CACHED: &str = "public, max-age=300";
/// How long a rotated key signs, unless it is rotated again: the laptop may be restarted any time.
const ROTATION_S: i64 = 30 * 86_400;

/// `GET /.well-known/openid-configuration` (OpenID Connect Discovery, section 4).
pub(crate) async fn discovery(State(site): State<Site>) -> Reply {
    let issuer = site.config.issuer();
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "mbi", "name", "given_name", "family_name",
            "email", "locale"
        ],
        "ui_locales_supported": ["en", "es"],
        "prompt_values_supported": ["login"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    Reply::new(StatusCode::OK, JSON, document.to_string()).header(CACHE_CONTROL, CACHED)
}

/// `GET /jwks` (RFC 7517): the key before, the one that signs, and the next.
pub(crate) async fn jwks(State(site): State<Site>) -> Reply {
    let generation = key_generation(&site).await;
    Reply::new(StatusCode::OK, JSON, keys::jwks(generation)).header(CACHE_CONTROL, CACHED)
}

/// `POST /keys/rotate`: from now on the next key signs, which everybody could have read before. With
/// `unannounced=true` it is one that nobody has seen, as after the loss of a key.
pub(crate) async fn rotate_keys(State(site): State<Site>, uri: Uri, body: Bytes) -> Reply {
    let unannounced = [uri.query().unwrap_or("").as_bytes(), &body[..]]
        .into_iter()
        .filter_map(|encoded| Params::parse(encoded).ok())
        .any(|params| params.get("unannounced") == Some("true"));
    let generation = key_generation(&site).await + if unannounced { 2 } else { 1 };
    let now = site.now();
    let note = Note {
        key: String::new(),
        text: generation.to_string(),
        until: now + ROTATION_S,
    };
    site.dependencies
        .notes
        .put(Topic::KeyGeneration, note, now)
        .await;
    let told = json!({ "signs_with": keys::id(generation), "next": keys::id(generation + 1) });
    Reply::new(StatusCode::OK, JSON, told.to_string()).no_store()
}

async fn key_generation(site: &Site) -> u32 {
    let notes = site
        .dependencies
        .notes
        .list(Topic::KeyGeneration, site.now());
    let noted = notes.await.first().and_then(|note| note.text.parse().ok());
    noted.unwrap_or(1)
}

/// `GET` or `POST /authorize`: the sign-in form, or an error.
pub(crate) async fn authorize(
    State(site): State<Site>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let spanish = speaks_spanish(&headers);
    let posted = method == Method::POST && params::is_form(&headers);
    let query = if posted {
        &body[..]
    } else {
        uri.query().unwrap_or("").as_bytes()
    };
    match authorize::check(&site.config, query, spanish) {
        Ok(request) => form(&site, &request, None, Form::New),
        Err(Refusal::Page(reason)) => fault(spanish, reason),
        Err(Refusal::Redirect(location)) => Reply::see_other(&location),
    }
}

/// `POST /signin`: the form comes back.
pub(crate) async fn signin(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Reply {
    let fields = if params::is_form(&headers) {
        Params::parse(&body).ok()
    } else {
        None
    };
    let request = fields
        .as_ref()
        .and_then(|fields| Request::open(site.now(), fields.get("request")?));
    let (Some(fields), Some(request)) = (fields, request) else {
        return fault(
            speaks_spanish(&headers),
            "this sign-in form has expired or was changed",
        );
    };
    if fields.get("cancel").is_some() {
        return Reply::see_other(&request.denied(&site.config));
    }
    let username = fields.get("username").unwrap_or("").trim().to_owned();
    if let Some(language) = fields.get("language") {
        let spanish = language == "es";
        let mut request = request;
        request.spanish = spanish;
        return form(&site, &request, Some(&username), Form::New)
            .header(SET_COOKIE, &remembered(&site, spanish));
    }
    let guesses = site.dependencies.guesses.read(&username).await;
    if let Some(seconds) = guesses.wait(site.now()) {
        return slow_down(&site, &request, &username, seconds);
    }
    match Account::sign_in(&username, fields.get("password").unwrap_or("")) {
        Some(account) => {
            if guesses.failures > 0 {
                site.dependencies.guesses.right(&username).await;
            }
            Reply::see_other(&request.success(&site.config, site.now(), account))
        }
        None => {
            // Names that are no account's are not kept, so that nobody can fill the store with them.
            if Account::of_username(&username).is_some() {
                site.dependencies.guesses.wrong(&username, site.now()).await;
            }
            form(&site, &request, Some(&username), Form::Refused)
        }
    }
}

/// `POST /token`.
pub(crate) async fn token(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Reply {
    let exchanged = match token::exchange(&site.config, site.now(), &headers, &body) {
        Ok(exchange) => redeem(&site, exchange).await,
        Err(error) => Err(error),
    };
    let reply = match exchanged {
        Ok(tokens) => Reply::new(
            StatusCode::OK,
            JSON,
            serde_json::to_vec(&tokens).unwrap_or_default(),
        ),
        Err(error) => {
            let status = error.status();
            let reply = Reply::new(status, JSON, serde_json::to_vec(&error).unwrap_or_default());
            if status == StatusCode::UNAUTHORIZED {
                reply.header(
                    WWW_AUTHENTICATE,
                    "Basic realm=\"sandbox identity provider\"",
                )
            } else {
                reply
            }
        }
    };
    reply.no_store().header(PRAGMA, "no-cache")
}

/// The tokens for a code that was not redeemed before (RFC 6749, section 4.1.2).
async fn redeem(
    site: &Site,
    exchange: token::Exchange,
) -> Result<token::Tokens, token::TokenError> {
    let now = site.now();
    let note = Note {
        key: exchange.code_hash.clone(),
        text: String::new(),
        until: now + authorize::CODE_TTL_S,
    };
    if !site
        .dependencies
        .notes
        .first(Topic::UsedCode, note, now)
        .await
    {
        return Err(token::TokenError::new(
            "invalid_grant",
            "the code was used before",
        ));
    }
    exchange.sign(key_generation(site).await)
}

/// `GET /userinfo`.
pub(crate) async fn userinfo(State(site): State<Site>, headers: HeaderMap) -> Reply {
    let Some((sub, claims)) = token::userinfo(site.now(), &headers) else {
        return Reply::new(
            StatusCode::UNAUTHORIZED,
            JSON,
            r#"{"error":"invalid_token"}"#,
        )
        .no_store()
        .header(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");
    };
    let mut document = serde_json::to_value(claims).unwrap_or_default();
    document["sub"] = json!(sub);
    Reply::new(StatusCode::OK, JSON, document.to_string()).no_store()
}

/// `GET /logout`: back to the gateway where it asked for that, else a page.
pub(crate) async fn logout(State(site): State<Site>, headers: HeaderMap, uri: Uri) -> Reply {
    let params = Params::parse(uri.query().unwrap_or("").as_bytes()).unwrap_or_default();
    let spanish = speaks_spanish(&headers);
    match params
        .get("post_logout_redirect_uri")
        .filter(|target| is_ours(&site.config.public_base_url, target))
    {
        Some(target) => {
            let mut location = target.to_owned();
            if let Some(state) = params.get("state") {
                let mark = if location.contains('?') { '&' } else { '?' };
                let pair = form_urlencoded::Serializer::new(String::new())
                    .append_pair("state", state)
                    .finish();
                location.push(mark);
                location.push_str(&pair);
            }
            Reply::see_other(&location)
        }
        None => page(StatusCode::OK, spanish, pages::signed_out(spanish)),
    }
}

/// `GET /style.css`.
pub(crate) async fn style() -> Reply {
    Reply::new(
        StatusCode::OK,
        "text/css; charset=utf-8",
        concat!(
            include_str!("../../styles/tokens.css"),
            include_str!("../assets/style.css")
        ),
    )
    .header(CACHE_CONTROL, "public, max-age=3600")
}

/// An address of the public origin itself: a longer host name that only begins like it does not count.
fn is_ours(base: &str, target: &str) -> bool {
    target
        .strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        && target.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Why the form is shown.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Form {
    New,
    /// Password and user name did not belong together.
    Refused,
}

/// The form, with the user name that was typed before.
fn form(site: &Site, request: &Request, typed: Option<&str>, why: Form) -> Reply {
    let status = match why {
        Form::New => StatusCode::OK,
        Form::Refused => StatusCode::UNAUTHORIZED,
    };
    let hint = request.hint.as_deref();
    let username = typed.or(hint).unwrap_or("");
    // Everybody knows the passwords here: who was meant by the application needs one press.
    let meant = hint
        .filter(|hint| why == Form::New && *hint == username)
        .and_then(Account::of_username);
    let password = meant.map(Account::password).unwrap_or_default();
    let html = pages::sign_in(
        request.spanish,
        &request.seal(site.now()),
        (username, &password),
        (why == Form::Refused).then(|| pages::wrong_password(request.spanish)),
    );
    page(status, request.spanish, html)
}

/// Whether a page is in Spanish where its address does not say: what this browser chose before, else what it accepts.
fn speaks_spanish(headers: &HeaderMap) -> bool {
    let chosen = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(LANGUAGE)?.strip_prefix('='));
    match chosen {
        Some("es") => true,
        Some("en") => false,
        _ => headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| authorize::prefers_spanish(value.to_str().ok()?))
            .unwrap_or(false),
    }
}

/// The cookie in which the gateway's pages keep the language (docs/contract/02-authorize.md, step 4): in the sandbox they
/// have the same origin.
fn remembered(site: &Site, spanish: bool) -> String {
    let language = if spanish { "es" } else { "en" };
    let secure = if site.config.public_base_url.starts_with("https:") {
        "; Secure"
    } else {
        ""
    };
    format!("{LANGUAGE}={language}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}")
}

const LANGUAGE: &str = "bg-lang";

/// The form again: this account must wait.
fn slow_down(site: &Site, request: &Request, username: &str, seconds: i64) -> Reply {
    let error = Some(pages::wait(request.spanish));
    let html = pages::sign_in(
        request.spanish,
        &request.seal(site.now()),
        (username, ""),
        error,
    );
    page(StatusCode::TOO_MANY_REQUESTS, request.spanish, html)
        .header(RETRY_AFTER, &seconds.to_string())
}

fn fault(spanish: bool, reason: &'static str) -> Reply {
    page(
        StatusCode::BAD_REQUEST,
        spanish,
        pages::fault(spanish, reason),
    )
}

/// A page for people. No `form-action`: browsers apply it to the redirects that follow the form as well, and
/// those lead to the gateway's applications, which are not known here.
fn page(status: StatusCode, spanish: bool, html: String) -> Reply {
    const POLICY: &str =
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    Reply::new(status, HTML, html)
        .no_store()
        .header(CONTENT_LANGUAGE, if spanish { "es" } else { "en" })
        .header(HeaderName::from_static("content-security-policy"), POLICY)
        .header(HeaderName::from_static("x-content-type-options"), "nosniff")
        .header(HeaderName::from_static("referrer-policy"), "no-referrer")
}

#[cfg(test)]
mod tests;
