//! Hands every request on to one origin and its answer back, whole: the yardstick of `cargo xtask bench fhir`
//! for what the engine costs without a gateway. An answer that were handed on piece by piece, as it comes, would
//! wait 40 ms for the client's acknowledgement (the engine sets no `TCP_NODELAY`).

#[cfg(target_arch = "wasm32")]
mod component {
    use std::sync::OnceLock;

    use bytes::Bytes;
    use http::header::CONTENT_LENGTH;
    use http::{HeaderValue, Response};
    use http_body_util::{BodyExt as _, Full};
    use spin_sdk::http::{EmptyBody, Error, Request, Result, send};

    static ORIGIN: OnceLock<String> = OnceLock::new();

    #[spin_sdk::http_service]
    async fn handle(request: Request) -> Result<Response<Full<Bytes>>> {
        let origin = match ORIGIN.get() {
            Some(origin) => origin,
            None => {
                let origin = spin_sdk::variables::get("origin")
                    .await
                    .map_err(|error| Error::other(error.to_string()))?;
                ORIGIN.get_or_init(|| origin)
            }
        };
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let onwards = http::Request::get(format!("{origin}{path}")).body(EmptyBody::new())?;
        let (mut parts, body) = send(onwards).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        parts
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        Ok(Response::from_parts(parts, Full::new(body)))
    }
}
