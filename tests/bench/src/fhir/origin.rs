//! The claims backend of the benchmark: a native server on one thread that answers from memory. It runs in a
//! process of its own, so that its processor time can be told from that of the others.

use std::convert::Infallible;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// The argument that makes this program the origin.
pub const ARGUMENT: &str = "--serve-as-origin";

/// What the origin answers for claims.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Variant {
    /// Plain, with links on its own base.
    Plain,
    /// Compressed, with links that are already public.
    PublicGzip,
    /// Compressed, with links on its own base.
    OwnGzip,
}

impl Variant {
    const ALL: [Self; 3] = [Self::Plain, Self::PublicGzip, Self::OwnGzip];

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::PublicGzip => "public-gzip",
            Self::OwnGzip => "own-gzip",
        }
    }
}

/// The running origin; it ends when this is dropped.
pub(crate) struct Origin {
    child: Child,
    pub(crate) address: String,
}

impl Origin {
    /// Starts this program once more, as the origin.
    pub(crate) fn start() -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        BufReader::new(stdout).read_line(&mut line)?;
        Ok(Self {
            child,
            address: line.trim().to_owned(),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sets what it answers for a variant of the claims, or for `patient`.
    pub(crate) fn put(&self, variant: Variant, body: &[u8]) -> io::Result<()> {
        self.control(&format!("/{}", variant.name()), body)
    }

    /// Sets what it answers for the Patient.
    pub(crate) fn put_patient(&self, body: &[u8]) -> io::Result<()> {
        self.control("/patient", body)
    }

    /// Chooses the variant that is answered from now on.
    pub(crate) fn serve(&self, variant: Variant) -> io::Result<()> {
        self.control("/serve", variant.name().as_bytes())
    }

    fn control(&self, path: &str, body: &[u8]) -> io::Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "PUT {path} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200 ") {
            Ok(())
        } else {
            Err(io::Error::other(answer))
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves for ever, on a free port that is printed first.
///
/// # Errors
///
/// Where there is no port to listen on.
pub fn serve() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        io::stdout().flush()?;
        let documents = Arc::new(Mutex::new(Documents::default()));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let documents = documents.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| answer(request, &documents));
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

#[derive(Default)]
struct Documents {
    claims: [Bytes; 3],
    patient: Bytes,
    served: usize,
}

async fn answer(
    request: Request<Incoming>,
    documents: &Mutex<Documents>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let mut documents = documents.lock().unwrap_or_else(PoisonError::into_inner);
    let path = parts.uri.path();
    if parts.method == Method::PUT {
        let named = |name: &str| Variant::ALL.iter().position(|known| known.name() == name);
        match path.trim_start_matches('/') {
            "serve" => {
                documents.served = named(&String::from_utf8_lossy(&body)).unwrap_or_default();
            }
            "patient" => documents.patient = body,
            name => {
                if let Some(index) = named(name) {
                    documents.claims[index] = body;
                }
            }
        }
        return Ok(Response::new(Full::default()));
    }
    let (body, gzip) = if path.ends_with("/ExplanationOfBenefit") {
        let served = documents.served;
        (documents.claims[served].clone(), served > 0)
    } else if path.contains("/Patient/") {
        (documents.patient.clone(), false)
    } else {
        let mut reply = Response::new(Full::default());
        *reply.status_mut() = StatusCode::NOT_FOUND;
        return Ok(reply);
    };
    let mut reply = Response::new(Full::new(body));
    let headers = reply.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/fhir+json"),
    );
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(reply)
}
