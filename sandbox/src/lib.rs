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
pub mod phone;
mod prekeys;
mod presence;
mod serve;
mod settings;
mod shape;
mod stanza;
mod tls;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod vectors;
mod wire;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub use appstate::Setting;
pub use calls::{Call, CallState};
pub use fault::{Alteration, At, BadFrame, BadPlan, Content, Direction, Fault, NoiseTampering};
pub use fault::{Plan, Planned, Stanza, TlsTampering};
pub use messages::{File, FileKind, Given, Receipt, Received, ReceivedFile};
pub use presence::ChatState;

use tls::Tls;
use world::World;

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

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Happened {
    /// Its running number, from 1.
    pub seq: u64,
    /// On which connection; 0 is none.
    pub connection: u64,
    /// `open`, `handshake`, `in`, `out`, `code_wanted`, `code_refused`, `refs_over`, `linked`, `logged_in`, `logged_out`,
    /// `unknown_device`, `violation`, `closed`.
    pub kind: String,
    /// More about it; stanzas as text.
    pub text: String,
}

/// A phone or the server would not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

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

    /// The phone of this number scans a QR; the account is made when there is none. Returns the
    /// device's JID once its signature was verified.
    ///
    /// # Errors
    /// When the code is malformed, expired, of another connection, or the device answers wrongly.
    pub async fn scan(&self, phone: &str, qr: &str) -> Result<String, Refused> {
        self.world.scan(phone, qr).await
    }

    /// The phone of this number is given a pairing code. Returns the device's JID.
    ///
    /// # Errors
    /// When no device asked, or the code is another one.
    pub async fn enter_code(&self, phone: &str, code: &str) -> Result<String, Refused> {
        self.world.enter_code(phone, code).await
    }

    /// Devices that wait to be linked, or the one on this connection, are told to make a new secret and show another code
    /// (`companion_reg_refresh`); the old code links them no more. Returns how many were told.
    pub async fn refresh_registration(&self, connection: Option<u64>) -> usize {
        self.world.refresh_registration(connection).await
    }

    /// The phone removes a device, or all of its account when the JID names none.
    ///
    /// # Errors
    /// When nothing of that name is linked.
    pub async fn unlink(&self, jid: &str) -> Result<usize, Refused> {
        self.world.unlink(jid).await
    }

    /// The phone of `from` writes a text to `to`, sealed for each linked device of both. Devices that are away get it
    /// when they come back. Returns the message's id. Accounts are made when there are none.
    ///
    /// # Errors
    /// When a number is none.
    pub fn send_text(&self, from: &str, to: &str, text: &str) -> Result<String, Refused> {
        self.world.write(from, to, phone::envelope::text(text))
    }

    /// The phone of `from` seals a file, uploads it and sends it to `to`. Returns the message's id.
    ///
    /// # Errors
    /// When a number is none.
    pub fn send_file(&self, from: &str, to: &str, file: File) -> Result<String, Refused> {
        self.world.send_file(from, to, file)
    }

    /// What is in the file of a message that the phone of this number has received.
    ///
    /// # Errors
    /// When there is no such message or file, or it does not open.
    pub fn received_file(&self, phone: &str, id: &str) -> Result<Vec<u8>, Refused> {
        self.world.received_file(phone, id)
    }

    /// The media host forgets all files, as the service does after some weeks.
    pub fn expire_files(&self) {
        self.world.lock().files.expire();
    }

    /// The phone of this number gives a receipt for messages that it has received, all of one writer.
    ///
    /// # Errors
    /// When it has none of that id, or they are of several writers.
    pub fn give(&self, phone: &str, ids: &[String], given: Given) -> Result<(), Refused> {
        self.world.give(phone, ids, given)
    }

    /// The phone of this number has lost all its sessions, as after it was restored from a backup. What is sealed for an old
    /// one it cannot read, and asks for again.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn forget_sessions(&self, phone: &str) -> Result<(), Refused> {
        self.world.lock().signal(phone).map(phone::Signal::forget_all)
    }

    /// The phone of this number is used from now on, or not; devices that asked hear of it.
    ///
    /// # Errors
    /// When the number is none.
    pub fn set_present(&self, phone: &str, used: bool) -> Result<(), Refused> {
        self.world.set_present(phone, used)
    }

    /// On the phone of `from` somebody types to `to`. Returns how many devices hear of it.
    ///
    /// # Errors
    /// When a number is none.
    pub fn type_on(&self, from: &str, to: &str, state: ChatState) -> Result<usize, Refused> {
        self.world.type_on(from, to, state)
    }

    /// The phone of `from` calls `to`: the devices of `to` ring. Returns the call's id.
    ///
    /// # Errors
    /// When a number is none.
    pub fn ring(&self, from: &str, to: &str, video: bool) -> Result<String, Refused> {
        self.world.ring(from, to, video)
    }

    /// Who called hangs up.
    ///
    /// # Errors
    /// When the call is over.
    pub fn hang_up(&self, id: &str) -> Result<(), Refused> {
        self.world.hang_up(id)
    }

    /// The calls that there were, the newest last.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.world.lock().calls.iter().cloned().collect()
    }

    /// The phone of this number changes a setting, which its devices hear of (app state). Returns the version of the
    /// collection that it is in.
    ///
    /// # Errors
    /// When the number is none or the setting is wrong.
    pub fn change_setting(&self, phone: &str, setting: &Setting) -> Result<u64, Refused> {
        self.world.change_setting(phone, setting)
    }

    /// The app state of this account as its phone reads it: by collection its version and its entries.
    #[must_use]
    pub fn app_state(&self, phone: &str) -> Value {
        self.world.shown_app_state(phone)
    }

    /// What the phone of this number has received and opened, the newest last.
    #[must_use]
    pub fn received(&self, phone: &str) -> Vec<Received> {
        self.world.lock().traffic.received.get(phone).into_iter().flatten().cloned().collect()
    }

    /// The receipts that the phone of this number has got, the newest last.
    #[must_use]
    pub fn receipts(&self, phone: &str) -> Vec<Receipt> {
        self.world.lock().traffic.receipts.get(phone).into_iter().flatten().cloned().collect()
    }

    /// A new account with a fresh phone.
    ///
    /// # Errors
    /// When the number is none, or is taken, or the platform is unknown.
    pub fn create_account(&self, new: phone::NewAccount) -> Result<(), Refused> {
        self.world.create_account(new).map(|_| ())
    }

    /// Lets a fault happen, to one JID or to all. Returns how many connections it hit now. One that cannot
    /// happen is an event of kind `refused`; [`Self::plan`] says it.
    pub async fn fault(&self, fault: Fault, jid: Option<&str>) -> usize {
        let planned = Planned { jid: jid.map(str::to_owned), ..Planned::from(fault) };
        self.plan(planned).await.unwrap_or_else(|Refused(why)| {
            self.world.tell(0, "refused", why);
            0
        })
    }

    /// Lets a fault happen to whom it is meant for, now or when its time comes. Returns how many connections it hit now.
    ///
    /// # Errors
    /// When it cannot happen.
    pub async fn plan(&self, planned: impl Into<Planned>) -> Result<usize, Refused> {
        self.world.plan(planned.into()).await
    }

    /// Faults that wait for a connection or a stanza happen no more, and lines are fast again.
    pub fn clear_faults(&self) {
        self.world.clear_faults();
    }

    /// Another static key of the server from now on.
    pub fn rotate_key(&self) {
        self.world.rotate_key();
    }

    /// Moves the sandbox's clock by seconds; negative is back. Timestamps, certificates, codes and bans follow it.
    pub fn advance_clock(&self, seconds: i64) {
        self.world.advance(seconds);
    }

    /// The version that `sw.js` names.
    pub fn set_version(&self, version: [u32; 3]) {
        self.world.lock().version = version;
    }

    /// Accounts, devices, connections.
    #[must_use]
    pub fn state(&self) -> Value {
        self.world.shown()
    }

    /// All that happened, as far as it is kept.
    #[must_use]
    pub fn events(&self) -> Vec<Happened> {
        self.world.lock().log.iter().cloned().collect()
    }

    /// Waits for something to happen, also in the past after `since`.
    pub async fn wait_for(
        &self,
        since: u64,
        limit: Duration,
        wanted: impl Fn(&Happened) -> bool,
    ) -> Option<Happened> {
        let mut newest = self.world.newest();
        let found = async {
            loop {
                newest.borrow_and_update();
                let hit = self.world.lock().log.iter().find(|e| e.seq > since && wanted(e)).cloned();
                if hit.is_some() || newest.changed().await.is_err() {
                    return hit;
                }
            }
        };
        tokio::time::timeout(limit, found).await.ok().flatten()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
        self.world.save_now();
    }
}

impl World {
    fn shown(&self) -> Value {
        let state = self.lock();
        let accounts = state.durable.accounts.values().map(|account| {
            let devices = account.linked().map(|slot| account.jid(slot.device).to_string()).collect::<Vec<_>>();
            json!({"phone": account.phone, "lid": account.lid, "pushName": account.push_name, "devices": devices})
        });
        let connections = state.connections.iter().map(|(id, c)| {
            let violations = state.log.iter().filter(|e| e.connection == *id && e.kind == "violation");
            json!({"id": id, "handshake": c.pattern, "device": c.jid(), "available": c.available, "code": c.code.as_ref().map(|code| &code.number),
                "violations": violations.map(|e| &e.text).collect::<Vec<_>>()})
        });
        json!({
            "accounts": accounts.collect::<Vec<_>>(),
            "connections": connections.collect::<Vec<_>>(),
            "faults": state.faults.iter().map(|pending| &pending.planned).collect::<Vec<_>>(),
            "rootPublicKey": hex::encode(state.durable.keys.root.public),
        })
    }
}
