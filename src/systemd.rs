//! What systemd is told and gives: READY, STATUS, WATCHDOG, RELOADING, STOPPING, credentials.
//!
//! Without systemd (`NOTIFY_SOCKET` unset) all of this does nothing. A notice is one datagram to a socket
//! of this box; systemd takes hundreds of them without reading one, and we send a few a second at most.

mod attend;
mod patience;
mod status;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use sd_notify::NotifyState;

pub(crate) use attend::{Proof, attend, limit};
pub(crate) use patience::patiently;

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

/// The end begins. systemd shows the words for as long as the service does not run.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopped; links come back at the next start")]);
}

pub(crate) fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd was not told");
    }
}
