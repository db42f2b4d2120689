//! Devices that left while WhatsApp could not be told: what telling it needs, sealed, until it was told.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Row};
use tokio::sync::watch;
use whatsapp_rust::wacore::store::Device;

use super::super::seal::{self, Sealer};
use super::super::{Store, StoreError, instances};
use super::kv::{Kind, place};
use crate::model::{InstanceId, ProxyConfig, Stamp};

/// A device that WhatsApp still takes for linked.
#[derive(Clone)]
pub struct Tombstone {
    /// The row.
    pub id: i64,
    /// What the instance was called, for logs.
    pub name: String,
    /// The device, to log in with once more.
    pub device: Device,
    /// How the instance went out.
    pub proxy: Option<ProxyConfig>,
    /// When it left.
    pub created: Stamp,
}

impl fmt::Debug for Tombstone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tombstone").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Store {
    /// All devices that WhatsApp is still to be told of, oldest first; not those that a link is telling it
    /// of at this moment.
    pub async fn tombstones(&self) -> Result<Vec<Tombstone>, StoreError> {
        let (sealer, leaving) = (self.0.sealer.clone(), self.0.leaving.clone());
        self.read(move |connection| {
            let mut statement = connection
                .prepare("SELECT id, instance, name, device, proxy, created FROM tombstone ORDER BY id")?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let tombstone = read(row, &sealer)?;
                if !leaving.holds(InstanceId(row.get(1)?)) {
                    found.push(tombstone);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Wakes when there may be one more.
    #[must_use]
    pub fn buried(&self) -> watch::Receiver<()> {
        self.0.leaving.settled.subscribe()
    }

    /// What came of telling WhatsApp at once of the device that this instance had last.
    pub async fn settle_tombstone(&self, instance: InstanceId, told: bool) -> Result<(), StoreError> {
        let dropped = if told { self.drop_last(instance).await } else { Ok(()) };
        self.0.leaving.settle(instance);
        dropped
    }

    async fn drop_last(&self, instance: InstanceId) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute(
                "DELETE FROM tombstone WHERE id = (SELECT max(id) FROM tombstone WHERE instance = ?1)",
                [instance.0],
            )?;
            Ok(())
        })
        .await
    }

    /// WhatsApp knows now, or never will.
    pub async fn drop_tombstone(&self, id: i64) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute("DELETE FROM tombstone WHERE id = ?1", [id])?;
            Ok(())
        })
        .await
    }

    /// Whether WhatsApp is still to be told of a device of this instance.
    pub async fn is_untold(&self, instance: InstanceId) -> Result<bool, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM tombstone WHERE instance = ?1)";
            Ok(connection.prepare_cached(sql)?.query_row([instance.0], |row| row.get(0))?)
        })
        .await
    }
}

fn read(row: &Row<'_>, sealer: &Sealer) -> Result<Tombstone, StoreError> {
    let instance = InstanceId(row.get(1)?);
    let device: Vec<u8> = row.get(3)?;
    let proxy: Option<Vec<u8>> = row.get(4)?;
    let device = sealer.open(&place(instance, Kind::Device, ""), &device)?;
    let proxy = proxy
        .map(|sealed| instances::kept::read_proxy(&sealer.open(&seal::place::proxy(instance.0), &sealed)?));
    Ok(Tombstone {
        id: row.get(0)?,
        name: row.get(2)?,
        device: serde_json::from_slice(&device)?,
        proxy: proxy.transpose()?,
        created: Stamp::from_millis(row.get(5)?),
    })
}

/// Instances whose link is telling WhatsApp at this moment: nobody else may log in with that device.
#[derive(Clone)]
pub(in crate::store) struct Leaving {
    now: Arc<Mutex<HashSet<InstanceId>>>,
    settled: watch::Sender<()>,
}

impl Default for Leaving {
    fn default() -> Self {
        Self { now: Arc::default(), settled: watch::channel(()).0 }
    }
}

impl Leaving {
    pub(in crate::store) fn begin(&self, instance: InstanceId) {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).insert(instance);
    }

    pub(in crate::store) fn settle(&self, instance: InstanceId) {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).remove(&instance);
        self.settled.send_replace(());
    }

    fn holds(&self, instance: InstanceId) -> bool {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).contains(&instance)
    }
}

/// Keeps what telling WhatsApp needs, still sealed, when there is a linked device.
pub(in crate::store) fn bury(
    connection: &Connection,
    instance: InstanceId,
    now: Stamp,
) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO tombstone(instance, name, device, proxy, created) SELECT i.id, i.name, c.value, i.proxy, ?3 \
         FROM credential c JOIN instance i ON i.id = c.instance WHERE c.instance = ?1 AND c.kind = ?2 AND c.n = 1",
        (instance.0, Kind::Device as i64, now.millis()),
    )?;
    Ok(())
}
