//! HTTP: the route table, and the layer around all routes.
//!
//! A request passes the `door`, where its body is read. A route's handler gets the parsed request and gives a whole
//! answer, around which `frame` puts what every answer has. Handlers stand in the folders of the features.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post, put};
use bytes::Bytes;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use tower_service::Service as _;

use crate::account::{self, sign_out};
use crate::app::frame::Frame;
use crate::app::{assets, demo};
use crate::base::address;
use crate::base::context::App;
use crate::base::drain::Turn;
use crate::base::http::reply::{self, Answer, not_found};
use crate::base::http::{Body, HeadError, Reply, Request, door};
use crate::base::identity_provider::provider::Provider;
use crate::base::jwks::KeyCache;
use crate::base::ports::{Entropy, PortFuture};
use crate::base::secret::Secret;
use crate::base::site::Site;
use crate::base::store::StoreError;
use crate::fhir::handlers;
use crate::maintenance::take_turn;
use crate::ops::statements::reauthentication::begin_epoch;
use crate::register::{self, registration};
use crate::{
    authorize, callback as signin, consent, developer, discovery, docs, health, ops, par, token,
    try_out, userinfo,
};

/// The gateway of one instance, ready to answer. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    site: Site,
    router: Router,
}

impl Gateway {
    /// Makes the routes. In the sandbox, the demo application is registered where it is not yet.
    ///
    /// # Errors
    ///
    /// The store's error.
    pub async fn start(app: App) -> Result<Self, StoreError> {
        // Before the first request: whatever was issued before the epoch is worth nothing to any of them.
        begin_epoch(
            app.database.as_ref(),
            app.config.token_epoch,
            app.clock.now(),
        )
        .await?;
        if app.config.is_sandbox() {
            demo::demo(&app).await?;
        }
        let site = Site {
            app,
            client_keys: KeyCache::default(),
            provider: Provider::default(),
            respond,
        };
        Ok(Self {
            router: routes(site.clone()),
            site,
        })
    }

    /// Answers one request. Its body is read where its method has one.
    pub async fn respond<B: Body>(&self, request: http::Request<B>) -> Reply {
        let app = &self.site.app;
        let (mut parts, body) = request.into_parts();
        let https = app.config.is_https();
        let Some(request_id) = request_id(app.entropy.as_ref()) else {
            return unavailable(parts, app.entropy.as_ref(), https);
        };
        if let Err(refusal) = door::canonicalise(&mut parts.uri) {
            return Frame::of(&parts, https).around(refusal.reply(), &request_id);
        }
        let frame = Frame::of(&parts, https);
        let reply = self.admit(parts, body, &frame, request_id.clone()).await;
        frame.around(reply, &request_id)
    }

    /// Whether work that is no part of an answer is due. Whoever is told so calls [`Gateway::drain`].
    #[must_use]
    pub fn begin_drain(&self) -> Option<Turn> {
        let app = &self.site.app;
        app.drain.begin(app.clock.now())
    }

    /// Does that work.
    pub async fn drain(&self, turn: Turn) {
        take_turn(&self.site.app, turn).await;
        self.site.app.drain.end();
    }

    /// To the route, past the door.
    async fn admit<B: Body>(
        &self,
        parts: Parts,
        body: B,
        frame: &Frame,
        request_id: String,
    ) -> Reply {
        if parts.method == Method::OPTIONS {
            return self.preflight(&parts, frame).await;
        }
        if let Err(refusal) = door::examine(&parts.method, &parts.headers) {
            return refusal.reply();
        }
        match door::read(
            &parts.method,
            parts.uri.path(),
            body,
            self.site.app.clock.as_ref(),
        )
        .await
        {
            Ok(body) => self.route(parts, body, request_id).await,
            Err(refusal) => refusal.reply(),
        }
    }

    async fn route(&self, parts: Parts, body: Bytes, request_id: String) -> Reply {
        let path = parts.uri.path();
        // Every route answers with and without the trailing slash (docs/contract/01-routes.md).
        let routed = match path.strip_suffix('/') {
            Some(bare) if !bare.is_empty() => bare,
            _ => path,
        };
        // HEAD is GET without the body, which is dropped at the end.
        let method = if parts.method == Method::HEAD {
            Method::GET
        } else {
            parts.method.clone()
        };
        let config = &self.site.app.config;
        let request = Request {
            method: method.clone(),
            query: parts.uri.query().map(str::to_owned),
            client_address: address::of_client(
                &parts.headers,
                config.forwarded_header,
                &config.trusted_proxies,
            ),
            started_at: self.site.app.clock.now(),
            headers: parts.headers,
            body,
            request_id,
        };
        let routed = http::Request::builder()
            .method(method)
            .uri(routed)
            .extension(request)
            .body(axum::body::Body::empty());
        let Ok(routed) = routed else {
            return door::Refusal::PathMalformed.reply();
        };
        let mut router = self.router.clone();
        match router.call(routed).await {
            Ok(response) => whole(response).await,
            Err(never) => match never {},
        }
    }

