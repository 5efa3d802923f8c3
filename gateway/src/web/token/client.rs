//! Client authentication (RFC 6749, section 2.3; wire contract, section 5).

use bluegate_shared::id::ClientId;

use super::super::Site;
use super::unavailable;
use crate::app::Request;
use crate::policy::application::{Application, Status};
use crate::policy::parameters::Parameters;
use crate::policy::token::{Credentials, Refusal};
use crate::secret::SecretHash;
use crate::store::application;

/// An active application that proved who it is, as far as its kind can. Only this module makes one.
pub(super) struct AuthenticatedClient(Application);

impl AuthenticatedClient {
    pub(super) fn client_id(&self) -> &str {
        self.0.client_id.as_str()
    }

    pub(super) const fn row_id(&self) -> i64 {
        self.0.id
    }

    pub(super) fn is_public(&self) -> bool {
        self.0.is_public()
    }

    pub(super) const fn application(&self) -> &Application {
        &self.0
    }
}

/// Authenticates the client of a request.
pub(super) async fn authenticate(
    site: &Site,
    request: &Request,
    form: &Parameters,
) -> Result<AuthenticatedClient, Refusal> {
    match Credentials::parse(&request.headers, form)? {
        Credentials::Nothing => Err(Refusal::InvalidClient),
        Credentials::Id(client_id) => {
            let application = known(site, &client_id).await?;
            // A confidential client must authenticate; its id alone proves nothing.
            if application.is_public() {
                active(application)
            } else {
                Err(Refusal::InvalidClient)
            }
        }
        Credentials::Secret { client_id, secret } => {
            let application = known(site, &client_id).await?;
            let presented = SecretHash::of(secret.expose());
            let proved = application
                .secret_hash
                .as_deref()
                .is_some_and(|stored| presented.is(stored));
            if proved {
                active(application)
            } else {
                Err(Refusal::InvalidClient)
            }
        }
    }
}

/// The public application of a refresh token that came without any client identification (section 5.1).
pub(super) async fn public_by_row(site: &Site, id: i64) -> Result<AuthenticatedClient, Refusal> {
    let application = application::by_id(site.app.database.as_ref(), id)
        .await
        .map_err(unavailable)?
        .ok_or(Refusal::InvalidClient)?;
    if application.is_public() {
        active(application)
    } else {
        Err(Refusal::InvalidClient)
    }
}

async fn known(site: &Site, client_id: &str) -> Result<Application, Refusal> {
    let client_id = ClientId::parse(client_id).map_err(|_| Refusal::InvalidClient)?;
    application::by_client_id(site.app.database.as_ref(), &client_id)
        .await
        .map_err(unavailable)?
        .ok_or(Refusal::InvalidClient)
}

fn active(application: Application) -> Result<AuthenticatedClient, Refusal> {
    if application.status == Status::Active {
        Ok(AuthenticatedClient(application))
    } else {
        Err(Refusal::Inactive(application.name))
    }
}
