//! `wss://`: an authority of our own, and certificates by it that are right or wrong in one way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsAcceptor;

use crate::fault::TlsTampering;

const DAY: Duration = Duration::from_hours(24);
/// As long as a public authority gives.
const VALID: Duration = Duration::from_hours(90 * 24);
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why there is no `wss://`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsFault {
    /// A certificate could not be made.
    #[error("the certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The library would not have it.
    #[error("TLS could not be set up: {0}")]
    Config(#[from] rustls::Error),
}

/// The authority as the state file keeps it, so that clients who trust it still do after a restart.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// What a client trusts.
    pub(crate) certificate: String,
    key: String,
}

impl Kept {
    pub(crate) fn generate() -> Result<Self, TlsFault> {
        let key = KeyPair::generate()?;
        let certificate = authority("tetherd sandbox").self_signed(&key)?.pem();
        Ok(Self { certificate, key: key.serialize_pem() })
    }
}

/// Servers' certificates, made when they are first wanted.
pub(crate) struct Tls {
    kept: Kept,
    made: Mutex<HashMap<Option<TlsTampering>, Made>>,
}

struct Made {
    config: Arc<ServerConfig>,
    /// On the world's clock.
    at: Duration,
}

impl Tls {
    pub(crate) fn new(kept: Kept) -> Result<Self, TlsFault> {
        let tls = Self { kept, made: Mutex::new(HashMap::new()) };
        tls.acceptor(None, Duration::ZERO)?;
        Ok(tls)
    }

    pub(crate) fn ca_pem(&self) -> &str {
        &self.kept.certificate
    }

    /// With a certificate that is valid around `now`, or wrong as asked for.
    pub(crate) fn acceptor(
        &self,
        wrong: Option<TlsTampering>,
        now: Duration,
    ) -> Result<TlsAcceptor, TlsFault> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = made.get(&wrong).filter(|made| now.abs_diff(made.at) < DAY / 2) {
            return Ok(Arc::clone(&made.config).into());
        }
        let config = Arc::new(self.make(wrong, now)?);
        made.insert(wrong, Made { config: Arc::clone(&config), at: now });
        Ok(config.into())
    }

    fn make(&self, wrong: Option<TlsTampering>, now: Duration) -> Result<ServerConfig, TlsFault> {
        let names = if wrong == Some(TlsTampering::WrongHost) { &["web.example"][..] } else { &NAMES };
        let mut leaf = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
        leaf.distinguished_name.push(DnType::CommonName, "tetherd sandbox server");
        // OpenSSL's strict mode, which some clients use, wants it.
        leaf.use_authority_key_identifier_extension = true;
        let (from, to) = match wrong {
            Some(TlsTampering::Expired) => (now.saturating_sub(VALID), now.saturating_sub(DAY)),
            Some(TlsTampering::NotYetValid) => (now + DAY, now + VALID),
            _ => (now.saturating_sub(DAY), now + VALID),
        };
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        (leaf.not_before, leaf.not_after) = (epoch + from, epoch + to);
        let issuer = if wrong == Some(TlsTampering::UnknownIssuer) {
            Issuer::new(authority("nobody knows"), KeyPair::generate()?)
        } else {
            Issuer::new(authority("tetherd sandbox"), KeyPair::from_pem(&self.kept.key)?)
        };
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?)
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}
