//! The row of a delivery, with the event that is delivered.

use rusqlite::Row;

use crate::model::Stamp;
use crate::store::StoreError;
use crate::store::outbox::{self, StoredEvent};
use crate::store::seal::Sealer;
use crate::store::webhooks::WebhookId;

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

    pub(super) fn number(self) -> i64 {
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
    /// Whether that is the global one.
    pub global: bool,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Attempts so far.
    pub attempts: u32,
    /// HTTP status of the last attempt.
    pub answer: Option<u16>,
    /// What went wrong at the last attempt.
    pub error: Option<String>,
    /// When it began to wait.
    pub since: Stamp,
    /// When it last changed.
    pub updated: Stamp,
    /// What is delivered.
    pub event: StoredEvent,
}

/// The columns that [`read`] takes, before those of the event.
pub(super) const SELECT: &str = "delivery.id, delivery.webhook, webhook.instance IS NULL, delivery.status, delivery.attempts, \
     delivery.answer, delivery.error, delivery.since, delivery.updated";
/// How many columns that is.
pub(super) const SELECTED: usize = 9;

pub(super) fn read(row: &Row<'_>, sealer: &Sealer) -> Result<Delivery, StoreError> {
    let status = match row.get::<_, i64>(3)? {
        0 => DeliveryStatus::Pending,
        1 => DeliveryStatus::Delivered,
        _ => DeliveryStatus::Dead,
    };
    Ok(Delivery {
        id: row.get(0)?,
        webhook: WebhookId(row.get(1)?),
        global: row.get(2)?,
        status,
        attempts: row.get(4)?,
        answer: row.get(5)?,
        error: row.get(6)?,
        since: Stamp::from_millis(row.get(7)?),
        updated: Stamp::from_millis(row.get(8)?),
        event: outbox::read_at(row, sealer, SELECTED)?,
    })
}
