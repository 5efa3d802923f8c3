//! The Spin entry point.

use bytes::Bytes;
use http::{Response, StatusCode};
use spin_sdk::http::{FullBody, Request};
use spin_sdk::{http_service, variables};

use crate::{Asset, answer};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    if !variables::get("environment")
        .await
        .is_ok_and(|name| name == "sandbox")
    {
        let mut response = Response::new(FullBody::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    answer(
        ASSETS,
        request.method(),
        request.uri().path(),
        request.headers(),
    )
    .map(|body| FullBody::new(Bytes::from_static(body)))
}
