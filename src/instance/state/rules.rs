//! The rules: contract `http-api.md`, "States, reasons, numbers", column "then".

use std::time::Duration;

use super::{Effect, Machine, Phase, Run, Then, World};
use crate::link::{Cause, Goal, NOTHING_YET, Outcome, RetryHint};
use crate::model::Reason;
#[cfg(test)]
use crate::model::Visible;

/// The other session may be a person's; it is asked once whether it is still there.
const REPLACED_WAIT: Duration = Duration::from_mins(5);
/// A ban whose end WhatsApp does not tell.
const BAN_WAIT: Duration = Duration::from_hours(1);
/// Nothing but an update of tetherd, or a new number learnt, helps.
const OUTDATED_WAIT: Duration = Duration::from_hours(6);
/// No wait is longer: a wrong expiry must not close a link for years.
const LONGEST_WAIT: Duration = Duration::from_hours(168);

/// How old an attempt that got nowhere is when a caller waits for it no longer.
const PUSH: Duration = Duration::from_secs(1);
/// How often in a row, before that is doubled each time.
const QUICK: u32 = 3;

impl Machine {
    pub(super) fn boot(&mut self, world: World) -> Vec<Effect> {
        if !self.steady {
            return Vec::new();
        }
        match self.reason {
            Some(Reason::TemporarilyBanned) => {
                self.wait(world, self.ban(world), true);
                Vec::new()
            }
            Some(Reason::Replaced) => {
                self.replaced_retried = true;
                self.wait(world, REPLACED_WAIT, true);
                Vec::new()
            }
            Some(Reason::AccountLocked) => Vec::new(),
            _ => {
                self.set(Reason::Connecting);
                self.start(world)
            }
        }
    }

    pub(super) fn connect(&mut self, world: World) -> Vec<Effect> {
        match &mut self.run {
            Run::Running { phase: Phase::Dialing | Phase::Reached, then: Then::ByCause, .. } => {
                self.push(world)
            }
            Run::Running { then: Then::ByCause, .. } => Vec::new(),
            Run::Running { then, .. } => {
                *then = Then::Start;
                self.asked_afresh();
                Vec::new()
            }
            Run::Idle | Run::Waiting { .. } => {
                self.asked_afresh();
                self.start(world)
            }
        }
    }

    /// An attempt that hangs since WhatsApp was away would go on to hang when it is back: for a caller it is started
    /// anew, once it has had its chance. After a few times it is given more of it, so that on a slow line callers who
    /// ask again and again do not keep it from ever getting through.
    fn push(&mut self, world: World) -> Vec<Effect> {
        let doublings = self.pushed.saturating_sub(QUICK).min(4);
        let patience = PUSH.saturating_mul(1 << doublings).min(NOTHING_YET);
        let due = self.moved.map_or(world.now, |at| at + patience);
        if due > world.now {
            self.push_at = Some(due);
            return Vec::new();
        }
        self.push_at = None;
        self.pushed += 1;
        self.backoff.reset();
        self.halt(Then::Start, world)
    }

    pub(super) fn restart(&mut self, world: World) -> Vec<Effect> {
        self.asked_afresh();
        self.halt(Then::Start, world)
    }

    fn asked_afresh(&mut self) {
        self.backoff.reset();
        self.replaced_retried = false;
        self.codes = 0;
        self.set(Reason::Connecting);
    }

    /// A person closed it: whatever runs stops, and nothing starts by itself.
    pub(super) fn closed(&mut self, world: World) -> Vec<Effect> {
        let was_linked = self.steady;
        self.steady = false;
        self.codes = 0;
        if was_linked {
            self.set(Reason::LoggedOut);
        } else if matches!(self.reason, Some(Reason::Connecting | Reason::WaitingForScan)) {
            self.reason = None;
        }
        self.halt(Then::Idle, world)
    }

