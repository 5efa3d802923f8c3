//! What others run: an authority for certificates, the identity provider, and the claims backend, which asks
//! for a client certificate (the sandbox's, behind a door of its own).

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bluegate_http_tests::{Browser, Stack, challenge};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};

/// An authority that is trusted by whom `ca.pem` is given to.
pub(crate) struct Authority(PathBuf);

impl Authority {
    pub(crate) fn new(folder: &Path) -> Self {
        let authority = Self(folder.to_owned());
        authority.openssl(&[
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout ca-key.pem -out ca.pem",
            "-subj /CN=authority -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
        ]);
        std::fs::write(
            folder.join("all.ext"),
            "extendedKeyUsage = serverAuth, clientAuth\n",
        )
        .expect("written");
        authority
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// Answers a request for a certificate.
    pub(crate) fn sign(&self, request: &Path, certificate: &Path) {
        std::fs::copy(request, self.0.join("request.pem")).expect("the request");
        self.openssl(&[
            "x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -days 2 -out signed.pem",
            "-copy_extensions copy -extfile all.ext",
        ]);
        std::fs::copy(self.0.join("signed.pem"), certificate).expect("the certificate");
    }

    /// What encrypts a server called `localhost` or 127.0.0.1, which may ask for certificates of this authority.
    fn server(&self, asks: bool) -> ServerConfig {
        self.openssl(&[
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server-key.pem",
            "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out server-request.pem",
        ]);
        let certificate = self.0.join("server.pem");
        self.sign(&self.0.join("server-request.pem"), &certificate);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("versions");
        let builder = if asks {
            let mut roots = RootCertStore::empty();
            for root in certificates(&self.certificate()) {
                roots.add(root).expect("an authority");
            }
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_file(self.0.join("server-key.pem")).expect("a key");
        builder
            .with_single_cert(certificates(&certificate), key)
            .expect("a server")
    }

    fn openssl(&self, lines: &[&str]) {
        let output = Command::new("openssl")
            .args(lines.iter().flat_map(|line| line.split(' ')))
            .current_dir(&self.0)
            .output()
            .expect("openssl");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn certificates(file: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .expect("certificates")
}

/// A request, its body read.
struct Asked {
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

type Answered = (StatusCode, Vec<(String, String)>, Vec<u8>);

/// Serves https on a free port for as long as the tests run.
fn serve(config: ServerConfig, answer: impl Fn(Asked) -> Answered + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    listener.set_nonblocking(true).expect("not blocking");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, answer) = (acceptor.clone(), answer.clone());
                tokio::spawn(async move {
                    // Who shows no certificate where one is asked for does not get further.
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service = service_fn(|request| respond(request, answer.clone()));
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
    });
    port
}

async fn respond(
    request: Request<Incoming>,
    answer: Arc<impl Fn(Asked) -> Answered + Send + Sync + 'static>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), value.into_owned())
    });
    let asked = Asked {
        method: parts.method,
        target: target.to_owned(),
        headers: headers.collect(),
        body: body.collect().await.expect("a body").to_bytes().to_vec(),
    };
    let answered = tokio::task::spawn_blocking(move || answer(asked)).await;
    let (status, headers, body) = answered.expect("an answer");
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::from(body)).expect("a response"))
}

/// The claims backend of a sandbox, for who shows a certificate. The port.
pub(crate) fn claims_backend(authority: &Authority, sandbox: &Stack) -> u16 {
    let base = sandbox.base().to_owned();
    serve(authority.server(true), move |asked| {
        // Who the sandbox takes for its visitor is told by the gateway.
        let kept = |name: &str| !matches!(name, "host" | "content-length" | "transfer-encoding");
        let headers: Vec<_> = asked
            .headers
            .iter()
            .filter(|(name, _)| kept(name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let path = format!("/sandbox/claims{}", asked.target);
        let answer = Browser::new(&base).send(asked.method, &path, &headers, asked.body);
        let headers = answer
            .headers
            .iter()
            .filter(|(name, _)| kept(name.as_str()));
        let headers = headers.map(|(name, value)| {
            let value = value.to_str().expect("text");
            (name.as_str().to_owned(), value.to_owned())
        });
        (answer.status, headers.collect(), answer.body)
    })
}

/// An OpenID provider at which one person is signed in already. The port.
pub(crate) fn provider(
    authority: &Authority,
    client: &'static str,
    secret: &'static str,
    mbi: String,
) -> u16 {
    let random = ring::rand::SystemRandom::new();
    let key = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
    let provider = Provider {
        client,
        secret,
        mbi,
        key: Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key"),
        flows: Mutex::default(),
    };
    serve(authority.server(false), move |asked| {
        provider.answer(&asked)
    })
}

struct Provider {
    client: &'static str,
    secret: &'static str,
    mbi: String,
    key: Ed25519KeyPair,
    /// What each code was given for.
    flows: Mutex<HashMap<String, HashMap<String, String>>>,
}

impl Provider {
    fn answer(&self, asked: &Asked) -> Answered {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let host = asked.headers.iter().find(|(name, _)| name == "host");
        let issuer = format!("https://{}", host.map_or("", |(_, host)| host));
        match path {
            "/.well-known/openid-configuration" => json_answer(&json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"],
            })),
            "/keys" => json_answer(&json!({ "keys": [{
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "one",
                "x": URL_SAFE_NO_PAD.encode(self.key.public_key()),
            }] })),
            "/authorize" => self.authorize(form(query.as_bytes())),
            "/token" => self.token(asked, &issuer),
            _ => (StatusCode::NOT_FOUND, Vec::new(), Vec::new()),
        }
    }

    fn authorize(&self, flow: HashMap<String, String>) -> Answered {
        assert_eq!(flow["client_id"], self.client);
        assert!(flow["redirect_uri"].ends_with("/signin/callback"));
        let code = flow["nonce"].clone();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", &flow["state"])
            .finish();
        let back = format!("{}?{query}", flow["redirect_uri"]);
        self.lock().insert(code, flow);
        (
            StatusCode::SEE_OTHER,
            vec![("location".into(), back)],
            Vec::new(),
        )
    }

    fn token(&self, asked: &Asked, issuer: &str) -> Answered {
        // RFC 6749, section 2.3.1.
        let encode =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = format!("{}:{}", encode(self.client), encode(self.secret));
        let basic = STANDARD.encode(basic);
        let authorization = ("authorization".to_owned(), format!("Basic {basic}"));
        let form = form(&asked.body);
        let flow = self.lock().remove(&form["code"]);
        let Some(flow) = flow.filter(|_| asked.headers.contains(&authorization)) else {
            return (StatusCode::UNAUTHORIZED, Vec::new(), Vec::new());
        };
        assert_eq!(challenge(&form["code_verifier"]), flow["code_challenge"]);
        assert_eq!(form["redirect_uri"], flow["redirect_uri"]);
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |now| now.as_secs());
        let header = json!({ "alg": "EdDSA", "kid": "one", "typ": "JWT" });
        let claims = json!({
            "iss": issuer, "aud": self.client, "sub": "the-first-person", "mbi": self.mbi,
            "nonce": flow["nonce"], "iat": now, "exp": now + 300,
        });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        json_answer(&json!({
            "access_token": "unused", "token_type": "Bearer",
            "id_token": format!("{signed}.{signature}"),
        }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, HashMap<String, String>>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn form(bytes: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(bytes).into_owned().collect()
}

fn json_answer(body: &Value) -> Answered {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    (StatusCode::OK, headers, body.to_string().into_bytes())
}
