//! How a sandbox is started.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::fault::Plan;

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where clients connect; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the control API listens; port 0 takes a free one.
    pub control: SocketAddr,
    /// Keeps accounts, devices and keys over restarts.
    pub state: Option<PathBuf>,
    /// How long each of the six refs may be scanned; none is 60 s and then 20 s each, as the service.
    pub ref_ttl: Option<Duration>,
    /// The pause before the first stanza. Baileys needs some 40 ms (protocol page §1.1), the engine none.
    pub settle: Duration,
    /// Also serves `wss://`, on a port of its own, with a certificate by an authority that is made at the first start.
    pub tls: bool,
    /// Where `wss://` is served; port 0 takes a free one.
    pub tls_listen: SocketAddr,
    /// Where files of messages are served, by HTTPS; port 0 takes a free one.
    pub media_listen: SocketAddr,
    /// Faults that are set from the beginning.
    pub plan: Plan,
    /// Phones send new devices a little history, inside of the message. Baileys 6 does not read it there and would fetch it
    /// from the real service.
    pub history: bool,
}

impl Default for Options {
    fn default() -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            listen: loopback,
            control: loopback,
            state: None,
            ref_ttl: None,
            settle: Duration::ZERO,
            tls: false,
            tls_listen: loopback,
            media_listen: loopback,
            plan: Plan::default(),
            history: true,
        }
    }
}
