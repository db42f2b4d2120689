//! The watchdog that means something, and the status line kept true.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::status;
use crate::instance::Registry;
use crate::model::{Clock, InstanceName};
use crate::store::{Store, StoreError};

/// How often the watchdog is fed at least, and how old the status line may become.
const LOOK: Duration = Duration::from_secs(5);
/// An answer of the store that takes longer than this is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// Changes that come together are told together.
const TOGETHER: Duration = Duration::from_millis(200);

/// Where proof of life comes from.
pub(crate) struct Proof {
    pub(crate) registry: Arc<Registry>,
    pub(crate) store: Store,
    /// How long the store may take to answer.
    pub(crate) patience: Duration,
}

/// Why there is no proof of life.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoProof {
    #[error("no sign of life of {}", list(.0))]
    Stuck(Vec<InstanceName>),
    #[error("storage does not answer: {0}")]
    Store(String),
}

fn list(names: &[InstanceName]) -> String {
    names.iter().map(InstanceName::as_str).collect::<Vec<_>>().join(", ")
}

impl Proof {
    pub(crate) fn new(registry: Arc<Registry>, store: Store) -> Self {
        Self { registry, store, patience: PATIENCE }
    }

    /// An answer of the store's writer and a recent sign of life of every supervisor. A refusal is an
    /// answer too: a full or broken disk, like a network that is away, is not mended by a restart.
    pub(crate) async fn of_life(&self) -> Result<(), NoProof> {
        let stuck = self.registry.stuck();
        if !stuck.is_empty() {
            return Err(NoProof::Stuck(stuck));
        }
        match tokio::time::timeout(self.patience, self.store.ping()).await {
            Ok(Err(error @ (StoreError::Closed | StoreError::Busy))) => {
                Err(NoProof::Store(error.to_string()))
            }
            Ok(_) => Ok(()),
            Err(_) => Err(NoProof::Store("it is busy with something that does not end".into())),
        }
    }
}

/// Feeds the watchdog for as long as there is proof of life, and tells the state in a sentence
/// whenever it changes. That this task runs is the proof that the runtime does.
pub(crate) async fn attend(
    proof: Proof,
    clock: Arc<dyn Clock>,
    limit: Option<Duration>,
    tell: impl Fn(&[NotifyState<'_>]),
    shutdown: CancellationToken,
) {
    let changed = proof.registry.news();
    let mut look = interval(limit.map_or(LOOK, |limit| (limit / 3).min(LOOK)));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut told, mut well) = (String::new(), true);
    loop {
        let due = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = look.tick() => true,
            () = changed.notified() => false,
        };
        if due {
            let alive = proof.of_life().await;
            match &alive {
                Ok(()) if limit.is_some() => tell(&[NotifyState::Watchdog]),
                Err(why) if well => {
                    tracing::error!("{why}; the watchdog is not fed until there is");
                }
                Ok(()) | Err(_) => {}
            }
            well = alive.is_ok();
        }
        let status = status::sentence(&proof.registry, clock.instant());
        // While it stops, instances leave one by one: that is no state to be told.
        if status != told && !shutdown.is_cancelled() {
            tell(&[NotifyState::Status(&status)]);
            told = status;
            shutdown.run_until_cancelled(sleep(TOGETHER)).await;
        }
    }
}

/// The limit that systemd set with `WatchdogSec=`; none without one.
pub(crate) fn limit() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}
