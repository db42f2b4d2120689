//! What one receiver has and the disk does not know yet: noted together, because a commit costs a flush
//! whatever it holds. After a kill, what was not noted is sent again with the same `webhook-id`.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::courier::{LATER, until};
use crate::store::{Store, Verdict};

/// Between two commits: a single event is noted at once, many are noted together.
pub(super) const NOTE: Duration = Duration::from_millis(50);
/// More is noted at once.
const MOST: usize = 512;

#[derive(Default)]
pub(super) struct Notes {
    settled: Vec<(i64, Verdict)>,
    /// When it is to be noted; none while there is nothing.
    due: Option<Instant>,
    /// When the next single one may be noted.
    free: Option<Instant>,
}

impl Notes {
    pub(super) fn add(&mut self, delivery: i64, verdict: Verdict) {
        let now = Instant::now();
        // What a receiver did not take is looked at by people.
        let urgent = self.settled.len() + 1 >= MOST || !matches!(verdict, Verdict::Delivered { .. });
        self.settled.push((delivery, verdict));
        let usual = self.due.unwrap_or_else(|| self.free.map_or(now, |free| free.max(now)));
        self.due = Some(if urgent { now } else { usual });
    }

    /// What is still to be delivered comes after this row.
    pub(super) fn last(&self) -> i64 {
        self.settled.last().map_or(0, |(delivery, _)| *delivery)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.settled.is_empty()
    }

    pub(super) fn are_due(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }

    /// Whether more that comes now would have to wait for its commit.
    pub(super) fn are_fresh(&self) -> bool {
        self.free.is_some_and(|free| free > Instant::now())
    }

    /// Never, while there is nothing.
    pub(super) async fn until_due(&self) {
        until(self.due.map(Instant::into_std)).await;
    }

    pub(super) async fn until_free(&self) {
        until(self.free.map(Instant::into_std)).await;
    }

    /// Notes it in one commit, or puts that off.
    pub(super) async fn try_keep(&mut self, store: &Store) {
        match store.settle_deliveries(self.settled.clone()).await {
            Ok(()) => *self = Self { free: Some(Instant::now() + NOTE), ..Self::default() },
            Err(error) => {
                tracing::warn!(%error, "what was delivered could not be noted; tried again soon");
                self.due = Some(Instant::now() + LATER);
            }
        }
    }

    /// Notes it. A disk that refuses is waited for: what a receiver has is not sent again because of it.
    /// False when the process ends first.
    pub(super) async fn keep(&mut self, store: &Store, stop: &CancellationToken) -> bool {
        while !self.is_empty() {
            self.try_keep(store).await;
            if stop.run_until_cancelled(self.until_kept()).await.is_none() {
                return self.is_empty();
            }
        }
        true
    }

    /// Until the next try, if there has to be one.
    async fn until_kept(&self) {
        if !self.is_empty() {
            self.until_due().await;
        }
    }
}
