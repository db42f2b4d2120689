//! Ways out of the box: names, TLS, proxies, the one HTTP client.
//!
//! Used by links and by events; knows neither. What failed is a [`NetError`], decided here once.

mod client;
mod dial;
mod error;
mod mdns;
mod names;
mod pool;
mod proxy;
mod reach;
mod redirect;
mod tls;
mod trust;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

pub use client::{FetchOptions, Response};
pub use error::{Awaited, NetError};
pub use reach::Reach;

use crate::model::{Clock, ProxyConfig};
use mdns::Mdns;
use names::Names;

/// What the network room is made of.
#[derive(Debug, Clone)]
pub struct NetConfig {
    /// PEM files with authorities that are trusted beside the usual ones.
    pub extra_ca: Vec<PathBuf>,
    /// Where the name servers are told; read anew when it changes.
    pub resolv_conf: PathBuf,
    /// Names with addresses of the owner's own; the same.
    pub hosts: PathBuf,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            extra_ca: Vec::new(),
            resolv_conf: PathBuf::from("/etc/resolv.conf"),
            hosts: PathBuf::from("/etc/hosts"),
        }
    }
}

/// Where to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
}

impl Target {
    /// Where an address leads (`https`, `wss`, `http`, `ws`); none when it cannot be read.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        Self::at(&url.parse().ok()?)
    }

    /// Likewise, of one that was read; none when it names no host, or a port that is none.
    #[must_use]
    pub fn at(uri: &http::Uri) -> Option<Self> {
        let tls = matches!(uri.scheme_str(), Some("https" | "wss"));
        let port = match named_port(uri) {
            "" => Some(if tls { 443 } else { 80 }),
            named => named.parse().ok().filter(|port| *port > 0),
        };
        Some(Self { host: uri.host()?.to_owned(), port: port?, tls })
    }
}

/// What stands behind the host. `Uri` itself passes over a port that is none.
fn named_port(uri: &http::Uri) -> &str {
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let behind = place.rsplit_once(']').map_or(place, |(_, behind)| behind);
    behind.split_once(':').map_or("", |(_, port)| port)
}

/// A connection in both directions, whatever it goes through.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The way out. Clones share it.
#[derive(Clone)]
pub struct Net(Arc<Inner>);

struct Inner {
    names: Names,
    tls: tls::Tls,
    pool: pool::Pool,
}

impl Net {
    /// Reads the authorities of the owner's own; does no network I/O.
    ///
    /// # Errors
    /// When a file of [`NetConfig::extra_ca`] cannot be used.
    pub fn new(config: &NetConfig, clock: Arc<dyn Clock>) -> Result<Self, NetError> {
        Ok(Self(Arc::new(Inner {
            names: Names::new(config.resolv_conf.clone(), config.hosts.clone(), Mdns::everywhere()),
            tls: tls::Tls::new(&config.extra_ca, clock)?,
            pool: pool::Pool::default(),
        })))
    }

    /// A connection, ready to be spoken on, within `limit`.
    pub async fn connect(
        &self,
        target: &Target,
        proxy: Option<&ProxyConfig>,
        limit: Duration,
    ) -> Result<Box<dyn Stream>, NetError> {
        self.connect_within(target, proxy, limit, None).await
    }

    /// As [`Net::connect`], only to where `reach` lets it; a proxy decides for itself.
    async fn connect_within(
        &self,
        target: &Target,
        proxy: Option<&ProxyConfig>,
        limit: Duration,
        reach: Option<&Reach>,
    ) -> Result<Box<dyn Stream>, NetError> {
        let until = Instant::now() + limit;
        let late = |awaited| NetError::Timeout { host: target.host.clone(), awaited };
        let tcp = match proxy {
            Some(proxy) => timeout_at(until, proxy::through(&self.0.names, proxy, target))
                .await
                .unwrap_or_else(|_| Err(proxy::late(proxy, target)))?,
            None => timeout_at(until, dial::dial(&self.0.names, &target.host, target.port, reach))
                .await
                .unwrap_or_else(|_| Err(late(Awaited::Connection)))?,
        };
        if !target.tls {
            return Ok(Box::new(tcp));
        }
        let encrypting = timeout_at(until, self.0.tls.wrap(tcp, &target.host));
        Ok(Box::new(encrypting.await.unwrap_or_else(|_| Err(late(Awaited::Encryption)))?))
    }
}
