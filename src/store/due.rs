//! Who is woken by a commit: readers of the stream, and whoever delivers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::Store;
use super::webhooks::WebhookId;

/// What a transaction added to the outbox.
#[derive(Debug, Default)]
pub(super) struct Appended {
    /// The newest event's id; 0 when nothing was new.
    pub(super) newest: i64,
    /// Webhooks that have more to deliver.
    pub(super) due: BTreeSet<i64>,
    /// How many events, and how much they weigh.
    pub(super) events: u64,
    pub(super) bytes: i64,
}

impl Appended {
    pub(super) fn and(mut self, more: Self) -> Self {
        self.newest = self.newest.max(more.newest);
        self.due.extend(more.due);
        self.events += more.events;
        self.bytes += more.bytes;
        self
    }
}

/// Webhooks that have something to deliver since somebody last looked, without asking the disk.
#[derive(Default)]
pub(super) struct Due {
    /// And whether they were set anew.
    waiting: Mutex<BTreeMap<WebhookId, bool>>,
    bell: Notify,
    /// Counts what was set.
    generation: AtomicU64,
}

impl Due {
    pub(super) fn add(&self, ids: impl IntoIterator<Item = WebhookId>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let before = waiting.len();
        for id in ids {
            waiting.entry(id).or_default();
        }
        if waiting.len() > before {
            self.bell.notify_one();
        }
    }

    pub(super) fn changed(&self, id: WebhookId) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, true);
        self.bell.notify_one();
    }
}

/// What happened in the outbox since the process began, and what it holds.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) stored: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) bytes: AtomicI64,
}

/// The same for others to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxFigures {
    /// Events stored since the process began.
    pub stored: u64,
    /// Events that went before a receiver got them, since the process began.
    pub lost: u64,
    /// What the events on disk weigh, in bytes, about.
    pub bytes: i64,
}

impl Store {
    /// Waits until webhooks have something to deliver; true for those that were set anew. To be waited
    /// for by one task only.
    pub async fn due(&self) -> BTreeMap<WebhookId, bool> {
        loop {
            let bell = self.0.due.bell.notified();
            let waiting =
                std::mem::take(&mut *self.0.due.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            if !waiting.is_empty() {
                return waiting;
            }
            bell.await;
        }
    }

    /// Another number whenever any webhook was set.
    #[must_use]
    pub fn webhook_generation(&self) -> u64 {
        self.0.due.generation.load(Ordering::Acquire)
    }

    /// What the outbox holds and did.
    #[must_use]
    pub fn outbox_figures(&self) -> OutboxFigures {
        let figures = &self.0.figures;
        OutboxFigures {
            stored: figures.stored.load(Ordering::Relaxed),
            lost: figures.lost.load(Ordering::Relaxed),
            bytes: figures.bytes.load(Ordering::Relaxed),
        }
    }

    /// After the commit: wakes whoever it concerns.
    pub(super) fn stored(&self, added: Appended) {
        if added.newest == 0 {
            return;
        }
        self.0.figures.stored.fetch_add(added.events, Ordering::Relaxed);
        self.0.figures.bytes.fetch_add(added.bytes, Ordering::Relaxed);
        self.0.due.add(added.due.into_iter().map(WebhookId));
        self.0.newest.send_if_modified(|known| {
            let newer = added.newest > *known;
            if newer {
                *known = added.newest;
            }
            newer
        });
    }
}
