//! Values by kind and key: what the traits are written with.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;
use whatsapp_rust::wacore::store::error::StoreError as EngineError;
use zeroize::Zeroizing;

use super::super::StoreError;
use super::super::seal::Sealer;
use super::Credentials;
use crate::model::InstanceId;

/// What a value is. The numbers are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub(super) enum Kind {
    /// `n`: 1 when linked.
    Device = 0,
    Identity = 1,
    Session = 2,
    /// `n`: 1 when uploaded.
    PreKey = 3,
    SignedPreKey = 4,
    SenderKey = 5,
    SyncKey = 6,
    SyncVersion = 7,
    SyncMac = 8,
    /// `n`: 1 when the device has the key.
    SenderKeyDevice = 9,
    LidMapping = 10,
    PnMapping = 11,
    BaseKey = 12,
    DeviceList = 13,
    Group = 14,
    TcToken = 15,
    /// `n`: seconds since the epoch.
    SentMessage = 16,
    /// `n`: seconds since the epoch.
    PendingInbound = 17,
    /// `n`: deadline in seconds since the epoch, 0 for never.
    MessageSecret = 18,
    LatestSyncKey = 19,
}

/// A value as it was before sealing, and its number.
type Value = (Zeroizing<Vec<u8>>, i64);
/// A value with its key.
type Entry = (String, Zeroizing<Vec<u8>>, i64);

pub(super) type Answer<T> = Result<T, EngineError>;

pub(super) fn place(instance: InstanceId, kind: Kind, key: &str) -> String {
    super::super::seal::place::credential(instance.0, kind as i64, key)
}

/// A key of several parts.
pub(super) fn key(parts: &[&str]) -> String {
    parts.join("\u{1f}")
}

/// A value that is about to be kept.
pub(super) struct Put {
    pub(super) kind: Kind,
    pub(super) key: String,
    pub(super) value: Zeroizing<Vec<u8>>,
    pub(super) n: i64,
}

impl Put {
    pub(super) fn new(kind: Kind, key: impl Into<String>, value: &[u8]) -> Self {
        Self { kind, key: key.into(), value: Zeroizing::new(value.to_vec()), n: 0 }
    }

    pub(super) fn json<T: Serialize>(kind: Kind, key: impl Into<String>, value: &T) -> Answer<Self> {
        Ok(Self { kind, key: key.into(), value: Zeroizing::new(encode(value)?), n: 0 })
    }

    pub(super) fn with(mut self, n: i64) -> Self {
        self.n = n;
        self
    }
}

/// Access within one transaction.
pub(super) struct Rows<'a> {
    pub(super) connection: &'a Connection,
    pub(super) sealer: &'a Sealer,
    pub(super) instance: InstanceId,
}

impl Rows<'_> {
    pub(super) fn put(&self, put: &Put) -> Result<(), StoreError> {
        let sealed = self.sealer.seal(&place(self.instance, put.kind, &put.key), &put.value)?;
        self.connection
            .prepare_cached(
                "INSERT INTO credential(instance, kind, key, value, n) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT(instance, kind, key) DO UPDATE SET value = excluded.value, n = excluded.n",
            )?
            .execute((self.instance.0, put.kind as i64, &put.key, sealed, put.n))?;
        Ok(())
    }

    pub(super) fn get(&self, kind: Kind, key: &str) -> Result<Option<Value>, StoreError> {
        let row: Option<(Vec<u8>, i64)> = self
            .connection
            .prepare_cached("SELECT value, n FROM credential WHERE instance = ?1 AND kind = ?2 AND key = ?3")?
            .query_row((self.instance.0, kind as i64, key), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((sealed, n)) = row else { return Ok(None) };
        Ok(Some((self.sealer.open(&place(self.instance, kind, key), &sealed)?, n)))
    }

    /// All values of a kind whose key begins with `prefix`, in the order of their keys.
    pub(super) fn scan(&self, kind: Kind, prefix: &str) -> Result<Vec<Entry>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, value, n FROM credential WHERE instance = ?1 AND kind = ?2 AND substr(key, 1, length(?3)) = ?3 ORDER BY key",
        )?;
        let rows = statement.query_map((self.instance.0, kind as i64, prefix), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
        })?;
        rows.map(|row| {
            let (key, sealed, n) = row?;
            let value = self.sealer.open(&place(self.instance, kind, &key), &sealed)?;
            Ok((key, value, n))
        })
        .collect()
    }

    pub(super) fn delete(&self, kind: Kind, key: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM credential WHERE instance = ?1 AND kind = ?2 AND key = ?3")?
            .execute((self.instance.0, kind as i64, key))?;
        Ok(())
    }

    /// Runs a statement whose first two parameters are the instance and the kind.
    pub(super) fn sweep(
        &self,
        kind: Kind,
        condition: &str,
        argument: &dyn rusqlite::ToSql,
    ) -> Result<u32, StoreError> {
        let sql = format!("DELETE FROM credential WHERE instance = ?1 AND kind = ?2 AND {condition}");
        let gone = self.connection.prepare_cached(&sql)?.execute((self.instance.0, kind as i64, argument))?;
        Ok(u32::try_from(gone).unwrap_or(u32::MAX))
    }
}

impl Credentials {
    pub(super) async fn writing<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Rows<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<T> {
        let (sealer, instance, gate) = (self.store.0.sealer.clone(), self.instance, self.gate.clone());
        let done = self
            .store
            .write(move |connection| {
                if gate.is_closed() {
                    return Err(StoreError::Missing("the account, which was unlinked,".into()));
                }
                job(&Rows { connection, sealer: &sealer, instance })
            })
            .await;
        done.map_err(refused)
    }

    pub(super) async fn reading<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Rows<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<T> {
        let (sealer, instance) = (self.store.0.sealer.clone(), self.instance);
        let done =
            self.store.read(move |connection| job(&Rows { connection, sealer: &sealer, instance })).await;
        done.map_err(refused)
    }

    pub(super) async fn put_all(&self, puts: Vec<Put>) -> Answer<()> {
        self.writing(move |rows| puts.iter().try_for_each(|put| rows.put(put))).await
    }

    pub(super) async fn get(&self, kind: Kind, key: impl Into<String>) -> Answer<Option<Vec<u8>>> {
        let key = key.into();
        let value = self.reading(move |rows| rows.get(kind, &key)).await?;
        Ok(value.map(|(value, _)| value.to_vec()))
    }

    pub(super) async fn get_json<T: DeserializeOwned>(
        &self,
        kind: Kind,
        key: impl Into<String>,
    ) -> Answer<Option<T>> {
        self.get(kind, key).await?.map(|bytes| decode(&bytes)).transpose()
    }

    pub(super) async fn delete(&self, kind: Kind, keys: Vec<String>) -> Answer<()> {
        self.writing(move |rows| keys.iter().try_for_each(|key| rows.delete(kind, key))).await
    }

    pub(super) async fn sweep(
        &self,
        kind: Kind,
        condition: &'static str,
        argument: impl rusqlite::ToSql + Send + 'static,
    ) -> Answer<u32> {
        self.writing(move |rows| rows.sweep(kind, condition, &argument)).await
    }
}

pub(super) fn refused(error: StoreError) -> EngineError {
    EngineError::Database(Box::new(error))
}

pub(super) fn encode<T: Serialize>(value: &T) -> Answer<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| EngineError::Serialization(Box::new(error)))
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|error| EngineError::Serialization(Box::new(error)))
}
