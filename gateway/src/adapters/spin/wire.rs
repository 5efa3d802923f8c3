//! HTTP of WASI 0.3 with bodies that are whole.
//!
//! The SDK's bodies are streams: read in pieces of 16 KiB, each with a call of the host and a copy, and written
//! by a task of their own. Here a body is read into one buffer of its announced length, and written by one write
//! that is under way before the answer is handed over: where the head came first, the client's delayed
//! acknowledgement would hold a small body back (the host sets no `TCP_NODELAY`).

use bytes::Bytes;
use futures::FutureExt as _;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{
    ErrorCode, Fields, Request, RequestOptions, Response, Scheme, Trailers,
};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult, spawn};
use spin_sdk::wasip3::{wit_future, wit_stream};

use crate::app::Reply;
use crate::ports::UpstreamRequest;

/// Why there is no whole body.
pub(super) enum BodyError {
    Broken,
    TooLarge,
}

/// Method, path and headers of a client's request, whose body was not read yet.
pub(super) fn head(request: &Request) -> Option<http::Request<()>> {
    let mut head = http::Request::new(());
    *head.method_mut() = Method::try_from(request.get_method()).ok()?;
    *head.uri_mut() = match request.get_path_with_query() {
        Some(path) => Uri::try_from(path).ok()?,
        None => Uri::from_static("/"),
    };
    *head.headers_mut() = headers(request.get_headers())?;
    Some(head)
}

/// The body of a client's request.
pub(super) async fn body(
    request: Request,
    headers: &HeaderMap,
    limit: usize,
) -> Result<Bytes, BodyError> {
    let length = length(headers);
    if length.is_none_or(|length| length == 0) && !headers.contains_key(TRANSFER_ENCODING) {
        return Ok(Bytes::new());
    }
    let (stream, trailers) = Request::consume_body(request, done());
    whole(stream, trailers, length, limit).await
}

/// Hands an answer over. Its body is on its way when this returns.
pub(super) fn respond(reply: Reply) -> Result<Response, ErrorCode> {
    let (parts, body) = reply.into_parts();
    let contents = (!body.is_empty()).then(|| sent(body));
    let fields = fields(&parts.headers)?;
    let (response, _) = Response::new(fields, contents, no_trailers());
    response
        .set_status_code(parts.status.as_u16())
        .map_err(|()| internal("status"))?;
    Ok(response)
}

/// The head of another server's answer, and its body that is still to be read.
pub(super) struct Incoming {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    response: Response,
}

/// Sends a request.
pub(super) async fn send(
    request: UpstreamRequest,
    options: RequestOptions,
) -> Result<Incoming, ErrorCode> {
    let uri = Uri::try_from(request.url).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let contents = (!request.body.is_empty()).then(|| sent(request.body));
    let fields = fields(&request.headers)?;
    let (outgoing, _) = Request::new(fields, contents, no_trailers(), Some(options));
    let invalid = |()| ErrorCode::HttpRequestUriInvalid;
    if request.method != Method::GET {
        outgoing
            .set_method(&request.method.into())
            .map_err(|()| ErrorCode::HttpRequestMethodInvalid)?;
    }
    let scheme = uri.scheme().map(Scheme::from);
    outgoing.set_scheme(scheme.as_ref()).map_err(invalid)?;
    outgoing
        .set_authority(uri.authority().map(http::uri::Authority::as_str))
        .map_err(invalid)?;
    outgoing
        .set_path_with_query(uri.path_and_query().map(http::uri::PathAndQuery::as_str))
        .map_err(invalid)?;
    let response = client::send(outgoing).await?;
    Ok(Incoming {
        status: StatusCode::from_u16(response.get_status_code())
            .map_err(|_| ErrorCode::HttpProtocolError)?,
        headers: headers(response.get_headers()).ok_or(ErrorCode::HttpProtocolError)?,
        response,
    })
}

impl Incoming {
    /// Reads the body to its end.
    pub(super) async fn body(self, limit: usize) -> Result<Bytes, BodyError> {
        let length = length(&self.headers);
        let (stream, trailers) = Response::consume_body(self.response, done());
        whole(stream, trailers, length, limit).await
    }
}

type TrailersReader = FutureReader<Result<Option<Trailers>, ErrorCode>>;

async fn whole(
    mut stream: StreamReader<u8>,
    trailers: TrailersReader,
    length: Option<usize>,
    limit: usize,
) -> Result<Bytes, BodyError> {
    if length.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    // An announced length costs its sender nothing: believed at once as far as bodies usually are large.
    let mut whole = Vec::with_capacity(length.map_or(PIECE, |length| length.min(MOST_AT_ONCE)));
    loop {
        if whole.len() == whole.capacity() {
            whole.reserve(PIECE);
        }
        let (result, buffer) = stream.read(whole).await;
        whole = buffer;
        if whole.len() > limit {
            return Err(BodyError::TooLarge);
        }
        match result {
            // The host lets no more than the announced length through.
            _ if length == Some(whole.len()) => break,
            StreamResult::Complete(_) => {}
            StreamResult::Dropped | StreamResult::Cancelled => {
                // What follows a body says whether it was whole.
                let ended = trailers.await.is_ok();
                if !ended || length.is_some_and(|length| length != whole.len()) {
                    return Err(BodyError::Broken);
                }
                break;
            }
        }
    }
    Ok(whole.into())
}

/// A body on its way: the write begins now, and goes on when somebody reads.
fn sent(body: Bytes) -> StreamReader<u8> {
    let (mut writer, contents) = wit_stream::new::<u8>();
    let mut writing = Box::pin(async move {
        // What is left over was not wanted any more.
        let _ = writer.write_all(body.into()).await;
    });
    if writing.as_mut().now_or_never().is_none() {
        spawn(writing);
    }
    contents
}

fn done() -> FutureReader<Result<(), ErrorCode>> {
    // A writer that is dropped writes its default.
    wit_future::new(|| Ok(())).1
}

fn no_trailers() -> TrailersReader {
    wit_future::new(|| Ok(None)).1
}

fn headers(fields: Fields) -> Option<HeaderMap> {
    let fields = fields.copy_all();
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_maybe_shared(Bytes::from(value)).ok()?,
        );
    }
    Some(headers)
}

fn fields(headers: &HeaderMap) -> Result<Fields, ErrorCode> {
    let entries: Vec<_> = headers
        .iter()
        // The host writes it from the address, and takes it from nobody.
        .filter(|(name, _)| **name != HOST)
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&entries).map_err(|_| internal("headers"))
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn internal(what: &str) -> ErrorCode {
    ErrorCode::InternalError(Some(what.to_owned()))
}

/// Room for what comes next, where it is not known how much.
const PIECE: usize = 64 * 1024;
/// Room that is made at once for an announced length.
const MOST_AT_ONCE: usize = 1024 * 1024;
