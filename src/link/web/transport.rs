//! Our WebSocket transport: dialling through [`crate::net`], and what the engine does not tell: that
//! a dial failed, why, and when something last moved.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::watch;
use whatsapp_rust::bytes::Bytes;
use whatsapp_rust::transport::{
    DisconnectReason, Transport, TransportEvent, TransportFactory, from_websocket,
};
use whatsapp_rust::{anyhow, async_channel};

use super::vow::Vow;
use crate::link::{LinkOptions, NOTHING_YET};
use crate::net::{Awaited, Net, NetError, Target};

/// A peer that does not read may not hold our stop.
const CLOSE: Duration = Duration::from_secs(1);
const SEND: Duration = Duration::from_secs(20);

/// How far the connection is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Phase {
    #[default]
    Idle,
    Dialing,
    /// The WebSocket stands.
    Open,
}

/// Why dialling failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DialError {
    Net(NetError),
    /// The server refused the upgrade with this HTTP status, or spoke no HTTP.
    Upgrade(Option<u16>, String),
}

/// What the transport has seen of one attempt.
#[derive(Default)]
pub(super) struct Trace {
    state: Mutex<State>,
    phase: watch::Sender<Phase>,
    heard: AtomicBool,
}

#[derive(Default)]
struct State {
    last: Option<Instant>,
    failed: Option<DialError>,
    lost: Option<String>,
}

impl Trace {
    /// A new attempt begins.
    pub(super) fn begin(&self) {
        *self.lock() = State { last: Some(now()), ..State::default() };
        self.heard.store(false, Ordering::Release);
        self.phase.send_replace(Phase::Idle);
    }

    pub(super) fn end(&self) {
        self.lock().last = None;
    }

    pub(super) fn moved(&self) {
        self.lock().last = Some(now());
    }

    pub(super) fn last_progress(&self) -> Option<Instant> {
        self.lock().last
    }

