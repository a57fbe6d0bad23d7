//! TLS as a client: whose certificates are trusted, and the name a server must prove.
//!
//! There is no switch to trust anything: a self-signed Asterisk is trusted by its own certificate or CA.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Why no TLS configuration could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The system has no usable root certificates.
    #[error("no root certificates found on this system")]
    NoRoots,
    /// The PEM text holds no certificate, or a broken one.
    #[error("no usable certificate in the PEM text: {0}")]
    Pem(String),
    /// Not a host name or address.
    #[error("{0:?} is not a server name")]
    ServerName(String),
    /// The TLS library refused.
    #[error(transparent)]
    Library(#[from] rustls::Error),
}

/// TLS settings, cheap to clone.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

impl Tls {
    /// Trusts what the operating system trusts.
    pub fn native_roots() -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a root certificate of the system could not be read");
        }
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(TlsError::NoRoots);
        }
        Self::trusting(roots)
    }

    /// Trusts these certificates alone: a CA, or the server's own.
    pub fn with_ca_pem(pem: &[u8]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.map_err(|error| TlsError::Pem(error.to_string()))?)?;
        }
        if roots.is_empty() {
            return Err(TlsError::Pem("none found".into()));
        }
        Self::trusting(roots)
    }

    fn trusting(roots: RootCertStore) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            server_name: None,
        })
    }

    /// The name the server has to prove, where it is not the host that is connected to.
    pub fn server_name(mut self, name: &str) -> Result<Self, TlsError> {
        let parsed =
            ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName(name.into()))?;
        self.server_name = Some(parsed);
        Ok(self)
    }

    /// The handshake over a connected socket.
    pub async fn connect(&self, host: &str, tcp: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
                .map_err(io::Error::other)?,
        };
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, tcp)
            .await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}
