//! Token, revocation and introspection endpoints (docs/contract/05-token-exchange.md and 06-token-refresh.md).

pub(crate) mod client;
pub mod client_proof;
mod exchange;
mod refresh;
pub mod statements;

use axum::Extension;
use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use crate::audit::action::Action;
use crate::audit::event::{Level, UNPROVED};
use crate::base::clock::rfc3339;
use crate::base::failure::Reason;
use crate::base::http::reply::{self, Answer, no_store};
use crate::base::http::{Reply, Request};
use crate::base::limits::Surface;
use crate::base::limits::rate::{Allowance, Limited};
use crate::base::ports::UnixMillis;
use crate::base::secret::{Secret, SecretHash};
use crate::base::site::{Site, VersionPath};
use crate::base::version::Version;
use crate::lock_down;
use crate::oauth::application::DataAccessType;
use crate::oauth::parameters::Parameters;
use crate::oauth::token::{Credentials, Refusal, TokenRequest};
use crate::token::statements::{Found, Issued, end_chain, end_grant, find};

use client::AuthenticatedClient;

/// `/vN/o/token/`.
pub(crate) async fn token(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    let mut trail = match Trail::begin(&site, &request, "token").await {
        Ok(trail) => trail,
        Err(answer) => return answer,
    };
    let result = match unlocked_form(&site, &request, version).await {
        Ok(form) => match TokenRequest::parse(&form) {
            Ok(TokenRequest::Code {
                code,
                verifier,
                redirect_uri,
            }) => {
                trail.action = "token.code";
                exchange::exchange(
                    &site,
                    &request,
                    version,
                    &form,
                    exchange::Presented {
                        code: &code,
                        verifier: &verifier,
                        redirect_uri: redirect_uri.as_deref(),
                    },
                    &mut trail,
                )
                .await
            }
            Ok(TokenRequest::Refresh { token, scopes }) => {
                trail.action = "token.refresh";
                refresh::refresh(&site, &request, version, &form, &token, scopes, &mut trail).await
            }
            Err(refusal) => Err(refusal.into()),
        },
        Err(error) => Err(error),
    };
    trail.close(&site, &request, result).await
}

/// `/vN/o/revoke_token/`: ends the chain that the token belongs to (RFC 7009).
pub(crate) async fn revoke_token(
    State(site): State<Site>,
    _: VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    revoke(&site, &request, Reach::Chain).await
}

/// `/vN/o/revoke/`: ends the whole grant that the token belongs to.
pub(crate) async fn revoke_grant(
    State(site): State<Site>,
    _: VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    revoke(&site, &request, Reach::Grant).await
}

/// `/vN/o/introspect/`: a confidential client's own tokens (RFC 7662).
pub(crate) async fn introspect(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
    Extension(request): Extension<Request>,
) -> Answer {
    let mut trail = match Trail::begin(&site, &request, "introspect").await {
        Ok(trail) => trail,
        Err(answer) => return answer,
    };
    let result = inspect(&site, &request, version, &mut trail).await;
    trail.close(&site, &request, result).await
}

#[derive(Clone, Copy)]
enum Reach {
    Chain,
    Grant,
}

async fn revoke(site: &Site, request: &Request, reach: Reach) -> Answer {
    let action = match reach {
        Reach::Chain => "revoke.chain",
        Reach::Grant => "revoke.grant",
    };
    let mut trail = match Trail::begin(site, request, action).await {
        Ok(trail) => trail,
        Err(answer) => return answer,
    };
    let result = end(site, request, reach, &mut trail).await;
    trail.close(site, request, result).await
}

async fn end(
    site: &Site,
    request: &Request,
    reach: Reach,
    trail: &mut Trail,
) -> Result<Reply, Error> {
    let form = form(request).await?;
    let client = client::authenticate(site, request, &form).await?;
    trail.application(&client);
    let now = site.app.clock.now();
    let done = || {
        let mut reply = Reply::new(Bytes::new());
        no_store(&mut reply);
        reply
    };
    let Some(found) = presented(site, &form, now).await? else {
        trail.note = "unchanged";
        return Ok(done());
    };
    if found.application_id != client.row_id() {
        return Err(Refusal::TokenOfAnother.into());
    }
    trail.token_found(site, request, &client).await?;
    trail.flow_id.clone_from(&found.flow_id);
    trail.patient = Some(found.patients.shared().clone());
    let database = site.app.database.as_ref();
    let draft = trail.ok().draft(site, request);
    let event = draft.event();
    let ended = match reach {
        Reach::Chain => end_chain(database, found.chain_id, "revoked", now, &event).await,
        Reach::Grant => end_grant(database, found.grant_id, "revoked", now, &event).await,
    }?;
    if ended {
        draft.log(site);
        trail.told = true;
    } else {
        trail.note = "unchanged";
    }
    Ok(done())
}