    pub(super) fn phases(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Why dialling failed.
    pub(super) fn dial_error(&self) -> Option<DialError> {
        self.lock().failed.clone()
    }

    /// How the connection was lost, when the engine did not close it.
    pub(super) fn lost(&self) -> Option<String> {
        self.lock().lost.clone()
    }

    /// The connection stood at some moment.
    pub(super) fn opened(&self) -> bool {
        *self.phase.borrow() == Phase::Open
    }

    /// The server sent something.
    pub(super) fn heard(&self) -> bool {
        self.heard.load(Ordering::Acquire)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Makes one connection per attempt.
pub(super) struct Dialer {
    pub(super) net: Net,
    pub(super) socket: String,
    pub(super) options: Arc<Mutex<LinkOptions>>,
    pub(super) trace: Arc<Trace>,
    /// Of credentials that may come to be linked.
    pub(super) vow: Option<Vow>,
}

type Connection = (Arc<dyn Transport>, async_channel::Receiver<TransportEvent>);

impl Dialer {
    async fn dial(&self) -> Result<Connection, DialError> {
        let none = || DialError::Net(NetError::BadUrl(format!("{} is no address", self.socket)));
        let uri: http::Uri = self.socket.parse().map_err(|_| none())?;
        let target = Target::at(&uri).ok_or_else(none)?;
        let proxy = self.options.lock().unwrap_or_else(PoisonError::into_inner).proxy.clone();
        // The engine drops a dial after 20 s; ours ends before, with a reason.
        let until = tokio::time::Instant::now() + NOTHING_YET;
        let stream = self.net.connect(&target, proxy.as_ref(), NOTHING_YET).await.map_err(DialError::Net)?;
        let builder = tokio_websockets::ClientBuilder::from_uri(uri)
            .add_header(http::header::ORIGIN, http::HeaderValue::from_static("https://web.whatsapp.com"))
            .map_err(|error| DialError::Upgrade(None, error.to_string()))?;
        let upgrade = builder.connect_on(stream);
        let upgraded = tokio::time::timeout_at(until, upgrade).await;
        let late = || NetError::Timeout { host: target.host.clone(), awaited: Awaited::Answer };
        let upgraded = upgraded.map_err(|_| DialError::Net(late()))?;
        let (socket, _) = upgraded.map_err(|error| refused(&error))?;
        Ok(from_websocket(socket))
    }
}

/// The status is only in the library's words.
fn refused(error: &tokio_websockets::Error) -> DialError {
    let text = error.to_string();
    let status = text.rsplit(' ').find_map(|word| word.trim_end_matches('.').parse::<u16>().ok());
    DialError::Upgrade(status.filter(|status| (100..600).contains(status) && *status != 101), text)
}

#[async_trait]
impl TransportFactory for Dialer {
    async fn create_transport(&self) -> anyhow::Result<Connection> {
        self.trace.phase.send_replace(Phase::Dialing);
        self.trace.moved();
        let (transport, events) = match self.dial().await {
            Ok(connection) => connection,
            Err(error) => {
                self.trace.lock().failed = Some(error.clone());
                anyhow::bail!("dialling failed: {error:?}");
            }
        };
        self.trace.moved();
        self.trace.phase.send_replace(Phase::Open);
        let (forward, receiver) = async_channel::bounded(64);
        let watched = Arc::new(Watched {
            inner: transport,
            trace: Arc::clone(&self.trace),
            vow: self.vow.as_ref().and_then(Vow::for_connection),
            closing: AtomicBool::new(false),
        });
        tokio::spawn(pass_on(events, forward, Arc::clone(&watched)));
        Ok((watched, receiver))
    }
}

/// Ends with the connection: the inner transport closes its channel after its last event.
async fn pass_on(
    events: async_channel::Receiver<TransportEvent>,
    forward: async_channel::Sender<TransportEvent>,
    watched: Arc<Watched>,
) {
    while let Ok(event) = events.recv().await {
        match &event {
            TransportEvent::DataReceived(_) => {
                watched.trace.heard.store(true, Ordering::Release);
                watched.trace.moved();
            }
            TransportEvent::Disconnected(reason) if !watched.closing.load(Ordering::Acquire) => {
                watched.trace.lock().lost = Some(words(reason));
            }
            _ => {}
        }
        if forward.send(event).await.is_err() {
            return;
        }
    }
}

fn words(reason: &DisconnectReason) -> String {
    match reason {
        DisconnectReason::ServerClose { code: Some(code), .. } => {
            format!("WhatsApp closed the connection ({code})")
        }
        DisconnectReason::ServerClose { code: None, .. } => "WhatsApp closed the connection".into(),
        DisconnectReason::StreamEnded => "the connection ended".into(),
        // What TLS says of a connection that ends without a farewell: the usual end of one.
        DisconnectReason::ReadError(why) if why.contains("close_notify") => {
            "WhatsApp ended the connection".into()
        }
        DisconnectReason::ReadError(why) => format!("the connection broke: {why}"),
        DisconnectReason::Unknown => "the connection was lost".into(),
    }
}

struct Watched {
    inner: Arc<dyn Transport>,
    trace: Arc<Trace>,
    /// On a connection that began unlinked.
    vow: Option<Vow>,
    closing: AtomicBool,
}

#[async_trait]
impl Transport for Watched {
    async fn send(&self, data: Bytes) -> anyhow::Result<()> {
        if let Some(vow) = &self.vow {
            vow.keep().await?;
        }
        tokio::time::timeout(SEND, self.inner.send(data)).await?
    }

    async fn disconnect(&self) {
        self.closing.store(true, Ordering::Release);
        let _ = tokio::time::timeout(CLOSE, self.inner.disconnect()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{DisconnectReason, words};

    #[test]
    fn why_a_connection_ended_is_told_in_our_words() {
        let tls = "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest/";
        for (reason, says) in [
            (DisconnectReason::ReadError(tls.into()), "WhatsApp ended the connection"),
            (
                DisconnectReason::ReadError("Connection reset by peer".into()),
                "the connection broke: Connection reset by peer",
            ),
            (DisconnectReason::StreamEnded, "the connection ended"),
        ] {
            assert_eq!(words(&reason), says);
        }
    }
}
