//! What lasts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::appstate::AppState;
use crate::keys::ServerKeys;
use crate::mail::Mailbox;
use crate::phone::{Account, RawKey, Signal};
use crate::settings::Settings;
use crate::tls;

/// A linked device as the server keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) noise: RawKey,
    pub(crate) identity: RawKey,
    pub(crate) registration: Vec<u8>,
    pub(crate) skey: SignedKey,
    /// What the device answered to `pair-success`, for other devices to verify.
    pub(crate) identity_reply: Vec<u8>,
    pub(crate) prekeys: BTreeMap<u32, RawKey>,
    /// Ids of prekeys that were given away.
    #[serde(default)]
    pub(crate) spent: BTreeSet<u32>,
    /// Its phone has told it what a new device needs.
    #[serde(default)]
    pub(crate) greeted: bool,
}

/// A signed prekey.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SignedKey {
    pub(crate) id: Vec<u8>,
    pub(crate) value: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// What outlives the sandbox, when a file was given.
#[derive(Serialize, Deserialize)]
pub(crate) struct Durable {
    pub(crate) keys: ServerKeys,
    pub(crate) accounts: BTreeMap<String, Account>,
    /// By number and device, as `number:device`.
    pub(crate) devices: BTreeMap<String, Device>,
    /// What waits for devices, by the same key.
    #[serde(default)]
    pub(crate) mail: BTreeMap<String, Mailbox>,
    /// What phones keep for the Signal protocol, by number.
    #[serde(default)]
    pub(crate) signal: BTreeMap<String, Signal>,
    /// App state as phones keep it, by number.
    #[serde(default)]
    pub(crate) app_state: BTreeMap<String, AppState>,
    /// What accounts have told the service, by number.
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, Settings>,
    /// The authority of `wss://`, once it was wanted.
    #[serde(default)]
    pub(crate) tls: Option<tls::Kept>,
}
