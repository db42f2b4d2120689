//! Secrets of single messages, which edits and poll votes are decoded with.

use async_trait::async_trait;
use whatsapp_rust::wacore::store::traits::{
    MsgSecretEntry, MsgSecretStore, merge_msg_secret_expiry, merge_msg_secret_message_ts,
};

use super::Credentials;
use super::kv::{Answer, Kind, Put, decode, encode, key};
use crate::store::StoreError;

type Kept = (Vec<u8>, i64);

#[async_trait]
impl MsgSecretStore for Credentials {
    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Answer<usize> {
        let count = entries.len();
        self.writing(move |rows| {
            for entry in entries {
                let key = key(&[&entry.chat, &entry.sender, &entry.msg_id]);
                let (mut expires, mut ts) = (entry.expires_at, entry.message_ts);
                if let Some((known, deadline)) = rows.get(Kind::MessageSecret, &key)? {
                    let (_, known_ts): Kept = serde_json::from_slice(&known)?;
                    expires = merge_msg_secret_expiry(deadline, expires);
                    ts = merge_msg_secret_message_ts(known_ts, ts);
                }
                let value =
                    encode(&(entry.secret.to_vec(), ts)).map_err(|e| StoreError::Corrupt(e.to_string()))?;
                rows.put(&Put::new(Kind::MessageSecret, key, &value).with(expires))?;
            }
            Ok(count)
        })
        .await
    }

    async fn get_msg_secret(&self, chat: &str, sender: &str, msg_id: &str) -> Answer<Option<Vec<u8>>> {
        Ok(self.get_msg_secret_with_ts(chat, sender, msg_id).await?.map(|(secret, _)| secret))
    }

    async fn get_msg_secret_with_ts(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Answer<Option<(Vec<u8>, i64)>> {
        let value = self.get(Kind::MessageSecret, key(&[chat, sender, msg_id])).await?;
        value.map(|bytes| decode::<Kept>(&bytes)).transpose()
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Answer<u32> {
        self.sweep(Kind::MessageSecret, "n > 0 AND n <= ?3", cutoff_timestamp).await
    }
}
