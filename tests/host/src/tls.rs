//! Certificates: those that the listener shows, and what is trusted and shown on the way out.
//!
//! As on Spin 4 the listener names no application protocol (ALPN), so browsers speak HTTP/1.1 to it;
//! who begins with HTTP/2's preface is answered in HTTP/2. On the way out both are offered.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// Whose certificates are trusted for a server.
#[derive(Debug)]
pub struct Roots {
    /// Those of this machine (or of `SSL_CERT_FILE` and `SSL_CERT_DIR`).
    pub platform: bool,
    /// Mozilla's, as they were when this was built.
    pub webpki: bool,
    /// Others.
    pub others: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// What is trusted where no configuration says otherwise.
    pub const fn public() -> Self {
        Self {
            platform: true,
            webpki: true,
            others: Vec::new(),
        }
    }

    fn store(self) -> Result<RootCertStore> {
        let mut store = RootCertStore::empty();
        if self.webpki {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if self.platform {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = store.add_parsable_certificates(found.certs);
            ensure!(
                added > 0 || self.webpki,
                "this machine has no certificate authorities (Debian: ca-certificates)"
            );
        }
        for certificate in self.others {
            store.add(certificate)?;
        }
        Ok(store)
    }
}

/// What a client shows of itself.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads a certificate, with what leads to its authority, and its key.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self> {
        Ok(Self {
            chain: certificates(certificate)?,
            key: private_key(key)?,
        })
    }
}

/// What encrypts the connections of the listener.
pub fn acceptor(identity: Identity) -> Result<TlsAcceptor> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .context("certificate and key")?;
    Ok(Arc::new(config).into())
}

/// What encrypts connections to other servers.
pub fn client(roots: Roots, identity: Option<Identity>) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots.store()?);
    match identity {
        Some(Identity { chain, key }) => builder
            .with_client_auth_cert(chain, key)
            .context("client certificate and key"),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// All certificates of a PEM file.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(path, &error))?;
    ensure!(!found.is_empty(), "{} holds no certificate", path.display());
    Ok(found)
}

/// The first private key of a PEM file.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        PemError::NoItemsFound => anyhow!("{} holds no private key", path.display()),
        other => unreadable(path, &other),
    })
}

fn unreadable(path: &Path, error: &PemError) -> anyhow::Error {
    match error {
        PemError::Io(cause) => anyhow!("cannot read {}: {cause}", path.display()),
        // What a file with a key says of itself stays out of the message.
        _ => anyhow!("{} is not a file of PEM sections", path.display()),
    }
}

/// Named, so that nothing else in the build can decide it.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
