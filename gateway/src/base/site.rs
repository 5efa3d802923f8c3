//! What handlers have, and the version that a path names.

use axum::extract::{FromRequestParts, RawPathParams};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;

use crate::base::context::App;
use crate::base::failure::{self, Error, Reason, Spoiled};
use crate::base::http::reply::{Answer, not_found, problem};
use crate::base::http::{Reply, Request};
use crate::base::identity_provider::SignInError;
use crate::base::identity_provider::provider::Provider;
use crate::base::jwks::KeyCache;
use crate::base::page::Problem;
use crate::base::ports::PortFuture;
use crate::base::version::Version;

/// What handlers have.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) client_keys: KeyCache,
    pub(crate) provider: Provider,
    /// Answers a request of a handler, as if a client had sent it.
    pub(crate) respond: Respond,
}

/// How the gateway answers itself. `app` puts it in: what stands below the routes cannot name them.
pub(crate) type Respond = fn(Site, http::Request<Bytes>) -> PortFuture<'static, Reply>;

impl Site {
    /// At the edge of a route: the reason to answer with. Why something failed inside is written down here.
    pub(crate) fn settle<R: Reason>(
        &self,
        request: &Request,
        action: &str,
        flow_id: &str,
        error: Error<R>,
    ) -> R {
        error.settle(self.app.log.as_ref(), spoiled(request, action, flow_id))
    }

    /// The reason why the provider brings a person no further. The page and the audit only have a code for it: the
    /// operator learns which claim or document it was, and what came instead.
    pub(crate) fn sign_in_failed(
        &self,
        request: &Request,
        error: Error<SignInError>,
    ) -> SignInError {
        let (reason, causes) = match error {
            Error::Refused(reason) => (reason, Vec::new()),
            Error::Caused(reason, ref cause) => {
                let chain = failure::chain(cause.as_ref());
                (reason, chain.map(ToString::to_string).collect())
            }
            Error::Internal(_) => return self.settle(request, "signin", "", error),
        };
        self.app.log.object(&serde_json::json!({
            "event": "signin.refused", "request_id": request.request_id, "error": reason.to_string(),
            "causes": causes,
        }));
        reason
    }

    /// The page of such a failure, whose cause is written down.
    pub(crate) fn unavailable(
        &self,
        request: &Request,
        action: &str,
        cause: &(dyn std::error::Error + 'static),
    ) -> Problem {
        self.failed(request, action, cause);
        Problem::unavailable()
    }

    /// Writes down why something failed inside. Once for each failure.
    pub(crate) fn failed(
        &self,
        request: &Request,
        action: &str,
        cause: &(dyn std::error::Error + 'static),
    ) {
        failure::log(self.app.log.as_ref(), spoiled(request, action, ""), cause);
    }
}

fn spoiled<'a>(request: &'a Request, action: &'a str, flow_id: &'a str) -> Spoiled<'a> {
    Spoiled {
        request_id: &request.request_id,
        flow_id,
        action,
    }
}

/// The request behind an extractor. The frame puts it in for every route.
pub(crate) fn request_of(parts: &Parts) -> Option<&Request> {
    parts.extensions.get()
}

/// The version in the path. Unknown: 404; v3 while it is off: 404 `version_off`.
pub(crate) struct VersionPath(pub(crate) Version);

impl FromRequestParts<Site> for VersionPath {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Answer> {
        let parameters = RawPathParams::from_request_parts(parts, site)
            .await
            // A path that is no UTF-8 is no route.
            .map_err(|_| not_found())?;
        let segment = parameters
            .iter()
            .find(|(name, _)| *name == "version")
            .map(|(_, value)| value);
        match segment.and_then(Version::parse) {
            Some(Version::V3) if !site.app.config.v3_enabled => Err(problem(
                StatusCode::NOT_FOUND,
                "version_off",
                "v3 is not offered here.",
            )
            .into()),
            Some(version) => Ok(Self(version)),
            None => Err(not_found()),
        }
    }
}
