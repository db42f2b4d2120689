//! A simulated WhatsApp: the server, virtual phones, scripted faults.
//!
//! Written from observation of real clients, not from WhatsApp's code. Strict where the service is
//! strict: signatures, keys and counters are verified for real, and what is wrong is an event of kind
//! `violation` that a test can look for.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = tetherd_sandbox::Sandbox::start(tetherd_sandbox::Options::default()).await?;
//! println!("point a client at {}", sandbox.ws_url());
//! let jid = sandbox.scan("15551234567", "2@…").await?;
//! sandbox.unlink(&jid).await?;
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]

mod appstate;
mod calls;
mod codes;
mod connection;
mod control;
mod devices;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
pub mod graph;
mod jid;
mod keys;
mod line;
mod mail;
mod media;
mod messages;
mod noise;
mod operations;
mod options;
mod people;
pub mod phone;
mod prekeys;
mod presence;
mod serve;
mod service;
mod settings;
mod shape;
mod shown;
mod stanza;
mod tls;
mod told;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod vectors;
mod wire;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use appstate::Setting;
pub use calls::{Call, CallState};
pub use fault::{Alteration, At, BadFrame, BadPlan, Content, Direction, Fault, NoiseTampering};
pub use fault::{Plan, Planned, Stanza, TlsTampering};
pub use messages::{File, FileKind, Given, Receipt, Received, ReceivedFile};
pub use options::Options;
pub use presence::ChatState;
pub use told::{Happened, Refused};

use tls::Tls;
use world::World;

/// A running sandbox; ends when it is dropped.
pub struct Sandbox {
    world: Arc<World>,
    listen: SocketAddr,
    control: SocketAddr,
    secure: Option<SocketAddr>,
    tls: Arc<Tls>,
    stop: CancellationToken,
}

impl Sandbox {
    /// Binds and serves.
    ///
    /// # Errors
    /// When an address is taken or the state file cannot be read.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let mut world = World::load(options.state, options.ref_ttl, options.settle)?;
        world.history = options.history;
        let world = Arc::new(world);
        let stop = CancellationToken::new();
        for planned in options.plan.0 {
            world.plan(planned).await.map_err(std::io::Error::other)?;
        }
        let listen = serve::clients(options.listen, Arc::clone(&world), None, stop.clone()).await?;
        let tls = Arc::new(world.tls().map_err(std::io::Error::other)?);
        let mut secure = None;
        if options.tls {
            let (at, given) = (options.tls_listen, Some(Arc::clone(&tls)));
            secure = Some(serve::clients(at, Arc::clone(&world), given, stop.clone()).await?);
        }
        let media = options.media_listen;
        let media = serve::media(media, Arc::clone(&world), Arc::clone(&tls), stop.clone()).await?;
        let _ = world.media.set(media);
        let control = serve::control(options.control, Arc::clone(&world), stop.clone()).await?;
        let (keeper, ended) = (Arc::clone(&world), stop.clone());
        tokio::spawn(async move { ended.run_until_cancelled(keeper.keep_changes()).await });
        Ok(Self { world, listen, control, secure, tls, stop })
    }

    /// Where clients connect.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}/ws/chat", self.listen)
    }

    /// Where clients connect by TLS, when [`Options::tls`] asked for it. The certificate is for `localhost`
    /// and for the loopback addresses.
    #[must_use]
    pub fn wss_url(&self) -> Option<String> {
        self.secure.map(|at| format!("wss://{at}/ws/chat"))
    }

    /// The authority that a client of [`Self::wss_url`] and [`Self::media_url`] must trust, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        Some(self.tls.ca_pem())
    }

    /// Where the files of messages are, by HTTPS; clients learn it from `media_conn`.
    #[must_use]
    pub fn media_url(&self) -> String {
        self.world.media_url("")
    }

    /// Where the simulated Graph API is: what `cloud.graph_url` takes.
    #[must_use]
    pub fn graph_url(&self) -> String {
        format!("http://{}/graph", self.control)
    }

    /// What there is at Meta.
    #[must_use]
    pub fn graph(&self) -> &graph::Graph {
        &self.world.graph
    }

    /// Where the control API and `sw.js` are.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }

    /// The root of the certificate chain.
    #[must_use]
    pub fn root_public_key(&self) -> [u8; 32] {
        self.world.lock().durable.keys.root.public
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
        self.world.save_now();
    }
}
