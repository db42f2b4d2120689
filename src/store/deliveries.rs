//! What each webhook still has to get, in order, and what became of what it got.

mod row;

use rusqlite::Connection;

use super::outbox;
use super::webhooks::WebhookId;
use super::{Store, StoreError};
use crate::model::{InstanceId, Stamp};
use row::{SELECT, SELECTED, read};

pub use row::{Delivery, DeliveryStatus};

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver took it.
    Delivered {
        /// HTTP status.
        answer: u16,
    },
    /// To be tried again.
    Again {
        /// HTTP status, when there was an answer.
        answer: Option<u16>,
        /// What went wrong.
        error: String,
        /// Not before this, because the receiver said so.
        not_before: Option<Stamp>,
    },
    /// Given up.
    Dead {
        /// HTTP status, when there was an answer.
        answer: Option<u16>,
        /// What went wrong.
        error: String,
    },
}

/// What is first in the line of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The webhook.
    pub webhook: WebhookId,
    /// How often the first one was tried in vain.
    pub attempts: u32,
    /// When the receiver lets itself be asked again.
    pub not_before: Option<Stamp>,
}

/// How much waits for a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The webhook.
    pub webhook: WebhookId,
    /// Of which instance; none is the global one.
    pub instance: Option<InstanceId>,
    /// Deliveries.
    pub count: i64,
    /// Since when the oldest waits.
    pub since: Stamp,
}

