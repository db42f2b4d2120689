//! The domain's words for storage, kept in the store.

use async_trait::async_trait;

use super::port::{Change, Ledger, LedgerError, NewInstance, Record};
use crate::model::{InstanceId, NewEvent};
use crate::store::{InstanceChange, InstanceRow, NewInstanceRow, Store, StoreError};

#[async_trait]
impl Ledger for Store {
    async fn load(&self) -> Result<Vec<Record>, LedgerError> {
        Ok(self.instances().await?.into_iter().map(Record::from).collect())
    }

    async fn create(&self, new: NewInstance, events: Vec<NewEvent>) -> Result<Record, LedgerError> {
        let row = NewInstanceRow {
            uuid: new.uuid,
            name: new.name,
            integration: new.integration,
            settings: new.settings,
            proxy: new.proxy,
            number: new.number,
            business_id: new.business_id,
            token: new.token,
            cloud_token: new.cloud_token,
            webhook: new.webhook,
        };
        Ok(self.create_instance(row, events).await?.into())
    }

    async fn commit(&self, id: InstanceId, change: Change, events: Vec<NewEvent>) -> Result<(), LedgerError> {
        let change = match change {
            Change::None => InstanceChange::None,
            Change::Truth(truth) => InstanceChange::Truth(truth),
            Change::Forget { truth, tombstone } => InstanceChange::Forget { truth, tombstone },
            Change::Profile(profile) => InstanceChange::Profile(profile),
            Change::Settings(settings) => InstanceChange::Settings(settings),
            Change::Proxy(proxy) => InstanceChange::Proxy(proxy),
            Change::Token(token) => InstanceChange::Token(token),
            Change::CloudToken(token) => InstanceChange::CloudToken(token),
        };
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

impl From<InstanceRow> for Record {
    fn from(row: InstanceRow) -> Self {
        Self {
            id: row.id,
            uuid: row.uuid,
            name: row.name,
            integration: row.integration,
            truth: row.truth,
            settings: row.settings,
            proxy: row.proxy,
            number: row.number,
            business_id: row.business_id,
            token: row.token,
            created: row.created,
            updated: row.updated,
        }
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
