//! Webhooks: one per instance and a global one.

use rusqlite::{Connection, OptionalExtension, Row};
use zeroize::Zeroizing;

use super::seal::{Sealer, place};
use super::{Store, StoreError};
use crate::model::{InstanceId, Stamp, Webhook};

/// The row of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookId(pub i64);

/// A webhook as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    /// The row.
    pub id: WebhookId,
    /// Of one instance, or the global one.
    pub instance: Option<InstanceId>,
    /// When it was first set.
    pub created: Stamp,
    /// When it was last set.
    pub updated: Stamp,
    /// What it is.
    pub webhook: Webhook,
}

impl Store {
    /// An instance's webhook, or the global one.
    pub async fn webhook_of(&self, instance: Option<InstanceId>) -> Result<Option<WebhookRow>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| find(connection, &sealer, "instance IS ?1", instance.map(|i| i.0))).await
    }

    /// A webhook by its row.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<WebhookRow>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| find(connection, &sealer, "id = ?1", Some(id.0))).await
    }

    /// Keeps a webhook of an instance, or the global one, in the place of the one before. What that one
    /// had still to deliver goes to the new address.
    pub async fn set_webhook(
        &self,
        instance: Option<InstanceId>,
        webhook: Webhook,
    ) -> Result<WebhookRow, StoreError> {
        let (sealer, now) = (self.0.sealer.clone(), self.0.clock.now());
        let row = self
            .write(move |connection| {
                put(connection, &sealer, instance, &webhook, now)?;
                let kept = find(connection, &sealer, "instance IS ?1", instance.map(|i| i.0))?;
                kept.ok_or_else(|| StoreError::Missing("the webhook".into()))
            })
            .await?;
        self.0.due.changed(row.id);
        Ok(row)
    }

    /// Removes the global webhook. What it had still to deliver goes with it; returns how much that was.
    pub async fn remove_global_webhook(&self) -> Result<i64, StoreError> {
        self.write(|connection| {
            let waiting = "SELECT count(*) FROM delivery WHERE status = 0 AND webhook IN (SELECT id FROM webhook WHERE instance IS NULL)";
            let waiting = connection.query_row(waiting, [], |row| row.get(0))?;
            connection.execute("DELETE FROM webhook WHERE instance IS NULL", [])?;
            Ok(waiting)
        })
        .await
    }
}

/// Inserts or replaces.
pub(super) fn put(
    connection: &Connection,
    sealer: &Sealer,
    instance: Option<InstanceId>,
    webhook: &Webhook,
    now: Stamp,
) -> Result<(), StoreError> {
    let config = sealer.seal(
        &place::webhook(instance.map(|i| i.0)),
        &Zeroizing::new(serde_json::to_vec(&webhook.target)?),
    )?;
    let events = webhook.events.as_ref().map(|kinds| kinds.iter().map(|k| k.upper()).collect::<Vec<_>>());
    let events = events.map(|kinds| serde_json::to_string(&kinds)).transpose()?;
    let row = (instance.map(|i| i.0), webhook.enabled, &events, &config, now.millis());
    let known = connection.execute(
        "UPDATE webhook SET enabled = ?2, events = ?3, config = ?4, updated = ?5 WHERE instance IS ?1",
        row,
    )?;
    if known == 0 {
        connection.execute(
            "INSERT INTO webhook(instance, enabled, events, config, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            row,
        )?;
    }
    Ok(())
}

struct Raw {
    id: i64,
    instance: Option<i64>,
    enabled: bool,
    events: Option<String>,
    config: Vec<u8>,
    created: i64,
    updated: i64,
}

impl Raw {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            instance: row.get(1)?,
            enabled: row.get(2)?,
            events: row.get(3)?,
            config: row.get(4)?,
            created: row.get(5)?,
            updated: row.get(6)?,
        })
    }
}

fn find(
    connection: &Connection,
    sealer: &Sealer,
    which: &str,
    id: Option<i64>,
) -> Result<Option<WebhookRow>, StoreError> {
    let sql =
        format!("SELECT id, instance, enabled, events, config, created, updated FROM webhook WHERE {which}");
    let raw = connection.prepare_cached(&sql)?.query_row([id], Raw::read).optional()?;
    let Some(raw) = raw else { return Ok(None) };
    let events = match raw.events {
        Some(list) => {
            let names: Vec<String> = serde_json::from_str(&list)?;
            Some(names.iter().filter_map(|name| name.parse().ok()).collect())
        }
        None => None,
    };
    let target = serde_json::from_slice(&sealer.open(&place::webhook(raw.instance), &raw.config)?)?;
    Ok(Some(WebhookRow {
        id: WebhookId(raw.id),
        instance: raw.instance.map(InstanceId),
        created: Stamp::from_millis(raw.created),
        updated: Stamp::from_millis(raw.updated),
        webhook: Webhook { enabled: raw.enabled, events, target },
    }))
}
