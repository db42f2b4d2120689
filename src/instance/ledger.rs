//! The domain's words for storage, kept in the store.

use async_trait::async_trait;

use super::port::{Ledger, LedgerError};
use crate::model::{InstanceChange, InstanceId, InstanceRecord, NewEvent, NewInstance};
use crate::store::{Store, StoreError};

#[async_trait]
impl Ledger for Store {
    async fn load(&self) -> Result<Vec<InstanceRecord>, LedgerError> {
        Ok(self.instances().await?)
    }

    async fn create(&self, new: NewInstance, events: Vec<NewEvent>) -> Result<InstanceRecord, LedgerError> {
        Ok(self.create_instance(new, events).await?)
    }

    async fn commit(
        &self,
        id: InstanceId,
        change: InstanceChange,
        events: Vec<NewEvent>,
    ) -> Result<(), LedgerError> {
        Ok(self.change_instance(id, change, events).await?)
    }

    async fn delete(
        &self,
        id: InstanceId,
        events: Vec<NewEvent>,
        tombstone: bool,
    ) -> Result<(), LedgerError> {
        Ok(self.delete_instance(id, events, tombstone).await?)
    }

    async fn settle_tombstone(&self, id: InstanceId, told: bool) -> Result<(), LedgerError> {
        Ok(Self::settle_tombstone(self, id, told).await?)
    }

    async fn is_untold(&self, id: InstanceId) -> Result<bool, LedgerError> {
        Ok(Self::is_untold(self, id).await?)
    }
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(name) => Self::NameTaken(name),
            StoreError::Missing(_) => Self::Gone,
            other => Self::Storage(other.to_string()),
        }
    }
}
