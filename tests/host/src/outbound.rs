//! Outbound HTTP: only where the manifest allows, over connections that are kept and shared.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};
use tower_service::Service;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::allowed_hosts::{AllowedHosts, internal_component};
use crate::runtime_config::{BlockedNetworks, ClientTls};
use crate::server::Server;
use crate::tls::{self, Roots};

/// What Spin waits where a component sets no timeout.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// Connections to other servers, shared by all instances of the application.
pub struct Connections {
    plain: Client<Connector, WasiBody>,
    /// Those with the configuration of a component and a host.
    configured: HashMap<String, HashMap<String, Encrypted>>,
    /// All others. Reading this machine's authorities takes a while, so it waits for the first use.
    encrypted: OnceLock<Encrypted>,
    connector: Connector,
}

type Encrypted = Client<HttpsConnector<Connector>, WasiBody>;

impl Connections {
    /// None is open yet.
    pub fn new(client_tls: &ClientTls, blocked: BlockedNetworks) -> Self {
        let connector = Connector { blocked };
        let mut configured: HashMap<String, HashMap<String, Encrypted>> = HashMap::new();
        for (component, host, config) in client_tls.entries() {
            configured.entry(component.to_owned()).or_default().insert(
                host.to_owned(),
                encrypted(ClientConfig::clone(config), &connector),
            );
        }
        Self {
            plain: Client::builder(TokioExecutor::new()).build(connector.clone()),
            configured,
            encrypted: OnceLock::new(),
            connector,
        }
    }

    fn request(
        &self,
        component: &str,
        request: Request<WasiBody>,
    ) -> Result<hyper_util::client::legacy::ResponseFuture, Error> {
        if request.uri().scheme() != Some(&Scheme::HTTPS) {
            return Ok(self.plain.request(request));
        }
        let host = request.uri().host().unwrap_or_default();
        if let Some(client) = self.configured.get(component).and_then(|all| all.get(host)) {
            return Ok(client.request(request));
        }
        if let Some(client) = self.encrypted.get() {
            return Ok(client.request(request));
        }
        let config = tls::client(Roots::public(), None).map_err(|error| {
            eprintln!("host: https to {host}: {error:#}");
            Error::TlsProtocolError
        })?;
        let made = encrypted(config, &self.connector);
        Ok(self.encrypted.get_or_init(|| made).request(request))
    }
}

/// As on Spin, both versions of HTTP are offered, and the server chooses.
fn encrypted(config: ClientConfig, connector: &Connector) -> Encrypted {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_all_versions()
        .wrap_connector(connector.clone());
    Client::builder(TokioExecutor::new()).build(connector)
}

/// One component's way out.
#[derive(Clone)]
pub struct Outbound {
    /// Whose it is.
    pub component: Arc<str>,
    /// Where it may go.
    pub allowed: Arc<AllowedHosts>,
    /// The shared connections.
    pub connections: Arc<Connections>,
    /// Who answers requests to other components.
    pub server: Weak<Server>,
}

type Exchange = (
    Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        // Tells how the component fared with the reply; nobody here needs to know.
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchange, Error>> + Send> {
        let outbound = self.clone();
        let timeouts = Timeouts::new(options.unwrap_or_default());
        Box::new(async move {
            let response = outbound.send(request, timeouts).await?;
            let response =
                response.map(|body| BetweenBytes::new(body, timeouts.between_bytes).boxed_unsync());
            Ok((response, Box::new(async { Ok(()) }) as Box<_>))
        })
    }
}

#[derive(Clone, Copy)]
struct Timeouts {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl Timeouts {
    fn new(options: RequestOptions) -> Self {
        Self {
            connect: options.connect_timeout.unwrap_or(DEFAULT_TIMEOUT),
            first_byte: options.first_byte_timeout.unwrap_or(DEFAULT_TIMEOUT),
            between_bytes: options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT),
        }
    }
}

impl Outbound {
    async fn send(
        self,
        mut request: Request<WasiBody>,
        timeouts: Timeouts,
    ) -> Result<Response<WasiBody>, Error> {
        let server = self.server.upgrade();
        let host = request.uri().host().unwrap_or_default().to_owned();
        if host.is_empty() || host == "self.alt" {
            if !self.allowed.allows_self() {
                return Err(Error::HttpRequestDenied);
            }
            let server = server.as_ref().ok_or(Error::HttpRequestUriInvalid)?;
            to_self(&mut request, server.scheme(), server.address())?;
        } else if !self.allowed.allows(request.uri()) {
            return Err(Error::HttpRequestDenied);
        }
        // hyper sets it from the address; a stale one must not get through.
        request.headers_mut().remove(HOST);

        if let Some(component) = internal_component(&host) {
            let server = server.ok_or(Error::LoopDetected)?;
            return server.handle_internal(component, request).await;
        }
        let exchange = self.connections.request(&self.component, request)?;
        let exchange = CONNECT_TIMEOUT.scope(timeouts.connect, exchange);
        let response = timeout(timeouts.first_byte, exchange)
            .await
            .map_err(|_| Error::ConnectionReadTimeout)?
            .map_err(|e| client_error(&e))?;
        Ok(response.map(|body: Incoming| body.map_err(Error::from).boxed_unsync()))
    }
}