    /// A CORS preflight is answered with the methods that the route has.
    async fn preflight(&self, parts: &Parts, frame: &Frame) -> Reply {
        let mut probe = http::Request::new(Bytes::new()).into_parts().0;
        probe.method = Method::OPTIONS;
        probe.uri = parts.uri.clone();
        let probed = self.route(probe, Bytes::new(), String::new()).await;
        if probed.status() == StatusCode::NOT_FOUND {
            return probed;
        }
        let methods = probed
            .headers()
            .get(ALLOW)
            .cloned()
            .unwrap_or(HeaderValue::from_static("GET,HEAD"));
        frame.preflight(&parts.headers, methods)
    }
}

/// A request that a handler sends itself. The box breaks the circle of a router inside a handler of itself.
fn respond(site: Site, request: http::Request<Bytes>) -> PortFuture<'static, Reply> {
    Box::pin(async move {
        let gateway = Gateway {
            router: routes(site.clone()),
            site,
        };
        gateway.respond(request).await
    })
}

/// The answer of every route but `/health` while the configuration or the store cannot be used. `https` is what the
/// public address begins with, as far as that is known.
#[must_use]
pub fn unavailable(mut parts: Parts, entropy: &dyn Entropy, https: bool) -> Reply {
    let path = door::canonicalise(&mut parts.uri).map(|()| parts.uri.path());
    let reply = match path {
        // Liveness is about this process alone.
        Ok("/health" | "/health/") => health::alive(),
        _ => door::Refusal::NotConfigured.reply(),
    };
    let request_id = request_id(entropy).unwrap_or_default();
    Frame::of(&parts, https).around(reply, &request_id)
}

/// The answer to a request whose head cannot be read.
#[must_use]
pub fn unreadable(head: HeadError, entropy: &dyn Entropy, https: bool) -> Reply {
    let refusal = match head {
        HeadError::Malformed => door::Refusal::PathMalformed,
        HeadError::TargetTooLong => door::Refusal::TargetTooLong,
        HeadError::TooLarge => door::Refusal::HeadTooLarge,
    };
    let request_id = request_id(entropy).unwrap_or_default();
    Frame::of_nothing(https).around(refusal.reply(), &request_id)
}

/// 128 random bits in hexadecimal.
fn request_id(entropy: &dyn Entropy) -> Option<String> {
    let random = Secret::random(entropy).ok()?;
    Some(random.hash().hex().chars().take(32).collect())
}

/// The route table (docs/contract/01-routes.md).
fn routes(site: Site) -> Router {
    let sandbox = site.app.config.is_sandbox();
    Router::new()
        .route("/", get(home))
        .route("/health", get(|| async { Answer(health::alive()) }))
        .route("/health/ready", get(health::ready))
        .route("/assets/{file}", get(assets::file))
        .route(
            "/.well-known/oauth-authorization-server",
            get(discovery::authorization_server),
        )
        .route("/.well-known/openid-configuration", get(discovery::openid))
        .route(
            "/{version}/connect/.well-known/openid-configuration",
            get(discovery::openid_of_version),
        )
        .route(
            "/{version}/fhir/.well-known/smart-configuration",
            get(discovery::smart),
        )
        .route(
            "/{version}/o/authorize",
            get(authorize::start).post(authorize::start),
        )
        .route(
            "/{version}/o/authorize/consent",
            get(consent::show).post(consent::decide),
        )
        .route("/signin/callback", get(signin::callback))
        .route("/signout", get(sign_out::show).post(sign_out::act))
        .route("/{version}/o/par", post(par::push))
        .route("/{version}/o/token", post(token::token))
        .route("/{version}/o/revoke_token", post(token::revoke_token))
        .route("/{version}/o/revoke", post(token::revoke_grant))
        .route("/{version}/o/introspect", post(token::introspect))
        .route("/o/register", post(register::register))
        .route("/o/register/{client_id}/logo", put(registration::put_logo))
        .route("/o/logo/{client_id}", get(registration::logo))
        .route(
            "/o/register/{client_id}",
            get(registration::read)
                .put(registration::update)
                .delete(registration::delete),
        )
        .route("/docs", get(docs::page).post(docs::attempt))
        .route("/openapi.json", get(docs::openapi))
        .route("/postman.json", get(docs::postman))
        .route("/account", get(account::show).post(account::act))
        .merge(ops::routes())
        .merge(try_out::routes(sandbox))
        .route(
            "/connect/userinfo",
            get(userinfo::userinfo).post(userinfo::userinfo),
        )
        .route(
            "/{version}/connect/userinfo",
            get(userinfo::userinfo_of_version).post(userinfo::userinfo_of_version),
        )
        .route(
            "/{version}/connect/UserInfo",
            get(userinfo::userinfo_of_version).post(userinfo::userinfo_of_version),
        )
        .route("/{version}/fhir/metadata", get(handlers::metadata))
        .route("/{version}/fhir/{resource}", get(handlers::search))
        .route("/{version}/fhir/{resource}/_search", post(handlers::search))
        .route("/{version}/fhir/{resource}/{id}", get(handlers::read))
        .merge(developer::routes())
        .fallback(|| async { not_found() })
        .with_state(site)
}

async fn home(State(site): State<Site>) -> Answer {
    if site.app.config.is_sandbox() {
        return reply::see_other("/demo/").into();
    }
    not_found()
}

async fn whole(response: Response) -> Reply {
    let (parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    Reply::from_parts(parts, body)
}
