//! Ways to reach WhatsApp, behind one trait.
//!
//! A [`Link`] belongs to one instance. One call of [`Link::run`] is one attempt: it dials, links or
//! logs in, stays until the connection ends, and says once why it ended. It never tries again by
//! itself: the supervisor decides about the next attempt.

pub mod cloud;
mod event;
mod outcome;
pub mod web;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use event::{LinkEvent, PairingCode, QrCode};
pub use outcome::{Cause, LinkError, Outcome, PairError, RetryHint};

use crate::model::{
    InstanceId, InstanceName, InstanceUuid, Integration, Media, NewEvent, PhoneNumber, ProxyConfig, Settings,
};
use crate::net::{Net, Target};

/// How many link events may wait for the supervisor. The link waits when it is full: state changes
/// are rare and must not be lost.
pub const SINK_CAPACITY: usize = 32;

/// How long a link may be dialling, and WhatsApp may then take to hand out the first code. Callers of connect
/// wait 15 s unless they say otherwise, and are to hear by then what is the matter.
pub const NOTHING_YET: Duration = Duration::from_secs(12);

/// How long WhatsApp may take to let a link in, once it is reached.
pub const LOGIN: Duration = Duration::from_secs(30);

/// What an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// There are no credentials: show codes until a phone scans one, then log in.
    Pair,
    /// There are credentials: log in.
    Login,
}

/// The state that contacts see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Online.
    Available,
    /// Offline; the phone keeps its notifications.
    Unavailable,
}

/// What the owner set that concerns the link; taken over at the next attempt at the latest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkOptions {
    /// The instance's settings.
    pub settings: Settings,
    /// How to go out; none is directly.
    pub proxy: Option<ProxyConfig>,
}

/// Whom a link belongs to, and where what it receives goes.
#[derive(Clone)]
pub struct LinkContext {
    /// The row under which its credentials are kept.
    pub id: InstanceId,
    /// For logs.
    pub name: InstanceName,
    /// For `instanceId` in events.
    pub uuid: InstanceUuid,
    /// Which way.
    pub integration: Integration,
    /// `number` as given at create (for Cloud: the phone number id).
    pub number: Option<String>,
    /// Cloud: the WABA id.
    pub business_id: Option<String>,
    /// What it starts with.
    pub options: LinkOptions,
    /// Where messages go.
    pub inbox: Arc<dyn Inbox>,
}

/// Takes what a link received. Returning `Ok` means that it is on disk: only then may the link
/// acknowledge it to WhatsApp.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Stores the events in one transaction; those whose key is known already make no second one.
    async fn store(&self, events: Vec<NewEvent>) -> Result<(), LinkError>;
}

/// One account's way to WhatsApp.
#[async_trait]
pub trait Link: Send + Sync {
    /// One attempt, from dialling to the end of the connection. Reports through `sink`. Returns soon
    /// (5 s at most) after `stop` was cancelled, with [`Outcome::Stopped`].
    async fn run(&self, goal: Goal, sink: mpsc::Sender<LinkEvent>, stop: CancellationToken) -> Outcome;

    /// Asks for a pairing code on the running attempt, which must be showing codes. A code that is
    /// still alive for the same number is given again.
    async fn pairing_code(&self, number: &PhoneNumber) -> Result<PairingCode, PairError>;

    /// Tells WhatsApp that this device leaves, if it is connected, within a few seconds. Credentials
    /// are not touched: the store forgets them in the transaction that tells of it.
    async fn logout(&self) -> Result<(), LinkError>;

    /// Shows the account as online or not, for as long as it is connected.
    async fn set_presence(&self, presence: Presence) -> Result<(), LinkError>;

    /// Takes changed options over.
    fn apply(&self, options: LinkOptions);

    /// From now on nothing of its credentials is written, or it is again. What is about to be forgotten must
    /// not come back by what the link still saves in the background.
    fn freeze(&self, _frozen: bool) {}

    /// Throws away what it holds in memory of credentials that the store has forgotten.
    async fn forget(&self);

    /// When something last showed that the attempt is alive (bytes, a step forward), on the monotonic
    /// clock; none when nothing runs.
    fn last_progress(&self) -> Option<Instant>;

    /// Asks soon whether it still stands; a link that holds a connection knows without.
    fn ask_again(&self) {}

    /// Whether WhatsApp's address answers at all: cheap, and asked now and then while an attempt waits for its
    /// turn. None when that says nothing.
    async fn reachable(&self) -> Option<bool> {
        None
    }

    /// Loads the file of a message, of `limit` bytes at most.
    async fn load(&self, _media: &Media, _limit: usize) -> Result<Bytes, LinkError> {
        Err(LinkError::NotConnected)
    }

    /// Cloud: asks Meta to send what happens to the account to our webhook.
    async fn subscribe(&self) -> Result<(), LinkError> {
        Err(LinkError::NotAvailable)
    }
}

/// Makes links.
#[async_trait]
pub trait LinkFactory: Send + Sync {
    /// A link for one instance; does no I/O.
    fn make(&self, context: LinkContext) -> Arc<dyn Link>;

    /// Whether links of this kind get through this proxy: to where they all go, and nowhere else.
    async fn try_proxy(&self, _: Integration, _: &ProxyConfig) -> Result<(), LinkError> {
        Ok(())
    }
}

/// A proxy that answers slowly is none to work with.
const TRY_PROXY: Duration = Duration::from_secs(10);

/// Whether one gets through the proxy to there.
pub(crate) async fn try_proxy(net: &Net, proxy: &ProxyConfig, target: &Target) -> Result<(), LinkError> {
    let tried = net.connect(target, Some(proxy), TRY_PROXY).await;
    tried.map(|_| ()).map_err(|error| LinkError::Unreachable(error.to_string()))
}
