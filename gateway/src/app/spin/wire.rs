//! HTTP of WASI 0.3 with bodies that are whole.
//!
//! The SDK's bodies are streams: read in pieces of 16 KiB, each with a call of the host and a copy, and written
//! by a task of their own. Here a body is read into one buffer of its announced length, and written by one write
//! that is under way before the answer is handed over: where the head came first, the client's delayed
//! acknowledgement would hold a small body back (the host sets no `TCP_NODELAY`).

use bytes::Bytes;
use futures::FutureExt as _;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{
    ErrorCode, Fields, Request, RequestOptions, Response, Scheme, Trailers,
};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult, spawn};
use spin_sdk::wasip3::{wit_future, wit_stream};

use crate::base::http::{Body, BodyError, HeadError, Reply};
use crate::base::ports::UpstreamRequest;

/// Head and body of a client's request. Nothing of the body was read yet.
pub(super) fn received(request: Request) -> Result<(http::Request<()>, ClientBody), HeadError> {
    let mut head = http::Request::new(());
    *head.method_mut() =
        Method::try_from(request.get_method()).map_err(|_| HeadError::Malformed)?;
    *head.uri_mut() = match request.get_path_with_query() {
        Some(target) if target.len() > LONGEST_TARGET => return Err(HeadError::TargetTooLong),
        Some(target) => Uri::try_from(target).map_err(|_| HeadError::Malformed)?,
        None => Uri::from_static("/"),
    };
    *head.headers_mut() = headers(request.get_headers())?;
    let announced = length(head.headers());
    Ok((head, ClientBody { request, announced }))
}

/// The body of a client's request, which costs nothing until it is read.
pub(super) struct ClientBody {
    request: Request,
    announced: Option<usize>,
}

impl Body for ClientBody {
    async fn read(self, limit: usize) -> Result<Bytes, BodyError> {
        let (mut stream, trailers) = Request::consume_body(self.request, done());
        let read = whole(&mut stream, trailers, self.announced, limit).await;
        if read == Err(BodyError::TooLarge) && self.announced.is_none_or(|all| all <= THROWN_AWAY) {
            throw_away(&mut stream).await;
        }
        read
    }
}

/// Reads on where a body is not much too large: a connection that is closed before all of it came is reset, and the
/// client may never see the answer that says why.
async fn throw_away(stream: &mut StreamReader<u8>) {
    let mut thrown_away = 0;
    while thrown_away < THROWN_AWAY {
        let (result, piece) = stream.read(Vec::with_capacity(PIECE)).await;
        thrown_away += piece.len();
        if !matches!(result, StreamResult::Complete(_)) {
            break;
        }
    }
}

/// Hands an answer over. Its body is on its way when this returns.
pub(super) fn respond(reply: Reply) -> Result<Response, ErrorCode> {
    let (parts, body) = reply.into_parts();
    let contents = (!body.is_empty()).then(|| sent(body));
    let fields = fields(parts.headers.iter())?;
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
    let length = request.length();
    let uri = Uri::try_from(request.url).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let contents = (!request.body.is_empty()).then(|| sent(request.body));
    let fields = fields(
        request
            .headers
            .iter()
            .chain(length.iter().map(|length| (&CONTENT_LENGTH, length))),
    )?;
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
        headers: headers(response.get_headers()).map_err(|_| ErrorCode::HttpProtocolError)?,
        response,
    })
}

impl Incoming {
    /// Reads the body to its end.
    pub(super) async fn body(self, limit: usize) -> Result<Bytes, BodyError> {
        let length = length(&self.headers);
        let (mut stream, trailers) = Response::consume_body(self.response, done());
        whole(&mut stream, trailers, length, limit).await
    }
}

type TrailersReader = FutureReader<Result<Option<Trailers>, ErrorCode>>;

async fn whole(
    stream: &mut StreamReader<u8>,
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

fn headers(fields: Fields) -> Result<HeaderMap, HeadError> {
    let fields = fields.copy_all();
    let too_large = |_| HeadError::TooLarge;
    let mut headers = HeaderMap::try_with_capacity(fields.len()).map_err(too_large)?;
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeadError::Malformed)?;
        let value =
            HeaderValue::from_maybe_shared(Bytes::from(value)).map_err(|_| HeadError::Malformed)?;
        headers.try_append(name, value).map_err(too_large)?;
    }
    Ok(headers)
}

fn fields<'a>(
    headers: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>,
) -> Result<Fields, ErrorCode> {
    let entries: Vec<_> = headers
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

/// More than a `Uri` can hold is told as such.
const LONGEST_TARGET: usize = 65_534;
/// So much of a body that is too large is read and thrown away.
const THROWN_AWAY: usize = 1024 * 1024;
/// Room for what comes next, where it is not known how much.
const PIECE: usize = 64 * 1024;
/// Room that is made at once for an announced length.
const MOST_AT_ONCE: usize = 1024 * 1024;
