//! A message in the original's shape (`evolution-2.3.md` §4.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::types::message::MessageInfo;
use whatsapp_rust::waproto::whatsapp::Message;

use crate::model::InstanceUuid;

/// The `data` of `MESSAGES_UPSERT`; none for what is no message to a person.
pub(super) fn upsert(message: &Message, info: &MessageInfo, uuid: &InstanceUuid) -> Option<Value> {
    let (kind, body) = content(message.get_base_message())?;
    let source = &info.source;
    let mut key = json!({
        "remoteJid": source.chat.to_non_ad_string(),
        "fromMe": source.is_from_me,
        "id": info.id.clone(),
    });
    if source.is_group
        && let Some(key) = key.as_object_mut()
    {
        key.insert("participant".into(), json!(source.sender.to_non_ad_string()));
    }
    Some(json!({
        "key": key,
        "pushName": info.push_name,
        "status": if source.is_from_me { "SERVER_ACK" } else { "DELIVERY_ACK" },
        "message": { kind: body },
        "messageType": kind,
        "messageTimestamp": info.timestamp.timestamp(),
        "instanceId": uuid,
        "source": "unknown",
    }))
}

/// The kind of a message and its body. Text is always `conversation`, as the original has it.
fn content(message: &Message) -> Option<(&'static str, Value)> {
    if let Some(text) = &message.conversation {
        return Some(("conversation", json!(text)));
    }
    if let Some(text) = message.extended_text_message.as_option() {
        return Some(("conversation", json!(text.text)));
    }
    macro_rules! media {
        ($($field:ident $name:literal [$($extra:ident $wire:literal),*];)+) => {
            $(if let Some(media) = message.$field.as_option() {
                let mut body = Map::new();
                put(&mut body, "url", media.url.as_ref().map(|v| json!(v)));
                put(&mut body, "directPath", media.direct_path.as_ref().map(|v| json!(v)));
                put(&mut body, "mimetype", media.mimetype.as_ref().map(|v| json!(v)));
                put(&mut body, "fileLength", media.file_length.map(|v| json!(v.to_string())));
                put(&mut body, "fileSha256", media.file_sha256.as_ref().map(|v| json!(STANDARD.encode(v))));
                put(&mut body, "fileEncSha256", media.file_enc_sha256.as_ref().map(|v| json!(STANDARD.encode(v))));
                put(&mut body, "mediaKey", media.media_key.as_ref().map(|v| json!(STANDARD.encode(v))));
                $(put(&mut body, $wire, media.$extra.as_ref().map(|v| json!(v)));)*
                return Some(($name, Value::Object(body)));
            })+
        };
    }
    media! {
        image_message "imageMessage" [caption "caption", width "width", height "height"];
        video_message "videoMessage" [caption "caption", seconds "seconds", gif_playback "gifPlayback"];
        audio_message "audioMessage" [seconds "seconds", ptt "ptt"];
        document_message "documentMessage" [caption "caption", file_name "fileName", title "title", page_count "pageCount"];
        sticker_message "stickerMessage" [is_animated "isAnimated"];
    }
    if let Some(place) = message.location_message.as_option() {
        let body = json!({"degreesLatitude": place.degrees_latitude, "degreesLongitude": place.degrees_longitude,
            "name": place.name, "address": place.address});
        return Some(("locationMessage", body));
    }
    if let Some(contact) = message.contact_message.as_option() {
        return Some((
            "contactMessage",
            json!({"displayName": contact.display_name, "vcard": contact.vcard}),
        ));
    }
    if let Some(reaction) = message.reaction_message.as_option() {
        let key = reaction.key.as_option();
        let key = key.map(|key| json!({"remoteJid": key.remote_jid, "fromMe": key.from_me, "id": key.id}));
        return Some(("reactionMessage", json!({"key": key, "text": reaction.text})));
    }
    // Keys for groups and the phone's own notes to its devices are no messages to a person.
    if message.sender_key_distribution_message.as_option().is_some()
        || message.protocol_message.as_option().is_some()
    {
        return None;
    }
    Some(("unknownMessage", json!({})))
}

fn put(body: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        body.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::content;
    use whatsapp_rust::buffa::MessageField;
    use whatsapp_rust::waproto::whatsapp::Message;
    use whatsapp_rust::waproto::whatsapp::message::{ExtendedTextMessage, ImageMessage, ProtocolMessage};

    #[test]
    fn text_of_either_kind_is_a_conversation() {
        let plain = Message { conversation: Some("oi".into()), ..Message::default() };
        let extended = ExtendedTextMessage { text: Some("oi".into()), ..ExtendedTextMessage::default() };
        let extended = Message { extended_text_message: MessageField::some(extended), ..Message::default() };
        for message in [plain, extended] {
            assert_eq!(content(&message), Some(("conversation", "oi".into())));
        }
    }

    #[test]
    fn media_keeps_what_loading_it_needs() {
        let image = ImageMessage { media_key: Some(vec![0, 1, 2]), ..ImageMessage::default() };
        let message = Message { image_message: MessageField::some(image), ..Message::default() };
        let (kind, body) = content(&message).unwrap();
        assert_eq!((kind, body["mediaKey"].as_str()), ("imageMessage", Some("AAEC")));
    }

    #[test]
    fn notes_between_devices_are_no_messages() {
        let note = Message {
            protocol_message: MessageField::some(ProtocolMessage::default()),
            ..Message::default()
        };
        assert_eq!(content(&note), None);
    }
}
