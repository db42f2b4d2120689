//! One receiver's circuit: closed while all is well, open while it is left alone, half open while it is
//! tried again or catches up. Pure: the time and chance are arguments.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::model::Stamp;

/// How long a receiver that fails is left alone: the ceiling of the first wait, which doubles with every failure,
/// and of the longest.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(5);
/// A receiver may ask for so much patience (`Retry-After`).
const PATIENCE: Duration = Duration::from_hours(24);
/// Refusals in a row that say something about the receiver: from this one on it is left alone for a
/// while, so that a workflow that is switched off does not have its whole backlog given up in a minute.
const REFUSALS: u32 = 3;

/// Where a circuit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CircuitState {
    /// All is well.
    Closed,
    /// Left alone until the next attempt.
    Open,
    /// Tried again, or catching up at a bounded rate.
    HalfOpen,
}

impl CircuitState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// The word of the API and of metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver has it.
    Taken { answer: u16 },
    /// The receiver will never take it. `all`: it says the same of any event.
    Refused { answer: u16, error: String, all: bool },
    /// Perhaps later. `wait`: the receiver said how much later.
    Failed { answer: Option<u16>, error: String, wait: Option<Duration> },
}

/// A receiver with which something is or was the matter.
#[derive(Debug, Clone, Default)]
pub(super) struct Circuit {
    /// Attempts in a row that failed.
    fails: u32,
    /// Refusals in a row.
    refusals: u32,
    /// Left alone until then, on both clocks.
    until: Option<(Instant, Stamp)>,
    /// When it was last left alone first.
    since: Option<Stamp>,
    error: Option<String>,
    /// It takes events again, and has not caught up yet: when it gets the next one.
    recovering: Option<Instant>,
}

/// The clocks, as one argument.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) instant: Instant,
    pub(super) wall: Stamp,
}

impl Circuit {
    /// As it was when the process ended: only what the receiver itself asked for still binds.
    pub(super) fn restored(not_before: Stamp, now: Now) -> Self {
        let mut circuit = Self { fails: 1, since: Some(now.wall), ..Self::default() };
        // Not longer than a receiver may ask for: the clock may have been wrong then.
        circuit.leave_alone(now.wall.until(not_before).min(PATIENCE), now);
        circuit
    }

    /// Takes an outcome over. False: the receiver is left alone from now on.
    pub(super) fn after(&mut self, outcome: &Outcome, now: Now, chance: f64) -> bool {
        match outcome {
            Outcome::Taken { .. } => {
                self.is_there(now);
                (self.refusals, self.since, self.error) = (0, None, None);
                true
            }
            Outcome::Refused { error, all, .. } => {
                self.is_there(now);
                self.error = Some(error.clone());
                self.refusals = self.refusals.saturating_add(u32::from(*all));
                if *all && self.refusals >= REFUSALS {
                    self.leave_alone(backoff(self.refusals - REFUSALS, chance), now);
                }
                self.until.is_none()
            }
            Outcome::Failed { error, wait, .. } => {
                let wait = backoff(self.fails, chance).max(wait.unwrap_or_default().min(PATIENCE));
                self.fails = self.fails.saturating_add(1);
                self.error = Some(error.clone());
                self.leave_alone(wait, now);
                false
            }
        }
    }

    /// It answered.
    fn is_there(&mut self, now: Now) {
        if self.is_suspect() {
            self.recovering = Some(now.instant);
        }
        (self.fails, self.until) = (0, None);
    }

    /// Not tried for so long, whatever the reason.
    pub(super) fn leave_alone(&mut self, wait: Duration, now: Now) {
        self.since = self.since.or(Some(now.wall));
        self.recovering = None;
        self.until = Some((now.instant + wait, now.wall.plus(wait)));
    }

    /// When it is tried again.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until.map(|(at, _)| at)
    }

    /// Its last attempt failed: it gets no place that others could need.
    pub(super) fn is_suspect(&self) -> bool {
        self.fails > 0 || self.refusals >= REFUSALS
    }

    /// When the next event may go; counts it. None is now.
    pub(super) fn slot(&mut self, every: Duration, now: Instant) -> Option<Instant> {
        let slot = self.recovering.map(|slot| slot.max(now))?;
        self.recovering = Some(slot + every);
        Some(slot)
    }

    /// There is nothing more to deliver.
    pub(super) fn caught_up(&mut self) {
        (self.recovering, self.until) = (None, None);
    }

    /// Nothing is or was the matter.
    pub(super) fn is_well(&self) -> bool {
        self.fails == 0 && self.refusals == 0 && self.until.is_none() && self.recovering.is_none()
    }

    pub(super) fn shown(&self, now: Instant) -> CircuitShown {
        let waits = self.until.filter(|(at, _)| *at > now);
        let state = match (waits, self.is_suspect() || self.recovering.is_some()) {
            (Some(_), _) => CircuitState::Open,
            (None, true) => CircuitState::HalfOpen,
            (None, false) => CircuitState::Closed,
        };
        CircuitShown {
            state,
            since: self.since.filter(|_| state != CircuitState::Closed),
            failures: self.fails.max(self.refusals),
            next_attempt_at: waits.map(|(_, shown)| shown),
            error: self.error.clone(),
        }
    }
}

