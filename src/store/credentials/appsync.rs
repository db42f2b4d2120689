//! App state: keys, versions, MACs.

use std::collections::HashMap;

use async_trait::async_trait;
use whatsapp_rust::wacore::appstate::hash::HashState;
use whatsapp_rust::wacore::appstate::processor::AppStateMutationMAC;
use whatsapp_rust::wacore::store::traits::{AppStateSyncKey, AppSyncStore};

use super::Credentials;
use super::kv::{Answer, Kind, Put, key};

#[async_trait]
impl AppSyncStore for Credentials {
    async fn get_sync_key(&self, key_id: &[u8]) -> Answer<Option<AppStateSyncKey>> {
        self.get_json(Kind::SyncKey, hex::encode(key_id)).await
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Answer<()> {
        let puts = vec![
            Put::json(Kind::SyncKey, hex::encode(key_id), &key)?,
            Put::new(Kind::LatestSyncKey, "", key_id),
        ];
        self.put_all(puts).await
    }

    async fn get_version(&self, name: &str) -> Answer<HashState> {
        Ok(self.get_json(Kind::SyncVersion, name).await?.unwrap_or_default())
    }

    async fn set_version(&self, name: &str, state: HashState) -> Answer<()> {
        self.put_all(vec![Put::json(Kind::SyncVersion, name, &state)?]).await
    }

    async fn put_mutation_macs(
        &self,
        name: &str,
        _version: u64,
        mutations: &[AppStateMutationMAC],
    ) -> Answer<()> {
        let put = |mac: &AppStateMutationMAC| {
            Put::new(Kind::SyncMac, key(&[name, &hex::encode(&mac.index_mac)]), &mac.value_mac)
        };
        self.put_all(mutations.iter().map(put).collect()).await
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Answer<Option<Vec<u8>>> {
        self.get(Kind::SyncMac, key(&[name, &hex::encode(index_mac)])).await
    }

    async fn get_mutation_macs(
        &self,
        name: &str,
        index_macs: &[[u8; 32]],
    ) -> Answer<HashMap<[u8; 32], Vec<u8>>> {
        let (name, index_macs) = (name.to_owned(), index_macs.to_vec());
        self.reading(move |rows| {
            let mut found = HashMap::with_capacity(index_macs.len());
            for index in index_macs {
                if let Some((value, _)) = rows.get(Kind::SyncMac, &key(&[&name, &hex::encode(index)]))? {
                    found.insert(index, value.to_vec());
                }
            }
            Ok(found)
        })
        .await
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Answer<()> {
        self.delete(Kind::SyncMac, index_macs.iter().map(|mac| key(&[name, &hex::encode(mac)])).collect())
            .await
    }

    async fn clear_mutation_macs(&self, name: &str) -> Answer<()> {
        self.sweep(Kind::SyncMac, "substr(key, 1, length(?3)) = ?3", key(&[name, ""])).await?;
        Ok(())
    }

    async fn get_latest_sync_key_id(&self) -> Answer<Option<Vec<u8>>> {
        self.get(Kind::LatestSyncKey, "").await
    }
}
