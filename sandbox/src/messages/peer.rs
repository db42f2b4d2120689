//! What a phone tells its own devices and no human reads: keys of the app state, history (protocol page §5.1).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;
use waproto::whatsapp::message::protocol_message::Type;
use waproto::whatsapp::message::{
    AppStateSyncKeyFingerprint, AppStateSyncKeyRequest, AppStateSyncKeyShare, HistorySyncNotification,
    ProtocolMessage,
};

use super::send::{Outgoing, message_id};
use super::{Sent, keep};
use crate::told::Refused;
use crate::world::{State, World, device_key};

/// Messages of a chat in the history.
const PER_CHAT: usize = 20;

impl World {
    /// The phone welcomes a device that has uploaded prekeys and is active: once.
    pub(crate) fn greet(&self, phone: &str, device: u16) {
        let now = self.unix();
        let mut state = self.lock();
        let known = state.durable.devices.get_mut(&device_key(phone, device));
        let Some(known) = known.filter(|known| !known.greeted && !known.prekeys.is_empty()) else { return };
        known.greeted = true;
        let history = self.history;
        let greeted = state
            .share_keys(phone, device, None, now)
            .and_then(|()| if history { state.share_history(phone, device, now) } else { Ok(()) });
        if let Err(why) = greeted {
            state.tell(0, "violation", format!("{phone} could not greet its device {device}: {why}"));
        }
        self.changed();
    }
}

