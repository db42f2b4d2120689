//! The way into one instance.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::command::{Command, Reply};
use super::error::InstanceError;
use super::lookers::{Lookers, Looking};
use super::snapshot::Snapshot;
use crate::link::Presence;
use crate::model::{Clock, ClockShift, Media, PhoneNumber, ProxyConfig, Secret, Settings, Visible};

/// The longest time that a command may take to be taken up: a supervisor that needs longer is stuck,
/// and the watchdog's business.
const COMMAND_LIMIT: Duration = Duration::from_secs(15);

/// What a caller of connect can be shown.
#[derive(Debug, Clone)]
pub enum Shown {
    /// It is linked and logged in.
    Open(Arc<Snapshot>),
    /// There is a code (and, when a number was given, a pairing code).
    Code(Arc<Snapshot>),
    /// Nothing in time; the snapshot says why and when the next try is.
    Nothing(Arc<Snapshot>),
}

/// A clonable handle. Reads come from memory; commands go to the instance's supervisor.
#[derive(Clone)]
pub struct Handle(Arc<Ends>);

/// The caller's ends of what leads to a supervisor.
pub(super) struct Ends {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) state: watch::Receiver<Arc<Snapshot>>,
    pub(super) lookers: Arc<Lookers>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Handle {
    pub(super) fn new(ends: Ends) -> Self {
        Self(Arc::new(ends))
    }

    /// What is true now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.state.borrow())
    }

    /// To be told of every change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.0.state.clone()
    }

    /// Somebody asked for the code: fresh ones are made for another minute.
    pub fn glance(&self) {
        self.0.lookers.glance(self.0.clock.instant());
    }

    /// Somebody has the code open for as long as the guard lives.
    #[must_use]
    pub fn look(&self) -> Looking {
        Looking::start(&self.0.lookers)
    }

    /// Makes sure that exactly one attempt is running and waits, at most `wait`, until there is
    /// something to show. Any number of callers share the attempt.
    pub async fn connect(&self, number: Option<PhoneNumber>, wait: Duration) -> Result<Shown, InstanceError> {
        self.glance();
        let until = Instant::now() + wait;
        let mut state = self.watch();
        self.ask(|reply| Command::Connect(number.clone(), reply)).await?;
        loop {
            let snapshot = Arc::clone(&state.borrow_and_update());
            if snapshot.visible == Visible::Open {
                return Ok(Shown::Open(snapshot));
            }
            let pairing_is_due = number.as_ref().is_some_and(|n| !answers(&snapshot, n));
            if snapshot.code.is_some() && !pairing_is_due {
                return Ok(Shown::Code(snapshot));
            }
            if snapshot.visible == Visible::Close || beyond(&snapshot, until) {
                return Ok(Shown::Nothing(snapshot));
            }
            if !matches!(timeout_at(until, state.changed()).await, Ok(Ok(()))) {
                let snapshot = self.snapshot();
                return Ok(match snapshot.code {
                    Some(_) => Shown::Code(snapshot),
                    None => Shown::Nothing(snapshot),
                });
            }
        }
    }

    /// Drops the link and opens it again; waits, at most `wait`, until the new attempt has an outcome.
    pub async fn restart(&self, wait: Duration) -> Result<Arc<Snapshot>, InstanceError> {
        let until = Instant::now() + wait;
        let mut state = self.watch();
        self.ask(Command::Restart).await?;
        loop {
            let snapshot = Arc::clone(&state.borrow_and_update());
            let decided = snapshot.visible != Visible::Connecting
                || snapshot.code.is_some()
                || snapshot.next_retry.is_some();
            if decided || !matches!(timeout_at(until, state.changed()).await, Ok(Ok(()))) {
                return Ok(snapshot);
            }
        }
    }

    /// Unlinks at WhatsApp, or as soon as it can be told, and forgets the credentials now.
    pub async fn logout(&self) -> Result<(), InstanceError> {
        self.ask(Command::Logout).await
    }

    /// Shows the account as online or not.
    pub async fn set_presence(&self, presence: Presence) -> Result<(), InstanceError> {
        self.ask(|reply| Command::SetPresence(presence, reply)).await
    }

    /// Keeps new settings.
    pub async fn set_settings(&self, settings: Settings) -> Result<(), InstanceError> {
        self.ask(|reply| Command::SetSettings(settings, reply)).await
    }

    /// Keeps another way out, used from the next attempt on.
    pub async fn set_proxy(&self, proxy: Option<ProxyConfig>) -> Result<(), InstanceError> {
        self.ask(|reply| Command::SetProxy(proxy, reply)).await
    }

    /// Cloud: uses another access token of Meta's and asks Meta with it.
    pub async fn set_cloud_token(&self, token: Secret) -> Result<(), InstanceError> {
        self.ask(|reply| Command::SetCloudToken(token, reply)).await
    }

    /// Cloud: asks Meta to send what happens to this account to the app's webhook.
    pub async fn subscribe(&self) -> Result<(), InstanceError> {
        self.ask(Command::Subscribe).await
    }

    /// Loads the file of a message, of `limit` bytes at most. Takes as long as the link does; the caller
    /// bounds it.
    pub(crate) async fn load(&self, media: Media, limit: usize) -> Result<Bytes, InstanceError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Load(media, limit, reply);
        let asked = self.0.commands.send_timeout(command, COMMAND_LIMIT).await;
        asked.map_err(|error| match error {
            mpsc::error::SendTimeoutError::Timeout(_) => InstanceError::Stuck,
            mpsc::error::SendTimeoutError::Closed(_) => InstanceError::Gone,
        })?;
        answer.await.map_err(|_| InstanceError::Gone)?
    }

    pub(crate) async fn delete(&self) -> Result<(), InstanceError> {
        self.ask(Command::Delete).await
    }

    /// The clock was set. Waits for a busy supervisor: times must not stay wrong.
    pub(crate) async fn clock_set(&self, shift: Option<ClockShift>) {
        let _ = self.0.commands.send_timeout(Command::ClockSet(shift), COMMAND_LIMIT).await;
    }

    /// The box slept. Dropped when the supervisor is busy: it will miss the connection anyway.
    pub(crate) fn woke(&self, slept: Duration) {
        let _ = self.0.commands.try_send(Command::Woke(slept));
    }

    /// The network changed. Dropped when the supervisor is busy: it will look anyway.
    pub(crate) fn world_changed(&self) {
        let _ = self.0.commands.try_send(Command::WorldChanged);
    }

    pub(crate) async fn stop(&self) {
        let _ = self.0.commands.send(Command::Stop).await;
    }

    async fn ask(&self, command: impl FnOnce(Reply) -> Command) -> Result<(), InstanceError> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.0.commands.send(command(reply)).await.map_err(|_| InstanceError::Gone)?;
            answer.await.map_err(|_| InstanceError::Gone)?
        };
        tokio::time::timeout(COMMAND_LIMIT, asked).await.map_err(|_| InstanceError::Stuck)?
    }
}

/// Whether the request for a pairing code has been answered, with a code or a refusal.
fn answers(snapshot: &Snapshot, number: &PhoneNumber) -> bool {
    snapshot.pairing_error.is_some()
        || snapshot.pairing.as_ref().is_some_and(|code| code.number.expose() == number.digits())
}

/// Whether the next attempt lies beyond the caller's wait, so that waiting shows nothing new.
fn beyond(snapshot: &Snapshot, until: Instant) -> bool {
    snapshot.next_retry.is_some_and(|next| next.at >= until.into_std())
}
