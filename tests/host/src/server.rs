//! The listener: takes requests, finds the component, and hands the reply back.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::allowed_hosts::{AllowedHosts, internal_component};
use crate::engine;
use crate::manifest::{Component, Manifest};
use crate::options::Options;
use crate::outbound::{Connections, Outbound};
use crate::routes::{Match, Routes};
use crate::runtime_config::{RuntimeConfig, files_of};
use crate::sqlite::Store;
use crate::stdio::Logs;
use crate::tls::{self, Identity};
use crate::variables::{Template, Variables};
use crate::worker::{Recipe, Workers};

/// Paths that Spin answers itself.
const WELL_KNOWN: &str = "/.well-known/spin/";
/// The client address of a request that came from another component.
const INTERNAL_CLIENT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// A loaded application with its listener.
pub struct Server {
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    routes: Routes,
    components: HashMap<String, Workers>,
}

impl Server {
    /// Loads what `options` name and binds the listener. `environment` looks up `SPIN_VARIABLE_*`.
    pub async fn start(
        options: &Options,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<(Arc<Self>, TcpListener)> {
        let manifest = Manifest::load(&options.manifest)?;
        let runtime_config = match &options.runtime_config {
            Some(path) => RuntimeConfig::load(path)?,
            None => RuntimeConfig::default(),
        };
        let tls = match &options.tls {
            Some((certificate, key)) => {
                Some(tls::acceptor(Identity::read(certificate, key)?).context("--tls-cert")?)
            }
            None => None,
        };
        let given: HashMap<String, &String> = options
            .variables
            .iter()
            .map(|(name, value)| (crate::variables::environment_name(name), value))
            .collect();
        let variables = Variables::resolve(&manifest.variables, |name| {
            given
                .get(name)
                .map(|v| (*v).clone())
                .or_else(|| environment(name))
        })?;

        let directory = &options.data_dir;
        let logs = directory.join("logs");
        std::fs::create_dir_all(&logs)
            .with_context(|| format!("cannot make {}", logs.display()))?;
        let engine = engine::engine(&directory.join("cache"), options.perfmap)?;
        let databases = runtime_config.databases_in(directory)?;
        let connections = Arc::new(Connections::new(
            &runtime_config.client_tls,
            runtime_config.blocked,
        ));
        let mut components = HashMap::new();
        let mut outbounds = Vec::new();
        for id in triggered(&manifest) {
            let Some(component) = manifest.components.get(id) else {
                bail!("no component {id:?}");
            };
            let recipe = Recipe {
                id: id.to_owned(),
                service: engine::load(&engine, id, &component.source)?,
                reuse: options.reuse,
                environment: component_environment(component, options),
                logs: Logs::open(&logs, id, options.quiet)?,
                variables: Arc::new(component_variables(component, &variables)?),
                store: Store {
                    files: Arc::new(
                        files_of(&databases, &component.sqlite_databases)
                            .with_context(|| format!("component {id:?}"))?,
                    ),
                    libsql: options.libsql,
                },
                outbound: OnceLock::new(),
            };
            outbounds.push((
                id.to_owned(),
                allowed_hosts(id, component, &manifest, &variables),
            ));
            components.insert(id.to_owned(), Workers::new(recipe));
        }

        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("cannot listen on {}", options.listen))?;
        let server = Arc::new(Self {
            address: listener.local_addr()?,
            tls,
            routes: Routes::new(&manifest.triggers)?,
            components,
        });
        for (id, allowed) in outbounds {
            if let Some(workers) = server.components.get(&id) {
                let _ = workers.state().outbound.set(Outbound {
                    component: id.into(),
                    allowed: Arc::new(allowed),
                    connections: connections.clone(),
                    server: Arc::downgrade(&server),
                });
            }
        }
        Ok((server, listener))
    }

    /// The address that is really listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it speaks there.
    pub fn scheme(&self) -> Scheme {
        match self.tls {
            Some(_) => Scheme::HTTPS,
            None => Scheme::HTTP,
        }
    }

