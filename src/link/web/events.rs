//! The engine's events, cut down to what a link needs. The handler runs inside the engine's read
//! loop, so it never waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use whatsapp_rust::wacore::types::events::{Event, EventHandler};

use super::outcome::Terminal;
use crate::model::Secret;

/// Events that may wait. A full queue means that the run loop is stuck, which the stall watch sees.
/// Messages go through the durability hook ([`super::inbox`]), notices their own way ([`super::notices`]).
pub(super) const CAPACITY: usize = 256;

/// What the engine said.
#[derive(Debug)]
pub(super) enum Heard {
    Code {
        text: Secret,
        lives: Duration,
    },
    /// The last code has expired and the engine closed the connection.
    Exhausted,
    PairingCodeDead,
    Scanned,
    PairFailed(String),
    Passkey,
    /// Backlog and first app-state sync are through.
    Ready,
    PushName(String),
    Terminal(Terminal),
}

/// The handler; hands over to the attempt that runs.
#[derive(Clone, Default)]
pub(super) struct Ear(Arc<Mutex<Option<mpsc::Sender<Heard>>>>);

impl Ear {
    /// Whoever listened before does so no more.
    pub(super) fn listen(&self) -> mpsc::Receiver<Heard> {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }
}

impl EventHandler for Ear {
    fn handle_event(&self, event: Arc<Event>) {
        let Some(heard) = heard(&event) else { return };
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = sender.as_ref()
            && let Err(mpsc::error::TrySendError::Full(_)) = sender.try_send(heard)
        {
            tracing::warn!("an event of the engine was dropped: the link does not keep up");
        }
    }
}

fn heard(event: &Event) -> Option<Heard> {
    Some(match event {
        Event::PairingQrCode(qr) => Heard::Code { text: Secret::new(qr.code.clone()), lives: qr.timeout },
        Event::PairingQrCodesExhausted(end) if end.disconnected => Heard::Exhausted,
        Event::PairingCodeRefresh(_) => Heard::PairingCodeDead,
        Event::PairSuccess(_) => Heard::Scanned,
        Event::PairError(error) => Heard::PairFailed(error.error.clone()),
        Event::PairPasskeyRequest(_) => Heard::Passkey,
        Event::Connected(_) => Heard::Ready,
        Event::SelfPushNameUpdated(name) => Heard::PushName(name.new_name.clone()),
        other => Heard::Terminal(Terminal::of(other)?),
    })
}
