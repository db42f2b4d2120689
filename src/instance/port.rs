//! What the domain needs from storage, in its own words.

use async_trait::async_trait;

use crate::model::{InstanceChange, InstanceId, InstanceRecord, NewEvent, NewInstance};

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
    async fn load(&self) -> Result<Vec<InstanceRecord>, LedgerError>;

    /// Keeps a new instance.
    async fn create(
        &self,
        instance: NewInstance,
        events: Vec<NewEvent>,
    ) -> Result<InstanceRecord, LedgerError>;

    /// Keeps a change.
    async fn commit(
        &self,
        id: InstanceId,
        change: InstanceChange,
        events: Vec<NewEvent>,
    ) -> Result<(), LedgerError>;

    /// Forgets an instance; its undelivered events stay. `tombstone` as in [`InstanceChange::Forget`].
    async fn delete(&self, id: InstanceId, events: Vec<NewEvent>, tombstone: bool)
    -> Result<(), LedgerError>;

    /// After a change that left a tombstone: whether WhatsApp could be told at once, so that none is needed.
    async fn settle_tombstone(&self, id: InstanceId, told: bool) -> Result<(), LedgerError>;

    /// Whether WhatsApp is still to be told that a device of this instance left.
    async fn is_untold(&self, id: InstanceId) -> Result<bool, LedgerError>;
}
