//! The rules for all but the end of an attempt: contract `http-api.md`, "States, reasons, numbers", column "then".

use std::time::Duration;

use super::ended::REPLACED_WAIT;
use super::{Effect, Machine, Phase, Run, Then, World};
use crate::link::{Cause, NOTHING_YET};
use crate::model::Reason;
#[cfg(test)]
use crate::model::Visible;

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
        self.give_up_on(Cause::new(Reason::Disconnected).saying(words), world)
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
        self.give_up_on(cause, world)
    }

    /// Ends the attempt for a reason that is known before it has ended.
    fn give_up_on(&mut self, cause: Cause, world: World) -> Vec<Effect> {
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

    /// What a test compares.
    #[cfg(test)]
    pub(super) fn shows(&self) -> (Visible, Option<Reason>) {
        (self.visible(), self.reason)
    }
}
