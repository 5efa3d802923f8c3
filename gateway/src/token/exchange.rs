//! `grant_type=authorization_code` (docs/contract/05-token-exchange.md).

use bluegate_shared::pkce::{Challenge, Verifier};

use super::client::AuthenticatedClient;
use super::{Error, Trail, client, tokens};
use crate::base::http::{Reply, Request};
use crate::base::ports::UnixMillis;
use crate::base::secret::Secret;
use crate::base::site::Site;
use crate::base::version::Version;
use crate::lock_down;
use crate::oauth::application::DataAccessType;
use crate::oauth::parameters::Parameters;
use crate::oauth::token::Refusal;
use crate::token::statements::{Redemption, end_chain_of_code, redeem, used_code};

/// What the client presents.
pub(crate) struct Presented<'a> {
    pub(crate) code: &'a Secret,
    pub(crate) verifier: &'a Verifier,
    pub(crate) redirect_uri: Option<&'a str>,
}

pub(crate) async fn exchange(
    site: &Site,
    request: &Request,
    version: Version,
    form: &Parameters,
    presented: Presented<'_>,
    trail: &mut Trail,
) -> Result<Reply, Error> {
    let app = &site.app;
    let Presented {
        code,
        verifier,
        redirect_uri,
    } = presented;
    let client = client::authenticate(site, request, form).await?;
    trail.application(&client);
    let random = || Secret::random(app.entropy.as_ref());
    let access = random()?;
    let application = client.application();
    let refreshes = application.grant_types.refresh_token
        && application.data_access_type != DataAccessType::OneTime;
    let refresh = if refreshes { Some(random()?) } else { None };
    let event = trail.ok().draft(site, request);
    let now = app.clock.now();
    let challenge = verifier.challenge();
    let redemption = Redemption {
        code_hash: code.hash(),
        application_id: client.row_id(),
        redirect_uri,
        challenge: &challenge,
        access_hash: access.hash(),
        access_expires_at: now.plus_seconds(app.config.access_token_ttl_s),
        refresh_hash: refresh.as_ref().map(Secret::hash),
        now,
        version: version.segment(),
        event: &event.event(),
    };
    let database = app.database.as_ref();
    if let Some(mut issued) = redeem(database, &redemption).await? {
        issued.scopes = application.still(&issued.scopes);
        // A code is given out once, and refusing it now would lose it: that it counts is enough.
        let _ = trail.token_found(site, request, &client).await;
        trail.flow_id.clone_from(&issued.flow_id);
        trail.patient = Some(issued.patients.shared().clone());
        trail.told = true;
        trail.ok().draft(site, request).log(site);
        return Ok(tokens(
            site,
            version,
            &access,
            refresh.as_ref(),
            &issued,
            now,
        ));
    }
    // A lock-down that came since the request began spends nothing.
    if lock_down::holds(database, version.segment(), client.client_id()).await? {
        return Err(Refusal::LockedDown.into());
    }
    let code = (code, &challenge, redirect_uri);
    Err(replayed(site, request, code, &client, trail, now)
        .await?
        .into())
}

/// Why the code gives nothing. What it gave ends where it was used before.
async fn replayed(
    site: &Site,
    request: &Request,
    (code, challenge, redirect_uri): (&Secret, &Challenge, Option<&str>),
    client: &AuthenticatedClient,
    trail: &mut Trail,
    now: UnixMillis,
) -> Result<Refusal, Error> {
    let database = site.app.database.as_ref();
    // A code that its own client presents again, with the right verifier, was stolen or is being raced:
    // what it gave ends (RFC 6749, section 4.1.2). Anybody else's attempt changes nothing.
    let Some(used) = used_code(
        database,
        code.hash(),
        client.row_id(),
        redirect_uri,
        challenge,
    )
    .await?
    else {
        return Ok(Refusal::CodeUnusable);
    };
    trail.proved = true;
    trail.flow_id = used.flow_id;
    trail.patient = Some(used.patients.shared().clone());
    let replayed = trail.refused(&Refusal::CodeUsed).draft(site, request);
    let event = replayed.event();
    if end_chain_of_code(database, used.id, "code_replayed", now, &event).await? {
        replayed.log(site);
        trail.told = true;
    }
    Ok(Refusal::CodeUsed)
}
