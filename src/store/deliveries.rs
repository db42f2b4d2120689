//! What each webhook still has to get, in order, and what became of what it got.

use rusqlite::{Connection, Row};

use super::outbox::{self, StoredEvent};
use super::webhooks::WebhookId;
use super::{Store, StoreError};
use crate::model::{InstanceId, Stamp};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// Waits for its turn or its next attempt.
    Pending,
    /// The receiver took it.
    Delivered,
    /// Given up; can be sent again.
    Dead,
}

impl DeliveryStatus {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// From the word of the API.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Dead].into_iter().find(|status| status.as_str() == word)
    }

    fn number(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Delivered => 1,
            Self::Dead => 2,
        }
    }
}

/// One event for one webhook.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The row.
    pub id: i64,
    /// To which webhook.
    pub webhook: WebhookId,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Attempts so far.
    pub attempts: u32,
    /// HTTP status of the last attempt.
    pub answer: Option<u16>,
    /// What went wrong at the last attempt.
    pub error: Option<String>,
    /// When it last changed.
    pub updated: Stamp,
    /// What is delivered.
    pub event: StoredEvent,
}

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
    },
    /// Given up.
    Dead {
        /// HTTP status, when there was an answer.
        answer: Option<u16>,
        /// What went wrong.
        error: String,
    },
}

const SELECT: &str = "delivery.id, delivery.webhook, delivery.status, delivery.attempts, delivery.answer, delivery.error, delivery.updated";

impl Store {
    /// Webhooks that have something to deliver.
    pub async fn due_webhooks(&self) -> Result<Vec<WebhookId>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id FROM webhook WHERE EXISTS (SELECT 1 FROM delivery WHERE webhook = webhook.id AND status = 0) ORDER BY id",
            )?;
            let rows = statement.query_map([], |row| row.get(0).map(WebhookId))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// The oldest delivery that a webhook still has to get.
    pub async fn next_delivery(&self, webhook: WebhookId) -> Result<Option<Delivery>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {SELECT}, {} FROM delivery JOIN event ON event.id = delivery.event \
                 WHERE delivery.webhook = ?1 AND delivery.status = 0 ORDER BY delivery.id LIMIT 1",
                outbox::COLUMNS
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query_map([webhook.0], read)?;
            Ok(rows.next().transpose()?)
        })
        .await
    }

    /// Keeps what an attempt came to.
    pub async fn finish_delivery(&self, id: i64, verdict: Verdict) -> Result<(), StoreError> {
        let now = self.0.clock.now().millis();
        self.write(move |connection| {
            let (status, answer, error) = match verdict {
                Verdict::Delivered { answer } => (DeliveryStatus::Delivered, Some(answer), None),
                Verdict::Again { answer, error } => (DeliveryStatus::Pending, answer, Some(error)),
                Verdict::Dead { answer, error } => (DeliveryStatus::Dead, answer, Some(error)),
            };
            connection
                .prepare_cached(
                    "UPDATE delivery SET status = ?2, attempts = attempts + 1, answer = ?3, error = ?4, updated = ?5 WHERE id = ?1",
                )?
                .execute((id, status.number(), answer, error, now))?;
            Ok(())
        })
        .await?;
        self.0.delivered.send_replace(());
        Ok(())
    }

    /// An instance's deliveries, newest first, before the row `before`.
    pub async fn deliveries(
        &self,
        instance: InstanceId,
        status: Option<DeliveryStatus>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {SELECT}, {} FROM delivery JOIN event ON event.id = delivery.event \
                 WHERE delivery.instance = ?1 AND (?2 IS NULL OR delivery.status = ?2) AND (?3 IS NULL OR delivery.id < ?3) \
                 ORDER BY delivery.id DESC LIMIT ?4",
                outbox::COLUMNS
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((instance.0, status.map(DeliveryStatus::number), before, limit), read)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// Sends one delivery, or all dead ones, again. Returns how many.
    pub async fn redeliver(&self, instance: InstanceId, id: Option<i64>) -> Result<usize, StoreError> {
        let now = self.0.clock.now().millis();
        let count = self
            .write(move |connection| {
                let again = "UPDATE delivery SET status = 0, attempts = 0, answer = NULL, error = NULL, updated = ?3 \
                             WHERE instance = ?1 AND status > 0 AND ";
                let sql = format!("{again}{}", if id.is_some() { "id = ?2" } else { "status = 2 AND ?2 IS NULL" });
                Ok(connection.execute(&sql, (instance.0, id, now))?)
            })
            .await?;
        if count > 0 {
            // Nothing new was stored, but there is work again.
            self.0.newest.send_modify(|_| {});
            self.0.delivered.send_replace(());
        }
        Ok(count)
    }

    /// Pending, delivered and dead deliveries, for metrics.
    pub async fn delivery_counts(&self) -> Result<[i64; 3], StoreError> {
        self.read(|connection: &Connection| {
            let mut counts = [0; 3];
            let mut statement =
                connection.prepare_cached("SELECT status, count(*) FROM delivery GROUP BY status")?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, i64>(1)?)))?;
            for row in rows {
                let (status, count) = row?;
                if let Some(slot) = counts.get_mut(usize::from(status)) {
                    *slot = count;
                }
            }
            Ok(counts)
        })
        .await
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let status = match row.get::<_, i64>(2)? {
        0 => DeliveryStatus::Pending,
        1 => DeliveryStatus::Delivered,
        _ => DeliveryStatus::Dead,
    };
    Ok(Delivery {
        id: row.get(0)?,
        webhook: WebhookId(row.get(1)?),
        status,
        attempts: row.get(3)?,
        answer: row.get(4)?,
        error: row.get(5)?,
        updated: Stamp::from_millis(row.get(6)?),
        // The event's columns come after the delivery's seven.
        event: outbox::read_at(row, 7)?,
    })
}
