//! Messages between phones and linked devices, sealed end to end. The service itself reads none of them:
//! what is here are the phones, and the service that carries envelopes between them and devices.

mod arrive;
mod file;
mod given;
mod group;
mod peer;
mod receipts;
mod route;
mod send;

use std::collections::{BTreeMap, VecDeque};

pub use file::{File, FileKind, ReceivedFile};
pub use given::Given;

use serde::Serialize;
use serde_json::Value;
use wacore_binary::Jid;
use waproto::whatsapp as wa;

/// Messages that are kept for `GET /received`, and sent ones for those who could not read them, per phone.
const KEPT: usize = 10_000;

/// A message that a phone has opened.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// The number of the phone that opened it.
    pub phone: String,
    /// The JID of the device that sealed it.
    pub from: String,
    /// The JID of the account that it was written to.
    pub to: String,
    /// The message's id.
    pub id: String,
    /// When the service took it, in unix seconds.
    pub at: u64,
    /// `pkmsg` or `msg`.
    pub envelope: &'static str,
    /// The text that people see; a caption for media.
    pub text: Option<String>,
    /// All of it, as the protobuf's JSON.
    pub message: Value,
    /// Its file, downloaded and opened.
    pub file: Option<ReceivedFile>,
    #[serde(skip)]
    pub(crate) opened: wa::Message,
}

/// A receipt that a phone has got.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The number of the phone that got it.
    pub phone: String,
    /// The JID of the device that gave it.
    pub from: String,
    /// `delivery`, `read`, `played`, `sender`, `inactive`, `retry` …
    pub kind: String,
    /// Of which messages.
    pub ids: Vec<String>,
}

/// What a phone sent, for devices that cannot read it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) to: String,
    /// The group that it was written to, in place of `to`.
    pub(crate) group: Option<Jid>,
    pub(crate) at: u64,
    pub(crate) message: wa::Message,
    /// From a phone to its own device, and not for people.
    pub(crate) peer: bool,
}

/// What went through phones since the sandbox started.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) received: BTreeMap<String, VecDeque<Received>>,
    pub(crate) receipts: BTreeMap<String, VecDeque<Receipt>>,
    pub(crate) sent: BTreeMap<String, VecDeque<Sent>>,
    /// How often a phone has asked for a message again; by number and id.
    retries: BTreeMap<(String, String), u32>,
}

/// Puts `item` behind the others of this phone.
fn keep<T>(of: &mut BTreeMap<String, VecDeque<T>>, phone: &str, item: T) {
    let kept = of.entry(phone.to_owned()).or_default();
    kept.push_back(item);
    if kept.len() > KEPT {
        kept.pop_front();
    }
}
