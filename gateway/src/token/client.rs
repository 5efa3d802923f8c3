//! Client authentication (RFC 6749, section 2.3; docs/contract/05-token-exchange.md).

use bluegate_shared::id::ClientId;
use jsonwebtoken::jwk::JwkSet;
use url::Url;

use super::{Error, limited};
use crate::application::statements as application;
use crate::audit::action::Action;
use crate::base::http::Request;
use crate::base::jwks::FetchError;
use crate::base::limits::rate::Limited;
use crate::base::limits::{Bucket, Surface};
use crate::base::secret::SecretHash;
use crate::base::site::Site;
use crate::base::version::Version;
use crate::oauth::application::{Application, AuthMethod, Status};
use crate::oauth::assertion::{Assertion, AssertionError, verify};
use crate::oauth::parameters::Parameters;
use crate::oauth::token::{Credentials, Refusal};
use crate::token::client_proof::first_use;

/// An active application that proved who it is, as far as its kind can. Only this module makes one.
pub(crate) struct AuthenticatedClient(Application);

impl AuthenticatedClient {
    pub(crate) fn client_id(&self) -> &str {
        self.0.client_id.as_str()
    }

    pub(crate) const fn row_id(&self) -> i64 {
        self.0.id
    }

    pub(crate) fn is_public(&self) -> bool {
        self.0.is_public()
    }

    pub(crate) const fn application(&self) -> &Application {
        &self.0
    }
}

/// Authenticates the client of a request at the token endpoint or its neighbours.
pub(crate) async fn authenticate(
    site: &Site,
    request: &Request,
    form: &Parameters,
) -> Result<AuthenticatedClient, Error> {
    counted(site, request, identified(site, request, form).await?).await
}

/// The same at the PAR endpoint, which an assertion may be meant for as well (RFC 9126, section 2).
pub(crate) async fn authenticate_at_par(
    site: &Site,
    request: &Request,
    form: &Parameters,
) -> Result<AuthenticatedClient, Error> {
    let application = proved(site, request, form, &["token", "par"]).await?;
    counted(site, request, application).await
}

/// The application of a request, proved as for [`authenticate`], whatever its status.
pub(crate) async fn identified(
    site: &Site,
    request: &Request,
    form: &Parameters,
) -> Result<Application, Error> {
    proved(site, request, form, &["token"]).await
}

/// Counts the request for an application that authenticated. The id of a public one is known to everybody: its
/// requests count for it once they show a code or a token.
async fn counted(
    site: &Site,
    request: &Request,
    application: Application,
) -> Result<AuthenticatedClient, Error> {
    let client = active(application)?;
    if !client.is_public() {
        count(site, request, client.application())
            .await
            .map_err(limited)?;
    }
    Ok(client)
}

/// Counts a request that is proved to be the application's.
pub(crate) async fn count(
    site: &Site,
    request: &Request,
    application: &Application,
) -> Result<(), Limited> {
    let bucket = Bucket::Application(Surface::Token, application.id);
    let action = Action::ok("token")
        .by("application")
        .application(application.client_id.as_str());
    site.count(request, &bucket, action).await.map(drop)
}

/// `endpoints` are those that an assertion may name as its audience, beside the issuer.
async fn proved(
    site: &Site,
    request: &Request,
    form: &Parameters,
    endpoints: &[&str],
) -> Result<Application, Error> {
    let credentials = Credentials::parse(&request.headers, form)?;
    let claimed = credentials.claimed_client();
    match credentials {
        Credentials::Assertion {
            client_id,
            assertion,
        } => {
            let claimed = claimed.ok_or(Refusal::InvalidClient)?;
            if client_id.is_some_and(|id| id != claimed) {
                return Err(Refusal::InvalidClient.into());
            }
            let application = known(site, &claimed).await?;
            if application.auth_method != AuthMethod::PrivateKeyJwt {
                return Err(Refusal::InvalidClient.into());
            }
            let proof = signed(site, &application, assertion.expose(), endpoints).await?;
            // Last, so that only an assertion that is good otherwise uses up its `jti`.
            if first_use(site.app.database.as_ref(), application.id, &proof).await? {
                Ok(application)
            } else {
                Err(Refusal::Assertion(AssertionError::Replayed).into())
            }
        }
        Credentials::Nothing => Err(Refusal::InvalidClient.into()),
        Credentials::Id(client_id) => {
            let application = known(site, &client_id).await?;
            // A confidential client must authenticate; its id alone proves nothing.
            if application.is_public() {
                Ok(application)
            } else {
                Err(Refusal::InvalidClient.into())
            }
        }
        Credentials::Secret { client_id, secret } => {
            let application = known(site, &client_id).await?;
            let presented = SecretHash::of(secret.expose());
            let proved = application.auth_method.has_secret()
                && application
                    .secret_hash
                    .as_deref()
                    .is_some_and(|stored| presented.is(stored));
            if proved {
                Ok(application)
            } else {
                Err(Refusal::InvalidClient.into())
            }
        }
    }
}

