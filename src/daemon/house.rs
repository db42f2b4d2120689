//! Keeping house: what is old goes.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::events::TRIED_AT_LEAST;
use crate::store::{Pruned, Retention, Store, StoreError};

/// How often old events are looked for. An idle box writes nothing then. Not at the start: what WhatsApp
/// delivers again after a long time away must still be known.
const PRUNE: Duration = Duration::from_mins(10);

/// Forgets old events, and makes room as soon as they weigh too much.
pub(super) async fn keep(store: Store, retention: Retention, shutdown: CancellationToken) {
    let mut newest = store.newest_event();
    if let Err(error) = store.weigh_events().await {
        tracing::warn!(%error, "the events could not be weighed; their budget is kept from now on only");
    }
    let began = Instant::now();
    let mut due = tokio::time::interval_at(began + PRUNE, PRUNE);
    loop {
        if store.outbox_figures().bytes > retention.bytes {
            told(store.prune_by_size(retention).await);
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = due.tick() => {
                let tried = retention.tried.filter(|_| began.elapsed() >= TRIED_AT_LEAST);
                told(store.prune_by_age(Retention { tried, ..retention }).await);
            }
            changed = newest.changed() => if changed.is_err() { return },
        }
    }
}

fn told(pruned: Result<Pruned, StoreError>) {
    match pruned {
        Ok(pruned) if pruned.lost > 0 => {
            tracing::error!(
                lost = pruned.lost,
                "the disk budget for events is used up; the oldest went. Raise [events] size, or see to the receivers"
            );
        }
        Ok(Pruned { gone, expired, .. }) if gone > 0 || expired > 0 => {
            tracing::debug!(gone, expired, "old events were forgotten");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "old events could not be forgotten"),
    }
}