async fn inspect(
    site: &Site,
    request: &Request,
    version: Version,
    trail: &mut Trail,
) -> Result<Reply, Error> {
    let form = unlocked_form(site, request, version).await?;
    let client = client::authenticate(site, request, &form).await?;
    trail.application(&client);
    if client.is_public() {
        return Err(Refusal::InvalidClient.into());
    }
    let found = presented(site, &form, site.app.clock.now()).await?;
    let body = match found.filter(|found| found.live && found.application_id == client.row_id()) {
        None => json!({ "active": false }),
        Some(found) => {
            let mut body = Map::new();
            body.insert("active".to_owned(), json!(true));
            body.insert(
                "scope".to_owned(),
                json!(client.application().still(&found.scopes).to_string()),
            );
            body.insert("client_id".to_owned(), json!(client.client_id()));
            if let Some(end) = found.expires_at {
                body.insert("exp".to_owned(), json!(end.seconds()));
            }
            body.insert("iat".to_owned(), json!(found.issued_at.seconds()));
            body.insert(
                "token_type".to_owned(),
                json!(if found.refresh {
                    "refresh_token"
                } else {
                    "Bearer"
                }),
            );
            if let Some(patient) = found.patients.of(version) {
                body.insert("patient".to_owned(), json!(patient));
            }
            Value::Object(body)
        }
    };
    let mut reply = reply::json(StatusCode::OK, &body);
    no_store(&mut reply);
    Ok(reply)
}

async fn presented(
    site: &Site,
    form: &Parameters,
    now: UnixMillis,
) -> Result<Option<Found>, Error> {
    let token = form
        .single("token")
        .map_err(|error| Refusal::InvalidRequest(error.to_string().into()))?
        .ok_or(Refusal::InvalidRequest("token is missing".into()))?;
    Ok(find(site.app.database.as_ref(), SecretHash::of(token), now).await?)
}

/// The parameters of the body.
pub(crate) async fn form(request: &Request) -> Result<Parameters, Error> {
    let kind = request
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    Ok(Parameters::of_body(kind, &request.body)
        .await
        .map_err(|error| Refusal::InvalidRequest(error.0.into()))?)
}

/// The same, while no lock-down concerns the version or the application that the request names.
pub(crate) async fn unlocked_form(
    site: &Site,
    request: &Request,
    version: Version,
) -> Result<Parameters, Error> {
    let form = form(request).await?;
    let claimed = Credentials::parse(&request.headers, &form)
        .ok()
        .and_then(|credentials| credentials.claimed_client())
        .unwrap_or_default();
    if lock_down::holds(site.app.database.as_ref(), version.segment(), &claimed).await? {
        return Err(Refusal::LockedDown.into());
    }
    Ok(form)
}

/// 200 with the tokens (docs/contract/05-token-exchange.md).
fn tokens(
    site: &Site,
    version: Version,
    access: &Secret,
    refresh: Option<&Secret>,
    issued: &Issued,
    now: UnixMillis,
) -> Reply {
    let ttl = site.app.config.access_token_ttl_s;
    let answer = bluegate_shared::oauth::TokenAnswer {
        access_token: access.expose(),
        expires_in: ttl,
        token_type: "Bearer",
        scope: &issued.scopes.to_string(),
        refresh_token: refresh.map(Secret::expose),
        patient: issued.patients.of(version),
        access_grant_expiration: match issued.data_access_type {
            DataAccessType::OneTime => rfc3339(now.plus_seconds(ttl)),
            DataAccessType::ResearchStudy => String::new(),
            DataAccessType::ThirteenMonth => {
                issued.grant_expires_at.map(rfc3339).unwrap_or_default()
            }
        },
    };
    let mut reply = reply::json(StatusCode::OK, &answer);
    no_store(&mut reply);
    reply
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "for `map_err`: who counted has written the cause down"
)]
pub(crate) fn limited(limited: Limited) -> Refusal {
    match limited {
        Limited::Wait { seconds, .. } => Refusal::RateLimited(seconds),
        Limited::Unavailable(_) => Refusal::Unavailable,
    }
}

