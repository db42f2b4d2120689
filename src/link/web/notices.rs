//! What the engine tells beside messages: receipts, presence, calls. It acknowledges these by itself, so
//! they are stored as soon as they are heard, and those that wait in one commit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::mpsc;
use whatsapp_rust::wacore::types::events::{
    ChatPresenceUpdate, Event, EventHandler, PresenceUpdate, Receipt,
};
use whatsapp_rust::wacore::types::message::MessageSource;
use whatsapp_rust::wacore::types::presence::{ChatPresence, ChatPresenceMedia, ReceiptType};

use super::calls::Calls;
use super::message;
use crate::link::{Inbox, LinkOptions};
use crate::model::{EventKind, InstanceName, InstanceUuid, NewEvent};

/// Notices that may wait for the disk; the engine's read loop waits for nobody.
const CAPACITY: usize = 4096;
/// In one commit.
const BATCH: usize = 256;

/// Hands notices to the task that stores them.
pub(super) struct Notices {
    uuid: InstanceUuid,
    options: Arc<Mutex<LinkOptions>>,
    calls: Calls,
    waiting: mpsc::Sender<NewEvent>,
    dropped: Arc<AtomicU64>,
}

impl Notices {
    /// The task ends when this is dropped with the engine's client, and all is stored.
    pub(super) fn start(
        inbox: Arc<dyn Inbox>,
        uuid: InstanceUuid,
        name: InstanceName,
        options: Arc<Mutex<LinkOptions>>,
    ) -> Self {
        let (waiting, receiver) = mpsc::channel(CAPACITY);
        let dropped = Arc::new(AtomicU64::new(0));
        tokio::spawn(store(receiver, inbox, Arc::clone(&dropped), name));
        Self { uuid, options, calls: Calls::default(), waiting, dropped }
    }

    /// As of messages.
    fn is_wanted(&self, source: &MessageSource) -> bool {
        message::is_chosen(source, &self.options.lock().unwrap_or_else(PoisonError::into_inner).settings)
    }
}

