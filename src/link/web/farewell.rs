//! Telling WhatsApp that a device leaves: over the link that stands, or at the next chance with what its
//! tombstone keeps. Until WhatsApp was told, the phone lists a device that is no more.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use whatsapp_rust::bot::Bot;
use whatsapp_rust::wacore::iq::devices::RemoveCompanionDeviceSpec;
use whatsapp_rust::wacore::store::InMemoryBackend;
use whatsapp_rust::wacore::store::traits::DeviceStore as _;
use whatsapp_rust::{Client, NodeFilter};

use super::events::{Ear, Heard};
use super::http::EngineHttp;
use super::outcome::{self, Terminal};
use super::transport::{Dialer, Trace};
use super::{Parts, REQUEST, client, version};
use crate::link::{LinkError, LinkOptions};
use crate::store::credentials::Tombstone;

/// For one device: dialling, log-in, the request and its answer.
const LIMIT: Duration = Duration::from_mins(1);
/// How long after a failure the next try is: at first, doubled with every one, and at most.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(5);
/// WhatsApp itself removes devices that were away for a month.
const OVER: Duration = Duration::from_hours(60 * 24);

/// Tells WhatsApp that the device of this client leaves, and hears that it did. The answer and the end of the
/// connection come together, and the engine may take the end first: it says the same.
pub(super) async fn say(client: &Client) -> Result<(), LinkError> {
    let device = client.pn().ok_or(LinkError::NotConnected)?;
    let mut end = client.wait_for_node(NodeFilter::tag("stream:error"));
    let asked = client.execute(RemoveCompanionDeviceSpec::new(&device));
    let answered = tokio::time::timeout(REQUEST, asked).await.map_err(|_| LinkError::TimedOut(REQUEST))?;
    let mut removed = || end.try_recv().ok().flatten().and_then(|node| outcome::stream_code(&node));
    match answered {
        Ok(()) => Ok(()),
        Err(_) if removed().as_deref() == Some("401") => Ok(()),
        Err(error) => Err(LinkError::Refused(error.to_string())),
    }
}

/// Sees to the devices that left while WhatsApp could not be told.
#[derive(Clone)]
pub struct Farewells(pub(super) Arc<Parts>);

/// What came of one of them.
enum Told {
    /// WhatsApp knows, or has known already.
    Yes,
    /// Not now, for a reason of this account.
    Later,
    /// WhatsApp is away.
    Away,
}

impl Farewells {
    /// Runs until `shutdown`. What is left then is on disk.
    pub async fn run(self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.see_to_all()).await;
    }

    async fn see_to_all(&self) {
        let (mut buried, mut reached) = (self.0.store.buried(), self.0.reached.subscribe());
        let mut pause = FIRST;
        loop {
            buried.borrow_and_update();
            reached.borrow_and_update();
            if !self.round().await {
                pause = FIRST;
                if buried.changed().await.is_err() {
                    return;
                }
                continue;
            }
            tokio::select! {
                _ = buried.changed() => {}
                // Another link was let in: WhatsApp is there.
                _ = reached.changed() => {}
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST),
            }
        }
    }

    /// Sees to every one once; true when some are left.
    async fn round(&self) -> bool {
        let waiting = match self.0.store.tombstones().await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::warn!(%error, "devices that left cannot be read; WhatsApp is told of them later");
                return true;
            }
        };
        let mut left = false;
        for tombstone in waiting {
            let old = tombstone.created.until(self.0.clock.now()) > OVER;
            let told = if old { Told::Yes } else { Box::pin(self.tell(&tombstone)).await };
            match told {
                Told::Yes => {
                    if let Err(error) = self.0.store.drop_tombstone(tombstone.id).await {
                        tracing::warn!(%error, "a device that left could not be struck off");
                        left = true;
                        continue;
                    }
                    let what = if old { "given up" } else { "WhatsApp was told" };
                    tracing::info!(instance = tombstone.name, "the log-out of a former link: {what}");
                }
                Told::Later => left = true,
                Told::Away => return true,
            }
        }
        left
    }

    async fn tell(&self, tombstone: &Tombstone) -> Told {
        let parts = &self.0;
        let backend = InMemoryBackend::new();
        if backend.save(&tombstone.device).await.is_err() {
            return Told::Later;
        }
        let (ear, trace) = (Ear::default(), Arc::<Trace>::default());
        let mut heard = ear.listen();
        trace.begin();
        let proxy = tombstone.proxy.clone().or_else(|| parts.config.proxy.clone());
        let options = Arc::new(Mutex::new(LinkOptions { proxy: proxy.clone(), ..LinkOptions::default() }));
        let dialer = Dialer {
            net: parts.net.clone(),
            socket: parts.config.server.socket.clone(),
            options: Arc::clone(&options),
            trace: Arc::clone(&trace),
            vow: None,
        };
        let version = version::announced(parts).await;
        let built = Bot::builder()
            .with_backend(backend)
            .with_transport_factory(dialer)
            .with_http_client(EngineHttp { net: parts.net.clone(), options })
            .with_version((version.0, version.1, version.2))
            .with_event_handler(ear)
            .skip_history_sync()
            .build()
            .await;
        let Ok(bot) = built else { return Told::Later };
        let client = bot.client();
        client.enable_auto_reconnect.store(false, Ordering::Relaxed);
        let success = client.wait_for_node(NodeFilter::tag("success"));
        let mut engine = AbortOnDropHandle::new(tokio::spawn(async move { bot.run().await }));
        let saying = async {
            tokio::select! {
                biased;
                Ok(_) = success => say(&client).await.is_ok(),
                _ = &mut engine => false,
            }
        };
        let mut told = tokio::time::timeout(LIMIT, saying).await.unwrap_or(false);
        client::stop(&client).await;
        let mut outdated = false;
        while let Ok(heard) = heard.try_recv() {
            told |= matches!(heard, Heard::Terminal(Terminal::LoggedOut));
            outdated |= matches!(heard, Heard::Terminal(Terminal::Outdated));
        }
        if told {
            return Told::Yes;
        }
        if outdated {
            version::learn(parts, version, proxy).await;
        }
        if trace.opened() { Told::Later } else { Told::Away }
    }
}
