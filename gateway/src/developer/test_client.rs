//! The test client: one click goes the whole way, and the page shows each request, its answer and the same with curl.
//!
//! It is a public application of this gateway, in the sandbox only. It speaks to the gateway through its own route
//! table, as any application would over HTTP; what it shows has tokens and codes shortened.

use axum::Extension;
use axum::extract::State;
use bluegate_shared::pkce::Verifier;
use http::Method;
use http::header::AUTHORIZATION;
use serde_json::Value;

use super::{HOME, Visitor, close};
use crate::base::calls::{Body, Caller, Exchange, Outgoing};
use crate::base::http::reply::{Answer, add_cookie, see_other};
use crate::base::http::{Request, cookies};
use crate::base::secret::{Secret, keyed_hash};
use crate::base::site::Site;
use crate::developer::page as shown;

/// Client id of the test client, registered by the sandbox itself.
pub(crate) const CLIENT_ID: &str = "BluegateTestClientForTheDeveloperPortal1";

/// Name and redirect URI under which the sandbox registers it.
pub(crate) fn test_client(base: &str) -> (&'static str, String) {
    (CLIENT_ID, callback(base))
}

/// The steps in their order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Authorize,
    Token,
    Userinfo,
    Patient,
    Coverage,
    Claims,
    Refresh,
    Revoke,
}

/// GET `/developer/test`: to the authorization endpoint.
pub(crate) async fn start(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    _: Visitor,
) -> Answer {
    let began = async {
        if !site.app.config.is_sandbox() {
            return Ok(see_other(HOME));
        }
        let app = &site.app;
        let seed = Secret::random(app.entropy.as_ref())?;
        let mut reply = see_other(&authorize_url(&site, &seed));
        add_cookie(
            &mut reply,
            &cookies::set(&app.config, COOKIE, seed.expose(), 600),
        );
        Ok(reply)
    };
    close(&site, &request, "developer.test", began.await)
}

/// GET `/developer/test/callback`: the rest of the way, and the page.
pub(crate) async fn finish(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    visitor: Visitor,
) -> Answer {
    let shown = async {
        if !site.app.config.is_sandbox() {
            return Ok(see_other(HOME));
        }
        let query = request.parameters();
        let seed = cookies::read(&request.headers, COOKIE)
            .map(|value| Secret::new(value.to_owned()))
            .filter(|seed| {
                query
                    .first("state")
                    .is_some_and(|presented| state(&site, seed).is(presented))
            });
        let steps = match (seed, query.first("code")) {
            (Some(seed), Some(code)) => walk(&site, &request, &seed, code).await,
            _ => Vec::new(),
        };
        let mut reply = shown::test(&visitor, &steps);
        add_cookie(&mut reply, &cookies::set(&site.app.config, COOKIE, "", 0));
        Ok(reply)
    };
    close(&site, &request, "developer.test", shown.await)
}

/// Code to token to data to the end; stops where there is no token.
async fn walk(site: &Site, request: &Request, seed: &Secret, code: &str) -> Vec<(Step, Exchange)> {
    let base = site.app.config.public_base_url.clone();
    let mut caller = Caller::new(site, request);
    caller.hide(code);
    let (verifier, callback) = (verifier(site, seed), callback(&base));
    let authorize = authorize_url(site, seed);
    let back = format!("303 See Other\nlocation: {callback}?code={code}&state=…&iss={base}");
    let by_the_browser = Exchange {
        request: format!("GET {authorize}"),
        response: caller.redact(&back),
        curl: format!("open '{authorize}'"),
    };
    let mut steps = vec![(Step::Authorize, by_the_browser)];
    let form = |fields: &[(&str, &str)]| {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Body::Form(fields.iter().map(owned).collect())
    };
    let post = |path: &str, body| Outgoing {
        method: Method::POST,
        path: path.to_owned(),
        headers: Vec::new(),
        body,
    };
    let exchange = form(&[
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("code", code),
        ("code_verifier", verifier.as_str()),
        ("redirect_uri", &callback),
    ]);
    let Some((tokens, shown)) = caller.send(&post(TOKEN, exchange), true).await else {
        return steps;
    };
    steps.push((Step::Token, shown));
    let Some(tokens) = tokens else {
        return steps;
    };
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    for (step, path) in [
        (Step::Userinfo, "/v2/connect/userinfo".to_owned()),
        (
            Step::Patient,
            format!("/v2/fhir/Patient/{}", text(&tokens, "patient")),
        ),
        (Step::Coverage, "/v2/fhir/Coverage".to_owned()),
        (
            Step::Claims,
            "/v2/fhir/ExplanationOfBenefit?_count=2".to_owned(),
        ),
    ] {
        let read = Outgoing {
            method: Method::GET,
            path,
            headers: vec![(
                AUTHORIZATION,
                format!("Bearer {}", text(&tokens, "access_token")),
            )],
            body: Body::None,
        };
        if let Some((_, shown)) = caller.send(&read, true).await {
            steps.push((step, shown));
        }
    }
    let mut last = text(&tokens, "refresh_token");
    let renew = form(&[
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("refresh_token", &last),
    ]);
    if let Some((renewed, shown)) = caller.send(&post(TOKEN, renew), true).await {
        steps.push((Step::Refresh, shown));
        last = renewed.map_or(last, |tokens| text(&tokens, "refresh_token"));
    }
    let end = form(&[("client_id", CLIENT_ID), ("token", &last)]);
    if let Some((_, shown)) = caller.send(&post("/v2/o/revoke/", end), true).await {
        steps.push((Step::Revoke, shown));
    }
    steps
}

fn authorize_url(site: &Site, seed: &Secret) -> String {
    let base = &site.app.config.public_base_url;
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", &callback(base)),
            ("state", state(site, seed).expose()),
            ("code_challenge", verifier(site, seed).challenge().as_str()),
            ("code_challenge_method", "S256"),
            ("prompt", "login"),
        ])
        .finish();
    format!("{base}/v2/o/authorize/?{query}")
}

/// State and verifier are derived from what the browser keeps, so that the store holds neither.
fn state(site: &Site, seed: &Secret) -> Secret {
    Secret::derived(
        &site.app.config.token_key,
        "test-client-state",
        &[seed.expose().as_bytes()],
    )
}

fn verifier(site: &Site, seed: &Secret) -> Verifier {
    Verifier::from_entropy(keyed_hash(
        &site.app.config.token_key,
        "test-client-verifier",
        &[seed.expose().as_bytes()],
    ))
}

fn callback(base: &str) -> String {
    format!("{base}/developer/test/callback")
}

const COOKIE: &str = "bg-test";
const TOKEN: &str = "/v2/o/token/";
