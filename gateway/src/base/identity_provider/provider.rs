//! The identity provider: its documents, the way to it, and the code exchange.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bluegate_shared::pkce::Verifier;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::SignInError;
use super::id_token::{self, Expected, Person};
use crate::base::dependencies::Dependencies;
use crate::base::failure::{Cause, Error};
use crate::base::jwks::{FetchError, Kept, KeyCache, fetch};
use crate::base::language::Language;
use crate::base::ports::UnixMillis;
use crate::base::secret::{Secret, keyed_hash};

/// The provider's documents, kept for a while in the instance. Cheap to clone.
#[derive(Clone, Default)]
pub struct Provider {
    metadata: Arc<Mutex<Option<Kept<Metadata>>>>,
    keys: KeyCache,
}

impl Provider {
    /// Where the browser goes to sign in.
    ///
    /// # Errors
    ///
    /// [`SignInError::ProviderUnavailable`] where the discovery document is unavailable or wrong.
    pub(crate) async fn authorization_url(
        &self,
        app: &Dependencies,
        transaction: &Secret,
        language: Language,
        sign_in_anew: bool,
        login_hint: Option<&str>,
    ) -> Result<String, Error<SignInError>> {
        let metadata = self.metadata(app).await?;
        let verifier = verifier(app, transaction);
        let mut url = Url::parse(&metadata.authorization_endpoint)
            .map_err(|cause| unusable("authorization_endpoint is not a URL", cause))?;
        {
            let mut query = url.query_pairs_mut();
            query.extend_pairs([
                ("response_type", "code"),
                ("client_id", app.config.idp_client_id.as_str()),
                ("redirect_uri", &callback(app)),
                ("scope", "openid profile email"),
                ("state", transaction.expose()),
                ("nonce", nonce(app, transaction).expose()),
                ("code_challenge", verifier.challenge().as_str()),
                ("code_challenge_method", "S256"),
                ("ui_locales", language.tag()),
            ]);
            if sign_in_anew {
                query.append_pair("prompt", "login");
            }
            if let Some(hint) = login_hint {
                query.append_pair("login_hint", hint);
            }
        }
        Ok(url.into())
    }

