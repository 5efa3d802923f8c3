//! `grant_type=refresh_token`: rotation with a derived successor (docs/contract/06-token-refresh.md).

use bluegate_shared::scope::ScopeSet;

use super::client::{self, AuthenticatedClient};
use super::{Error, Trail, tokens};
use crate::audit::event::Level;
use crate::base::http::{Reply, Request};
use crate::base::ports::UnixMillis;
use crate::base::secret::Secret;
use crate::base::site::Site;
use crate::base::version::Version;
use crate::lock_down;
use crate::oauth::application::DataAccessType;
use crate::oauth::parameters::Parameters;
use crate::oauth::token::{Credentials, Refusal};
use crate::token::statements::{
    Chain, NewAccess, Presented, chain_of_refresh, end_chain, end_grace, reissue, repeats, rotate,
};

pub(crate) async fn refresh(
    site: &Site,
    request: &Request,
    version: Version,
    form: &Parameters,
    token: &Secret,
    asked: Option<ScopeSet>,
    trail: &mut Trail,
) -> Result<Reply, Error> {
    let database = site.app.database.as_ref();
    let identified = match Credentials::parse(&request.headers, form)? {
        Credentials::Nothing => None,
        _ => Some(client::authenticate(site, request, form).await?),
    };
    let chain = chain_of_refresh(database, token.hash()).await?;
    let client = match (identified, &chain) {
        (Some(client), _) => client,
        (None, Some(chain)) => client::public_by_row(site, chain.application_id).await?,
        (None, None) => return Err(Refusal::InvalidClient.into()),
    };
    trail.application(&client);
    // Before anything is ended or spent: whose token it is may not have been known at the start.
    let locked = || lock_down::holds(database, version.segment(), client.client_id());
    if locked().await? {
        return Err(Refusal::LockedDown.into());
    }
    if let Some(chain) = chain
        .as_ref()
        .filter(|chain| chain.application_id == client.row_id())
    {
        trail.token_found(site, request, &client).await?;
        // Whose it is, is known also where it is refused.
        trail.flow_id.clone_from(&chain.issued.flow_id);
        trail.patient = Some(chain.issued.patients.shared().clone());
    }
    let mut chain = usable(&client, chain, site.app.clock.now())?;
    for _ in 0..ATTEMPTS {
        // Its registration may have been narrowed since.
        chain.scopes = client.application().still(&chain.scopes);
        if let Some(reply) =
            attempt(site, request, version, token, asked.as_ref(), &chain, trail).await?
        {
            return Ok(reply);
        }
        if locked().await? {
            return Err(Refusal::LockedDown.into());
        }
        // Another request with the same token was faster. What it left is read, and this one agrees with it.
        let again = chain_of_refresh(database, token.hash()).await?;
        chain = usable(&client, again, site.app.clock.now())?;
    }
    // Others are faster time and again: no failure, and worth another try.
    Err(Refusal::Unavailable.into())
}

/// The chain, where this client may refresh it now.
fn usable(
    client: &AuthenticatedClient,
    chain: Option<Chain>,
    now: UnixMillis,
) -> Result<Chain, Refusal> {
    if client.application().data_access_type == DataAccessType::OneTime {
        return Err(Refusal::OneTime);
    }
    if !client.application().grant_types.refresh_token {
        return Err(Refusal::Unregistered);
    }
    let chain = chain
        .filter(|chain| chain.application_id == client.row_id())
        .ok_or(Refusal::RefreshUnusable)?;
    match chain.grant_end_reason.as_deref() {
        None => {}
        Some("expired") => return Err(Refusal::GrantExpired),
        Some(_) => return Err(Refusal::GrantRevoked),
    }
    match (chain.end_reason.as_deref(), chain.presented) {
        (None, _) => {}
        // The alert of a reuse may have been lost with its answer: it is given again.
        (Some(REUSED), Presented::Previous(_) | Presented::Retired) => {
            return Err(Refusal::RefreshReused);
        }
        (Some(_), _) => return Err(Refusal::RefreshUnusable),
    }
    if chain.issued.grant_expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::GrantExpired);
    }
    Ok(chain)
}

