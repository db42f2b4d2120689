//! WHATSAPP-BAILEYS: a linked device, driven by the engine (`whatsapp-rust`).
//!
//! One run of the engine is one attempt; its own reconnecting is off. Much that ends an attempt is
//! not told by any event of the engine, so the reason is put together from three sources, once, when
//! the run has ended: events ([`events`]), our transport ([`transport`]), and the stream error node
//! ([`outcome`]).

mod calls;
mod client;
mod events;
mod farewell;
mod followed;
mod http;
mod inbox;
mod manners;
mod media;
mod message;
mod notices;
mod outcome;
mod pairing;
mod probe;
mod proof;
mod run;
mod shape;
mod transport;
mod version;
mod vow;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use farewell::Farewells;
pub use version::Version;

use super::{
    Goal, Link, LinkContext, LinkError, LinkEvent, LinkFactory, LinkOptions, Outcome, PairError, PairingCode,
    Presence, try_proxy,
};
use crate::model::{Clock, Integration, Media, PhoneNumber, ProxyConfig};
use crate::net::{Net, Target};
use crate::store::Store;
use crate::store::credentials::Gate;
use client::Held;
use transport::Trace;

/// How long a request of ours to WhatsApp may take.
const REQUEST: Duration = Duration::from_secs(10);

/// What all links of this kind share.
#[derive(Clone)]
pub struct WebConfig {
    /// The name on the phone's list of linked devices.
    pub device_name: String,
    /// The WhatsApp version to announce; none is the newest that is known.
    pub version: Option<Version>,
    /// Where the server is.
    pub server: Server,
    /// How devices go out that left and had no proxy of their own.
    pub proxy: Option<ProxyConfig>,
}

/// Where the server is. Anything but [`Server::whatsapp`] works only in a `demo` build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `wss://…/ws/chat`.
    pub socket: String,
    /// The page that names the current version.
    pub version_page: String,
}

impl Server {
    /// The real one.
    #[must_use]
    pub fn whatsapp() -> Self {
        Self {
            socket: "wss://web.whatsapp.com/ws/chat".into(),
            version_page: "https://web.whatsapp.com/sw.js".into(),
        }
    }

    /// What to connect to; none when the address cannot be read.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        Target::of(&self.socket)
    }
}

/// Makes links of this kind.
pub struct WebFactory {
    parts: Arc<Parts>,
}

struct Parts {
    store: Store,
    net: Net,
    clock: Arc<dyn Clock>,
    config: WebConfig,
    /// Wakes when WhatsApp let a link in.
    reached: watch::Sender<()>,
    probes: probe::Probes,
}

impl WebFactory {
    /// Puts the parts together.
    #[must_use]
    pub fn new(store: Store, net: Net, clock: Arc<dyn Clock>, config: WebConfig) -> Self {
        let (reached, probes) = (watch::channel(()).0, probe::Probes::default());
        Self { parts: Arc::new(Parts { store, net, clock, config, reached, probes }) }
    }

    /// What tells WhatsApp of devices that left while it could not be told.
    #[must_use]
    pub fn farewells(&self) -> Farewells {
        Farewells(Arc::clone(&self.parts))
    }
}

#[async_trait]
impl LinkFactory for WebFactory {
    fn make(&self, context: LinkContext) -> Arc<dyn Link> {
        Arc::new(WebLink {
            options: Arc::new(Mutex::new(context.options.clone())),
            trace: Arc::default(),
            held: tokio::sync::Mutex::default(),
            pairing: tokio::sync::Mutex::default(),
            gate: Mutex::default(),
            online: AtomicBool::new(false),
            changed: tokio::sync::Notify::new(),
            parts: Arc::clone(&self.parts),
            context,
        })
    }

    async fn try_proxy(&self, _: Integration, proxy: &ProxyConfig) -> Result<(), LinkError> {
        let lost = || LinkError::Unreachable("WhatsApp's address cannot be read".into());
        let target = self.parts.config.server.target().ok_or_else(lost)?;
        try_proxy(&self.parts.net, proxy, &target).await
    }
}

struct WebLink {
    parts: Arc<Parts>,
    context: LinkContext,
    options: Arc<Mutex<LinkOptions>>,
    trace: Arc<Trace>,
    /// The engine's client, kept over attempts for as long as it can run again.
    held: tokio::sync::Mutex<Option<Held>>,
    pairing: tokio::sync::Mutex<Option<PairingCode>>,
    /// Of whatever client there is now.
    gate: Mutex<Gate>,
    /// Whether the account is to be seen as online now.
    online: AtomicBool,
    /// Wakes the running attempt when options have changed.
    changed: tokio::sync::Notify,
}

impl WebLink {
    fn options(&self) -> LinkOptions {
        self.options.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn gate(&self) -> Gate {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the client whose credentials are no more; its background tasks write nothing any more.
    async fn drop_revoked(&self) {
        std::mem::take(&mut *self.gate.lock().unwrap_or_else(PoisonError::into_inner)).close();
        self.held.lock().await.take();
    }

    async fn client(&self) -> Result<Arc<whatsapp_rust::Client>, LinkError> {
        let held = self.held.lock().await;
        let client = held.as_ref().map(|held| Arc::clone(&held.client)).ok_or(LinkError::NotConnected)?;
        if client.is_connected() { Ok(client) } else { Err(LinkError::NotConnected) }
    }
}

#[async_trait]
impl Link for WebLink {
    async fn run(&self, goal: Goal, sink: mpsc::Sender<LinkEvent>, stop: CancellationToken) -> Outcome {
        run::run(self, goal, sink, stop).await
    }

    async fn pairing_code(&self, number: &PhoneNumber) -> Result<PairingCode, PairError> {
        pairing::code(self, number).await
    }

    async fn logout(&self) -> Result<(), LinkError> {
        farewell::say(&*self.client().await?).await
    }

    fn freeze(&self, frozen: bool) {
        let gate = self.gate();
        if frozen { gate.close() } else { gate.open() }
    }

    async fn set_presence(&self, presence: Presence) -> Result<(), LinkError> {
        let client = self.client().await?;
        self.online.store(presence == Presence::Available, Ordering::Release);
        client::show(&client, presence).await
    }

    async fn reachable(&self) -> Option<bool> {
        probe::reachable(&self.parts, self.options().proxy.as_ref()).await
    }

    fn apply(&self, options: LinkOptions) {
        *self.options.lock().unwrap_or_else(PoisonError::into_inner) = options;
        self.changed.notify_one();
    }

    async fn forget(&self) {
        self.drop_revoked().await;
        self.pairing.lock().await.take();
    }

    fn last_progress(&self) -> Option<Instant> {
        self.trace.last_progress()
    }

    async fn load(&self, media: &Media, limit: usize) -> Result<Bytes, LinkError> {
        media::load(self, media, limit).await
    }
}
