//! What systemd is told and gives: READY, STATUS, WATCHDOG, STOPPING, credentials.
//!
//! Without systemd (`NOTIFY_SOCKET` unset) all of this does nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use crate::instance::Registry;
use crate::model::{Reason, Stamp, Visible};
use crate::store::Store;

/// How often the state is looked at; the status line is sent when it changed.
const LOOK: Duration = Duration::from_secs(5);
/// Proof of life takes longer than this: no proof.
const PROOF: Duration = Duration::from_secs(5);

/// A file that systemd hands over by `LoadCredential=`.
#[must_use]
pub(crate) fn credential(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?).join(name);
    path.exists().then_some(path)
}

/// Instances are loaded and the listener answers.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The end begins.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd was not told");
    }
}

/// Tells the state in a sentence, and feeds the watchdog for as long as there is proof of life: this
/// tick of the runtime, an answer of the store's writer, a sign of life of every supervisor. A broken
/// internet is no reason to be restarted.
pub(crate) async fn attend(registry: Arc<Registry>, store: Store, shutdown: CancellationToken) {
    let every = sd_notify::watchdog_enabled().map_or(LOOK, |limit| (limit / 3).min(LOOK));
    let mut tick = tokio::time::interval(every);
    let mut told = String::new();
    while shutdown.run_until_cancelled(tick.tick()).await.is_some() {
        let stuck = registry.stuck();
        if !stuck.is_empty() {
            tracing::error!(?stuck, "no sign of life; the watchdog is not fed");
            continue;
        }
        match tokio::time::timeout(PROOF, store.ping()).await {
            // A full disk is a fault that a restart does not mend, and the writer answered.
            Ok(Ok(()) | Err(crate::store::StoreError::Full)) => tell(&[NotifyState::Watchdog]),
            Ok(Err(error)) => tracing::error!(%error, "storage does not answer; the watchdog is not fed"),
            Err(_) => tracing::error!("storage does not answer; the watchdog is not fed"),
        }
        let status = status(&registry);
        if status != told {
            tell(&[NotifyState::Status(&status)]);
            told = status;
        }
    }
}

/// `3 of 4 linked; shop: waiting for a scan; office: offline, next try at 10:02:11`.
fn status(registry: &Registry) -> String {
    let all: Vec<_> = registry.all().iter().map(crate::instance::Handle::snapshot).collect();
    if all.is_empty() {
        return "no instances yet".into();
    }
    let open = all.iter().filter(|s| s.visible == Visible::Open).count();
    let mut text = format!("{open} of {} linked", all.len());
    for snapshot in all.iter().filter(|s| s.visible != Visible::Open && s.reason.is_some()).take(5) {
        let reason = snapshot.reason.map_or("", Reason::as_str).replace('_', " ");
        text.extend(["; ", snapshot.name.as_str(), ": ", &reason]);
        if let Some(next) = snapshot.next_retry {
            text.extend([", next try at ", &clock(next.shown)]);
        }
    }
    text
}

fn clock(at: Stamp) -> String {
    at.rfc3339().get(11..19).unwrap_or_default().to_owned()
}
