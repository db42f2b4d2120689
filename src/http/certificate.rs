//! The certificate of HTTPS: read at start, and again when its files change.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at. Who renews a certificate does so days before it ends.
const LOOK: Duration = Duration::from_secs(30);

/// The certificate or its key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read, or holds something else.
    #[error("{key} is {}: {why}", file.display())]
    File {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Both can be read, and do not fit.
    #[error("http.tls_key ({}) does not belong to http.tls_cert ({}): {why}", key.display(), cert.display())]
    Unfit {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What does not fit.
        why: String,
    },
}

/// The files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// PEM: the certificate, then those that lead to its authority.
    pub cert: PathBuf,
    /// PEM: its key.
    pub key: PathBuf,
}

/// What tells that a file is another one: when it was written, its length, which one it is.
type Seen = [Option<(i64, i64, u64, u64)>; 2];

/// The certificate that is in use. New connections use the newest one.
pub struct Certificate {
    files: Mutex<(CertificateFiles, Seen)>,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Certificate {
    /// Reads the files. Blocks for as long as the disk does.
    pub fn load(files: CertificateFiles) -> Result<Self, CertificateError> {
        let seen = files.seen();
        let config = files.read()?;
        Ok(Self { files: Mutex::new((files, seen)), current: watch::channel(config).0 })
    }

    /// What listeners speak with.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.current.subscribe()
    }

    /// Uses other files, or the same ones as they are now. When they cannot be used the certificate of
    /// before stays. Blocks for as long as the disk does.
    pub fn replace(&self, files: CertificateFiles) -> Result<(), CertificateError> {
        let seen = files.seen();
        let config = files.read()?;
        *self.lock() = (files, seen);
        self.current.send_replace(config);
        Ok(())
    }

    /// Looks at the files now and then, and uses what they have become.
    pub async fn follow(self: Arc<Self>, shutdown: CancellationToken) {
        let mut due = tokio::time::interval(LOOK);
        due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(due.tick()).await.is_some() {
            let this = Arc::clone(&self);
            // A panic would be a defect of ours that the log has; the certificate stays as it is.
            let _ = tokio::task::spawn_blocking(move || this.look()).await;
        }
    }

    fn look(&self) {
        let (files, known) = self.lock().clone();
        let seen = files.seen();
        if seen == known {
            return;
        }
        match self.replace(files) {
            Ok(()) => tracing::info!("the certificate was renewed; new connections use it"),
            Err(error) => {
                // Told once for each state of the files: they may be half written.
                self.lock().1 = seen;
                tracing::error!(%error, "the certificate was not taken over; the one before stays");
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (CertificateFiles, Seen)> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CertificateFiles {
    fn seen(&self) -> Seen {
        [&self.cert, &self.key].map(|path| {
            let data = fs::metadata(path).ok()?;
            Some((data.mtime(), data.mtime_nsec(), data.len(), data.ino()))
        })
    }

    /// Whether they can be used.
    pub fn check(&self) -> Result<(), CertificateError> {
        self.read().map(|_| ())
    }

    fn read(&self) -> Result<Arc<ServerConfig>, CertificateError> {
        let cert = |why: String| file("http.tls_cert", &self.cert, why);
        let chain: Vec<_> = CertificateDer::pem_file_iter(&self.cert)
            .and_then(Iterator::collect)
            .map_err(|error| cert(words(&error)))?;
        if chain.is_empty() {
            return Err(cert("it holds no certificate in PEM".into()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| {
            let none = matches!(error, pem::Error::NoItemsFound);
            let why = if none { "it holds no private key in PEM".into() } else { words(&error) };
            file("http.tls_key", &self.key, why)
        })?;
        let unfit = |error: rustls::Error| CertificateError::Unfit {
            cert: self.cert.clone(),
            key: self.key.clone(),
            why: error.to_string(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unfit)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn file(key: &'static str, path: &Path, why: String) -> CertificateError {
    CertificateError::File { key, file: path.to_owned(), why }
}

fn words(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
