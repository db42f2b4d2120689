#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Net, NetConfig, NetError, Target};
use crate::model::{Clock, Stamp};

/// A wall clock that shows one moment.
struct Stopped(Stamp);

impl Clock for Stopped {
    fn now(&self) -> Stamp {
        self.0
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// A server whose certificate holds from June 2026 to June 2027, and the file that makes it trusted.
async fn server(folder: &std::path::Path, is_ca: IsCa) -> (u16, PathBuf) {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = is_ca;
    params.not_before = date_time_ymd(2026, 6, 1);
    params.not_after = date_time_ymd(2027, 6, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let file = folder.join("ca.pem");
    std::fs::write(&file, certificate.pem()).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    (port, file)
}

async fn dial(now: &str, port: u16, file: PathBuf) -> Option<NetError> {
    dial_at("127.0.0.1", now, port, vec![file]).await
}

async fn dial_at(host: &str, now: &str, port: u16, extra_ca: Vec<PathBuf>) -> Option<NetError> {
    let now = Stamp::from_millis(chrono::DateTime::parse_from_rfc3339(now).unwrap().timestamp_millis());
    let config = NetConfig { extra_ca, ..NetConfig::default() };
    let net = Net::new(&config, Arc::new(Stopped(now))).unwrap();
    let target = Target { host: host.into(), port, tls: true };
    net.connect(&target, None, Duration::from_secs(5)).await.err()
}

#[tokio::test]
async fn a_failure_that_the_clock_explains_is_the_clocks() {
    let folder = tempfile::tempdir().unwrap();
    let (port, file) = server(folder.path(), IsCa::NoCa).await;
    for wrong in
        ["1970-01-01T00:01:00Z", "2025-12-31T00:00:00Z", "2026-05-01T00:00:00Z", "2031-01-01T00:00:00Z"]
    {
        let error = dial(wrong, port, file.clone()).await;
        let Some(NetError::ClockWrong { now, why, .. }) = &error else { panic!("{wrong}: {error:?}") };
        assert!(now.starts_with(wrong.trim_end_matches('Z')) && why.contains("202"), "{error:?}");
    }
    assert_eq!(dial("2026-12-01T00:00:00Z", port, file.clone()).await, None);
    let ended = dial("2027-07-01T00:00:00Z", port, file).await;
    assert!(matches!(ended, Some(NetError::Tls { .. })), "a month over is the server's fault: {ended:?}");
}

#[tokio::test]
async fn a_certificate_that_signed_itself_is_trusted_when_it_is_listed_for_its_name_and_its_time() {
    let folder = tempfile::tempdir().unwrap();
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let (port, file) = server(folder.path(), is_ca).await;
        let now = "2026-12-01T00:00:00Z";
        assert_eq!(dial(now, port, file.clone()).await, None);
        let unknown = dial_at("127.0.0.1", now, port, vec![]).await;
        assert!(
            matches!(&unknown, Some(NetError::Tls { why, .. }) if why.contains("extra_ca")),
            "{unknown:?}"
        );
        let misnamed = dial_at("localhost", now, port, vec![file.clone()]).await;
        assert!(
            matches!(&misnamed, Some(NetError::Tls { why, .. }) if why.contains("localhost")),
            "{misnamed:?}"
        );
        assert!(dial("2027-07-01T00:00:00Z", port, file).await.is_some(), "its time is over");
    }
}
