//! An authority of a test's own, the certificates that it gives, and servers and clients that use them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use crate::support::directory;

/// An authority that nobody trusts who was not told to, with a folder for what it makes.
pub(crate) struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = directory();
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters
            .distinguished_name
            .push(DnType::CommonName, "authority of a test");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        std::fs::write(folder.join("ca.pem"), certificate.pem()).expect("written");
        Self {
            folder,
            issuer: Issuer::new(parameters, key),
        }
    }

    /// Writes `NAME.pem` and `NAME-key.pem`, for that name and for 127.0.0.1.
    pub(crate) fn certify(&self, name: &str) {
        let key = KeyPair::generate().expect("a key");
        let names = vec![name.to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)
            .and_then(|parameters| parameters.signed_by(&key, &self.issuer))
            .expect("a certificate");
        std::fs::write(self.file(&format!("{name}.pem")), certificate.pem()).expect("written");
        std::fs::write(self.file(&format!("{name}-key.pem")), key.serialize_pem())
            .expect("written");
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.file(name).to_str().expect("a path").to_owned()
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.file("ca.pem")) {
            roots.add(certificate).expect("an authority");
        }
        roots
    }

    /// Asks a server that should have a certificate for `localhost`; its answer, and the application
    /// protocol that it chose of h2 and http/1.1.
    pub(crate) fn get(&self, address: SocketAddr, request: &str) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(self.roots())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let stream = TcpStream::connect(address).expect("a connection");
        let mut stream = StreamOwned::new(connection, stream);
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        // Spin's way to end a connection leaves out the farewell of TLS.
        let _ = stream.read_to_end(&mut answer);
        (answer, stream.conn.alpn_protocol().map(<[u8]>::to_vec))
    }

    /// A server with the certificate of `name`. It asks for a certificate of this authority, takes
    /// clients without one as well, and answers with the version of HTTP and who the client is.
    pub(crate) fn serve(&self, name: &str) -> SocketAddr {
        let verifier = WebPkiClientVerifier::builder_with_provider(
            Arc::new(self.roots()),
            ring::default_provider().into(),
        );
        let verifier = verifier
            .allow_unauthenticated()
            .build()
            .expect("a verifier");
        let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                certificates(&self.file(&format!("{name}.pem"))),
                PrivateKeyDer::from_pem_file(self.file(&format!("{name}-key.pem"))).expect("a key"),
            )
            .expect("a server");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        listener.set_nonblocking(true).expect("not blocking");
        std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(accept(listener, acceptor));
        });
        address
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn accept(listener: std::net::TcpListener, acceptor: tokio_rustls::TlsAcceptor) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        // A client that does not trust this server goes away in the handshake.
        let Ok(stream) = acceptor.accept(stream).await else {
            continue;
        };
        let client = match stream.get_ref().1.peer_certificates() {
            Some(_) => "a certificate",
            None => "nothing",
        };
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| async move {
                let text = format!("{:?}, showing {client}", request.version());
                Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(text))))
            });
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path)
        .expect("a file")
        .collect::<Result<_, _>>()
        .expect("certificates")
}