/// A request without a host, or to `self.alt`, goes to this application's own listener.
fn to_self(
    request: &mut Request<WasiBody>,
    scheme: Scheme,
    address: SocketAddr,
) -> Result<(), Error> {
    let invalid = |_| Error::HttpRequestUriInvalid;
    let authority = Authority::try_from(address.to_string()).map_err(invalid)?;
    let host =
        HeaderValue::try_from(authority.as_str()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Error::HttpRequestUriInvalid)?;
    request.headers_mut().insert(HOST, host);
    Ok(())
}

/// The cause that a component can understand, where there is one.
fn client_error(error: &hyper_util::client::legacy::Error) -> Error {
    let in_connecting = error.is_connect();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(ConnectError(kind)) = inner.downcast_ref() {
            return match kind {
                Failure::Name => Error::DnsError {
                    rcode: Some("address not available".to_owned()),
                    info_code: Some(0),
                },
                Failure::Refused => Error::ConnectionRefused,
                Failure::Timeout => Error::ConnectionTimeout,
                Failure::Blocked => Error::DestinationIpProhibited,
                Failure::Uri => Error::HttpRequestUriInvalid,
            };
        }
        cause = inner.source();
    }
    eprintln!("host: outbound request failed: {error:?}");
    if in_connecting {
        // The TCP connection stood, so it was the TLS handshake.
        Error::TlsProtocolError
    } else {
        Error::HttpProtocolError
    }
}

tokio::task_local! {
    /// The client takes no timeout for a single request, hence this way round it.
    static CONNECT_TIMEOUT: Duration;
}

/// Opens the TCP connections of the shared clients; TLS is put on top of it.
#[derive(Debug, Clone)]
pub struct Connector {
    blocked: BlockedNetworks,
}

#[derive(Debug)]
struct ConnectError(Failure);

#[derive(Debug)]
enum Failure {
    Name,
    Refused,
    Timeout,
    Blocked,
    Uri,
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot connect: {:?}", self.0)
    }
}

impl std::error::Error for ConnectError {}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let limit = CONNECT_TIMEOUT
            .try_with(|limit| *limit)
            .unwrap_or(DEFAULT_TIMEOUT);
        let blocked = self.blocked.clone();
        Box::pin(async move {
            let stream = match timeout(limit, connect(&uri, &blocked)).await {
                Ok(result) => result.map_err(ConnectError)?,
                Err(_) => return Err(ConnectError(Failure::Timeout).into()),
            };
            Ok(TokioIo::new(stream))
        })
    }
}

async fn connect(uri: &Uri, blocked: &BlockedNetworks) -> Result<TcpStream, Failure> {
    let host = uri.host().ok_or(Failure::Uri)?;
    // The brackets of an IPv6 address belong to the URI only.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let own_port = if uri.scheme() == Some(&Scheme::HTTPS) {
        443
    } else {
        80
    };
    let mut addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((host, uri.port_u16().unwrap_or(own_port)))
            .await
            .map_err(|_| Failure::Name)?
            .collect();
    let known = addresses.len();
    addresses.retain(|address| !blocked.blocks(address));
    if known > 0 && addresses.is_empty() {
        eprintln!("host: {host} is in a network that the runtime configuration blocks");
        return Err(Failure::Blocked);
    }
    TcpStream::connect(&*addresses)
        .await
        .map_err(|_| Failure::Refused)
}

/// A reply's body that fails when nothing comes for too long, and lets its connection go then.
struct BetweenBytes {
    body: Option<WasiBody>,
    limit: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl BetweenBytes {
    fn new(body: WasiBody, limit: Duration) -> Self {
        Self {
            body: Some(body),
            limit,
            waiting: None,
        }
    }
}

impl Body for BetweenBytes {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            this.waiting = None;
            return Poll::Ready(frame);
        }
        let limit = this.limit;
        let waiting = this.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(cx));
        this.body = None;
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}
