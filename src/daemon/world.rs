//! What changes about this box, told to those whom it concerns.

use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::instance::Registry;
use crate::model::{Clock, ClockShift};
use crate::store::Store;
use crate::world::{self, Change, ClockSet};

/// Until `shutdown`.
pub(super) async fn attend(
    registry: Arc<Registry>,
    store: Store,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) {
    let began = clock.instant();
    let mut changes = world::watch(&shutdown);
    while let Some(Some(change)) = shutdown.run_until_cancelled(changes.recv()).await {
        match change {
            Change::Network => {
                tracing::info!("the network changed; links that wait try now");
                registry.world_changed();
            }
            Change::Woke(slept) => {
                tracing::info!("this box slept for {} s; links are opened again", slept.as_secs());
                registry.woke(slept);
            }
            Change::Clock(set) => clock_set(set, &registry, &store, began).await,
        }
    }
}

/// Before anything is read: times of a start whose clock was never set.
pub(super) async fn begin(store: &Store, clock: &dyn Clock) {
    let now = clock.now();
    if !now.is_plausible() {
        tracing::warn!(
            "the clock of this box is not set ({}); times until it is are corrected then",
            now.rfc3339()
        );
    }
    match store.begin_clock().await {
        Ok(0) => {}
        Ok(times) => tracing::warn!(
            times,
            "times of a start whose clock was never set are not known; they are shown as now"
        ),
        Err(error) => tracing::warn!(%error, "stored times could not be looked at"),
    }
}

async fn clock_set(ClockSet { before, after }: ClockSet, registry: &Registry, store: &Store, began: Instant) {
    match store.clock_set(before, after, began.elapsed()).await {
        Ok(times) => tracing::info!(
            times,
            "the clock was set from {} to {}; links that wait try now",
            before.rfc3339(),
            after.rfc3339()
        ),
        Err(error) => tracing::warn!(%error, "the clock was set, and stored times could not be corrected"),
    }
    registry.clock_set(ClockShift::between(before, after)).await;
}
