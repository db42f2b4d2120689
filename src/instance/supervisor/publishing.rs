//! What readers see, and the events about state.

use std::sync::Arc;

use super::super::snapshot::Snapshot;
use super::super::tell;
use super::Supervisor;
use crate::model::{ClockShift, Deadline, InstanceChange, LinkTruth, NewEvent, Reason, Visible};

impl Supervisor {
    /// Publishes what a fact changed, then keeps the events that tell of it.
    pub(super) async fn settle(&mut self) {
        self.settle_with(Vec::new()).await;
    }

    /// As [`Self::settle`], with events that come before those about state.
    pub(super) async fn settle_with(&mut self, mut events: Vec<NewEvent>) {
        let changed = self.note_change();
        if self.told.0 == Visible::Close {
            self.pairing.wanted = None;
        }
        // A code is of use now and dead in a minute: readers do not wait for the disk.
        self.publish_now();
        if changed {
            let snapshot = self.snapshot();
            tracing::info!(instance = %snapshot.name, state = snapshot.visible.as_str(),
                reason = snapshot.reason.map_or("-", Reason::as_str),
                next_retry = snapshot.next_retry.map(|d| d.shown.rfc3339()), "{}",
                snapshot.detail.message.as_deref().unwrap_or("link changed"));
            events.push(tell::connection_update(&snapshot));
        }
        if !events.is_empty() {
            self.keep(InstanceChange::None, events).await;
        }
    }

    /// The state in which the process found the instance. All instances' words share a commit.
    pub(super) async fn tell_boot(&mut self, mut events: Vec<NewEvent>) {
        if self.told.0 != Visible::Close {
            events.push(tell::connection_update(&self.snapshot()));
        }
        if !events.is_empty() {
            self.keep(InstanceChange::None, events).await;
        }
    }

    /// Whether state or reason are others than those told last.
    pub(super) fn note_change(&mut self) -> bool {
        let clock = self.shared.clock.as_ref();
        self.next_retry = match (self.machine.next(), self.next_retry) {
            (Some(at), Some(known)) if known.at == at => Some(known),
            (Some(at), _) => {
                Some(Deadline { at, shown: clock.now().plus(at.saturating_duration_since(clock.instant())) })
            }
            (None, _) => None,
        };
        let now = (self.machine.visible(), self.machine.reason(), self.machine.detail().clone());
        let changed = (now.0, now.1) != (self.told.0, self.told.1);
        if changed {
            self.since = clock.now();
        }
        self.tally.see(now.0 == Visible::Open, clock.instant());
        self.told = now;
        changed
    }

    /// What was stamped before the clock was set is what it would have been; waits stay as long as they are.
    pub(super) fn correct_times(&mut self, shift: ClockShift) {
        self.since = shift.correct(self.since);
        self.record.created = shift.correct(self.record.created);
        self.record.updated = shift.correct(self.record.updated);
        if let LinkTruth::Linked { ended: Some(ended), .. } | LinkTruth::Unlinked { ended, .. } =
            &mut self.record.truth
        {
            ended.at = shift.correct(ended.at);
        }
        // Shown anew, from the clock as it is.
        self.next_retry = None;
        self.note_change();
        self.publish_now();
    }

    pub(super) fn publish_now(&self) {
        self.publish.send_replace(Arc::new(self.snapshot()));
        self.shared.news.notify_one();
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let (now, wall) = (self.shared.clock.instant(), self.shared.clock.now());
        let (visible, reason, detail) = self.told.clone();
        Snapshot {
            visible,
            reason,
            detail,
            attempt: self.machine.attempt(),
            next_retry: self.next_retry,
            given_up: self.machine.given_up().map(|at| wall.plus(at.saturating_duration_since(now))),
            synced: self.machine.synced(),
            code: self.code.clone().filter(|code| code.expires.at > now),
            scanned: self.machine.scanned(),
            codes_shown: self.machine.codes(),
            pairing: self.pairing.code.clone().filter(|code| code.expires.at > now),
            pairing_error: self.pairing.error.clone(),
            tally: self.tally,
            ..Snapshot::at_rest(self.record.clone(), self.since, self.shared.code_limit)
        }
    }
}