    pub(super) fn timer(&mut self, world: World) -> Vec<Effect> {
        match self.run {
            Run::Waiting { until, .. } if until <= world.now => self.start(world),
            Run::Running { phase: Phase::Dialing | Phase::Reached, then: Then::ByCause, .. }
                if self.push_at.is_some_and(|at| at <= world.now) =>
            {
                self.push(world)
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn world_changed(&mut self, world: World) -> Vec<Effect> {
        let failed = self.failed_by_the_network();
        match &mut self.run {
            // Cloud waits quietly; a wait for the network still ends with it.
            Run::Waiting { quiet, .. } if !*quiet || (self.codeless && failed) => {
                self.backoff.reset();
                self.start(world)
            }
            // Its end is a moment of the wall clock, which may have been set.
            Run::Waiting { .. }
                if self.reason == Some(Reason::TemporarilyBanned) && self.detail.expires().is_some() =>
            {
                self.wait(world, self.ban(world), true);
                Vec::new()
            }
            Run::Running { phase: Phase::LoggedIn { suspect, .. }, .. } => {
                *suspect = true;
                Vec::new()
            }
            // Dialled over a road that is gone: do not wait for its timeout.
            Run::Running { phase: Phase::Dialing, then: Then::ByCause, .. } => self.halt(Then::Start, world),
            _ => Vec::new(),
        }
    }

    /// A connection over a time of sleep is dead at the other end.
    pub(super) fn woke(&mut self, slept: Duration, world: World) -> Vec<Effect> {
        if !matches!(self.run, Run::Running { phase: Phase::LoggedIn { .. }, then: Then::ByCause, .. }) {
            return self.world_changed(world);
        }
        let words = format!("This box slept for {} s.", slept.as_secs());
        self.halt(Then::As(Cause::new(Reason::Disconnected).saying(words)), world)
    }

    pub(super) fn failed_by_the_network(&self) -> bool {
        use Reason::{ClockWrong, Disconnected, NameResolution, Offline, TimedOut, Tls};
        let network = [Offline, NameResolution, Tls, ClockWrong, TimedOut, Disconnected];
        self.reason.is_some_and(|reason| network.contains(&reason))
    }

    pub(super) fn stalled(&mut self, world: World) -> Vec<Effect> {
        // What was told to stop is ended in bounded time by who runs it.
        if !matches!(self.run, Run::Running { then: Then::ByCause, .. }) {
            return Vec::new();
        }
        let cause = Cause::new(Reason::TimedOut).saying("The link showed no sign of life and was torn down.");
        self.reason = Some(cause.reason);
        self.detail.clone_from(&cause.detail);
        self.halt(Then::As(cause), world)
    }

    pub(super) fn code(&mut self, world: World) -> Vec<Effect> {
        if !matches!(self.run, Run::Running { then: Then::ByCause, .. }) {
            return Vec::new();
        }
        if self.codes >= self.limit || (self.codes > 0 && !world.looking) {
            self.set(Reason::CodeExpired);
            self.codes = 0;
            return self.halt(Then::Idle, world);
        }
        self.codes += 1;
        self.pushed = 0;
        self.set(Reason::WaitingForScan);
        self.advance(Phase::Showing);
        vec![Effect::Show]
    }

    pub(super) fn logged_in(&mut self, world: World) -> Vec<Effect> {
        if !matches!(self.run, Run::Running { then: Then::ByCause, .. }) {
            return Vec::new();
        }
        self.advance(Phase::LoggedIn { at: world.now, synced: false, suspect: false });
        self.backoff.let_in();
        self.steady = true;
        (self.codes, self.pushed) = (0, 0);
        self.set(Reason::Open);
        vec![Effect::KeepEnded(false)]
    }

    pub(super) fn ended(&mut self, outcome: Outcome, world: World) -> Vec<Effect> {
        let Run::Running { goal, phase, then } = self.run.clone() else { return Vec::new() };
        let cause = match (then, outcome) {
            (Then::Idle, _) => {
                self.idle();
                return Vec::new();
            }
            // Told to stop, yet WhatsApp took the credentials back first: that is not to be lost.
            (_, Outcome::Ended(cause)) if cause.reason == Reason::LoggedOut => cause,
            (Then::Start, _) => return self.start(world),
            (Then::As(cause), _) | (Then::ByCause, Outcome::Ended(cause)) => cause,
            (Then::ByCause, Outcome::Stopped) => Cause::new(Reason::Disconnected),
        };
        self.by_cause(&cause, goal, phase, world)
    }

    fn by_cause(&mut self, cause: &Cause, goal: Goal, phase: Phase, world: World) -> Vec<Effect> {
        self.pushed = 0;
        let quietly = phase == Phase::Scanned && cause.hint == RetryHint::AtOnce;
        if !quietly {
            self.reason = Some(cause.reason);
            self.detail.clone_from(&cause.detail);
        }
        match cause.reason {
            Reason::LoggedOut if self.codeless => {
                self.idle();
                Vec::new()
            }
            Reason::LoggedOut => {
                let had = self.steady;
                self.steady = false;
                self.codes = 0;
                self.idle();
                if had { vec![Effect::Forget] } else { Vec::new() }
            }
            Reason::CodeExpired if goal == Goal::Pair => self.out_of_codes(world),
            Reason::TemporarilyBanned => self.closed_for(world, self.ban(world)),
            Reason::Replaced if !self.replaced_retried => {
                self.replaced_retried = true;
                self.closed_for(world, REPLACED_WAIT)
            }
            Reason::Replaced | Reason::AccountLocked | Reason::PasskeyRequired => self.closed_until_asked(),
            Reason::ClientOutdated if cause.hint != RetryHint::AtOnce => {
                self.closed_for(world, OUTDATED_WAIT)
            }
            _ => self.again(cause, phase, world),
        }
    }

    fn again(&mut self, cause: &Cause, phase: Phase, world: World) -> Vec<Effect> {
        let open_for = match phase {
            Phase::LoggedIn { at, .. } => Some(world.now.saturating_duration_since(at)),
            _ => None,
        };
        match cause.hint {
            RetryHint::Never => return self.closed_until_asked(),
            RetryHint::AtOnce if self.backoff.at_once().is_some() => return self.start(world),
            RetryHint::NotBefore(_) | RetryHint::Backoff | RetryHint::AtOnce => {}
        }
        if !self.steady && !world.looking {
            self.codes = 0;
            self.idle();
            return Vec::new();
        }
        let mut span = self.backoff.next(world.now, open_for, world.jitter);
        if let RetryHint::NotBefore(least) = cause.hint {
            span = span.max(least.min(LONGEST_WAIT));
        }
        if span.is_zero() {
            return self.start(world);
        }
        self.wait(world, span, self.codeless);
        Vec::new()
    }

    /// WhatsApp has no more codes on this connection.
    fn out_of_codes(&mut self, world: World) -> Vec<Effect> {
        if world.looking && self.codes < self.limit {
            return self.start(world);
        }
        self.codes = 0;
        self.idle();
        Vec::new()
    }

    fn closed_for(&mut self, world: World, span: Duration) -> Vec<Effect> {
        if !self.steady {
            return self.closed_until_asked();
        }
        self.wait(world, span, true);
        vec![Effect::KeepEnded(true)]
    }

    fn closed_until_asked(&mut self) -> Vec<Effect> {
        self.codes = 0;
        self.idle();
        if self.steady && !self.codeless { vec![Effect::KeepEnded(true)] } else { Vec::new() }
    }

    /// What is left of a ban.
    fn ban(&self, world: World) -> Duration {
        let told = self.detail.expires().map(|end| world.wall.until(end));
        told.unwrap_or(BAN_WAIT).clamp(Duration::from_secs(1), LONGEST_WAIT)
    }

    /// What a test compares.
    #[cfg(test)]
    pub(super) fn shows(&self) -> (Visible, Option<Reason>) {
        (self.visible(), self.reason)
    }
}