    /// Accepts connections for ever.
    ///
    /// As on Spin a TLS handshake is waited for before the next connection is accepted: who connects and
    /// stays silent holds up everybody else. In production a proxy stands before it.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            match (listener.accept().await, &self.tls) {
                (Ok((stream, client)), None) => {
                    tokio::spawn(self.clone().connection(stream, client));
                }
                (Ok((stream, client)), Some(tls)) => match tls.accept(stream).await {
                    Ok(stream) => {
                        tokio::spawn(self.clone().connection(stream, client));
                    }
                    Err(error) => eprintln!("host: no TLS with {client}: {error}"),
                },
                // Out of file descriptors, or the client is gone already: others still wait.
                (Err(error), _) => {
                    eprintln!("host: accept: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// No `TCP_NODELAY` and no time limits here, as on Spin: a component that trickles shows it.
    async fn connection(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        client: SocketAddr,
    ) {
        let service = service_fn(move |request: Request<Incoming>| {
            let server = self.clone();
            async move {
                let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
                server.handle(request, client).await
            }
        });
        // An error here is the client's: it went away, or does not speak HTTP.
        let _ = auto::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    /// Answers a request from outside. An error closes the connection without a reply, as on Spin.
    async fn handle(
        &self,
        mut request: Request<WasiBody>,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>> {
        strip_transport_headers(&mut request);
        let path = request.uri().path().to_owned();
        if let Some(known) = path.strip_prefix(WELL_KNOWN) {
            return Ok(match known {
                "health" => response(StatusCode::OK, Bytes::from_static(b"OK")),
                _ => empty(StatusCode::NOT_FOUND),
            });
        }
        let Some(found) = self.routes.find(&path) else {
            return Ok(empty(StatusCode::NOT_FOUND));
        };
        self.dispatch(request, self.scheme(), &found, client).await
    }

    /// Answers a request that another component sent to `<component>.spin.internal`.
    pub(crate) async fn handle_internal(
        &self,
        component: &str,
        request: Request<WasiBody>,
    ) -> Result<Response<WasiBody>, Error> {
        let found = Match::internal(component, request.uri().path());
        // Boxed: a component that calls another is a cycle in the types.
        Box::pin(self.dispatch(request, Scheme::HTTP, &found, INTERNAL_CLIENT))
            .await
            .map_err(|e| Error::InternalError(Some(e.to_string())))
    }

    async fn dispatch(
        &self,
        mut request: Request<WasiBody>,
        scheme: Scheme,
        found: &Match,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>> {
        let workers = self
            .components
            .get(&found.component)
            .ok_or_else(|| anyhow!("no component {:?} has an HTTP trigger", found.component))?;
        set_uri(&mut request, scheme)?;
        if let Err(error) = add_spin_headers(&mut request, found, client) {
            eprintln!(
                "host: component {:?}: bad request: {error:#}",
                found.component
            );
            return Ok(empty(StatusCode::INTERNAL_SERVER_ERROR));
        }
        match workers.handle((), request).await {
            Ok(reply) => Ok(reply),
            Err(error) => {
                eprintln!("host: component {:?}: no reply: {error:#}", found.component);
                Ok(empty(StatusCode::INTERNAL_SERVER_ERROR))
            }
        }
    }
}

/// Components that a trigger names, each once. Others can never be reached.
fn triggered(manifest: &Manifest) -> Vec<&str> {
    let mut ids: Vec<&str> = manifest
        .triggers
        .iter()
        .map(|t| t.component.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn component_environment(component: &Component, options: &Options) -> Vec<(String, String)> {
    let mut environment = component.environment.clone();
    environment.extend(options.environment.iter().cloned());
    environment.into_iter().collect()
}

fn component_variables(
    component: &Component,
    variables: &Variables,
) -> Result<BTreeMap<String, String>> {
    component
        .variables
        .iter()
        .map(|(name, text)| {
            let value = Template::parse(text)?
                .render(variables)
                .ok_or_else(|| anyhow!("variable {name:?}: no value for its template"))?;
            Ok((name.clone(), value))
        })
        .collect()
}

/// On Spin an entry that a variable made invalid is found at the first request and then forbids all of
/// them; here it does the same, and says so at once.
fn allowed_hosts(
    id: &str,
    component: &Component,
    manifest: &Manifest,
    variables: &Variables,
) -> AllowedHosts {
    let ids: Vec<&str> = manifest.components.keys().map(String::as_str).collect();
    AllowedHosts::resolve(&component.allowed_outbound_hosts, variables, &ids).unwrap_or_else(
        |error| {
            eprintln!("host: component {id:?} may call nobody: allowed_outbound_hosts: {error:#}");
            AllowedHosts::default()
        },
    )
}

/// Spin keeps a client from posing as a component, and `Connection` from the components.
fn strip_transport_headers(request: &mut Request<WasiBody>) {
    let headers = request.headers_mut();
    let internal = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .map(|host| host.rsplit_once(':').map_or(host, |(host, _)| host))
        .is_some_and(|host| internal_component(host).is_some());
    if internal {
        headers.remove(HOST);
    }
    headers.remove(CONNECTION);
}

/// Makes the URI absolute, with the host that the client named.
fn set_uri(request: &mut Request<WasiBody>, scheme: Scheme) -> Result<()> {
    let named = match request.headers().get(HOST) {
        Some(host) => Some(host.to_str()?.parse::<Authority>().context("Host header")?),
        None => None,
    };
    let mut parts = request.uri().clone().into_parts();
    let authority = match (named, parts.authority.take()) {
        (Some(a), Some(b)) if a != b => bail!("Host header and request target differ"),
        (Some(authority), _) | (None, Some(authority)) => authority,
        (None, None) => bail!("no Host header"),
    };
    parts.authority = Some(authority);
    parts.scheme = Some(scheme);
    *request.uri_mut() = Uri::from_parts(parts)?;
    Ok(())
}

/// Adds what Spin tells a component about the request.
///
/// As on Spin these are appended: where a client sends a header of the same name, the component sees
/// both, the client's first. Only the last one is Spin's word.
fn add_spin_headers(
    request: &mut Request<WasiBody>,
    found: &Match,
    client: SocketAddr,
) -> Result<()> {
    let host = match request.headers().get(HOST) {
        Some(host) => std::str::from_utf8(host.as_bytes())?.to_owned(),
        None => "localhost".to_owned(),
    };
    for value in request.headers().values() {
        std::str::from_utf8(value.as_bytes()).context("a header is not UTF-8")?;
    }
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or("http");
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let full_url = format!("{scheme}://{host}{path}");
    let fixed = [
        ("spin-path-info", found.path_info.as_str()),
        ("spin-full-url", &full_url),
        ("spin-matched-route", &found.pattern),
        ("spin-base-path", "/"),
        ("spin-raw-component-route", &found.pattern),
        ("spin-component-route", found.pattern_prefix()),
        ("spin-client-addr", &client.to_string()),
    ];
    let mut added: Vec<(HeaderName, HeaderValue)> = Vec::with_capacity(fixed.len());
    for (name, value) in fixed {
        added.push((
            HeaderName::from_static(name),
            HeaderValue::from_bytes(value.as_bytes())?,
        ));
    }
    for (name, value) in &found.named {
        let name = format!(
            "spin-path-match-{}",
            name.replace('_', "-").to_ascii_lowercase()
        );
        added.push((name.parse()?, HeaderValue::from_bytes(value.as_bytes())?));
    }
    request.headers_mut().extend(added);
    Ok(())
}

fn empty(status: StatusCode) -> Response<WasiBody> {
    let mut response = Response::new(Empty::new().map_err(Error::from).boxed_unsync());
    *response.status_mut() = status;
    response
}

fn response(status: StatusCode, body: Bytes) -> Response<WasiBody> {
    let mut response = Response::new(Full::new(body).map_err(Error::from).boxed_unsync());
    *response.status_mut() = status;
    response
}
