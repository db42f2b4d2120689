//! Keeping house: what is old goes.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::{Retention, Store};

/// How often old events are looked for. An idle box writes nothing then.
const PRUNE: Duration = Duration::from_mins(10);
const KEEP: Retention = Retention {
    delivered: Duration::from_hours(24),
    dead: Duration::from_hours(14 * 24),
    bytes: 64 * 1024 * 1024,
};

/// Forgets old events, step by step.
pub(super) async fn keep(store: Store, shutdown: CancellationToken) {
    let mut due = tokio::time::interval(PRUNE);
    while shutdown.run_until_cancelled(due.tick()).await.is_some() {
        loop {
            match store.prune_events(KEEP).await {
                Ok(pruned) if pruned.more => tokio::task::yield_now().await,
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "old events could not be forgotten");
                    break;
                }
            }
        }
    }
}
