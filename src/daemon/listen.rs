//! Where requests come in: the sockets that systemd hands over, or else `listen`.

use std::net::SocketAddr;
use std::sync::Arc;

use listenfd::ListenFd;
use tokio::net::{TcpListener, UnixListener};

use super::{DaemonError, certificate_files};
use crate::config::Config;
use crate::http::{Certificate, Listener, Socket};

/// Where this daemon is reached.
pub(super) struct Here {
    /// None when systemd handed over unix sockets only.
    pub(super) addresses: Vec<SocketAddr>,
    /// With HTTPS.
    pub(super) certificate: Option<Arc<Certificate>>,
}

impl Here {
    /// Whether nobody but this box is listened to.
    pub(super) fn is_local(&self) -> bool {
        self.addresses.iter().all(|address| address.ip().is_loopback())
    }

    /// As this box would write it.
    pub(super) fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        match self.addresses.first() {
            Some(address) => format!("{scheme}://{address}"),
            None => "http://localhost".into(),
        }
    }
}

/// The sockets, and where they are.
pub(super) async fn listen(config: &Config) -> Result<(Vec<Listener>, Here), DaemonError> {
    let certificate = certificate_files(&config.http).map(Certificate::load).transpose()?.map(Arc::new);
    let mut sockets = handed_over().map_err(DaemonError::HandedOver)?;
    if sockets.is_empty() {
        let bound = TcpListener::bind(config.listen).await;
        sockets.push(Socket::Tcp(bound.map_err(|error| DaemonError::Listen(config.listen, error))?));
    }
    let mut addresses = Vec::new();
    for socket in &sockets {
        if let Socket::Tcp(listener) = socket {
            addresses.push(listener.local_addr().map_err(|error| DaemonError::Listen(config.listen, error))?);
        }
    }
    let listeners = sockets.into_iter().map(|socket| {
        // A unix socket does not leave this box; a proxy in front of it speaks plain HTTP.
        let tcp = matches!(socket, Socket::Tcp(_));
        let tls = certificate.as_deref().filter(|_| tcp).map(Certificate::subscribe);
        Listener { socket, tls }
    });
    Ok((listeners.collect(), Here { addresses, certificate }))
}

/// `LISTEN_FDS` of systemd's socket activation.
fn handed_over() -> std::io::Result<Vec<Socket>> {
    let mut given = ListenFd::from_env();
    let mut sockets = Vec::new();
    for index in 0..given.len() {
        if let Ok(Some(listener)) = given.take_tcp_listener(index) {
            listener.set_nonblocking(true)?;
            tracing::info!("systemd handed over {}; `listen` is not used", listener.local_addr()?);
            sockets.push(Socket::Tcp(TcpListener::from_std(listener)?));
        } else if let Some(listener) = given.take_unix_listener(index)? {
            listener.set_nonblocking(true)?;
            tracing::info!("systemd handed over {:?}; `listen` is not used", listener.local_addr()?);
            sockets.push(Socket::Unix(UnixListener::from_std(listener)?));
        }
    }
    Ok(sockets)
}
