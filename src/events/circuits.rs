//! The circuits of all receivers with which something is the matter; the others take no memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::circuit::{Circuit, CircuitShown, Now, Outcome};
use crate::model::{Clock, Stamp};
use crate::store::WebhookId;

pub(super) struct Circuits {
    clock: Arc<dyn Clock>,
    /// From 0 to 1.
    chance: fn() -> f64,
    known: Mutex<HashMap<WebhookId, Circuit>>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    taken: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// Attempts since the process began, by what they came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// The receiver has the event.
    pub taken: u64,
    /// It will never take it.
    pub refused: u64,
    /// To be tried again.
    pub failed: u64,
}

impl Circuits {
    pub(super) fn new(clock: Arc<dyn Clock>, chance: fn() -> f64) -> Self {
        Self { clock, chance, known: Mutex::default(), counts: Counts::default() }
    }

    /// Takes an outcome over. False: the receiver is left alone from now on.
    pub(super) fn after(&self, id: WebhookId, outcome: &Outcome) -> bool {
        let count = match outcome {
            Outcome::Taken { .. } => &self.counts.taken,
            Outcome::Refused { .. } => &self.counts.refused,
            Outcome::Failed { .. } => &self.counts.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let (now, chance) = (self.now(), (self.chance)());
        self.with(id, |circuit| circuit.after(outcome, now, chance))
    }

    pub(super) fn leave_alone(&self, id: WebhookId, wait: Duration) {
        let now = self.now();
        self.with(id, |circuit| circuit.leave_alone(wait, now));
    }

    pub(super) fn restore(&self, id: WebhookId, not_before: Stamp) {
        let circuit = Circuit::restored(not_before, self.now());
        self.lock().insert(id, circuit);
    }

    /// When it is tried again, if it is left alone.
    pub(super) fn until(&self, id: WebhookId) -> Option<Instant> {
        let now = self.clock.instant();
        self.lock().get(&id).and_then(Circuit::until).filter(|until| *until > now)
    }

    pub(super) fn is_suspect(&self, id: WebhookId) -> bool {
        self.lock().get(&id).is_some_and(Circuit::is_suspect)
    }

    /// When the next event may go to a receiver that catches up; counts it. None is now.
    pub(super) fn slot(&self, id: WebhookId, every: Duration) -> Option<Instant> {
        let now = self.clock.instant();
        self.lock().get_mut(&id).and_then(|circuit| circuit.slot(every, now))
    }

    pub(super) fn caught_up(&self, id: WebhookId) {
        self.with(id, Circuit::caught_up);
    }

    /// It was set anew: what was the matter says nothing any more.
    pub(super) fn forget(&self, id: WebhookId) {
        self.lock().remove(&id);
    }

    pub(super) fn shown(&self, id: WebhookId) -> CircuitShown {
        let now = self.clock.instant();
        self.lock().get(&id).map(|circuit| circuit.shown(now)).unwrap_or_default()
    }

    pub(super) fn attempts(&self) -> Attempts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Attempts {
            taken: read(&self.counts.taken),
            refused: read(&self.counts.refused),
            failed: read(&self.counts.failed),
        }
    }

    fn now(&self) -> Now {
        Now { instant: self.clock.instant(), wall: self.clock.now() }
    }

    fn with<T>(&self, id: WebhookId, change: impl FnOnce(&mut Circuit) -> T) -> T {
        let mut known = self.lock();
        let circuit = known.entry(id).or_default();
        let result = change(circuit);
        if circuit.is_well() {
            known.remove(&id);
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WebhookId, Circuit>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
