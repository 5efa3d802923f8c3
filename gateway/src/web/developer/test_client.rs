//! The test client: one click goes the whole way, and the page shows each request, its answer and the same with curl.
//!
//! It is a public application of this gateway, in the sandbox only. It speaks to the gateway through its own route
//! table, as any application would over HTTP; what it shows has tokens and codes shortened.

use axum::Extension;
use axum::extract::State;
use bluegate_shared::pkce::Verifier;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::{HOME, close, language, visitor};
use crate::app::{Reply, Request};
use crate::policy::parameters::Parameters;
use crate::secret::{Secret, keyed_hash};
use crate::web::pages::{Problem, developer as shown};
use crate::web::reply::{add_cookie, see_other};
use crate::web::{Answer, Gateway, Site, cookies};

/// Client id of the test client, registered by the sandbox itself.
pub(in crate::web) const CLIENT_ID: &str = "BluegateTestClientForTheDeveloperPortal1";

/// Name and redirect URI under which the sandbox registers it.
pub(in crate::web) fn test_client(base: &str) -> (&'static str, String) {
    (CLIENT_ID, callback(base))
}

/// One request and its answer, as the page shows them.
pub(in crate::web) struct Exchange {
    /// Which step it is: a key of the page's texts.
    pub(in crate::web) step: Step,
    /// Request line and headers.
    pub(in crate::web) request: String,
    /// Status line and body; empty for what the browser did.
    pub(in crate::web) response: String,
    /// The same as a command.
    pub(in crate::web) curl: String,
}

/// The steps in their order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) enum Step {
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
pub(super) async fn start(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let began = async {
        if !site.app.config.is_sandbox() || visitor(&site, &request).await?.is_none() {
            return Ok(see_other(HOME));
        }
        let app = &site.app;
        let seed = Secret::random(app.entropy.as_ref()).map_err(|_| Problem::unavailable())?;
        let mut reply = see_other(&authorize_url(&site, &seed));
        add_cookie(
            &mut reply,
            &cookies::set(&app.config, COOKIE, seed.expose(), 600),
        );
        Ok(reply)
    };
    close(&site, &request, language(&request), began.await)
}

/// GET `/developer/test/callback`: the rest of the way, and the page.
pub(super) async fn finish(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let shown = async {
        if !site.app.config.is_sandbox() {
            return Ok(see_other(HOME));
        }
        let Some(visitor) = visitor(&site, &request).await? else {
            return Ok(see_other(HOME));
        };
        let query = Parameters::parse(request.query.as_deref().unwrap_or_default().as_bytes());
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
    close(&site, &request, language(&request), shown.await)
}

/// Code to token to data to the end; stops at the first step that fails.
async fn walk(site: &Site, request: &Request, seed: &Secret, code: &str) -> Vec<Exchange> {
    let base = site.app.config.public_base_url.clone();
    let mut caller = Caller::new(site, request);
    caller.hide(code);
    let authorize = authorize_url(site, seed);
    caller.steps.push(Exchange {
        step: Step::Authorize,
        request: caller.shorten(&format!("GET {authorize}")),
        response: caller.shorten(&format!(
            "303 See Other\nLocation: {}?code={code}&state=…&iss={base}",
            callback(&base)
        )),
        curl: caller.shorten(&format!("open '{authorize}'")),
    });
    let (verifier, callback) = (verifier(site, seed), callback(&base));
    let exchange = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("code", code),
        ("code_verifier", verifier.as_str()),
        ("redirect_uri", &callback),
    ];
    let Some(tokens) = caller.post(Step::Token, "/v2/o/token/", &exchange).await else {
        return caller.steps;
    };
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let access = text(&tokens, "access_token");
    let reads = [
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
    ];
    for (step, path) in reads {
        caller.get(step, &path, &access).await;
    }
    let refresh = text(&tokens, "refresh_token");
    let renew = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("refresh_token", &refresh),
    ];
    let renewed = caller.post(Step::Refresh, "/v2/o/token/", &renew).await;
    let last = renewed.map_or(refresh, |tokens| text(&tokens, "refresh_token"));
    let end = [("client_id", CLIENT_ID), ("token", &last)];
    caller.post(Step::Revoke, "/v2/o/revoke/", &end).await;
    caller.steps
}