impl State {
    /// A device asks its phone for something.
    pub(super) fn asked_of_phone(
        &mut self,
        phone: &str,
        device: u16,
        message: &wa::Message,
        now: u64,
    ) -> Result<(), String> {
        let Some(protocol) = message.protocol_message.as_option() else { return Ok(()) };
        if protocol.r#type != Some(Type::APP_STATE_SYNC_KEY_REQUEST) {
            return Ok(());
        }
        let request = protocol.app_state_sync_key_request.as_option().ok_or("a request for no keys")?;
        self.tell(0, "keys_wanted", format!("{phone}:{device} wants {} keys", request.key_ids.len()));
        self.share_keys(phone, device, Some(request), now).map_err(|refused| refused.0)
    }

    /// The keys that were asked for; without a request the one that is in use.
    fn share_keys(
        &mut self,
        phone: &str,
        device: u16,
        asked: Option<&AppStateSyncKeyRequest>,
        now: u64,
    ) -> Result<(), Refused> {
        let account =
            self.durable.accounts.get(phone).ok_or_else(|| Refused(format!("no account {phone}")))?;
        let fingerprint = AppStateSyncKeyFingerprint {
            raw_id: Some(account.adv_raw_id),
            current_index: Some(account.current_key_index()),
            device_indexes: std::iter::once(0).chain(account.linked().map(|slot| slot.key_index)).collect(),
        };
        let kept = self.app_state(phone, now)?;
        let ids = match asked {
            Some(asked) => asked.key_ids.iter().filter_map(|id| id.key_id.clone()).collect(),
            None => vec![kept.key_id().to_vec()],
        };
        let share =
            AppStateSyncKeyShare { keys: ids.iter().map(|id| kept.shared(id, &fingerprint)).collect() };
        let protocol = ProtocolMessage {
            r#type: Some(Type::APP_STATE_SYNC_KEY_SHARE),
            app_state_sync_key_share: MessageField::some(share),
            ..ProtocolMessage::default()
        };
        self.write_to_peer(phone, device, protocol, now)
    }

    /// The newest messages of every chat, inside of the message itself.
    fn share_history(&mut self, phone: &str, device: u16, now: u64) -> Result<(), Refused> {
        let history = self.history_of(phone);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        let packed = zlib.write_all(&history.encode_to_vec()).and_then(|()| zlib.finish());
        let packed = packed.map_err(|error| Refused(error.to_string()))?;
        let notification = HistorySyncNotification {
            sync_type: Some(wa::message::HistorySyncType::INITIAL_BOOTSTRAP),
            chunk_order: Some(1),
            progress: Some(100),
            initial_hist_bootstrap_inline_payload: Some(packed),
            ..HistorySyncNotification::default()
        };
        let protocol = ProtocolMessage {
            r#type: Some(Type::HISTORY_SYNC_NOTIFICATION),
            history_sync_notification: MessageField::some(notification),
            ..ProtocolMessage::default()
        };
        self.write_to_peer(phone, device, protocol, now)
    }

    fn history_of(&self, phone: &str) -> wa::HistorySync {
        let jid = |number: &str| format!("{number}@s.whatsapp.net");
        let mut chats: BTreeMap<String, Vec<wa::WebMessageInfo>> = BTreeMap::new();
        let info = |chat: &str, from_me, id: &str, at, message: &wa::Message| wa::WebMessageInfo {
            key: MessageField::some(wa::MessageKey {
                remote_jid: Some(chat.to_owned()),
                from_me: Some(from_me),
                id: Some(id.to_owned()),
                ..wa::MessageKey::default()
            }),
            message: MessageField::some(message.clone()),
            message_timestamp: Some(at),
            ..wa::WebMessageInfo::default()
        };
        for received in self.traffic.received.get(phone).into_iter().flatten() {
            let writer = received.from.split([':', '@']).next().unwrap_or_default();
            let own = writer == phone;
            let chat = if own { received.to.clone() } else { jid(writer) };
            let message = info(&chat, own, &received.id, received.at, &received.opened);
            chats.entry(chat).or_default().push(message);
        }
        for sent in self.traffic.sent.get(phone).into_iter().flatten().filter(|sent| !sent.peer) {
            let chat = jid(&sent.to);
            let message = info(&chat, true, &sent.id, sent.at, &sent.message);
            chats.entry(chat).or_default().push(message);
        }
        let known = chats.keys().filter_map(|chat| chat.split('@').next()).chain([phone]);
        let known = known.filter_map(|number| self.durable.accounts.get(number)).collect::<Vec<_>>();
        let mut seen = BTreeSet::new();
        let pushnames = known.iter().filter(|account| seen.insert(account.phone.clone())).map(|account| {
            wa::Pushname { id: Some(account.jid(0).to_string()), pushname: Some(account.push_name.clone()) }
        });
        let conversations = chats.into_iter().map(|(id, mut messages)| {
            messages.sort_by_key(|message| std::cmp::Reverse(message.message_timestamp));
            messages.truncate(PER_CHAT);
            let newest = messages.first().and_then(|message| message.message_timestamp);
            let messages = messages.into_iter().map(|message| wa::HistorySyncMsg {
                message: MessageField::some(message),
                ..Default::default()
            });
            wa::Conversation {
                id,
                messages: messages.collect(),
                last_msg_timestamp: newest,
                conversation_timestamp: newest,
                ..wa::Conversation::default()
            }
        });
        wa::HistorySync {
            sync_type: wa::history_sync::HistorySyncType::INITIAL_BOOTSTRAP,
            pushnames: pushnames.collect(),
            conversations: conversations.collect(),
            chunk_order: Some(1),
            progress: Some(100),
            ..wa::HistorySync::default()
        }
    }

    fn write_to_peer(
        &mut self,
        phone: &str,
        device: u16,
        protocol: ProtocolMessage,
        now: u64,
    ) -> Result<(), Refused> {
        let account = self.durable.accounts.get(phone).cloned();
        let account = account.ok_or_else(|| Refused(format!("no account {phone}")))?;
        let message =
            wa::Message { protocol_message: MessageField::some(protocol), ..wa::Message::default() };
        let id = message_id();
        let sent = Sent {
            id: id.clone(),
            to: phone.to_owned(),
            group: None,
            at: now,
            message: message.clone(),
            peer: true,
        };
        keep(&mut self.traffic.sent, phone, sent);
        let outgoing = Outgoing {
            id,
            from: account.clone(),
            to: account,
            group: None,
            message,
            at: now,
            again: None,
            peer: true,
        };
        self.write_to(&outgoing, phone, device)
    }
}
