//! TLS to servers elsewhere, by the roots that this machine trusts.

use std::sync::Arc;

/// For a client. A machine without root certificates gets one that trusts nobody.
pub(crate) fn client() -> Result<rustls::ClientConfig, rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
