//! TLS by rustls: the system's authorities, or Mozilla's list where a box has none.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::NetError;
use crate::model::{Clock, Stamp};

/// No clock that is right shows less: 2026-01-01T00:00:00Z, before the first release.
const RELEASED: Stamp = Stamp::from_millis(1_767_225_600_000);

pub(super) fn config(extra: &[PathBuf]) -> Result<Arc<ClientConfig>, NetError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for file in extra {
        let wrong = |why: String| NetError::File(format!("authority {}: {why}", file.display()));
        let certificates = CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
            roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| NetError::File(format!("TLS: {e}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

pub(super) async fn wrap(
    config: &Arc<ClientConfig>,
    tcp: TcpStream,
    host: &str,
    clock: &dyn Clock,
) -> Result<TlsStream<TcpStream>, NetError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name =
        ServerName::try_from(bare).map_err(|_| NetError::BadUrl(format!("{host} is no name for TLS")))?;
    let connected = TlsConnector::from(Arc::clone(config)).connect(name, tcp).await;
    connected.map_err(|error| classify(host, &error, clock.now()))
}

fn classify(host: &str, error: &std::io::Error, now: Stamp) -> NetError {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    let host = host.to_owned();
    match inner {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
            | CertificateError::Expired
            | CertificateError::ExpiredContext { .. },
        )) if now < RELEASED => NetError::ClockWrong { host, now: now.rfc3339() },
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        )) => NetError::ClockWrong { host, now: now.rfc3339() },
        Some(error) => NetError::Tls { host, why: error.to_string() },
        None => NetError::from_io(&host, error),
    }
}
