//! This box: its clock and its network, and what changes about them. Knows no instance.
//!
//! A small box boots in the past and gets its network, its name server and its time in any order. None of
//! them is waited for; each, when it comes, is a reason to try again.

mod bell;
mod clock;
mod network;

use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use clock::ClockSet;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A way out appeared: a route or an address.
    Network,
    /// The clock was set.
    Clock(ClockSet),
    /// The box slept for so long: connections over that time are dead.
    Woke(Duration),
}

/// Changes that may wait for their taker; more would say the same again.
const WAITING: usize = 8;

/// A descriptor whose readiness can be awaited.
#[allow(
    deprecated,
    reason = "unsound only for what may close its descriptor while it is registered; an OwnedFd cannot, and the \
              replacement needs unsafe code"
)]
fn registered(descriptor: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}

/// Watches until `shutdown`.
#[must_use]
pub fn watch(shutdown: &CancellationToken) -> mpsc::Receiver<Change> {
    let (tell, told) = mpsc::channel(WAITING);
    let (until, sender) = (shutdown.clone(), tell.clone());
    tokio::spawn(async move { until.run_until_cancelled(clock::watch(sender)).await });
    let until = shutdown.clone();
    tokio::spawn(async move { until.run_until_cancelled(network::watch(tell)).await });
    told
}