/// A circuit as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CircuitShown {
    /// Where it stands.
    pub state: CircuitState,
    /// Since when it is not closed.
    pub since: Option<Stamp>,
    /// Attempts in a row that failed or were refused.
    pub failures: u32,
    /// When the receiver is tried again.
    pub next_attempt_at: Option<Stamp>,
    /// What went wrong last.
    pub error: Option<String>,
}

impl Default for CircuitShown {
    fn default() -> Self {
        Self { state: CircuitState::Closed, since: None, failures: 0, next_attempt_at: None, error: None }
    }
}

/// 5 s doubling to 5 min, up to a fifth of it less by chance.
fn backoff(fails: u32, chance: f64) -> Duration {
    let ceiling = FIRST.saturating_mul(1 << fails.min(10)).min(LONGEST);
    ceiling.mul_f64(0.8 + 0.2 * chance)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Circuit, CircuitState, LONGEST, Now, Outcome, backoff};
    use crate::model::Stamp;
    use std::time::{Duration, Instant};

    fn now() -> Now {
        Now { instant: Instant::now(), wall: Stamp::from_millis(1_795_387_297_005) }
    }

    fn failed(wait: Option<u64>) -> Outcome {
        Outcome::Failed { answer: Some(503), error: "x".into(), wait: wait.map(Duration::from_secs) }
    }

    fn refused(all: bool) -> Outcome {
        Outcome::Refused { answer: 404, error: "x".into(), all }
    }

    const TAKEN: Outcome = Outcome::Taken { answer: 200 };

    #[test]
    fn waits_double_from_five_seconds_to_five_minutes() {
        let waits: Vec<_> = (0..8).map(|fails| backoff(fails, 1.0).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert!(backoff(40, 0.0) <= LONGEST);
        let (mut circuit, now) = (Circuit::default(), now());
        for wait in [5, 10, 20] {
            assert!(!circuit.after(&failed(None), now, 1.0));
            assert_eq!(circuit.until(), Some(now.instant + Duration::from_secs(wait)));
        }
    }

    #[test]
    fn a_receiver_that_asks_for_patience_gets_it_and_no_more_than_a_day() {
        let (mut circuit, now) = (Circuit::default(), now());
        circuit.after(&failed(Some(90)), now, 1.0);
        assert_eq!(circuit.until(), Some(now.instant + Duration::from_secs(90)));
        circuit.after(&failed(Some(u64::MAX)), now, 1.0);
        assert_eq!(circuit.until(), Some(now.instant + Duration::from_hours(24)));
    }

    #[test]
    fn it_opens_is_tried_and_closes_when_it_has_caught_up() {
        let (mut circuit, at) = (Circuit::default(), now());
        assert_eq!(circuit.shown(at.instant).state, CircuitState::Closed);
        circuit.after(&failed(None), at, 1.0);
        let shown = circuit.shown(at.instant);
        assert_eq!((shown.state, shown.failures), (CircuitState::Open, 1));
        assert_eq!(shown.next_attempt_at, Some(at.wall.plus(Duration::from_secs(5))));
        let later = at.instant + Duration::from_secs(5);
        assert_eq!(circuit.shown(later).state, CircuitState::HalfOpen);
        assert!(circuit.is_suspect());
        assert!(circuit.after(&TAKEN, Now { instant: later, ..at }, 1.0));
        assert_eq!(circuit.shown(later).state, CircuitState::HalfOpen, "it catches up");
        assert!(!circuit.is_suspect());
        circuit.caught_up();
        assert_eq!(circuit.shown(later).state, CircuitState::Closed);
        assert!(circuit.is_well());
    }

    #[test]
    fn catching_up_is_paced() {
        let (mut circuit, at) = (Circuit::default(), now());
        circuit.after(&failed(None), at, 1.0);
        circuit.after(&TAKEN, at, 1.0);
        let every = Duration::from_millis(10);
        let slots: Vec<_> = (0..3).map(|_| circuit.slot(every, at.instant).unwrap() - at.instant).collect();
        assert_eq!(slots, [Duration::ZERO, every, every * 2]);
        let later = at.instant + Duration::from_secs(9);
        assert_eq!(circuit.slot(every, later), Some(later), "an idle time is not made up for");
        assert_eq!(Circuit::default().slot(every, later), None, "a receiver that was never away is not");
    }

    #[test]
    fn refusals_of_everything_leave_it_alone_from_the_third_on() {
        let (mut circuit, at) = (Circuit::default(), now());
        assert!(circuit.after(&refused(true), at, 1.0) && circuit.after(&refused(true), at, 1.0));
        assert!(!circuit.after(&refused(true), at, 1.0));
        assert_eq!(circuit.until(), Some(at.instant + Duration::from_secs(5)));
        let (mut circuit, at) = (Circuit::default(), now());
        assert!((0..9).all(|_| circuit.after(&refused(false), at, 1.0)), "of single events they do not");
    }
}
