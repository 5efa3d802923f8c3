//! The session of the page: the token of an operator, put into a form, becomes a cookie of 15 minutes.
//!
//! The cookie names the operator and its end, and is bound to the operator's token by a key that only the
//! gateway has: whoever is taken off the list of operators is out at once. The store knows whether it was signed out.

use axum::Extension;
use axum::extract::State;
use http::StatusCode;

use super::caller::{Failure, Input, May, Read};
use super::page;
use crate::audit::action::Action;
use crate::audit::event::Level;
use crate::base::config::Config;
use crate::base::config::operator::Operator;
use crate::base::context::App;
use crate::base::failure::Error;
use crate::base::http::Request;
use crate::base::http::cookies::{self, Name, SameSite};
use crate::base::http::reply::{Answer, see_other};
use crate::base::limits::Surface;
use crate::base::limits::rate::Limited;
use crate::base::ports::UnixMillis;
use crate::base::secret::Secret;
use crate::base::session::{self, Kind, NewSession, Visit};
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
            Limited::Unavailable(_) => Failure::unavailable(),
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
    let opened = async {
        let session = NewSession::<OfOperator>::sealed(app, |random, end| {
            let seal = seal(&app.config, operator, end.seconds(), random.expose());
            Secret::new(format!(
                "{}.{}.{}{}",
                operator.name,
                end.seconds(),
                random.expose(),
                seal.expose()
            ))
        })?;
        let database = app.database.as_ref();
        operator_session::open(
            database,
            session.hash(),
            session.now,
            session.expires_at,
            &event.event(),
        )
        .await?;
        Ok::<_, Error<Failure>>(session)
    };
    let session = match opened.await {
        Ok(session) => session,
        Err(error) => {
            let failure = site.settle(&request, "ops.sign_in", "", error);
            return page::failure(&request, &failure).into();
        }
    };
    event.log(&site);
    let mut reply = see_other("/ops/");
    session.set(&app.config, &mut reply);
    reply.into()
}

/// POST: the session ends.
pub(super) async fn sign_out(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Read>,
) -> Answer {
    let app = &site.app;
    let actor = caller.actor();
    let event = Action::ok("ops.sign_out").by(&actor).draft(&site, &request);
    // A bearer token has no session to end.
    if let Some(shown) = session::presented::<OfOperator>(&app.config, &request.headers) {
        let (session, now) = (shown.hash(), app.clock.now());
        let event = event.event();
        let closed = operator_session::close(app.database.as_ref(), session, now, &event).await;
        if let Err(error) = closed {
            site.failed(&request, "ops.sign_out", &error);
            return page::failure(&request, &Failure::unavailable()).into();
        }
    }
    event.log(&site);
    let mut reply = see_other("/ops/");
    session::forget::<OfOperator>(&app.config, &mut reply);
    reply.into()
}

/// Sessions of operators.
pub(super) struct OfOperator;

impl Kind for OfOperator {
    type Visitor = Operator;
    const COOKIE: Name = cookies::OPERATOR;
    const SAME_SITE: SameSite = SameSite::Strict;
    const FORMS: &'static str = "ops-csrf";
    const IDLE_S: i64 = 15 * 60;
    const COOKIE_S: u32 = 15 * 60;

    /// The seal says whether it is.
    fn is_well_formed(_: &str) -> bool {
        true
    }

    /// Its end does not move.
    async fn visit(app: &App, visit: &Visit<'_>) -> Result<Option<Operator>, StoreError> {
        let Some(operator) = sealed(&app.config, visit.secret.expose(), visit.now) else {
            return Ok(None);
        };
        let session = visit.secret.hash();
        let open = operator_session::is_open(app.database.as_ref(), session, visit.now).await?;
        Ok(open.then(|| operator.clone()))
    }
}

/// The operator whom a cookie names that this gateway made and that has not run out.
fn sealed<'a>(config: &'a Config, value: &str, now: UnixMillis) -> Option<&'a Operator> {
    // A name may have dots, the rest may not.
    let mut parts = value.rsplitn(3, '.');
    let (presented, end, name) = (parts.next()?, parts.next()?, parts.next()?);
    let (random, presented) = presented.split_at_checked(43)?;
    let end: i64 = end.parse().ok()?;
    let operator = config
        .operators
        .iter()
        .find(|operator| operator.name == name)?;
    (seal(config, operator, end, random).is(presented) && now.seconds() < end).then_some(operator)
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
