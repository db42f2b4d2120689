//! What happens to the service itself, and what is seen of it.

use std::time::Duration;

use serde_json::Value;

use super::Sandbox;
use crate::fault::{Fault, Planned};
use crate::told::{Happened, Refused};

impl Sandbox {
    /// The media host forgets all files, as the service does after some weeks.
    pub fn expire_files(&self) {
        self.world.lock().files.expire();
    }

    /// Lets a fault happen, to one JID or to all. Returns how many connections it hit now. One that cannot
    /// happen is an event of kind `refused`; [`Self::plan`] says it.
    pub async fn fault(&self, fault: Fault, jid: Option<&str>) -> usize {
        let planned = Planned { jid: jid.map(str::to_owned), ..Planned::from(fault) };
        self.plan(planned).await.unwrap_or_else(|Refused(why)| {
            self.world.tell(0, "refused", why);
            0
        })
    }

    /// Lets a fault happen to whom it is meant for, now or when its time comes. Returns how many connections it hit now.
    ///
    /// # Errors
    /// When it cannot happen.
    pub async fn plan(&self, planned: impl Into<Planned>) -> Result<usize, Refused> {
        self.world.plan(planned.into()).await
    }

    /// Faults that wait for a connection or a stanza happen no more, and lines are fast again.
    pub fn clear_faults(&self) {
        self.world.clear_faults();
    }

    /// Another static key of the server from now on.
    pub fn rotate_key(&self) {
        self.world.rotate_key();
    }

    /// Moves the sandbox's clock by seconds; negative is back. Timestamps, certificates, codes and bans follow it.
    pub fn advance_clock(&self, seconds: i64) {
        self.world.advance(seconds);
    }

    /// The version that `sw.js` names.
    pub fn set_version(&self, version: [u32; 3]) {
        self.world.lock().version = version;
    }

    /// Accounts, devices, connections.
    #[must_use]
    pub fn state(&self) -> Value {
        self.world.shown()
    }

    /// All that happened, as far as it is kept.
    #[must_use]
    pub fn events(&self) -> Vec<Happened> {
        self.world.lock().log.iter().cloned().collect()
    }

    /// Waits for something to happen, also in the past after `since`.
    pub async fn wait_for(
        &self,
        since: u64,
        limit: Duration,
        wanted: impl Fn(&Happened) -> bool,
    ) -> Option<Happened> {
        let mut newest = self.world.newest();
        let found = async {
            loop {
                newest.borrow_and_update();
                let hit = self.world.lock().log.iter().find(|e| e.seq > since && wanted(e)).cloned();
                if hit.is_some() || newest.changed().await.is_err() {
                    return hit;
                }
            }
        };
        tokio::time::timeout(limit, found).await.ok().flatten()
    }
}