/// Why there is no token, or nothing is ended or told.
pub(crate) type Error = crate::base::failure::Error<Refusal>;

impl Reason for Refusal {
    fn unavailable() -> Self {
        Self::Unavailable
    }
}

/// What the audit of a request must say, collected on the way.
struct Trail {
    action: &'static str,
    client_id: String,
    flow_id: String,
    patient: Option<bluegate_shared::id::PatientId>,
    /// A statement carried the event of the outcome.
    told: bool,
    /// Machine reason of an outcome that is well.
    note: &'static str,
    /// How much an operator must care about an outcome that is well.
    level: Level,
    /// What the address may do still.
    allowance: Allowance,
    /// The request is proved to be the application's: by its credentials, a code or a token.
    proved: bool,
}

impl Trail {
    /// Counts the request for its address.
    async fn begin(site: &Site, request: &Request, action: &'static str) -> Result<Self, Answer> {
        let counted = site.count_address(request, Surface::Token, action).await;
        let allowance = counted.map_err(|error| reply::refusal(&limited(error)))?;
        Ok(Self {
            action,
            client_id: String::new(),
            flow_id: String::new(),
            patient: None,
            told: false,
            note: "",
            level: Level::Info,
            allowance,
            proved: false,
        })
    }

    /// The event of the action where it went well, as far as it is known.
    fn ok(&self) -> Action<'_> {
        self.by_application(Action {
            code: self.note,
            level: self.level,
            ..Action::ok(self.action)
        })
    }

    /// The event of the action where it was refused.
    fn refused(&self, refusal: &Refusal) -> Action<'_> {
        let level = match refusal {
            Refusal::RefreshReused => Level::Critical,
            Refusal::CodeUsed => Level::Warning,
            _ => Level::Info,
        };
        let code = refusal.wire().2;
        let action = match refusal {
            Refusal::Unavailable => Action::failed(self.action, code),
            _ => Action::refused(self.action, code),
        };
        self.by_application(action.level(level))
    }

    fn by_application<'a>(&'a self, action: Action<'a>) -> Action<'a> {
        let action = if self.proved {
            action.by("application")
        } else {
            action.by(UNPROVED).counted(self.allowance)
        };
        let action = action.application(&self.client_id).flow(&self.flow_id);
        match &self.patient {
            Some(patient) => action.person(patient),
            None => action,
        }
    }

    fn application(&mut self, client: &AuthenticatedClient) {
        client.client_id().clone_into(&mut self.client_id);
        self.proved = !client.is_public();
    }

    /// A token of the application was presented, and it counts for the application. (One that authenticated was
    /// counted then.)
    async fn token_found(
        &mut self,
        site: &Site,
        request: &Request,
        client: &AuthenticatedClient,
    ) -> Result<(), Refusal> {
        if std::mem::replace(&mut self.proved, true) {
            return Ok(());
        }
        client::count(site, request, client.application())
            .await
            .map_err(limited)
    }

    /// Writes the event where no statement carried it, then answers. Without its event, a life-cycle action is
    /// not confirmed.
    async fn close(self, site: &Site, request: &Request, result: Result<Reply, Error>) -> Answer {
        let settle = |error| site.settle(request, self.action, &self.flow_id, error);
        let result = result.map_err(settle);
        let recorded = match &result {
            _ if self.told => Ok(()),
            // It has its one row for each minute.
            Err(Refusal::RateLimited(_)) => Ok(()),
            Ok(_) => self.ok().record(site, request).await,
            Err(refusal) => self.refused(refusal).record(site, request).await,
        };
        let unrecorded = recorded.map_err(|cause| settle(cause.into())).err();
        match (result, unrecorded) {
            (Ok(reply), None) => reply,
            // An alert that was not written must be given again: the client is told to come back.
            (Ok(_) | Err(Refusal::RefreshReused | Refusal::CodeUsed), Some(unavailable)) => {
                reply::refusal(&unavailable)
            }
            (Err(refusal), _) => reply::refusal(&refusal),
        }
        .into()
    }
}
