//! What a link receives, as events. A message is acknowledged to WhatsApp only after it is on disk.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::json;
use whatsapp_rust::wacore::types::call::IncomingCall;
use whatsapp_rust::wacore::types::events::{ChatPresenceUpdate, InboundMessage, PresenceUpdate, Receipt};
use whatsapp_rust::wacore::types::presence::{ChatPresence, ReceiptType};
use whatsapp_rust::{Client, InboundDurabilityHook, anyhow};

use super::message;
use crate::link::{Inbox, LinkOptions};
use crate::model::{EventKind, InstanceUuid, NewEvent};

/// The engine calls it before it acknowledges.
pub(super) struct Hook {
    pub(super) inbox: Arc<dyn Inbox>,
    pub(super) uuid: InstanceUuid,
    pub(super) options: Arc<Mutex<LinkOptions>>,
}

#[async_trait]
impl InboundDurabilityHook for Hook {
    async fn on_messages(&self, _: Arc<Client>, batch: &[InboundMessage]) -> anyhow::Result<()> {
        let no_groups = self.options.lock().unwrap_or_else(PoisonError::into_inner).settings.groups_ignore;
        let wanted = batch.iter().filter(|m| {
            // The phone's own notes to its devices arrive as messages too.
            format!("{:?}", m.info.category) != "Peer" && !(no_groups && m.info.source.is_group)
        });
        let events: Vec<_> = wanted.filter_map(|m| self.event(m)).collect();
        if !events.is_empty() {
            self.inbox.store(events).await?;
        }
        Ok(())
    }
}

impl Hook {
    fn event(&self, inbound: &InboundMessage) -> Option<NewEvent> {
        let data = message::upsert(&inbound.message, &inbound.info, &self.uuid)?;
        let source = &inbound.info.source;
        let key = format!("message/{}/{}/{}", source.chat, source.sender, inbound.info.id);
        Some(NewEvent::once(EventKind::MessagesUpsert, data, key))
    }
}

/// `MESSAGES_UPDATE` for what a receipt says of our messages; none for receipts between devices.
pub(super) fn receipt(receipt: &Receipt) -> Option<NewEvent> {
    let status = match receipt.r#type {
        ReceiptType::Delivered => "DELIVERY_ACK",
        ReceiptType::Read | ReceiptType::ReadSelf => "READ",
        ReceiptType::Played | ReceiptType::PlayedSelf => "PLAYED",
        ReceiptType::Sender => "SERVER_ACK",
        ReceiptType::ServerError => "ERROR",
        _ => return None,
    };
    let source = &receipt.source;
    let ids: Vec<String> = receipt.message_ids.iter().map(ToString::to_string).collect();
    let data = json!({
        "keyId": ids.first(),
        "keyIds": ids,
        "remoteJid": source.chat.to_non_ad_string(),
        "fromMe": source.is_from_me,
        "participant": source.is_group.then(|| source.sender.to_non_ad_string()),
        "status": status,
    });
    let key = format!("receipt/{}/{}/{status}/{}", source.chat, source.sender, ids.join(","));
    Some(NewEvent::once(EventKind::MessagesUpdate, data, key))
}

pub(super) fn chat_presence(update: &ChatPresenceUpdate) -> NewEvent {
    let state = match update.state {
        ChatPresence::Composing => "composing",
        ChatPresence::Paused => "paused",
    };
    presence_of(&update.source.chat.to_non_ad_string(), &update.source.sender.to_non_ad_string(), state)
}

pub(super) fn presence(update: &PresenceUpdate) -> NewEvent {
    let jid = update.from.to_non_ad_string();
    presence_of(&jid, &jid, if update.unavailable { "unavailable" } else { "available" })
}

fn presence_of(chat: &str, who: &str, state: &str) -> NewEvent {
    NewEvent::new(
        EventKind::PresenceUpdate,
        json!({"id": chat, "presences": { who: {"lastKnownPresence": state} }}),
    )
}

pub(super) fn call(call: &IncomingCall) -> NewEvent {
    let data = json!({
        "id": call.stanza_id,
        "from": call.from.to_non_ad_string(),
        "date": call.timestamp.to_rfc3339(),
        "offline": call.offline,
        "isGroup": call.group.is_some(),
    });
    NewEvent::once(EventKind::Call, data, format!("call/{}/{}", call.from, call.stanza_id))
}
