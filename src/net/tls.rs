//! TLS by rustls: the system's authorities, or Mozilla's list where a box has none.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::NetError;
use super::trust::{self, Trust};
use crate::model::{Clock, Stamp};

/// Whom TLS trusts. The system's authorities are some 150 files, which are read when the first connection wants them:
/// a start waits for none of them.
pub(super) struct Tls {
    listed: Vec<CertificateDer<'static>>,
    clock: Arc<dyn Clock>,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    /// Reads the authorities of the owner's own.
    pub(super) fn new(extra: &[PathBuf], clock: Arc<dyn Clock>) -> Result<Self, NetError> {
        let mut listed = Vec::new();
        let mut tried = RootCertStore::empty();
        for file in extra {
            let wrong = |why: String| NetError::File(format!("authority {}: {why}", file.display()));
            let certificates = CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
                tried.add(certificate.clone()).map_err(|e| wrong(e.to_string()))?;
                listed.push(certificate);
            }
        }
        Ok(Self { listed, clock, config: OnceCell::new() })
    }

    async fn config(&self) -> Result<&Arc<ClientConfig>, NetError> {
        let read = || async {
            let (listed, clock) = (self.listed.clone(), Arc::clone(&self.clock));
            tokio::task::spawn_blocking(move || config(listed, clock))
                .await
                .unwrap_or_else(|error| Err(NetError::File(format!("the system's authorities: {error}"))))
        };
        self.config.get_or_try_init(read).await
    }

    /// Speaks TLS on `tcp`, with whom `host` names.
    pub(super) async fn wrap(&self, tcp: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, NetError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name =
            ServerName::try_from(bare).map_err(|_| NetError::BadUrl(format!("{host} is no name for TLS")))?;
        let connected = TlsConnector::from(Arc::clone(self.config().await?)).connect(name, tcp).await;
        connected.map_err(|error| classify(host, &error, self.clock.now()))
    }
}

fn config(
    listed: Vec<CertificateDer<'static>>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ClientConfig>, NetError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots.add_parsable_certificates(listed.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = Trust::new(roots, listed, Arc::clone(&provider))?;
    let config = ClientConfig::builder_with_details(provider, Arc::new(ByClock(clock)))
        .with_safe_default_protocol_versions()
        .map_err(|e| NetError::File(format!("TLS: {e}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// An expired certificate of a service that is run well is younger than this: beyond it, the clock is far off.
const FAR: Duration = Duration::from_hours(180 * 24);

fn classify(host: &str, error: &std::io::Error, now: Stamp) -> NetError {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    let host = host.to_owned();
    let clock = |why: String| NetError::ClockWrong { host: host.clone(), now: now.rfc3339(), why };
    match inner {
        Some(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext {
            not_before, ..
        })) => clock(format!("begins at {}", shown(*not_before))),
        Some(rustls::Error::InvalidCertificate(CertificateError::NotValidYet)) => {
            clock("begins later".into())
        }
        Some(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }))
            if !now.is_plausible() || now > stamp(*not_after).plus(FAR) =>
        {
            clock(format!("ended at {}", shown(*not_after)))
        }
        Some(rustls::Error::InvalidCertificate(CertificateError::Expired)) if !now.is_plausible() => {
            clock("ended before".into())
        }
        Some(rustls::Error::FailedToGetCurrentTime) => clock("needs a time after 1970".into()),
        Some(error) => {
            NetError::Tls { host, why: trust::advice(error).map_or_else(|| error.to_string(), str::to_owned) }
        }
        None => NetError::from_io(&host, error),
    }
}

fn stamp(time: UnixTime) -> Stamp {
    Stamp::from_millis(i64::try_from(time.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000))
}

fn shown(time: UnixTime) -> String {
    stamp(time).rfc3339()
}

/// Certificates are looked at with the clock that everything else goes by.
struct ByClock(Arc<dyn Clock>);

impl std::fmt::Debug for ByClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByClock")
    }
}

impl TimeProvider for ByClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().millis() / 1000).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
