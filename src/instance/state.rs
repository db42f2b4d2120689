//! The link's state machine: pure. A fact goes in, what is to be done comes out; time, chance and who
//! is looking are arguments.

mod rules;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use crate::link::{Cause, Goal, LOGIN, NOTHING_YET, Outcome};
use crate::model::{LinkTruth, Reason, ReasonDetail, Stamp, Visible};

/// What the machine is told about the world at the moment of a fact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// The monotonic clock.
    pub(crate) now: Instant,
    /// The wall clock, for moments that WhatsApp names.
    pub(crate) wall: Stamp,
    /// Somebody is looking at the code.
    pub(crate) looking: bool,
    /// From 0 to 1.
    pub(crate) jitter: f64,
}

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// The process has started.
    Boot,
    /// A person or program asked for the link.
    Connect,
    /// A person asked to drop it and open it again.
    Restart,
    /// A person closed it for good; the credentials are gone.
    Closed,
    /// The connection to WhatsApp stands.
    Reached,
    /// WhatsApp handed out a code.
    Code,
    /// A phone scanned it.
    Scanned,
    /// The credentials are on disk.
    Linked,
    /// WhatsApp let us in.
    LoggedIn,
    /// The backlog is through.
    Synced,
    /// The attempt ended.
    Ended(Outcome),
    /// The attempt shows no life.
    Stalled,
    /// The wait is over.
    Timer,
    /// The network came back, or the clock was set.
    WorldChanged,
    /// The box slept for so long.
    Woke(Duration),
}

/// What is to be done about it, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Start an attempt.
    Start(Goal),
    /// Stop the running attempt.
    Halt,
    /// The code that came is to be shown.
    Show,
    /// WhatsApp took the credentials back.
    Forget,
    /// Keep why it is closed although it is linked; none when that is over.
    KeepEnded(bool),
}

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

    /// The state that the API shows.
    pub(crate) fn visible(&self) -> Visible {
        match &self.run {
            Run::Running { then: Then::Idle, .. } | Run::Idle | Run::Waiting { quiet: true, .. } => {
                Visible::Close
            }
            Run::Running { phase: Phase::LoggedIn { .. }, then: Then::ByCause, .. } => Visible::Open,
            Run::Running { .. } | Run::Waiting { quiet: false, .. } => Visible::Connecting,
        }
    }

    /// Why.
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// What else is known of the reason.
    pub(crate) fn detail(&self) -> &ReasonDetail {
        &self.detail
    }

    /// The next attempt waits for its turn, and the network may be why the last one failed.
    pub(crate) fn waits_for_the_network(&self) -> bool {
        matches!(self.run, Run::Waiting { quiet: false, .. }) && self.failed_by_the_network()
    }

    /// When the next attempt starts by itself.
    pub(crate) fn next(&self) -> Option<Instant> {
        match self.run {
            Run::Waiting { until, .. } => Some(until),
            Run::Idle | Run::Running { .. } => None,
        }
    }

    /// When it wants to hear of the time.
    pub(crate) fn wake(&self) -> Option<Instant> {
        match &self.run {
            Run::Waiting { until, .. } => Some(*until),
            Run::Running { phase: Phase::Dialing | Phase::Reached, then: Then::ByCause, .. } => self.push_at,
            Run::Idle | Run::Running { .. } => None,
        }
    }

    /// When the running attempt is given up at the latest, while it has shown nothing yet.
    pub(crate) fn given_up(&self) -> Option<Instant> {
        let Run::Running { phase, goal, .. } = &self.run else { return None };
        match (phase, goal) {
            (Phase::Dialing, _) | (Phase::Reached, Goal::Pair) => Some(self.moved? + NOTHING_YET),
            (Phase::Reached, Goal::Login) => Some(self.moved? + LOGIN),
            _ => None,
        }
    }

    /// Attempts in a row, the running one counted; zero when all is well or nothing is going on.
    pub(crate) fn attempt(&self) -> u32 {
        match (self.visible(), &self.run) {
            (Visible::Open, _) | (_, Run::Idle) => 0,
            (_, Run::Running { .. }) => self.backoff.fails().saturating_add(1),
            (_, Run::Waiting { .. }) => self.backoff.fails(),
        }
    }

    /// The backlog is through.
    pub(crate) fn synced(&self) -> bool {
        matches!(
            self.run,
            Run::Running { phase: Phase::LoggedIn { synced: true, .. }, then: Then::ByCause, .. }
        )
    }

    /// Codes shown in a row.
    pub(crate) fn codes(&self) -> u32 {
        self.codes
    }

    /// A code may be shown now.
    pub(crate) fn showing(&self) -> bool {
        matches!(self.run, Run::Running { phase: Phase::Showing, then: Then::ByCause, .. })
    }

    /// The phone has taken a code, and the link is being made.
    pub(crate) fn scanned(&self) -> bool {
        matches!(self.run, Run::Running { phase: Phase::Scanned, .. })
    }

    /// How long an attempt in this phase may show no life; none when nothing runs.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let Run::Running { phase, .. } = &self.run else { return None };
        Some(Duration::from_secs(match phase {
            Phase::Dialing | Phase::Reached | Phase::Scanned => 60,
            // The last code of a row may live for 60 s, and WhatsApp says nothing meanwhile.
            Phase::Showing => 200,
            // The engine's keepalive is due every 20 to 30 s.
            Phase::LoggedIn { suspect: true, .. } => 40,
            Phase::LoggedIn { .. } => 90,
        }))
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