/// Which deliveries are listed.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryFilter {
    /// Of this instance's events.
    pub instance: InstanceId,
    /// Only to its own webhook, not to the global one.
    pub own: bool,
    /// Only where they stand so.
    pub status: Option<DeliveryStatus>,
    /// Before this row.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// Webhooks that have something to deliver, with what is first.
    pub async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT webhook, attempts, not_before FROM delivery WHERE id IN \
                 (SELECT min(id) FROM delivery WHERE status = 0 GROUP BY webhook)",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(Head {
                    webhook: WebhookId(row.get(0)?),
                    attempts: row.get(1)?,
                    not_before: row.get::<_, Option<i64>>(2)?.map(Stamp::from_millis),
                })
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// The oldest deliveries that a webhook still has to get, in order, after the row `after`: at most `most`,
    /// and none after the events weigh `bytes` together.
    pub async fn next_deliveries(
        &self,
        webhook: WebhookId,
        after: i64,
        most: u32,
        bytes: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| {
            let sql = format!(
                "SELECT {SELECT}, {} FROM delivery JOIN event ON event.id = delivery.event \
                 JOIN webhook ON webhook.id = delivery.webhook AND (webhook.enabled = 1 OR webhook.retired = 1) \
                 WHERE delivery.webhook = ?1 AND delivery.status = 0 AND delivery.id > ?2 ORDER BY delivery.id LIMIT ?3",
                outbox::COLUMNS
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query((webhook.0, after, most))?;
            let (mut deliveries, mut weight) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                weight += row.get_ref(SELECTED + outbox::DATA)?.as_blob().map_or(0, <[u8]>::len);
                deliveries.push(read(row, &sealer)?);
                if weight >= bytes {
                    break;
                }
            }
            Ok(deliveries)
        })
        .await
    }

    /// Keeps what attempts came to, in one transaction.
    pub async fn settle_deliveries(&self, settled: Vec<(i64, Verdict)>) -> Result<(), StoreError> {
        let now = self.0.clock.now().millis();
        self.write(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE delivery SET status = ?2, attempts = attempts + 1, answer = ?3, error = ?4, not_before = ?5, updated = ?6 \
                 WHERE id = ?1",
            )?;
            for (id, verdict) in &settled {
                let (status, answer, error, not_before) = match verdict {
                    Verdict::Delivered { answer } => (DeliveryStatus::Delivered, Some(*answer), None, None),
                    Verdict::Again { answer, error, not_before } => {
                        (DeliveryStatus::Pending, *answer, Some(error), not_before.map(Stamp::millis))
                    }
                    Verdict::Dead { answer, error } => (DeliveryStatus::Dead, *answer, Some(error), None),
                };
                update.execute((id, status.number(), answer, error, not_before, now))?;
            }
            Ok(())
        })
        .await?;
        self.0.delivered.send_replace(());
        Ok(())
    }

    /// Deliveries of an instance's events, newest first.
    pub async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| {
            // In the words of the partial indexes, which a parameter would hide.
            let status = filter.status.map(|s| format!("AND delivery.status = {}", s.number())).unwrap_or_default();
            let own = if filter.own { "AND webhook.instance IS NOT NULL" } else { "" };
            let sql = format!(
                "SELECT {SELECT}, {} FROM event JOIN delivery ON delivery.event = event.id \
                 JOIN webhook ON webhook.id = delivery.webhook \
                 WHERE event.instance = ?1 {status} {own} AND (?2 IS NULL OR (delivery.id < ?2 AND event.id <= \
                 coalesce((SELECT event FROM delivery WHERE id < ?2 ORDER BY id DESC LIMIT 1), 0))) \
                 ORDER BY event.id DESC, delivery.id DESC LIMIT ?3",
                outbox::COLUMNS
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query((filter.instance.0, filter.before, filter.limit))?;
            let mut deliveries = Vec::new();
            while let Some(row) = rows.next()? {
                deliveries.push(read(row, &sealer)?);
            }
            Ok(deliveries)
        })
        .await
    }

    /// Sends one delivery of an instance's events, or all dead ones, again; with `own` only those to its
    /// own webhook. Returns how many.
    pub async fn redeliver(
        &self,
        instance: InstanceId,
        own: bool,
        id: Option<i64>,
    ) -> Result<usize, StoreError> {
        let now = self.0.clock.now().millis();
        let webhooks = self
            .write(move |connection| {
                let which = if id.is_some() { "status > 0 AND id = ?2" } else { "status = 2 AND ?2 IS NULL" };
                let own = if own { "AND webhook IN (SELECT id FROM webhook WHERE instance = ?1)" } else { "" };
                let sql = format!(
                    "UPDATE delivery SET status = 0, attempts = 0, answer = NULL, error = NULL, not_before = NULL, since = ?3, \
                     updated = ?3 WHERE instance = ?1 AND {which} {own} RETURNING webhook"
                );
                let mut statement = connection.prepare_cached(&sql)?;
                let rows = statement.query_map((instance.0, id, now), |row| row.get(0).map(WebhookId))?;
                Ok(rows.collect::<Result<Vec<_>, _>>()?)
            })
            .await?;
        let count = webhooks.len();
        if count > 0 {
            self.0.due.add(webhooks);
            self.0.delivered.send_replace(());
        }
        Ok(count)
    }

    /// Pending, delivered and dead deliveries, for metrics.
    pub async fn delivery_counts(&self) -> Result<[i64; 3], StoreError> {
        self.read(|connection: &Connection| {
            let count = |which: &str| -> Result<i64, StoreError> {
                let sql = format!("SELECT count(*) FROM delivery {which}");
                Ok(connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
            };
            // From the small indexes; there is none for what was delivered.
            let (pending, dead) = (count("WHERE status = 0")?, count("WHERE status = 2")?);
            Ok([pending, count("")? - pending - dead, dead])
        })
        .await
    }

    /// What waits for each webhook.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT webhook.id, webhook.instance, waiting.n, waiting.since FROM \
                 (SELECT webhook, count(*) AS n, min(since) AS since FROM delivery WHERE status = 0 GROUP BY webhook) AS waiting \
                 JOIN webhook ON webhook.id = waiting.webhook",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(Waiting {
                    webhook: WebhookId(row.get(0)?),
                    instance: row.get::<_, Option<i64>>(1)?.map(InstanceId),
                    count: row.get(2)?,
                    since: Stamp::from_millis(row.get(3)?),
                })
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }
}
