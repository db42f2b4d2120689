//! What a message tells, in the original's shapes (`evolution-2.3.md` §4.3) with its traps mended.

use serde_json::{Map, Value, json};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::message::{MessageInfo, MessageSource};
use whatsapp_rust::wacore_binary::JidExt as _;
use whatsapp_rust::waproto::whatsapp::Message;

use super::shape::shape;
use crate::model::{EventKind, InstanceUuid, Settings};

/// What comes along with a message and is none.
const ASIDE: [&str; 3] =
    ["messageContextInfo", "senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage"];

/// Whether the owner wants to hear of this chat: groups and what is posted to everybody are a choice.
pub(super) fn is_chosen(source: &MessageSource, settings: &Settings) -> bool {
    !(settings.groups_ignore && is_in_group(source))
        && (settings.read_status || !source.chat.is_status_broadcast())
}

/// The engine marks messages of groups, and not what else is told of them.
fn is_in_group(source: &MessageSource) -> bool {
    source.is_group || source.chat.is_group()
}

/// Its kind and data; none for what is no message to a person: keys for groups, notes between devices.
pub(super) fn event(
    message: &Message,
    info: &MessageInfo,
    uuid: &InstanceUuid,
) -> Option<(EventKind, Value)> {
    let Some(Value::Object(body)) = shape(message) else { return None };
    let (name, content) = content(body)?;
    let key = key(&info.source, &info.id);
    if name == "protocolMessage" {
        return note(key, &content);
    }
    Some((EventKind::MessagesUpsert, upsert(&key, name, content, info, uuid)))
}

fn upsert(key: &Value, name: String, content: Value, info: &MessageInfo, uuid: &InstanceUuid) -> Value {
    let quoting = content.get("contextInfo").cloned();
    // Text with a context and text without one are the same kind to a receiver.
    let (name, content) = if name == "extendedTextMessage" {
        ("conversation".to_owned(), content.get("text").cloned().unwrap_or_else(|| "".into()))
    } else {
        (name, content)
    };
    let mut data = json!({
        "key": key,
        "pushName": info.push_name,
        "status": if info.source.is_from_me { "SERVER_ACK" } else { "DELIVERY_ACK" },
        "message": { &name: content },
        "messageType": name,
        "messageTimestamp": info.timestamp.timestamp(),
        "instanceId": uuid,
        "source": device(&info.id),
    });
    if let (Some(quoting), Some(data)) = (quoting, data.as_object_mut()) {
        data.insert("contextInfo".into(), quoting);
    }
    data
}

/// A message may take another one back, or put a new text in its place; other notes concern no person.
fn note(key: Value, note: &Value) -> Option<(EventKind, Value)> {
    let mut whole = key;
    let (target, whole_key) = (note.pointer("/key/id")?, whole.as_object_mut()?);
    whole_key.insert("id".into(), target.clone());
    match note.get("type").and_then(Value::as_str) {
        Some("REVOKE") => Some((EventKind::MessagesDelete, whole)),
        Some("MESSAGE_EDIT") => {
            let mut data = note.as_object()?.clone();
            data.insert("key".into(), whole);
            if let Some(Value::Object(edited)) = data.get("editedMessage").cloned()
                && let Some((name, text)) = content(edited)
            {
                data.insert("editedMessage".into(), json!({ name: text }));
            }
            Some((EventKind::MessagesEdited, Value::Object(data)))
        }
        _ => None,
    }
}

/// The one thing that a message says, out of all its wrappers (view once, disappearing, sent by another
/// device of ours, with a caption …).
fn content(mut message: Map<String, Value>) -> Option<(String, Value)> {
    loop {
        let (name, content) = message.into_iter().find(|(name, _)| !ASIDE.contains(&name.as_str()))?;
        match unwrapped(&name, content) {
            Ok(wrapped) => message = wrapped,
            Err(content) => return Some((name, content)),
        }
    }
}

/// What is in a wrapper; the content itself when it is none.
fn unwrapped(name: &str, content: Value) -> Result<Map<String, Value>, Value> {
    let Value::Object(mut members) = content else { return Err(content) };
    let wraps = name == "deviceSentMessage" || members.len() == 1;
    match members.remove("message") {
        Some(Value::Object(message)) if wraps => Ok(message),
        Some(other) => {
            members.insert("message".into(), other);
            Err(Value::Object(members))
        }
        None => Err(Value::Object(members)),
    }
}

/// The chat by number where WhatsApp told the number, because that is what programs know; the other
/// form beside it.
pub(super) fn key(source: &MessageSource, id: &str) -> Value {
    let alt = if source.is_from_me { &source.recipient_alt } else { &source.sender_alt };
    let mut key = json!({"fromMe": source.is_from_me, "id": id});
    let Some(members) = key.as_object_mut() else { return key };
    let mut put = |name: &str, of: &Jid, other: Option<&Jid>| {
        let (first, second) = match other {
            Some(other) if of.is_lid() && other.is_pn() => (other, Some(of)),
            other => (of, other),
        };
        members.insert(name.into(), json!(first.to_non_ad_string()));
        if let Some(second) = second {
            members.insert(format!("{name}Alt"), json!(second.to_non_ad_string()));
        }
    };
    if is_in_group(source) {
        put("remoteJid", &source.chat, None);
        put("participant", &source.sender, source.sender_alt.as_ref());
    } else {
        put("remoteJid", &source.chat, alt.as_ref());
    }
    key
}

