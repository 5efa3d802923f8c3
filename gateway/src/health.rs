//! Liveness and readiness, without internals.

pub mod statements;

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::base::config::Config;
use crate::base::http::reply::{Answer, json, no_store};
use crate::base::http::{Reply, Request};
use crate::base::ports::{UnixMillis, UpstreamRequest};
use crate::base::secret::keyed_hash;
use crate::base::site::Site;
use crate::base::store::StoreError;
use crate::health::statements::{self as readiness, Readiness};

/// `/health`: this process answers.
pub(crate) fn alive() -> Reply {
    let mut reply = json(StatusCode::OK, &json!({ "status": "ok" }));
    no_store(&mut reply);
    reply
}

/// `/health/ready`: store, claims backend and identity provider, each `ok` or `unavailable`. Anybody may ask, so
/// backend and provider are asked once in [`FRESH_MS`], by one request of all instances.
pub(crate) async fn ready(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let (store, found) = match found(&site, &request).await {
        Ok(found) => (true, found),
        Err(error) => {
            site.failed(&request, "ready", &error);
            (false, None)
        }
    };
    let backend = found.is_some_and(|found| found.backend);
    let provider = found.is_some_and(|found| found.provider);
    let word = |ok: bool| if ok { "ok" } else { "unavailable" };
    let all = store && backend && provider;
    let status = if all {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "status": if all { "ready" } else { "unavailable" },
        "store": word(store),
        "backend": word(backend),
        "provider": word(provider),
    });
    let mut reply = json(status, &body);
    no_store(&mut reply);
    reply.into()
}

/// What the last probe found, or a new one where that is too long ago. `None` if somebody else's does not end.
async fn found(site: &Site, request: &Request) -> Result<Option<Readiness>, StoreError> {
    let app = &site.app;
    let (database, clock) = (app.database.as_ref(), app.clock.as_ref());
    let of = asked(&app.config);
    for _ in 0..PATIENCE {
        let last = readiness::last(database, &of).await?;
        let now = clock.now();
        let age = |found: Readiness| now.0 - found.checked_at.0;
        let fresh = last.filter(|found| (0..FRESH_MS).contains(&age(*found)));
        if fresh.is_some() {
            return Ok(fresh);
        }
        let until = UnixMillis(now.0 + PROBE_MS);
        if readiness::begin(database, &of, now, until).await? {
            let found = probe(site, request).await;
            readiness::keep(database, &of, found).await?;
            return Ok(Some(found));
        }
        // Somebody else asks now.
        let recent = last.filter(|found| (0..STALE_MS).contains(&age(*found)));
        if recent.is_some() {
            return Ok(recent);
        }
        clock.sleep(PAUSE).await;
    }
    Ok(None)
}

/// Which backend and which provider are asked.
fn asked(config: &Config) -> [u8; 32] {
    let parts = [
        config.claims_backend_base.as_bytes(),
        config.idp_issuer.as_str().as_bytes(),
    ];
    keyed_hash(&config.audit_key, "readiness", &parts)
}

async fn probe(site: &Site, request: &Request) -> Readiness {
    let (backend, provider) = futures::join!(backend(site, request), async {
        let checked = site.provider.check(&site.app).await;
        let settled = checked.map_err(|error| site.settle(request, "ready", "", error));
        settled.is_ok()
    });
    Readiness {
        checked_at: site.app.clock.now(),
        backend,
        provider,
    }
}

async fn backend(site: &Site, request: &Request) -> bool {
    let mut headers = HeaderMap::new();
    if let Ok(value) = request.request_id.parse() {
        headers.insert("x-request-id", value);
    }
    let answer = site.app.upstream.send(UpstreamRequest {
        method: Method::GET,
        url: format!("{}/v2/fhir/metadata", site.app.config.claims_backend_base),
        headers,
        body: Bytes::new(),
        timeout: Duration::from_secs(2),
        body_limit: 4 * 1024 * 1024,
    });
    answer
        .await
        .is_ok_and(|answer| answer.status == StatusCode::OK)
}

/// How long what a probe found is told.
const FRESH_MS: i64 = 3_000;
/// How long it is told while another probe is under way.
const STALE_MS: i64 = 30_000;
/// How long a probe may take before another one begins, as where its instance died.
const PROBE_MS: i64 = 10_000;
/// Whoever finds a probe under way and nothing from before looks so often,
const PATIENCE: usize = 40;
/// with such a pause.
const PAUSE: Duration = Duration::from_millis(100);
