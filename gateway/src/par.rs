//! `/vN/o/par`: pushed authorization requests (RFC 9126; docs/contract/02-authorize.md).

use axum::Extension;
use axum::extract::State;
use bluegate_shared::oauth::ErrorCode;
use http::StatusCode;
use serde_json::json;

use crate::audit::action::Action;
use crate::authorize::{self, pushed};
use crate::base::failure::{Error, Reason};
use crate::base::http::reply::{self, Answer, no_store};
use crate::base::http::{Reply, Request};
use crate::base::limits::Surface;
use crate::base::secret::Secret;
use crate::base::site::{Site, VersionPath};
use crate::base::version::Version;
use crate::oauth::authorize::{PARAMETERS, check};
use crate::oauth::redirect::VerifiedRedirect;
use crate::oauth::token::Refusal;
use crate::token::client::{AuthenticatedClient, authenticate_at_par};
use crate::token::{limited, unlocked_form};

/// POST: the client authenticates, the request is checked as at `/authorize`, and kept for 90 seconds.
pub(crate) async fn push(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    let allowance = match site.count_address(&request, Surface::Token, "par").await {
        Ok(allowance) => allowance,
        Err(error) => return reply::refusal(&limited(error)).into(),
    };
    let mut client = None;
    let result = kept(&site, version, &request, &mut client).await;
    let client_id = client.as_ref().map_or("", AuthenticatedClient::client_id);
    let action = match &client {
        Some(client) if !client.is_public() => Action::ok("par").by("application"),
        _ => Action::unproved("par").counted(allowance),
    };
    let settle = |error| site.settle(&request, "par", "", error);
    let result = result.map_err(settle);
    let action = match &result {
        Ok(_) => action,
        Err(Failure::Client(Refusal::Unavailable)) => action.fail(Refusal::Unavailable.wire().2),
        Err(Failure::Client(refusal)) => action.refuse(refusal.wire().2),
        Err(Failure::Request(code, _)) => action.refuse(code.as_str()),
    };
    let recorded = match &result {
        // It has its one row for each minute.
        Err(Failure::Client(Refusal::RateLimited(_))) => Ok(()),
        _ => action.application(client_id).record(&site, &request).await,
    };
    let unrecorded = recorded.map_err(|cause| settle(cause.into())).err();
    match (result, unrecorded) {
        (Ok(reply), None) => reply,
        (Ok(_), Some(unavailable)) => unavailable.reply(),
        (Err(failure), _) => failure.reply(),
    }
    .into()
}

enum Failure {
    Client(Refusal),
    Request(ErrorCode, String),
}

impl Failure {
    fn reply(self) -> Reply {
        match self {
            Self::Client(refusal) => reply::refusal(&refusal),
            Self::Request(code, description) => {
                reply::oauth_error(StatusCode::BAD_REQUEST, code, description)
            }
        }
    }
}

impl Reason for Failure {
    fn unavailable() -> Self {
        Self::Client(Refusal::Unavailable)
    }
}

async fn kept(
    site: &Site,
    version: Version,
    request: &Request,
    authenticated: &mut Option<AuthenticatedClient>,
) -> Result<Reply, Error<Failure>> {
    let app = &site.app;
    // What could come of it is locked down.
    let form = unlocked_form(site, request, version)
        .await
        .map_err(|error| error.map(Failure::Client))?;
    let client = authenticate_at_par(site, request, &form)
        .await
        .map_err(|error| error.map(Failure::Client))?;
    let client = authenticated.insert(client);
    // What authenticated the client is no part of the request.
    let parameters = form.without(&["client_secret", "client_assertion", "client_assertion_type"]);
    let malformed = |error: String| Failure::Request(ErrorCode::InvalidRequest, error);
    let requested = parameters
        .single("redirect_uri")
        .map_err(|error| malformed(error.to_string()))?;
    VerifiedRedirect::verify(client.application(), requested)
        .map_err(|error| malformed(error.to_string()))?;
    check(
        client.application(),
        &parameters,
        version,
        &authorize::fhir_bases(site),
        app.config.allow_implicit_flow_insecure,
    )
    .map_err(|refusal| Failure::Request(refusal.code, refusal.description.into_owned()))?;
    let reference = Secret::random(app.entropy.as_ref())?;
    let uri = Secret::new(format!("{URI_PREFIX}{}", reference.expose()));
    let now = app.clock.now();
    pushed::keep(
        app.database.as_ref(),
        uri.hash(),
        client.row_id(),
        // Nothing that nobody reads is kept.
        &parameters.encoded_only(&PARAMETERS),
        now,
        now.plus_seconds(TTL_S),
        &request.request_id,
    )
    .await?;
    let mut reply = reply::json(
        StatusCode::CREATED,
        &json!({ "request_uri": uri.expose(), "expires_in": TTL_S }),
    );
    no_store(&mut reply);
    Ok(reply)
}

const URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
const TTL_S: i64 = 90;
