//! The way back to an application from a page of ours where nothing more can be done.
//!
//! Only to the redirect URI that the request was verified with, while it is still registered and the application may
//! be used; only for the browser that began the request, since the link carries the application's `state`.

use bluegate_shared::oauth::ErrorCode;

use crate::application::statements as application;
use crate::authorize::statements::{AuthorizationRequest, ever};
use crate::base::http::Request;
use crate::base::http::browser::Browser;
use crate::base::page::WayBack;
use crate::base::secret::Secret;
use crate::base::site::Site;
use crate::base::store::StoreError;
use crate::oauth::application::{Application, Status};
use crate::oauth::consent::Decision;
use crate::oauth::redirect::VerifiedRedirect;

impl WayBack {
    /// Back from a request that is over, or unusable for this browser. `None` if it is not known; a store that
    /// fails is no reason to show no page.
    pub(crate) async fn from(site: &Site, request: &Request, transaction: &Secret) -> Option<Self> {
        let app = &site.app;
        let browser = Browser::of(&app.config, &request.headers);
        let database = app.database.as_ref();
        let found = ever(database, transaction.hash(), &browser.hashes()).await;
        let waiting = site.found(request, found)?;
        let error = match waiting.decision {
            // It has its answer already; this is not a denial.
            Some(Decision::Allow(_)) => ErrorCode::ServerError,
            Some(Decision::Deny) | None => ErrorCode::AccessDenied,
        };
        Self::of(site, request, &waiting, error).await
    }

    /// Back from a request that goes no further.
    pub(crate) async fn of(
        site: &Site,
        request: &Request,
        waiting: &AuthorizationRequest,
        error: ErrorCode,
    ) -> Option<Self> {
        let app = &site.app;
        let found = application::by_id(app.database.as_ref(), waiting.application_id).await;
        let application = site.found(request, found)?;
        let redirect = still_verified(&application, waiting)?;
        let description = match error {
            ErrorCode::AccessDenied => "the person did not allow access",
            _ => "the page for this request can no longer be used",
        };
        Some(Self {
            link: redirect.with(&[
                ("error", error.as_str()),
                ("error_description", description),
                ("state", &waiting.state),
                ("iss", &app.config.public_base_url),
            ]),
            application: application.name,
        })
    }
}

impl Site {
    /// A page without its way back is still a page: why it has none is for the log.
    fn found<T>(&self, request: &Request, found: Result<Option<T>, StoreError>) -> Option<T> {
        found.unwrap_or_else(|cause| {
            self.failed(request, "way_back", &cause);
            None
        })
    }
}

/// The redirect URI of a request, as long as its application may be used and has it registered.
pub(crate) fn still_verified<'a>(
    application: &Application,
    waiting: &'a AuthorizationRequest,
) -> Option<&'a VerifiedRedirect> {
    let redirect = &waiting.redirect;
    let given = redirect.was_given().then_some(redirect.as_str());
    let verified = VerifiedRedirect::verify(application, given).ok()?;
    (application.status == Status::Active && verified.as_str() == redirect.as_str())
        .then_some(redirect)
}
