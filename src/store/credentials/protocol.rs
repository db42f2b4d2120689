//! Mappings, device lists, group state, tokens, and messages on their way in and out.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use whatsapp_rust::wacore::store::error::StoreError as EngineError;
use whatsapp_rust::wacore::store::traits::{
    DeviceListRecord, LidPnMappingEntry, PendingInboundKey, PendingInboundRow, ProtocolStore, TcTokenEntry,
};
use whatsapp_rust::wacore::time::now_secs;

use super::Credentials;
use super::kv::{Answer, Kind, Put, Rows, decode, key};
use crate::store::StoreError;

/// How long a disk without room is waited for where a message would be lost, and how often it is asked.
const ROOM_LIMIT: Duration = Duration::from_mins(10);
const ROOM_LOOK: Duration = Duration::from_secs(1);

#[async_trait]
impl ProtocolStore for Credentials {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Answer<Vec<(String, bool)>> {
        let prefix = key(&[group_jid, ""]);
        let length = prefix.len();
        let rows = self.reading(move |rows| rows.scan(Kind::SenderKeyDevice, &prefix)).await?;
        Ok(rows.into_iter().filter_map(|(key, _, n)| Some((key.get(length..)?.to_owned(), n == 1))).collect())
    }

    async fn set_sender_key_status(&self, group_jid: &str, entries: &[(&str, bool)]) -> Answer<()> {
        let put = |(device, has): &(&str, bool)| {
            Put::new(Kind::SenderKeyDevice, key(&[group_jid, device]), &[]).with(i64::from(*has))
        };
        self.put_all(entries.iter().map(put).collect()).await
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Answer<()> {
        self.sweep(Kind::SenderKeyDevice, "substr(key, 1, length(?3)) = ?3", key(&[group_jid, ""])).await?;
        Ok(())
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Answer<()> {
        let devices: Vec<String> = device_jids.iter().map(|&device| device.to_owned()).collect();
        self.writing(move |rows| {
            for device in &devices {
                rows.sweep(Kind::SenderKeyDevice, "substr(key, instr(key, char(31)) + 1) = ?3", device)?;
            }
            Ok(())
        })
        .await
    }

    async fn clear_all_sender_key_devices(&self) -> Answer<()> {
        self.sweep(Kind::SenderKeyDevice, "?3", 1).await?;
        Ok(())
    }

    async fn get_lid_mapping(&self, lid: &str) -> Answer<Option<LidPnMappingEntry>> {
        self.get_json(Kind::LidMapping, lid).await
    }

    async fn get_pn_mapping(&self, phone: &str) -> Answer<Option<LidPnMappingEntry>> {
        self.get_json(Kind::PnMapping, phone).await
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Answer<()> {
        self.put_lid_mappings(std::slice::from_ref(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Answer<()> {
        let mut puts = Vec::with_capacity(entries.len() * 2);
        for entry in entries {
            puts.push(Put::json(Kind::LidMapping, &*entry.lid, entry)?);
            puts.push(Put::json(Kind::PnMapping, &*entry.phone_number, entry)?);
        }
        self.put_all(puts).await
    }

    async fn get_all_lid_mappings(&self) -> Answer<Vec<LidPnMappingEntry>> {
        let rows = self.reading(|rows| rows.scan(Kind::LidMapping, "")).await?;
        rows.iter().map(|(_, value, _)| decode(value)).collect()
    }

    async fn save_base_key(&self, address: &str, message_id: &str, base_key: &[u8]) -> Answer<()> {
        self.put_all(vec![Put::new(Kind::BaseKey, key(&[address, message_id]), base_key)]).await
    }

    async fn has_same_base_key(
        &self,
        address: &str,
        message_id: &str,
        current_base_key: &[u8],
    ) -> Answer<bool> {
        let kept = self.get(Kind::BaseKey, key(&[address, message_id])).await?;
        Ok(kept.is_some_and(|kept| kept == current_base_key))
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Answer<()> {
        self.delete(Kind::BaseKey, vec![key(&[address, message_id])]).await
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Answer<()> {
        self.update_device_lists(vec![record]).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Answer<()> {
        let puts = records.iter().map(|record| Put::json(Kind::DeviceList, &*record.user, record));
        self.put_all(puts.collect::<Answer<Vec<_>>>()?).await
    }

    async fn get_devices(&self, user: &str) -> Answer<Option<DeviceListRecord>> {
        self.get_json(Kind::DeviceList, user).await
    }

    async fn delete_devices(&self, user: &str) -> Answer<()> {
        self.delete(Kind::DeviceList, vec![user.to_owned()]).await
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Answer<Option<Vec<u8>>> {
        self.get(Kind::Group, group_jid).await
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Answer<()> {
        self.put_all(vec![Put::new(Kind::Group, group_jid, blob)]).await
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Answer<()> {
        self.delete(Kind::Group, vec![group_jid.to_owned()]).await
    }

    async fn get_tc_token(&self, jid: &str) -> Answer<Option<TcTokenEntry>> {
        self.get_json(Kind::TcToken, jid).await
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Answer<()> {
        self.put_all(vec![Put::json(Kind::TcToken, jid, entry)?]).await
    }

    async fn delete_tc_token(&self, jid: &str) -> Answer<()> {
        self.delete(Kind::TcToken, vec![jid.to_owned()]).await
    }

    async fn get_all_tc_token_jids(&self) -> Answer<Vec<String>> {
        let rows = self.reading(|rows| rows.scan(Kind::TcToken, "")).await?;
        Ok(rows.into_iter().map(|(jid, _, _)| jid).collect())
    }

    async fn delete_expired_tc_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Answer<u32> {
        self.writing(move |rows| {
            let mut gone = 0;
            for (jid, value, _) in rows.scan(Kind::TcToken, "")? {
                let entry: TcTokenEntry = serde_json::from_slice(&value)?;
                let token_lives = !entry.token.is_empty() && entry.token_timestamp >= token_cutoff;
                let sender_lives = entry.sender_timestamp.is_some_and(|ts| ts >= sender_cutoff);
                if !token_lives && !sender_lives {
                    rows.delete(Kind::TcToken, &jid)?;
                    gone += 1;
                }
            }
            Ok(gone)
        })
        .await
    }

    async fn touch_tc_token_sender_timestamp(&self, jid: &str, sender_timestamp: i64) -> Answer<()> {
        self.change_tc_token(jid, move |known| {
            let sent = known
                .as_ref()
                .and_then(|k| k.sender_timestamp)
                .map_or(sender_timestamp, |k| k.max(sender_timestamp));
            let kept = known.unwrap_or(TcTokenEntry {
                token: Vec::new(),
                token_timestamp: sender_timestamp,
                sender_timestamp: None,
            });
            Some(TcTokenEntry { sender_timestamp: Some(sent), ..kept })
        })
        .await
    }

    async fn store_received_tc_token(&self, jid: &str, token: &[u8], token_timestamp: i64) -> Answer<()> {
        let token = token.to_vec();
        self.change_tc_token(jid, move |known| {
            if known.as_ref().is_some_and(|k| !k.token.is_empty() && token_timestamp < k.token_timestamp) {
                return None;
            }
            let sender_timestamp = known.and_then(|k| k.sender_timestamp);
            Some(TcTokenEntry { token, token_timestamp, sender_timestamp })
        })
        .await
    }

    async fn store_sent_message(&self, chat_jid: &str, message_id: &str, payload: &[u8]) -> Answer<()> {
        let put = Put::new(Kind::SentMessage, key(&[chat_jid, message_id]), payload).with(now_secs());
        self.put_all(vec![put]).await
    }

    async fn take_sent_message(&self, chat_jid: &str, message_id: &str) -> Answer<Option<Vec<u8>>> {
        let key = key(&[chat_jid, message_id]);
        self.writing(move |rows| {
            let value = rows.get(Kind::SentMessage, &key)?;
            rows.delete(Kind::SentMessage, &key)?;
            Ok(value.map(|(value, _)| value.to_vec()))
        })
        .await
    }

    async fn delete_expired_sent_messages(&self, cutoff_timestamp: i64) -> Answer<u32> {
        self.sweep(Kind::SentMessage, "n < ?3", cutoff_timestamp).await
    }

    async fn store_pending_inbound(&self, chat: &str, sender: &str, id: &str, message: &[u8]) -> Answer<()> {
        self.store_pending_inbound_batch(&[PendingInboundRow { chat, sender, id, message }]).await
    }

    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Answer<()> {
        let now = now_secs();
        let put = |row: &PendingInboundRow<'_>| {
            Put::new(Kind::PendingInbound, key(&[row.chat, row.sender, row.id]), row.message).with(now)
        };
        // The ratchet has moved on in memory: what is not kept now cannot be opened when it comes again.
        let until = Instant::now() + ROOM_LIMIT;
        loop {
            let kept = self.put_all(rows.iter().map(put).collect()).await;
            match &kept {
                Err(error) if is_full(error) && Instant::now() < until => tokio::time::sleep(ROOM_LOOK).await,
                _ => return kept,
            }
        }
    }

    async fn get_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Answer<Option<Vec<u8>>> {
        self.get(Kind::PendingInbound, key(&[chat, sender, id])).await
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Answer<()> {
        self.delete(Kind::PendingInbound, vec![key(&[chat, sender, id])]).await
    }

    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Answer<()> {
        self.delete(Kind::PendingInbound, keys.iter().map(|k| key(&[k.chat, k.sender, k.id])).collect()).await
    }

    async fn delete_expired_pending_inbound(&self, cutoff_timestamp: i64) -> Answer<u32> {
        self.sweep(Kind::PendingInbound, "n < ?3", cutoff_timestamp).await
    }
}

fn is_full(error: &EngineError) -> bool {
    let EngineError::Database(inner) = error else { return false };
    inner.downcast_ref::<StoreError>() == Some(&StoreError::Full)
}

impl Credentials {
    /// Read, decided and written within one transaction: two of these may run at once.
    async fn change_tc_token(
        &self,
        jid: &str,
        change: impl FnOnce(Option<TcTokenEntry>) -> Option<TcTokenEntry> + Send + 'static,
    ) -> Answer<()> {
        let jid = jid.to_owned();
        self.writing(move |rows: &Rows<'_>| {
            let known = rows.get(Kind::TcToken, &jid)?;
            let known = known.map(|(value, _)| serde_json::from_slice(&value)).transpose()?;
            let Some(entry) = change(known) else { return Ok(()) };
            let put = Put::json(Kind::TcToken, jid, &entry)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            rows.put(&put)
        })
        .await
    }
}
