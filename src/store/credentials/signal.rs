//! Identities, sessions, prekeys, sender keys.

use std::sync::Arc;

use async_trait::async_trait;
use whatsapp_rust::bytes::Bytes;
use whatsapp_rust::wacore::store::traits::SignalStore;

use super::Credentials;
use super::kv::{Answer, Kind, Put};

/// As wide as the largest id, so that keys sort as ids do.
fn id_key(id: u32) -> String {
    format!("{id:010}")
}

fn key_id(key: &str) -> u32 {
    key.parse().unwrap_or_default()
}

#[async_trait]
impl SignalStore for Credentials {
    async fn put_identity(&self, address: &str, key: [u8; 32]) -> Answer<()> {
        self.put_all(vec![Put::new(Kind::Identity, address, &key)]).await
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Answer<()> {
        self.put_all(identities.iter().map(|(a, key)| Put::new(Kind::Identity, &**a, key)).collect()).await
    }

    async fn load_identity(&self, address: &str) -> Answer<Option<[u8; 32]>> {
        Ok(self.get(Kind::Identity, address).await?.and_then(|key| key.try_into().ok()))
    }

    async fn delete_identity(&self, address: &str) -> Answer<()> {
        self.delete(Kind::Identity, vec![address.to_owned()]).await
    }

    async fn get_session(&self, address: &str) -> Answer<Option<Bytes>> {
        Ok(self.get(Kind::Session, address).await?.map(Bytes::from))
    }

    async fn put_session(&self, address: &str, session: &[u8]) -> Answer<()> {
        self.put_all(vec![Put::new(Kind::Session, address, session)]).await
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Answer<()> {
        self.put_all(sessions.iter().map(|(a, record)| Put::new(Kind::Session, &**a, record)).collect()).await
    }

    async fn delete_session(&self, address: &str) -> Answer<()> {
        self.delete(Kind::Session, vec![address.to_owned()]).await
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Answer<bool> {
        let user = user.to_owned();
        self.reading(move |rows| {
            let found: bool = rows
                .connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM credential WHERE instance = ?1 AND kind IN (?2, ?3) \
                     AND substr(key, 1, length(?4) + 1) IN (?4 || '@', ?4 || ':', ?4 || '.', ?4 || '_'))",
                )?
                .query_row((rows.instance.0, Kind::Identity as i64, Kind::Session as i64, user), |row| {
                    row.get(0)
                })?;
            Ok(found)
        })
        .await
    }

    async fn store_prekey(&self, id: u32, record: &[u8], uploaded: bool) -> Answer<()> {
        self.put_all(vec![Put::new(Kind::PreKey, id_key(id), record).with(i64::from(uploaded))]).await
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], uploaded: bool) -> Answer<()> {
        let put = |(id, record): &(u32, Bytes)| {
            Put::new(Kind::PreKey, id_key(*id), record).with(i64::from(uploaded))
        };
        self.put_all(keys.iter().map(put).collect()).await
    }

    async fn load_prekey(&self, id: u32) -> Answer<Option<Bytes>> {
        Ok(self.get(Kind::PreKey, id_key(id)).await?.map(Bytes::from))
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Answer<Vec<(u32, Bytes)>> {
        let ids = ids.to_vec();
        self.reading(move |rows| {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                if let Some((record, _)) = rows.get(Kind::PreKey, &id_key(id))? {
                    found.push((id, Bytes::from(record.to_vec())));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn mark_prekeys_uploaded(&self, ids: &[u32]) -> Answer<()> {
        let ids = ids.to_vec();
        self.writing(move |rows| {
            let mut statement = rows.connection.prepare_cached(
                "UPDATE credential SET n = 1 WHERE instance = ?1 AND kind = ?2 AND key = ?3",
            )?;
            for id in ids {
                statement.execute((rows.instance.0, Kind::PreKey as i64, id_key(id)))?;
            }
            Ok(())
        })
        .await
    }

    async fn remove_prekey(&self, id: u32) -> Answer<()> {
        self.delete(Kind::PreKey, vec![id_key(id)]).await
    }

    async fn get_max_prekey_id(&self) -> Answer<u32> {
        self.reading(|rows| {
            let key: Option<String> = rows
                .connection
                .prepare_cached("SELECT max(key) FROM credential WHERE instance = ?1 AND kind = ?2")?
                .query_row((rows.instance.0, Kind::PreKey as i64), |row| row.get(0))?;
            Ok(key.as_deref().map(key_id).unwrap_or_default())
        })
        .await
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Answer<()> {
        self.put_all(vec![Put::new(Kind::SignedPreKey, id_key(id), record)]).await
    }

    async fn load_signed_prekey(&self, id: u32) -> Answer<Option<Vec<u8>>> {
        self.get(Kind::SignedPreKey, id_key(id)).await
    }

    async fn load_all_signed_prekeys(&self) -> Answer<Vec<(u32, Vec<u8>)>> {
        let all = self.reading(|rows| rows.scan(Kind::SignedPreKey, "")).await?;
        Ok(all.into_iter().map(|(key, record, _)| (key_id(&key), record.to_vec())).collect())
    }

    async fn remove_signed_prekey(&self, id: u32) -> Answer<()> {
        self.delete(Kind::SignedPreKey, vec![id_key(id)]).await
    }

    async fn put_sender_key(&self, address: &str, record: &[u8]) -> Answer<()> {
        self.put_all(vec![Put::new(Kind::SenderKey, address, record)]).await
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Answer<()> {
        self.put_all(sender_keys.iter().map(|(a, record)| Put::new(Kind::SenderKey, &**a, record)).collect())
            .await
    }

    async fn get_sender_key(&self, address: &str) -> Answer<Option<Vec<u8>>> {
        self.get(Kind::SenderKey, address).await
    }

    async fn delete_sender_key(&self, address: &str) -> Answer<()> {
        self.delete(Kind::SenderKey, vec![address.to_owned()]).await
    }
}
