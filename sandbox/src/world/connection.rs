//! An open connection, and what is asked of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use wacore_binary::node::Node;

use super::durable::SignedKey;
use crate::codes::CodeWanted;
use crate::fault::Fault;
use crate::line::Control;
use crate::phone::adv::SignedCompanion;
use crate::phone::{Account, DeviceSlot, RawKey};
use crate::told::Refused;

/// A device that wants to be linked, as its connection told.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) noise: RawKey,
    pub(crate) identity: RawKey,
    pub(crate) registration: Vec<u8>,
    pub(crate) skey: SignedKey,
}

/// A request to a connection.
pub(crate) enum Order {
    /// Send `pair-success` and report what the device answered.
    Pair {
        account: Box<Account>,
        slot: DeviceSlot,
        signed: Box<SignedCompanion>,
        done: oneshot::Sender<Result<String, Refused>>,
    },
    /// Send this, and say what the device answered in its `companion_finish`.
    Primary { node: Node, done: oneshot::Sender<Node> },
    /// Send this.
    Send(Node),
    /// Send this last stanza, then `xmlstreamend`, then close.
    Terminal(Node),
    /// Let this happen now.
    Fault(Box<Fault>),
}

/// A connection as the service knows it.
pub(crate) struct Connection {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) candidate: Option<Candidate>,
    /// A ref, and from when until when on the world's clock it may be scanned.
    pub(crate) refs: Vec<(String, Duration, Duration)>,
    /// From `companion_hello`.
    pub(crate) code: Option<CodeWanted>,
    pub(crate) device: Option<(String, u16)>,
    pub(crate) pattern: crate::noise::Pattern,
    /// Rings when something new waits for the device.
    pub(crate) mail: Arc<Notify>,
    pub(crate) line: Arc<Control>,
    /// Whether the device says that somebody is there; none when it never said.
    pub(crate) available: Option<bool>,
    /// Numbers whose presence it wants to hear of.
    pub(crate) subscribed: BTreeSet<String>,
}

impl Connection {
    /// Whose it is, once the device has logged in.
    pub(crate) fn jid(&self) -> Option<String> {
        self.device.as_ref().map(|(phone, device)| format!("{phone}:{device}@s.whatsapp.net"))
    }
}
