//! Between two attempts: is WhatsApp's address there again? An attempt is dear and waits for its turn; a
//! look at the address is cheap, and makes the turn come when there is something to reach.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::state::Fact;
use super::Supervisor;
use crate::model::Visible;

/// Between two looks while an outage is young, and later.
const OFTEN: Duration = Duration::from_secs(5);
const SELDOM: Duration = Duration::from_secs(30);
const YOUNG: Duration = Duration::from_mins(10);

/// What the looks of this outage and of this wait have come to.
#[derive(Default)]
pub(super) struct Probing {
    /// Since when the link is down.
    outage: Option<Instant>,
    due: Option<Instant>,
    running: Option<JoinHandle<Option<bool>>>,
    /// In this wait the address did not answer.
    missed: bool,
    /// In this wait looking says nothing: the address answers, and something else is wrong.
    useless: bool,
}

impl Probing {
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| self.running.is_none())
    }

    /// The answer of a look under way. Cancel-safe.
    pub(super) async fn answered(&mut self) -> Option<bool> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let answer = running.await.unwrap_or(None);
        self.running = None;
        answer
    }

    /// The wait is over, or was none for the network.
    fn rest(&mut self) {
        self.due = None;
        self.missed = false;
        self.useless = false;
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

impl Drop for Probing {
    fn drop(&mut self) {
        self.rest();
    }
}

impl Supervisor {
    /// Begins to look when a wait for the network begins, and stops when it ends.
    pub(super) fn plan_probe(&mut self) {
        if self.machine.visible() == Visible::Open {
            self.probing.outage = None;
        }
        if !self.machine.waits_for_the_network() {
            return self.probing.rest();
        }
        self.probing.outage.get_or_insert_with(Instant::now);
        if self.probing.due.is_none() && !self.probing.useless {
            self.probing.due = Some(Instant::now());
        }
    }

    pub(super) fn probe(&mut self) {
        let link = Arc::clone(&self.link);
        self.probing.running = Some(tokio::spawn(async move { link.reachable().await }));
    }

    pub(super) async fn probed(&mut self, answer: Option<bool>) {
        let young = self.probing.outage.is_some_and(|since| since.elapsed() < YOUNG);
        self.probing.due = Some(Instant::now() + if young { OFTEN } else { SELDOM });
        match answer {
            Some(false) => self.probing.missed = true,
            // Only the change says something: what answers all the time is not what the link waits for.
            Some(true) if self.probing.missed => self.fact(Fact::WorldChanged).await,
            Some(true) | None => {
                self.probing.useless = true;
                self.probing.due = None;
            }
        }
    }
}
