//! What systemd is told and gives: READY, STATUS, WATCHDOG, RELOADING, STOPPING, credentials.
//!
//! Without systemd (`NOTIFY_SOCKET` unset) all of this does nothing. A notice is one datagram to a socket
//! of this box; systemd takes hundreds of them without reading one, and we send a few a second at most.

mod attend;
mod status;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Instant, timeout};

pub(crate) use attend::{Proof, attend, limit};

/// What takes no longer than this needs no word.
const QUICK: Duration = Duration::from_secs(5);
/// How much time is asked for at a time; asked again every [`QUICK`], so that a process that died in
/// the middle is missed soon.
const EXTENSION_MICROS: u32 = 30_000_000;
/// Nothing may take longer: systemd's own limit counts again from here on.
const LONGEST: Duration = Duration::from_hours(1);

/// A file that systemd hands over by `LoadCredential=`.
#[must_use]
pub(crate) fn credential(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?).join(name);
    path.exists().then_some(path)
}

/// Instances are loaded and the listener answers; also the end of what [`reloading`] began.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read again. [`ready`] must follow, whatever comes of it: until then
/// `systemctl reload` waits.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The end begins.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Waits for work that belongs to the start and may be long, such as a migration: systemd is asked for
/// more time for as long as it goes on.
pub(crate) async fn patiently<T>(doing: &str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    let began = Instant::now();
    loop {
        match timeout(QUICK, work.as_mut()).await {
            Ok(done) => return done,
            Err(_) if began.elapsed() < LONGEST => {
                tell(&[NotifyState::ExtendTimeoutUsec(EXTENSION_MICROS), NotifyState::Status(doing)]);
            }
            Err(_) => return work.await,
        }
    }
}

pub(crate) fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd was not told");
    }
}
