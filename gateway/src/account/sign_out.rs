//! `/signout`: a page that asks, and the end of everything that ties this browser to a person, here and at the provider.
//! Tokens that applications hold are not touched.

use axum::Extension;
use axum::extract::State;
use http::HeaderMap;

use crate::account::{OfPerson, page, statements as account};
use crate::audit::action::Action;
use crate::base::config::Config;
use crate::base::http::browser::{self, Browser};
use crate::base::http::reply::{Answer, see_other};
use crate::base::http::{Reply, Request, cookies};
use crate::base::limits::Surface;
use crate::base::page::{self as pages, Problem};
use crate::base::secret::Secret;
use crate::base::session::{self, Csrf};
use crate::base::site::Site;

/// GET: asks first, so that no link of another site signs anybody out. Nobody to sign out: says so.
pub(crate) async fn show(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let query = request.parameters();
    let language = pages::language(&request, query.single("lang").ok().flatten());
    let config = &site.app.config;
    let known = cookies::browser(config, &request.headers).is_some()
        || session::presented::<OfPerson>(config, &request.headers).is_some();
    let csrf = known.then(|| csrf(config, &request.headers));
    page::sign_out(language, csrf.as_ref().map(Csrf::expose)).into()
}

/// POST: signs out. A form that this browser's page did not make changes nothing, and the page is shown.
pub(crate) async fn act(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let form = request.form();
    if !csrf(&site.app.config, &request.headers).made(&form) {
        let action = Action::unproved("signout").refuse("form_foreign");
        action.note(&site, &request, Surface::Authorize).await;
        return see_other(PAGE).into();
    }
    match end(&site, &request).await {
        Ok(reply) => reply.into(),
        Err(problem) => pages::problem(&request, pages::language(&request, None), &problem).into(),
    }
}

/// Ends every session of the browser in the store and in its cookies; goes on to the provider's sign-out.
pub(crate) async fn end(site: &Site, request: &Request) -> Result<Reply, Problem> {
    let app = &site.app;
    let event = Action::ok("signout").by("beneficiary").draft(site, request);
    account::sign_out(
        app.database.as_ref(),
        &Browser::of(&app.config, &request.headers).hashes(),
        session::presented::<OfPerson>(&app.config, &request.headers).map(|session| session.hash()),
        app.clock.now(),
        &event.event(),
    )
    .await
    .map_err(|error| site.unavailable(request, "signout", &error))?;
    event.log(site);
    // A provider that cannot be asked keeps nobody signed in here.
    let there = site
        .provider
        .sign_out_url(app)
        .await
        .unwrap_or_else(|error| {
            site.sign_in_failed(request, error);
            None
        });
    let mut reply = see_other(there.as_deref().unwrap_or(PAGE));
    browser::forget(&app.config, &request.headers, &mut reply);
    Ok(reply)
}

/// Bound to the cookies that tie the browser to somebody.
fn csrf(config: &Config, headers: &HeaderMap) -> Csrf {
    let browser = cookies::browser(config, headers);
    let account = session::presented::<OfPerson>(config, headers);
    let [browser, account] = [&browser, &account].map(|secret| {
        let shown = secret.as_ref().map(Secret::expose).unwrap_or_default();
        shown.as_bytes()
    });
    Csrf::bound_to(config, "signout-csrf", &[browser, account])
}

const PAGE: &str = "/signout";
