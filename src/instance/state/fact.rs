//! What goes into the machine, and what comes out of it.

use std::time::{Duration, Instant};

use crate::link::{Goal, Outcome};
use crate::model::Stamp;

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
