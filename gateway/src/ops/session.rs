//! The session of the page: the token of an operator, put into a form, becomes a cookie of 15 minutes.
//!
//! The cookie names the operator and its end, and is bound to the operator's token by a key that only the
//! gateway has: whoever is taken off the list of operators is out at once. The store knows whether it was signed out.

use axum::Extension;
use axum::extract::State;
use http::{HeaderMap, StatusCode};

use super::caller::{Caller, Failure, Input};
use super::page;
use crate::audit::action::Action;
use crate::audit::event::Level;
use crate::base::config::Config;
use crate::base::config::operator::{Operator, Role};
use crate::base::context::App;
use crate::base::failure::Error;
use crate::base::http::reply::{Answer, add_cookie, see_other};
use crate::base::http::{Request, cookies};
use crate::base::limits::Surface;
use crate::base::limits::rate::Limited;
use crate::base::secret::{Secret, SecretHash};
use crate::base::site::Site;
use crate::base::store::StoreError;
use crate::ops::statements::operator_session;

/// POST `token`: the session begins.
pub(super) async fn sign_in(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let app = &site.app;
    let counted = site
        .count_address(&request, Surface::Operator, "ops.sign_in")
        .await;
    if let Err(limited) = counted {
        let failure = match limited {
            Limited::Wait { .. } => Failure::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "Too many tries from this address. Wait a minute.",
            ),
            Limited::Unavailable => Failure::unavailable(),
        };
        return page::failure(&request, &failure).into();
    }
    let input = Input::of(&request);
    let Some(operator) = Operator::find(&app.config.operators, input.text("token")) else {
        let event = Action::refused("ops.sign_in", "operator_unknown").level(Level::Warning);
        return match event.record(&site, &request).await {
            Ok(()) => page::sign_in(true).into(),
            Err(cause) => {
                site.failed(&request, "ops.sign_in", &cause);
                page::failure(&request, &Failure::unavailable()).into()
            }
        };
    };
    let actor = format!("operator:{}", operator.name);
    let event = Action::ok("ops.sign_in").by(&actor).draft(&site, &request);
    let now = app.clock.now();
    let opened = async {
        let random = Secret::random(app.entropy.as_ref())?;
        let end = now.plus_seconds(i64::from(SESSION_S));
        let seal = seal(&app.config, operator, end.seconds(), random.expose());
        let cookie = Secret::new(format!(
            "{}.{}.{}{}",
            operator.name,
            end.seconds(),
            random.expose(),
            seal.expose()
        ));
        let database = app.database.as_ref();
        operator_session::open(database, cookie.hash(), now, end, &event.event()).await?;
        Ok::<_, Error<Failure>>(cookie)
    };
    let value = match opened.await {
        Ok(value) => value,
        Err(error) => {
            let failure = site.settle(&request, "ops.sign_in", "", error);
            return page::failure(&request, &failure).into();
        }
    };
    event.log(&site);
    let mut reply = see_other("/ops/");
    add_cookie(&mut reply, &cookie(&app.config, value.expose(), SESSION_S));
    reply.into()
}

/// POST: the session ends.
pub(super) async fn sign_out(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let caller = match Caller::of(&site, &request, Role::Read).await {
        Ok(caller) => caller,
        Err(answer) => return *answer,
    };
    let app = &site.app;
    let actor = caller.actor();
    let event = Action::ok("ops.sign_out").by(&actor).draft(&site, &request);
    // A bearer token has no session to end.
    if let Some(value) = cookies::read(&request.headers, name(&app.config)) {
        let (session, now) = (SecretHash::of(value), app.clock.now());
        let event = event.event();
        let closed = operator_session::close(app.database.as_ref(), session, now, &event).await;
        if let Err(error) = closed {
            site.failed(&request, "ops.sign_out", &error);
            return page::failure(&request, &Failure::unavailable()).into();
        }
    }
    event.log(&site);
    let mut reply = see_other("/ops/");
    add_cookie(&mut reply, &cookie(&site.app.config, "", 0));
    reply.into()
}

/// The operator of a session that has not ended.
///
/// # Errors
///
/// The store's error: whether the session was signed out is not known.
pub(super) async fn operator<'a>(
    app: &'a App,
    headers: &HeaderMap,
) -> Result<Option<&'a Operator>, StoreError> {
    let Some((operator, session)) = sealed(app, headers) else {
        return Ok(None);
    };
    let open = operator_session::is_open(app.database.as_ref(), session, app.clock.now()).await?;
    Ok(open.then_some(operator))
}

/// The operator whom a cookie names that this gateway made and that has not run out.
fn sealed<'a>(app: &'a App, headers: &HeaderMap) -> Option<(&'a Operator, SecretHash)> {
    let config = &app.config;
    let value = cookies::read(headers, name(config))?;
    // A name may have dots, the rest may not.
    let mut parts = value.rsplitn(3, '.');
    let (presented, end, name) = (parts.next()?, parts.next()?, parts.next()?);
    let (random, presented) = presented.split_at_checked(43)?;
    let end: i64 = end.parse().ok()?;
    let operator = config
        .operators
        .iter()
        .find(|operator| operator.name == name)?;
    (seal(config, operator, end, random).is(presented) && app.clock.now().seconds() < end)
        .then(|| (operator, SecretHash::of(value)))
}

/// What the forms of the page carry, so that no other site can send them (beside `SameSite=Strict`).
pub(super) fn csrf(config: &Config, headers: &HeaderMap) -> Secret {
    let session = cookies::read(headers, name(config)).unwrap_or_default();
    Secret::derived(&config.token_key, "ops-csrf", &[session.as_bytes()])
}

/// Whether a form was made by the page of this session.
pub(super) fn is_own_form(config: &Config, request: &Request) -> bool {
    csrf(config, &request.headers).is(Input::of(request).text("csrf"))
}

fn seal(config: &Config, operator: &Operator, end: i64, random: &str) -> Secret {
    Secret::derived(
        &config.token_key,
        "ops-session",
        &[
            operator.name.as_bytes(),
            operator.token_hash(),
            &end.to_be_bytes(),
            random.as_bytes(),
        ],
    )
}

fn cookie(config: &Config, value: &str, max_age: u32) -> String {
    cookies::set(config, name(config), value, max_age).replace("SameSite=Lax", "SameSite=Strict")
}

fn name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-bgo"
    } else {
        "bgo"
    }
}

const SESSION_S: u32 = 15 * 60;
