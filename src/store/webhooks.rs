//! Webhooks: one per instance and a global one.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::seal::Sealer;
use super::{Store, StoreError};
use crate::model::{EventKind, InstanceId};

/// The row of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookId(pub i64);

/// Where events go and how. Holds secrets: `Debug` shows none.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookTarget {
    /// The address.
    pub url: String,
    /// A path piece per kind of event.
    pub by_events: bool,
    /// Media bytes within the event.
    pub base64: bool,
    /// Headers to send along.
    pub headers: BTreeMap<String, String>,
    /// Key of the `Authorization` token (HS256).
    pub jwt_key: Option<String>,
    /// Standard Webhooks secrets (`whsec_…`); all sign, so that a receiver can change at its leisure.
    pub secrets: Vec<String>,
    /// The original's spelling of event names.
    pub dotted: bool,
}

impl std::fmt::Debug for WebhookTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookTarget")
            .field("by_events", &self.by_events)
            .field("base64", &self.base64)
            .finish_non_exhaustive()
    }
}

/// A webhook as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Of one instance, or the global one.
    pub instance: Option<InstanceId>,
    /// Whether events are sent.
    pub enabled: bool,
    /// Which; none is all.
    pub events: Option<Vec<EventKind>>,
    /// Where and how.
    pub target: WebhookTarget,
}

const CONFIG: &str = "webhook/config";

impl Store {
    /// An instance's webhook, or the global one.
    pub async fn webhook_of(&self, instance: Option<InstanceId>) -> Result<Option<Webhook>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| find(connection, &sealer, "instance IS ?1", instance.map(|i| i.0))).await
    }

    /// A webhook by its row.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| find(connection, &sealer, "id = ?1", Some(id.0))).await
    }

    /// Keeps a webhook in the place of the one before.
    pub async fn set_webhook(&self, webhook: Webhook) -> Result<(), StoreError> {
        let sealer = self.0.sealer.clone();
        self.write(move |connection| {
            let config = sealer.seal(CONFIG, &serde_json::to_vec(&webhook.target)?)?;
            let events = webhook.events.map(|kinds| kinds.iter().map(|k| k.upper()).collect::<Vec<_>>());
            let events = events.map(|kinds| serde_json::to_string(&kinds)).transpose()?;
            let instance = webhook.instance.map(|i| i.0);
            let known = connection.execute(
                "UPDATE webhook SET enabled = ?2, events = ?3, config = ?4 WHERE instance IS ?1",
                (instance, webhook.enabled, &events, &config),
            )?;
            if known == 0 {
                connection.execute(
                    "INSERT INTO webhook(instance, enabled, events, config) VALUES (?1, ?2, ?3, ?4)",
                    (instance, webhook.enabled, &events, &config),
                )?;
            }
            Ok(())
        })
        .await
    }

    /// Removes the global webhook; what it has still to get goes with it.
    pub async fn remove_global_webhook(&self) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute("DELETE FROM webhook WHERE instance IS NULL", [])?;
            Ok(())
        })
        .await
    }
}

fn find(
    connection: &Connection,
    sealer: &Sealer,
    which: &str,
    id: Option<i64>,
) -> Result<Option<Webhook>, StoreError> {
    let sql = format!("SELECT instance, enabled, events, config FROM webhook WHERE {which}");
    let row = connection
        .prepare_cached(&sql)?
        .query_row([id], |row| {
            Ok((
                row.get::<_, Option<i64>>(0)?,
                row.get::<_, bool>(1)?,
                row.get::<_, Option<String>>(2)?,
                row.get::<_, Vec<u8>>(3)?,
            ))
        })
        .optional()?;
    let Some((instance, enabled, events, config)) = row else { return Ok(None) };
    let events = match events {
        Some(list) => {
            let names: Vec<String> = serde_json::from_str(&list)?;
            Some(names.iter().filter_map(|name| name.parse().ok()).collect())
        }
        None => None,
    };
    let target = serde_json::from_slice(&sealer.open(CONFIG, &config)?)?;
    Ok(Some(Webhook { instance: instance.map(InstanceId), enabled, events, target }))
}