impl EventHandler for Notices {
    /// Inside the engine's read loop, so it never waits.
    fn handle_event(&self, event: Arc<Event>) {
        let notices = match &*event {
            Event::Receipt(receipt) if self.is_wanted(&receipt.source) => receipts(receipt, &self.uuid),
            Event::ChatPresence(presence) if self.is_wanted(&presence.source) => {
                vec![chat_presence(presence)]
            }
            Event::Presence(update) => vec![presence(update)],
            Event::IncomingCall(incoming) => self.calls.told(incoming).into_iter().collect(),
            Event::MissedCall(missed) => vec![self.calls.missed(missed)],
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
    let state = match (update.state, update.media) {
        (ChatPresence::Composing, ChatPresenceMedia::Text) => "composing",
        (ChatPresence::Composing, ChatPresenceMedia::Audio) => "recording",
        (ChatPresence::Paused, _) => "paused",
    };
    // By number where WhatsApp told it, as messages are.
    let key = message::key(&update.source, "");
    let jid = |name: &str| key.get(name).and_then(Value::as_str);
    let chat = jid("remoteJid").unwrap_or_default();
    presence_of(chat, jid("participant").unwrap_or(chat), state)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::message::is_chosen;
    use super::{chat_presence, presence, receipts};
    use crate::model::{EventKind, InstanceUuid, NewEvent, Settings};
    use serde_json::json;
    use whatsapp_rust::Jid;
    use whatsapp_rust::chrono::DateTime;
    use whatsapp_rust::wacore::types::events::{ChatPresenceUpdate, PresenceUpdate, Receipt};
    use whatsapp_rust::wacore::types::message::MessageSource;
    use whatsapp_rust::wacore::types::presence::{ChatPresence, ChatPresenceMedia, ReceiptType};

    fn jid(text: &str) -> Jid {
        text.parse().unwrap()
    }

    /// A chat that is known by its LID, and its number.
    fn maria() -> MessageSource {
        MessageSource {
            chat: jid("123@lid"),
            sender: jid("123:4@lid"),
            sender_alt: Some(jid("5511:4@s.whatsapp.net")),
            ..MessageSource::default()
        }
    }

    fn receipt(kind: ReceiptType, source: MessageSource) -> Vec<NewEvent> {
        let receipt = Receipt::builder()
            .source(source)
            .message_ids(vec!["A".into(), "B".into()])
            .timestamp(DateTime::from_timestamp(1_795_000_000, 0).unwrap())
            .r#type(kind)
            .offline(false)
            .build();
        receipts(&receipt, &InstanceUuid("u".into()))
    }

    #[test]
    fn a_receipt_is_one_event_for_each_message_and_once() {
        let events = receipt(ReceiptType::Read, maria());
        assert_eq!(
            events.iter().map(|event| (event.kind, &event.data["keyId"])).collect::<Vec<_>>(),
            [(EventKind::MessagesUpdate, &json!("A")), (EventKind::MessagesUpdate, &json!("B"))]
        );
        let data = &events.first().unwrap().data;
        for (name, value) in [
            ("status", json!("READ")),
            ("remoteJid", json!("5511@s.whatsapp.net")),
            ("remoteJidAlt", json!("123@lid")),
            ("fromMe", json!(true)),
            ("instanceId", json!("u")),
        ] {
            assert_eq!(data[name], value, "{name}");
        }
        let again = receipt(ReceiptType::Read, maria());
        assert_eq!(again.first().unwrap().dedup, events.first().unwrap().dedup);
        assert_ne!(
            receipt(ReceiptType::Played, maria()).first().unwrap().dedup,
            events.first().unwrap().dedup
        );
        let ours = MessageSource { is_from_me: true, ..maria() };
        assert_eq!(receipt(ReceiptType::ReadSelf, ours).first().unwrap().data["fromMe"], false);
        assert!(receipt(ReceiptType::Retry, maria()).is_empty(), "between devices");
    }

    #[test]
    fn who_in_a_group_has_read_is_told() {
        let read = receipt(ReceiptType::Read, MessageSource { chat: jid("1203@g.us"), ..maria() });
        let data = &read.first().unwrap().data;
        assert_eq!(
            (&data["remoteJid"], &data["participant"]),
            (&json!("1203@g.us"), &json!("5511@s.whatsapp.net"))
        );
    }

    /// As of messages: what the owner does not want to hear of is not told in parts either.
    #[test]
    fn groups_and_what_is_posted_to_everybody_are_a_choice() {
        let of = |chat: &str| MessageSource { chat: jid(chat), ..maria() };
        for (groups_ignore, read_status, heard) in [
            (false, false, [true, true, false]),
            (true, false, [true, false, false]),
            (true, true, [true, false, true]),
        ] {
            let settings = Settings { groups_ignore, read_status, ..Settings::default() };
            let chats = ["5511@s.whatsapp.net", "1203@g.us", "status@broadcast"];
            assert_eq!(chats.map(|chat| is_chosen(&of(chat), &settings)), heard);
        }
    }

    #[test]
    fn who_types_is_told_by_number() {
        let typing = |media| {
            let update = ChatPresenceUpdate::builder().source(maria()).state(ChatPresence::Composing);
            chat_presence(&update.media(media).build()).data
        };
        let told = |presence: &str| json!({"id": "5511@s.whatsapp.net", "presences": {"5511@s.whatsapp.net": {"lastKnownPresence": presence}}});
        assert_eq!(typing(ChatPresenceMedia::Text), told("composing"));
        assert_eq!(typing(ChatPresenceMedia::Audio), told("recording"));
        let gone = PresenceUpdate::builder().from(jid("5511@s.whatsapp.net")).unavailable(true).build();
        assert_eq!(presence(&gone).data, told("unavailable"));
    }
}
