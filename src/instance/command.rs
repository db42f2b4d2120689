//! What a supervisor is asked to do.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::error::InstanceError;
use crate::link::Presence;
use crate::model::{ClockShift, Media, PhoneNumber, ProxyConfig, Secret, Settings};

pub(crate) type Reply = oneshot::Sender<Result<(), InstanceError>>;

/// One request; the reply comes when it has taken effect, not when its consequences have.
#[derive(Debug)]
pub(crate) enum Command {
    /// Make sure that one attempt is running; with a number, ask for a pairing code as soon as one
    /// can be had.
    Connect(Option<PhoneNumber>, Reply),
    /// Drop the link and open it again.
    Restart(Reply),
    /// Unlink and forget the credentials.
    Logout(Reply),
    /// Unlink, forget everything, end.
    Delete(Reply),
    /// Be shown as online or not.
    SetPresence(Presence, Reply),
    /// Keep and apply new settings.
    SetSettings(Settings, Reply),
    /// Keep a proxy and use it from the next attempt on.
    SetProxy(Option<ProxyConfig>, Reply),
    /// Cloud: use another access token of Meta's.
    SetCloudToken(Secret, Reply),
    /// Cloud: ask Meta to send what happens to our webhook.
    Subscribe(Reply),
    /// Load the file of a message, of so many bytes at most.
    Load(Media, usize, oneshot::Sender<Result<Bytes, InstanceError>>),
    /// The network changed: try now if a retry is waiting.
    WorldChanged,
    /// The clock was set: what was stamped before is corrected, and a waiting retry is tried now.
    ClockSet(Option<ClockShift>),
    /// The box slept for so long: the connection is dead.
    Woke(Duration),
    /// End; the link stays linked.
    Stop,
}