/// The kind of app that sent a message, by the shape of its id, which each kind makes in its own way.
fn device(id: &str) -> &'static str {
    match (id.len(), id.get(..2)) {
        (20, Some("3A")) => "ios",
        (22, Some("3E")) => "web",
        (21 | 32, _) => "android",
        (_, Some("3F")) | (18, _) => "desktop",
        _ => "unknown",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{content, device, key, note, upsert};
    use crate::link::web::shape::shape;
    use crate::model::{EventKind, InstanceUuid};
    use serde_json::{Value, json};
    use whatsapp_rust::buffa::MessageField;
    use whatsapp_rust::wacore::types::message::{MessageInfo, MessageSource};
    use whatsapp_rust::waproto::whatsapp::message::{ExtendedTextMessage, FutureProofMessage, ImageMessage};
    use whatsapp_rust::waproto::whatsapp::{ContextInfo, Message};

    fn said(message: &Message) -> (String, Value) {
        let Some(Value::Object(body)) = shape(message) else { panic!("nothing") };
        content(body).unwrap()
    }

    #[test]
    fn text_of_either_kind_is_a_conversation_with_its_context_beside_it() {
        let context = ContextInfo { stanza_id: Some("3A".into()), ..ContextInfo::default() };
        let extended = ExtendedTextMessage {
            text: Some("oi".into()),
            context_info: MessageField::some(context),
            ..ExtendedTextMessage::default()
        };
        let extended = Message { extended_text_message: MessageField::some(extended), ..Message::default() };
        let (name, body) = said(&extended);
        let data = upsert(&json!({}), name, body, &MessageInfo::default(), &InstanceUuid("u".into()));
        assert_eq!(
            (data["message"].clone(), &data["messageType"]),
            (json!({"conversation": "oi"}), &json!("conversation"))
        );
        assert_eq!(data["contextInfo"], json!({"stanzaId": "3A"}));
        let plain = Message { conversation: Some("oi".into()), ..Message::default() };
        assert_eq!(said(&plain), ("conversation".into(), json!("oi")));
    }

    #[test]
    fn wrappers_are_taken_off_and_what_loading_takes_stays() {
        let image = ImageMessage { media_key: Some(vec![0, 1, 2]), ..ImageMessage::default() };
        let inner = Message { image_message: MessageField::some(image), ..Message::default() };
        let wrapper =
            |message| MessageField::some(FutureProofMessage { message: MessageField::some(message) });
        let once = Message { view_once_message_v2: wrapper(inner), ..Message::default() };
        let twice = Message { ephemeral_message: wrapper(once), ..Message::default() };
        assert_eq!(said(&twice), ("imageMessage".into(), json!({"mediaKey": "AAEC"})));
    }

    #[test]
    fn a_message_taken_back_or_changed_is_told_by_its_own_key() {
        let key = json!({"remoteJid": "5511@s.whatsapp.net", "fromMe": false, "id": "NEW"});
        let revoke = json!({"type": "REVOKE", "key": {"id": "OLD", "fromMe": true}});
        let (kind, data) = note(key.clone(), &revoke).unwrap();
        assert_eq!(
            (kind, &data["id"], &data["fromMe"]),
            (EventKind::MessagesDelete, &json!("OLD"), &json!(false))
        );
        let edit = json!({"type": "MESSAGE_EDIT", "key": {"id": "OLD"}, "editedMessage": {"conversation": "new"}, "timestampMs": 5});
        let (kind, data) = note(key.clone(), &edit).unwrap();
        assert_eq!(
            (kind, &data["editedMessage"]["conversation"]),
            (EventKind::MessagesEdited, &json!("new"))
        );
        assert_eq!(
            (&data["key"]["id"], &data["key"]["remoteJid"]),
            (&json!("OLD"), &json!("5511@s.whatsapp.net"))
        );
        let keys = json!({"type": "APP_STATE_SYNC_KEY_SHARE", "key": {"id": "X"}});
        assert_eq!(note(key, &keys), None, "a note between devices");
    }

    #[test]
    fn keys_for_groups_alone_are_no_message() {
        let keys = json!({"senderKeyDistributionMessage": {"groupId": "g"}, "messageContextInfo": {}});
        assert_eq!(content(keys.as_object().unwrap().clone()), None);
    }

    #[test]
    fn a_chat_is_told_by_its_number_where_that_is_known() {
        let source = MessageSource {
            chat: "123@lid".parse().unwrap(),
            sender: "123:4@lid".parse().unwrap(),
            sender_alt: Some("5511:4@s.whatsapp.net".parse().unwrap()),
            ..MessageSource::default()
        };
        let one = key(&source, "X");
        assert_eq!(one["remoteJid"], "5511@s.whatsapp.net");
        assert_eq!(one["remoteJidAlt"], "123@lid");
        let group = MessageSource { chat: "9@g.us".parse().unwrap(), is_group: true, ..source };
        let group = key(&group, "X");
        assert_eq!(
            (&group["remoteJid"], &group["participant"]),
            (&json!("9@g.us"), &json!("5511@s.whatsapp.net"))
        );
        assert_eq!(group["participantAlt"], "123@lid");
    }

    #[test]
    fn apps_are_told_by_the_shape_of_their_ids() {
        for (id, app) in [
            ("3A0123456789ABCDEF01", "ios"),
            ("3EB0123456789ABCDEF012", "web"),
            ("0123456789ABCDEF0123456789ABCDEF", "android"),
            ("3F12", "desktop"),
            ("wamid.X", "unknown"),
        ] {
            assert_eq!(device(id), app, "{id}");
        }
    }
}