/// One try. `None` if another request changed the chain meanwhile.
async fn attempt(
    site: &Site,
    request: &Request,
    version: Version,
    token: &Secret,
    asked: Option<&ScopeSet>,
    chain: &Chain,
    trail: &mut Trail,
) -> Result<Option<Reply>, Error> {
    let app = &site.app;
    let database = app.database.as_ref();
    let now = app.clock.now();
    let is_repeat = match chain.presented {
        Presented::Current => false,
        Presented::Previous(rotated_at) if now.0 - rotated_at.0 < GRACE_MS => true,
        Presented::Previous(_) | Presented::Retired => {
            reused(site, request, chain, trail, now).await?;
            return Err(Refusal::RefreshReused.into());
        }
    };
    let scopes = asked.unwrap_or(&chain.scopes);
    if !chain.scopes.permissions().contains(scopes.permissions()) || scopes.is_empty() {
        // Presented is presented: whoever has the successor needs the one before no more.
        if !is_repeat {
            let widened = trail.refused(&Refusal::ScopeWidened).draft(site, request);
            if end_grace(database, token.hash(), &widened.event()).await? {
                widened.log(site);
                trail.told = true;
            }
        }
        return Err(Refusal::ScopeWidened.into());
    }
    // The successor follows from the presented token, so that whoever repeats gets the same one.
    let generation = chain.generation.to_be_bytes();
    let successor = Secret::derived(
        &app.config.token_key,
        "refresh-successor",
        &[token.expose().as_bytes(), &generation],
    );
    let access = Secret::random(app.entropy.as_ref())?;
    let from = request.client_address.keyed(&app.config.audit_key);
    // A repeat changes no chain, it only issues one more access token.
    (trail.note, trail.level) = if is_repeat {
        repeated(site, chain, &from).await?
    } else {
        ("", Level::Info)
    };
    let refreshed = trail.ok().draft(site, request);
    let new = NewAccess {
        hash: access.hash(),
        expires_at: now.plus_seconds(app.config.access_token_ttl_s),
        scopes,
        now,
        version: version.segment(),
        from: &from,
        event: &refreshed.event(),
    };
    let done = if is_repeat {
        reissue(database, token.hash(), successor.hash(), new).await
    } else {
        rotate(database, token.hash(), successor.hash(), new).await
    }?;
    if !done {
        return Ok(None);
    }
    refreshed.log(site);
    trail.told = true;
    let issued = crate::token::statements::Issued {
        scopes: scopes.clone(),
        ..chain.issued.clone()
    };
    Ok(Some(tokens(
        site,
        version,
        &access,
        Some(&successor),
        &issued,
        now,
    )))
}

/// Whoever has the token may have stolen it: everything of its chain ends (RFC 9700, section 4.14.2).
async fn reused(
    site: &Site,
    request: &Request,
    chain: &Chain,
    trail: &mut Trail,
    now: UnixMillis,
) -> Result<(), Error> {
    let reused = trail.refused(&Refusal::RefreshReused).draft(site, request);
    let database = site.app.database.as_ref();
    if end_chain(database, chain.id, REUSED, now, &reused.event()).await? {
        reused.log(site);
        trail.told = true;
    }
    Ok(())
}

/// What the audit says of a repeat. A lost answer is repeated from where it was asked for, once or twice; more may be
/// two who share a stolen token, and is an alert.
async fn repeated(site: &Site, chain: &Chain, from: &[u8]) -> Result<(&'static str, Level), Error> {
    let app = &site.app;
    if chain.rotated_from != from {
        return Ok(("repeated_elsewhere", Level::Warning));
    }
    let memory = REPEATS_WITHIN * app.config.access_token_ttl_s;
    let since = app.clock.now().plus_seconds(-memory);
    let earlier = repeats(app.database.as_ref(), chain.id, since).await?;
    Ok(if earlier >= MOST_REPEATS {
        ("repeated_often", Level::Warning)
    } else {
        ("repeated", Level::Info)
    })
}

/// So many repeats are usual,
const MOST_REPEATS: i64 = 2;
/// within so many lifetimes of an access token, each of which ends with a refresh.
const REPEATS_WITHIN: i64 = 3;
/// How long a repeat with the previous token gets the same successor.
const GRACE_MS: i64 = 60_000;
/// Why a chain ended whose retired token came back.
const REUSED: &str = "refresh_reused";
const ATTEMPTS: usize = 4;
