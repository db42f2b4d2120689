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

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension};
use whatsapp_rust::wacore::store::Device;

use super::seal::Sealer;
use super::{Store, StoreError};
use crate::model::{AccountJid, InstanceId, Profile, Stamp};
use kv::{Kind, place};

/// One account's credentials, as the engine wants them.
#[derive(Clone)]
pub struct Credentials {
    store: Store,
    instance: InstanceId,
    /// What was saved last: the engine saves an unchanged device at every connect.
    saved: Arc<Mutex<Option<[u8; 32]>>>,
    revoked: Arc<AtomicBool>,
}

impl Credentials {
    /// From now on nothing is written through this or its clones: the engine's background tasks
    /// outlive its client by a moment, and must not bring back what WhatsApp has taken away.
    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }
}

impl Store {
    /// The engine's storage for one instance; one per client of the engine.
    #[must_use]
    pub fn credentials(&self, instance: InstanceId) -> Credentials {
        Credentials { store: self.clone(), instance, saved: Arc::default(), revoked: Arc::default() }
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
    Ok(device.pn.as_ref().map(|pn| Profile {
        jid: Some(AccountJid::from_jid(&pn.to_string())),
        lid: device.lid.as_ref().map(|lid| AccountJid::from_jid(&lid.to_string()).as_str().to_owned()),
        name: Some(device.push_name.clone()).filter(|name| !name.is_empty()),
        picture_url: None,
    }))
}

/// Keeps a copy of the device, still sealed, until WhatsApp has been told that it left.
pub(super) fn bury(connection: &Connection, instance: InstanceId, now: Stamp) -> Result<(), StoreError> {
    connection.execute(
        "INSERT OR REPLACE INTO tombstone(uuid, device, created) SELECT i.uuid || '/' || i.id, c.value, ?3 \
         FROM credential c JOIN instance i ON i.id = c.instance WHERE c.instance = ?1 AND c.kind = ?2 AND c.n = 1",
        (instance.0, Kind::Device as i64, now.millis()),
    )?;
    Ok(())
}
