//! The link's state machine: pure. A fact goes in, what is to be done comes out; time, chance and who
//! is looking are arguments.

mod ended;
mod fact;
mod rules;
#[cfg(test)]
mod tests;
mod view;

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use crate::link::{Cause, Goal};
use crate::model::{LinkTruth, Reason, ReasonDetail};

pub(crate) use fact::{Effect, Fact, World};

/// What is going on.
#[derive(Debug, Clone, PartialEq)]
enum Run {
    Idle,
    Running {
        goal: Goal,
        phase: Phase,
        then: Then,
    },
    /// The next attempt starts by itself. `quiet`: long waits are `close`, short ones `connecting`.
    Waiting {
        until: Instant,
        quiet: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Dialing,
    Reached,
    Showing,
    Scanned,
    LoggedIn {
        at: Instant,
        synced: bool,
        /// The network changed meanwhile: the connection may be dead without a word.
        suspect: bool,
    },
}

/// What follows when the attempt that was told to stop has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Then {
    /// It was not told to stop: its cause decides.
    ByCause,
    Idle,
    Start,
    /// As if it had ended for this cause.
    As(Cause),
}

/// One instance's state.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// There is something to log in with, so links come back by themselves.
    steady: bool,
    /// Without codes and without a log-in of its own making (Cloud).
    codeless: bool,
    run: Run,
    backoff: Backoff,
    codes: u32,
    limit: u32,
    replaced_retried: bool,
    /// When the running attempt began, or reached WhatsApp.
    moved: Option<Instant>,
    /// Callers who did not wait for an attempt that got nowhere, in a row.
    pushed: u32,
    /// When a caller has waited long enough for the running attempt to get anywhere.
    push_at: Option<Instant>,
    reason: Option<Reason>,
    detail: ReasonDetail,
}

impl Machine {
    /// As the store says. `limit`: codes in a row at most.
    pub(crate) fn new(truth: &LinkTruth, codeless: bool, limit: u32) -> Self {
        let ended = truth.ended();
        Self {
            steady: truth.is_linked() || (codeless && *truth == LinkTruth::Never),
            codeless,
            run: Run::Idle,
            backoff: Backoff::default(),
            codes: 0,
            limit,
            replaced_retried: false,
            moved: None,
            pushed: 0,
            push_at: None,
            reason: ended.map(|e| e.reason),
            detail: ended.map(|e| e.detail.clone()).unwrap_or_default(),
        }
    }

    /// Takes a fact in.
    pub(crate) fn step(&mut self, fact: Fact, world: World) -> Vec<Effect> {
        match fact {
            Fact::Boot => self.boot(world),
            Fact::Connect => self.connect(world),
            Fact::Restart => self.restart(world),
            Fact::Closed => self.closed(world),
            Fact::Timer => self.timer(world),
            Fact::WorldChanged => self.world_changed(world),
            Fact::Woke(slept) => self.woke(slept, world),
            Fact::Stalled => self.stalled(world),
            Fact::Ended(outcome) => self.ended(outcome, world),
            Fact::Reached => self.reached(world),
            Fact::Code => self.code(world),
            Fact::Scanned => {
                self.set(Reason::Connecting);
                self.advance(Phase::Scanned)
            }
            Fact::Linked => {
                self.steady = true;
                Vec::new()
            }
            Fact::LoggedIn => self.logged_in(world),
            Fact::Synced => {
                if let Run::Running { phase: Phase::LoggedIn { synced, .. }, .. } = &mut self.run {
                    *synced = true;
                }
                Vec::new()
            }
        }
    }

    fn goal(&self) -> Goal {
        if self.steady || self.codeless { Goal::Login } else { Goal::Pair }
    }

    fn set(&mut self, reason: Reason) {
        self.reason = Some(reason);
        self.detail = ReasonDetail::default();
    }

    fn start(&mut self, world: World) -> Vec<Effect> {
        let goal = self.goal();
        self.moved = Some(world.now);
        self.push_at = None;
        self.run = Run::Running { goal, phase: Phase::Dialing, then: Then::ByCause };
        vec![Effect::Start(goal)]
    }

    fn idle(&mut self) {
        self.run = Run::Idle;
        self.backoff.reset();
    }

    fn wait(&mut self, world: World, span: Duration, quiet: bool) {
        self.run = Run::Waiting { until: world.now + span, quiet };
    }

    /// Only a step forward: a link may notice late that the connection stands.
    fn reached(&mut self, world: World) -> Vec<Effect> {
        match &self.run {
            Run::Running { phase: Phase::Dialing, .. } => {
                self.moved = Some(world.now);
                self.advance(Phase::Reached)
            }
            _ => Vec::new(),
        }
    }

    fn advance(&mut self, to: Phase) -> Vec<Effect> {
        if let Run::Running { phase, .. } = &mut self.run {
            *phase = to;
        }
        Vec::new()
    }

    /// Stops what runs; `and` follows when it has ended.
    fn halt(&mut self, and: Then, world: World) -> Vec<Effect> {
        match &mut self.run {
            Run::Running { then, .. } => {
                let halted = *then != Then::ByCause;
                *then = and;
                if halted { Vec::new() } else { vec![Effect::Halt] }
            }
            Run::Idle | Run::Waiting { .. } => match and {
                Then::Start => self.start(world),
                Then::Idle | Then::ByCause | Then::As(_) => {
                    self.idle();
                    Vec::new()
                }
            },
        }
    }
}
