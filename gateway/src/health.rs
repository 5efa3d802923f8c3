//! Liveness and readiness, without internals.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::base::http::reply::{Answer, json, no_store};
use crate::base::http::{Reply, Request};
use crate::base::ports::{Durability, UpstreamRequest};
use crate::base::site::Site;

/// `/health`: this process answers.
pub(crate) fn alive() -> Reply {
    let mut reply = json(StatusCode::OK, &json!({ "status": "ok" }));
    no_store(&mut reply);
    reply
}

/// `/health/ready`: store, claims backend and identity provider, each `ok` or `unavailable`.
pub(crate) async fn ready(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let (store, backend, provider) =
        futures::join!(store(&site), backend(&site, &request), async {
            site.provider.check(&site.app).await.is_ok()
        });
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

async fn store(site: &Site) -> bool {
    site.app
        .database
        .execute(
            Durability::Relaxed,
            "SELECT count(*) FROM lock_down",
            Vec::new(),
        )
        .await
        .is_ok()
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