/// Sends requests through the gateway's own routes and keeps what the page shows.
struct Caller {
    gateway: Gateway,
    base: String,
    /// The peer as the host named it, so that limits count the developer and not the gateway.
    address: HeaderValue,
    /// What must not be shown whole.
    secrets: Vec<String>,
    steps: Vec<Exchange>,
}

impl Caller {
    fn new(site: &Site, request: &Request) -> Self {
        Self {
            gateway: Gateway::of(site.clone()),
            base: site.app.config.public_base_url.clone(),
            address: request
                .headers
                .get_all(PEER)
                .iter()
                .next_back()
                .cloned()
                .unwrap_or(HeaderValue::from_static("")),
            secrets: Vec::new(),
            steps: Vec::new(),
        }
    }

    async fn get(&mut self, step: Step, path: &str, token: &str) {
        let url = format!("{}{path}", self.base);
        let bearer = format!("Bearer {token}");
        let shown = (
            format!("GET {url}\nAuthorization: {bearer}"),
            format!("curl '{url}' \\\n  -H 'Authorization: {bearer}'"),
        );
        let request = http::Request::builder()
            .method(Method::GET)
            .uri(path)
            .header(AUTHORIZATION, bearer)
            .body(Bytes::new());
        self.send(step, shown, request).await;
    }

    async fn post(&mut self, step: Step, path: &str, fields: &[(&str, &str)]) -> Option<Value> {
        let url = format!("{}{path}", self.base);
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let options: String = fields
            .iter()
            .map(|(name, value)| format!(" \\\n  --data-urlencode '{name}={value}'"))
            .collect();
        for (name, value) in fields {
            if matches!(*name, "code" | "code_verifier" | "refresh_token" | "token") {
                self.hide(value);
            }
        }
        let listed: String = fields
            .iter()
            .map(|(name, value)| format!("\n{name}={value}"))
            .collect();
        let shown = (
            format!("POST {url}\nContent-Type: {FORM}\n{listed}"),
            format!("curl '{url}'{options}"),
        );
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(CONTENT_TYPE, FORM)
            .body(Bytes::from(body));
        self.send(step, shown, request).await
    }

    /// The body where the answer is a success.
    async fn send(
        &mut self,
        step: Step,
        (request_text, curl): (String, String),
        request: Result<http::Request<Bytes>, http::Error>,
    ) -> Option<Value> {
        let mut request = request.ok()?;
        request.headers_mut().insert(PEER, self.address.clone());
        // A router inside a handler of itself: the box breaks the circle of types.
        let reply: Reply = Box::pin(self.gateway.respond(request)).await;
        let body: Value = serde_json::from_slice(reply.body()).unwrap_or_default();
        for name in ["access_token", "refresh_token"] {
            if let Some(token) = body[name].as_str() {
                self.hide(token);
            }
        }
        let pretty = if body.is_null() {
            String::new()
        } else {
            serde_json::to_string_pretty(&body).unwrap_or_default()
        };
        self.steps.push(Exchange {
            step,
            request: self.shorten(&request_text),
            response: self.shorten(&clip(&format!("{}\n\n{pretty}", reply.status()))),
            curl: self.shorten(&curl),
        });
        reply.status().is_success().then_some(body)
    }

    fn hide(&mut self, secret: &str) {
        if secret.len() >= 16 && !self.secrets.iter().any(|known| known == secret) {
            self.secrets.push(secret.to_owned());
        }
    }

    /// The text with each secret cut to its first six characters.
    fn shorten(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            let start: String = secret.chars().take(6).collect();
            text.replace(secret.as_str(), &format!("{start}…"))
        })
    }
}

/// The beginning of a long body.
fn clip(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().take(LINES).collect();
    if text.lines().count() > LINES {
        lines.push("…");
    }
    lines.join("\n")
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
const FORM: &str = "application/x-www-form-urlencoded";
const PEER: HeaderName = HeaderName::from_static("spin-client-addr");
/// Lines of an answer that are shown.
const LINES: usize = 40;