/// The public application of a refresh token that came without any client identification
/// (docs/contract/05-token-exchange.md, 5.1).
pub(crate) async fn public_by_row(site: &Site, id: i64) -> Result<AuthenticatedClient, Error> {
    let application = application::by_id(site.app.database.as_ref(), id)
        .await?
        .ok_or(Refusal::InvalidClient)?;
    if application.is_public() {
        Ok(active(application)?)
    } else {
        Err(Refusal::InvalidClient.into())
    }
}

/// Verifies an assertion with the keys that the application registered, or has at its `jwks_uri`.
async fn signed(
    site: &Site,
    application: &Application,
    assertion: &str,
    endpoints: &[&str],
) -> Result<Assertion, Error> {
    let metadata: serde_json::Value =
        serde_json::from_str(&application.metadata).unwrap_or_default();
    let check = |keys: &JwkSet| {
        verify(
            assertion,
            application.client_id.as_str(),
            keys,
            &audiences(site, endpoints),
            site.app.clock.now(),
        )
    };
    let Some(uri) = metadata["jwks_uri"].as_str() else {
        let Ok(keys) = serde_json::from_value(metadata["jwks"].clone()) else {
            return Err(Refusal::InvalidClient.into());
        };
        return Ok(check(&keys).map_err(Refusal::Assertion)?);
    };
    // The operator may have closed the origin since.
    let origin = Url::parse(uri)
        .map(|url| url.origin().ascii_serialization())
        .ok();
    if origin.is_none() || origin != site.app.config.client_jwks_origin {
        return Err(Refusal::Assertion(AssertionError::KeysClosed).into());
    }
    let unreachable = |cause: FetchError| {
        Error::because(Refusal::Assertion(AssertionError::KeysUnreachable), cause)
    };
    let keys = site
        .client_keys
        .get(&site.app, uri, false)
        .await
        .map_err(unreachable)?;
    let checked = match check(&keys) {
        // The application may have changed its keys since we read them.
        Err(AssertionError::UnknownKey) => check(
            &*site
                .client_keys
                .get(&site.app, uri, true)
                .await
                .map_err(unreachable)?,
        ),
        result => result,
    };
    Ok(checked.map_err(Refusal::Assertion)?)
}

/// What an assertion may be meant for: the issuer, and the endpoints of each version, with or without the trailing
/// slash as the routes are.
fn audiences(site: &Site, endpoints: &[&str]) -> Vec<String> {
    let base = &site.app.config.public_base_url;
    let mut audiences = vec![base.clone()];
    for version in Version::ALL {
        for endpoint in endpoints {
            let address = format!("{base}/{}/o/{endpoint}", version.segment());
            audiences.extend([format!("{address}/"), address]);
        }
    }
    audiences
}

async fn known(site: &Site, client_id: &str) -> Result<Application, Error> {
    let Ok(client_id) = ClientId::parse(client_id) else {
        return Err(Refusal::InvalidClient.into());
    };
    let found = application::by_client_id(site.app.database.as_ref(), &client_id).await?;
    Ok(found.ok_or(Refusal::InvalidClient)?)
}

fn active(application: Application) -> Result<AuthenticatedClient, Refusal> {
    if application.status == Status::Active {
        Ok(AuthenticatedClient(application))
    } else {
        Err(Refusal::Inactive(application.name))
    }
}
