//! What the domain needs from storage, in its own words.

use async_trait::async_trait;

use crate::model::{
    Digest, InstanceId, InstanceName, InstanceUuid, Integration, LinkTruth, NewEvent, Profile, ProxyConfig,
    Secret, Settings, Stamp, Webhook,
};

/// An instance as it is kept.
#[derive(Debug, Clone)]
pub struct Record {
    /// The row.
    pub id: InstanceId,
    /// Its public id.
    pub uuid: InstanceUuid,
    /// Its name.
    pub name: InstanceName,
    /// How it reaches WhatsApp.
    pub integration: Integration,
    /// What lasts about its link. `Linked` exactly when there are credentials of a linked device.
    pub truth: LinkTruth,
    /// The owner's settings.
    pub settings: Settings,
    /// How it goes out.
    pub proxy: Option<ProxyConfig>,
    /// `number` as given at create.
    pub number: Option<String>,
    /// `businessId` as given at create.
    pub business_id: Option<String>,
    /// SHA-256 of its token.
    pub token: Digest,
    /// When it was created.
    pub created: Stamp,
    /// When something that lasts last changed.
    pub updated: Stamp,
}

/// An instance to be kept.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// Its public id.
    pub uuid: InstanceUuid,
    /// Its name.
    pub name: InstanceName,
    /// How it reaches WhatsApp.
    pub integration: Integration,
    /// The owner's settings.
    pub settings: Settings,
    /// How it goes out.
    pub proxy: Option<ProxyConfig>,
    /// `number` as given.
    pub number: Option<String>,
    /// `businessId` as given.
    pub business_id: Option<String>,
    /// SHA-256 of its token.
    pub token: Digest,
    /// Cloud: Meta's access token; kept sealed.
    pub cloud_token: Option<Secret>,
    /// Where its events go from the first one on.
    pub webhook: Option<Webhook>,
}

/// A change of what lasts.
#[derive(Debug, Clone)]
pub enum Change {
    /// Nothing but the events.
    None,
    /// The truth about the link.
    Truth(LinkTruth),
    /// The truth, and every credential is wiped with it. With `tombstone`, a sealed copy of what
    /// telling WhatsApp needs is kept until WhatsApp was told.
    Forget {
        /// The truth from now on.
        truth: LinkTruth,
        /// WhatsApp does not know yet. [`Ledger::settle_tombstone`] must follow.
        tombstone: bool,
    },
    /// What is known of the account.
    Profile(Profile),
    /// The owner's settings.
    Settings(Settings),
    /// How it goes out.
    Proxy(Option<ProxyConfig>),
    /// Its token.
    Token(Digest),
    /// Meta's access token.
    CloudToken(Secret),
}

/// Storage failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The name belongs to another instance.
    #[error("This name \"{0}\" is already in use.")]
    NameTaken(String),
    /// The instance has been deleted.
    #[error("the instance does not exist any more")]
    Gone,
    /// The disk refused; the text says what to do.
    #[error("{0}")]
    Storage(String),
}

/// Keeps what lasts. A change and its events are one transaction: both are on disk, or neither is.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// All instances.
    async fn load(&self) -> Result<Vec<Record>, LedgerError>;

    /// Keeps a new instance.
    async fn create(&self, instance: NewInstance, events: Vec<NewEvent>) -> Result<Record, LedgerError>;

    /// Keeps a change.
    async fn commit(&self, id: InstanceId, change: Change, events: Vec<NewEvent>) -> Result<(), LedgerError>;

    /// Forgets an instance; its undelivered events stay. `tombstone` as in [`Change::Forget`].
    async fn delete(&self, id: InstanceId, events: Vec<NewEvent>, tombstone: bool)
    -> Result<(), LedgerError>;

    /// After a change that left a tombstone: whether WhatsApp could be told at once, so that none is needed.
    async fn settle_tombstone(&self, id: InstanceId, told: bool) -> Result<(), LedgerError>;

    /// Whether WhatsApp is still to be told that a device of this instance left.
    async fn is_untold(&self, id: InstanceId) -> Result<bool, LedgerError>;
}
