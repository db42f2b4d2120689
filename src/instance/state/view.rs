//! What the machine tells of itself.

use std::time::{Duration, Instant};

use super::{Machine, Phase, Run, Then};
use crate::link::{Goal, LOGIN, NOTHING_YET};
use crate::model::{Reason, ReasonDetail, Visible};

impl Machine {
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
}