    /// Exchanges the code and verifies who signed in.
    ///
    /// # Errors
    ///
    /// [`SignInError`]: unavailable, refused, or not to be trusted.
    pub(crate) async fn person(
        &self,
        app: &Dependencies,
        transaction: &Secret,
        code: &str,
        now: UnixMillis,
    ) -> Result<Person, Error<SignInError>> {
        let metadata = self.metadata(app).await?;
        let verifier = verifier(app, transaction);
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", &callback(app)),
                ("code_verifier", verifier.as_str()),
            ])
            .finish();
        let encode =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        // RFC 6749, section 2.3.1: both are form-encoded before they are joined.
        let credentials = Zeroizing::new(format!(
            "{}:{}",
            encode(&app.config.idp_client_id),
            encode(app.config.idp_client_secret.expose())
        ));
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let basic = HeaderValue::from_str(&format!(
            "Basic {}",
            STANDARD.encode(credentials.as_bytes())
        ))
        .map_err(|cause| unusable("idp_client_secret cannot be sent", cause))?;
        headers.insert(AUTHORIZATION, basic);
        let answer: TokenAnswer = fetch(
            app,
            Method::POST,
            &metadata.token_endpoint,
            headers,
            body.into(),
        )
        .await
        .map_err(|error| match error {
            FetchError::Status(status) if status.is_client_error() => {
                Error::because(SignInError::Refused, error)
            }
            other => other.into(),
        })?;
        let nonce = nonce(app, transaction);
        let expected = Expected {
            issuer: &app.config.idp_issuer,
            client_id: &app.config.idp_client_id,
            nonce: &nonce,
            subject_form: app.config.idp_subject_form,
            now,
        };
        let keys = self.keys.get(app, &metadata.jwks_uri, false).await?;
        let verified = match id_token::verify(&answer.id_token, &keys, &expected) {
            // The provider may have changed its keys since we read them.
            Err(id_token::UNKNOWN_KEY) => {
                let keys = self.keys.get(app, &metadata.jwks_uri, true).await?;
                id_token::verify(&answer.id_token, &keys, &expected)
            }
            result => result,
        };
        Ok(verified?)
    }

    /// Where the browser signs out at the provider as well (OpenID Connect RP-Initiated Logout, section 2), and comes
    /// back from. `None` if the provider has no such endpoint.
    ///
    /// # Errors
    ///
    /// As [`Provider::authorization_url`].
    pub(crate) async fn sign_out_url(
        &self,
        app: &Dependencies,
    ) -> Result<Option<String>, Error<SignInError>> {
        let metadata = self.metadata(app).await?;
        let Some(endpoint) = &metadata.end_session_endpoint else {
            return Ok(None);
        };
        let mut url = Url::parse(endpoint)
            .map_err(|cause| unusable("end_session_endpoint is not a URL", cause))?;
        url.query_pairs_mut().extend_pairs([
            ("client_id", app.config.idp_client_id.as_str()),
            (
                "post_logout_redirect_uri",
                &format!("{}/", app.config.public_base_url),
            ),
        ]);
        Ok(Some(url.into()))
    }

    /// Whether the discovery document is available, for readiness.
    ///
    /// # Errors
    ///
    /// [`SignInError::ProviderUnavailable`].
    pub(crate) async fn check(&self, app: &Dependencies) -> Result<(), Error<SignInError>> {
        read_metadata(app).await.map(drop)
    }

    async fn metadata(&self, app: &Dependencies) -> Result<Arc<Metadata>, Error<SignInError>> {
        let now = app.clock.now();
        if let Some(kept) = self.lock().as_ref().and_then(|kept| kept.fresh(now)) {
            return Ok(kept);
        }
        let metadata = Arc::new(read_metadata(app).await?);
        *self.lock() = Some(Kept {
            at: now,
            document: metadata.clone(),
        });
        Ok(metadata)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Kept<Metadata>>> {
        self.metadata.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The callback address of the gateway.
#[must_use]
pub fn callback(app: &Dependencies) -> String {
    format!("{}/signin/callback", app.config.public_base_url)
}

/// OpenID Connect Discovery, section 3.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

async fn read_metadata(app: &Dependencies) -> Result<Metadata, Error<SignInError>> {
    let issuer = app.config.idp_issuer.as_str();
    let url = format!("{issuer}/.well-known/openid-configuration");
    let metadata: Metadata = fetch(app, Method::GET, &url, HeaderMap::new(), Bytes::new()).await?;
    if metadata.issuer != issuer {
        return Err(
            SignInError::ProviderUnavailable("its issuer is not the configured one").into(),
        );
    }
    for endpoint in [&metadata.token_endpoint, &metadata.jwks_uri] {
        let origin = Url::parse(endpoint)
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_default();
        if !app.config.idp_origins.contains(&origin) {
            return Err(SignInError::ProviderUnavailable(
                "an endpoint is on an origin that is neither idp_origin nor idp_extra_origin",
            )
            .into());
        }
    }
    Ok(metadata)
}

impl From<FetchError> for Error<SignInError> {
    fn from(error: FetchError) -> Self {
        let what = match error {
            FetchError::Status(_) => "it answered with an error",
            FetchError::Unanswered(_) => "it does not answer",
            FetchError::Unreadable(_) => "its answer cannot be read",
        };
        unusable(what, error)
    }
}

fn unusable(what: &'static str, cause: impl Into<Cause>) -> Error<SignInError> {
    Error::because(SignInError::ProviderUnavailable(what), cause)
}

/// Verifier and nonce are derived, so that the store holds neither (docs/contract/03-sign-in.md).
fn verifier(app: &Dependencies, transaction: &Secret) -> Verifier {
    Verifier::from_entropy(keyed_hash(
        &app.config.token_key,
        "idp-verifier",
        &[transaction.expose().as_bytes()],
    ))
}

fn nonce(app: &Dependencies, transaction: &Secret) -> Secret {
    Secret::derived(
        &app.config.token_key,
        "idp-nonce",
        &[transaction.expose().as_bytes()],
    )
}
