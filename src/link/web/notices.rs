//! What the engine tells beside messages: receipts, presence, calls. It acknowledges these by itself, so
//! they are stored as soon as they are heard, and those that wait in one commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::mpsc;
use whatsapp_rust::wacore::types::call::{CallAction, IncomingCall, MissedCall};
use whatsapp_rust::wacore::types::events::{
    ChatPresenceUpdate, Event, EventHandler, PresenceUpdate, Receipt,
};
use whatsapp_rust::wacore::types::presence::{ChatPresence, ReceiptType};

use super::message;
use crate::link::Inbox;
use crate::model::{EventKind, InstanceName, InstanceUuid, NewEvent};

/// Notices that may wait for the disk; the engine's read loop waits for nobody.
const CAPACITY: usize = 4096;
/// In one commit.
const BATCH: usize = 256;

/// Hands notices to the task that stores them.
pub(super) struct Notices {
    uuid: InstanceUuid,
    waiting: mpsc::Sender<NewEvent>,
    dropped: Arc<AtomicU64>,
}

impl Notices {
    /// The task ends when this is dropped with the engine's client, and all is stored.
    pub(super) fn start(inbox: Arc<dyn Inbox>, uuid: InstanceUuid, name: InstanceName) -> Self {
        let (waiting, receiver) = mpsc::channel(CAPACITY);
        let dropped = Arc::new(AtomicU64::new(0));
        tokio::spawn(store(receiver, inbox, Arc::clone(&dropped), name));
        Self { uuid, waiting, dropped }
    }
}

impl EventHandler for Notices {
    /// Inside the engine's read loop, so it never waits.
    fn handle_event(&self, event: Arc<Event>) {
        let notices = match &*event {
            Event::Receipt(receipt) => receipts(receipt, &self.uuid),
            Event::ChatPresence(presence) => vec![chat_presence(presence)],
            Event::Presence(update) => vec![presence(update)],
            Event::IncomingCall(incoming) => call(incoming).into_iter().collect(),
            Event::MissedCall(missed) => vec![missed_call(missed)],
            _ => return,
        };
        for notice in notices {
            if self.waiting.try_send(notice).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

async fn store(
    mut waiting: mpsc::Receiver<NewEvent>,
    inbox: Arc<dyn Inbox>,
    dropped: Arc<AtomicU64>,
    name: InstanceName,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::error!(instance = %name, lost, "the disk does not keep up with receipts and presence");
            let data = json!({"lost": lost, "why": "the disk did not keep up with receipts and presence"});
            batch.push(NewEvent::new(EventKind::EventsLost, data));
        }
        let stored = inbox.store(std::mem::take(&mut batch)).await;
        if let Err(error) = stored {
            tracing::error!(instance = %name, %error, "receipts, presence or calls were not stored");
        }
    }
}

/// `MESSAGES_UPDATE` for each message that a receipt speaks of; none for receipts between devices.
fn receipts(receipt: &Receipt, uuid: &InstanceUuid) -> Vec<NewEvent> {
    let status = match receipt.r#type {
        ReceiptType::Delivered => "DELIVERY_ACK",
        ReceiptType::Read | ReceiptType::ReadSelf => "READ",
        ReceiptType::Played | ReceiptType::PlayedSelf => "PLAYED",
        ReceiptType::Sender => "SERVER_ACK",
        ReceiptType::ServerError => "ERROR",
        _ => return Vec::new(),
    };
    let source = &receipt.source;
    let told = receipt.message_ids.iter().map(|id| {
        let key = message::key(source, id);
        let mut data = json!({
            "keyId": key.get("id"),
            "messageId": key.get("id"),
            "remoteJid": key.get("remoteJid"),
            // What others tell of is ours; what we tell of from another device is theirs.
            "fromMe": !source.is_from_me || receipt.r#type == ReceiptType::Sender,
            "status": status,
            "messageTimestamp": receipt.timestamp.timestamp(),
            "instanceId": uuid,
        });
        for name in ["remoteJidAlt", "participant", "participantAlt"] {
            if let (Some(value), Some(data)) = (key.get(name), data.as_object_mut()) {
                data.insert(name.into(), value.clone());
            }
        }
        let once = format!("receipt/{}/{}/{status}/{id}", source.chat, source.sender);
        NewEvent::once(EventKind::MessagesUpdate, data, once)
    });
    told.collect()
}

fn chat_presence(update: &ChatPresenceUpdate) -> NewEvent {
    let state = match update.state {
        ChatPresence::Composing => "composing",
        ChatPresence::Paused => "paused",
    };
    presence_of(&update.source.chat.to_non_ad_string(), &update.source.sender.to_non_ad_string(), state)
}

fn presence(update: &PresenceUpdate) -> NewEvent {
    let jid = update.from.to_non_ad_string();
    presence_of(&jid, &jid, if update.unavailable { "unavailable" } else { "available" })
}

fn presence_of(chat: &str, who: &str, state: &str) -> NewEvent {
    NewEvent::new(
        EventKind::PresenceUpdate,
        json!({"id": chat, "presences": { who: {"lastKnownPresence": state} }}),
    )
}

/// What a person would notice of a call; how devices find each other is none of it.
fn call(incoming: &IncomingCall) -> Option<NewEvent> {
    let (status, video, group) = match &incoming.action {
        CallAction::Offer { is_video, group_jid, .. } => ("offer", Some(*is_video), group_jid.is_some()),
        CallAction::OfferNotice { is_video, is_group, .. } => ("offer", Some(*is_video), *is_group),
        CallAction::Accept { .. } => ("accept", None, false),
        CallAction::Reject { .. } => ("reject", None, false),
        CallAction::Terminate { reason, .. } if reason.as_deref() == Some("timeout") => {
            ("timeout", None, false)
        }
        CallAction::Terminate { .. } => ("terminate", None, false),
        _ => return None,
    };
    let mut data = call_data(incoming.action.call_id(), &incoming.from.to_non_ad_string(), status);
    if let Some(data) = data.as_object_mut() {
        data.insert("date".into(), json!(incoming.timestamp.to_rfc3339()));
        data.insert("offline".into(), json!(incoming.offline));
        data.insert("isGroup".into(), json!(group || incoming.group.is_some()));
        if let Some(video) = video {
            data.insert("isVideo".into(), json!(video));
        }
    }
    let once = format!("call/{}/{}/{status}", incoming.from, incoming.action.call_id());
    Some(NewEvent::once(EventKind::Call, data, once))
}

fn missed_call(missed: &MissedCall) -> NewEvent {
    let mut data = call_data(&missed.call_id, &missed.from.to_non_ad_string(), "timeout");
    if let Some(data) = data.as_object_mut() {
        data.insert("date".into(), json!(missed.timestamp.to_rfc3339()));
    }
    NewEvent::once(EventKind::Call, data, format!("call/{}/{}/timeout", missed.from, missed.call_id))
}

fn call_data(id: &str, from: &str, status: &str) -> Value {
    json!({"id": id, "chatId": from, "from": from, "status": status})
}
