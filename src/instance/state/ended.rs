//! The rules for the end of an attempt: contract `http-api.md`, "States, reasons, numbers", column "then".

use std::time::Duration;

use super::{Effect, Machine, Phase, Run, Then, World};
use crate::link::{Cause, Goal, Outcome, RetryHint};
use crate::model::Reason;

/// The other session may be a person's; it is asked once whether it is still there.
pub(super) const REPLACED_WAIT: Duration = Duration::from_mins(5);
/// A ban whose end WhatsApp does not tell.
const BAN_WAIT: Duration = Duration::from_hours(1);
/// Nothing but an update of tetherd, or a new number learnt, helps.
const OUTDATED_WAIT: Duration = Duration::from_hours(6);
/// No wait is longer: a wrong expiry must not close a link for years.
const LONGEST_WAIT: Duration = Duration::from_hours(168);

impl Machine {
    /// What follows when an attempt has ended.
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
    pub(super) fn ban(&self, world: World) -> Duration {
        let told = self.detail.expires().map(|end| world.wall.until(end));
        told.unwrap_or(BAN_WAIT).clamp(Duration::from_secs(1), LONGEST_WAIT)
    }
}
