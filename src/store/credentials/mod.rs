//! What the engine keeps for one account: its storage traits on one table of sealed values.
//!
//! The engine's rows are opaque to us, so they share a table: a kind, a key, a sealed value, and one
//! number (a flag or a moment) that SQL needs to see. Wiping an account is one statement.

mod appsync;
mod device;
mod kv;
mod protocol;
mod secrets;
mod signal;
mod tombstones;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension};
use whatsapp_rust::wacore::store::Device;

use super::seal::Sealer;
use super::{Store, StoreError};
use crate::model::{AccountJid, InstanceId, Profile};
use kv::{Kind, place};
pub use tombstones::Tombstone;
pub(super) use tombstones::{Leaving, bury};

/// One account's credentials, as the engine wants them.
#[derive(Clone)]
pub struct Credentials {
    store: Store,
    instance: InstanceId,
    /// What was saved last: the engine saves an unchanged device at every connect.
    saved: Arc<Mutex<Option<[u8; 32]>>>,
    gate: Gate,
}

/// Whether what the engine saves is written. It is looked at where writes are in order, so behind a closed
/// gate nothing follows a wipe.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// From now on nothing is written by whoever has this gate: the engine's background tasks outlive its
    /// client by a moment, and must not bring back what was forgotten.
    pub fn close(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Nothing was forgotten after all.
    pub fn open(&self) {
        self.0.store(false, Ordering::Release);
    }

    fn is_closed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Store {
    /// The engine's storage for one instance; one per client of the engine.
    #[must_use]
    pub fn credentials(&self, instance: InstanceId, gate: Gate) -> Credentials {
        Credentials { store: self.clone(), instance, saved: Arc::default(), gate }
    }

    /// The account of an instance, when the credentials of a linked device are on disk.
    pub async fn linked_account(&self, instance: InstanceId) -> Result<Option<Profile>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| linked_account(connection, &sealer, instance)).await
    }
}

/// The account whose device is on disk, when it is linked.
pub(super) fn linked_account(
    connection: &Connection,
    sealer: &Sealer,
    instance: InstanceId,
) -> Result<Option<Profile>, StoreError> {
    let kept: Option<Vec<u8>> = connection
        .prepare_cached(
            "SELECT value FROM credential WHERE instance = ?1 AND kind = ?2 AND key = '' AND n = 1",
        )?
        .query_row((instance.0, Kind::Device as i64), |row| row.get(0))
        .optional()?;
    let Some(kept) = kept else { return Ok(None) };
    let device: Device = serde_json::from_slice(&sealer.open(&place(instance, Kind::Device, ""), &kept)?)?;
    Ok(device.pn.is_some().then(|| profile(&device)))
}

/// What a device tells of its account; before the link only little.
#[must_use]
pub fn profile(device: &Device) -> Profile {
    Profile {
        jid: device.pn.as_ref().map(|pn| AccountJid::from_jid(&pn.to_string())),
        lid: device.lid.as_ref().map(|lid| AccountJid::from_jid(&lid.to_string()).as_str().to_owned()),
        name: Some(device.push_name.clone()).filter(|name| !name.is_empty()),
        picture_url: None,
    }
}
