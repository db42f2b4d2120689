//! Messages as they are inside their envelopes: protobuf and padding.

use wacore::messages::MessageUtils;
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::DeviceSentMessage;

/// A message of nothing but text.
#[must_use]
pub fn text(text: &str) -> wa::Message {
    wa::Message { conversation: Some(text.to_owned()), ..wa::Message::default() }
}

/// The same message as the other devices of its sender get it.
#[must_use]
pub fn device_sent(message: &wa::Message, chat: &str) -> wa::Message {
    let sent = DeviceSentMessage {
        destination_jid: Some(chat.to_owned()),
        message: MessageField::some(message.clone()),
        ..DeviceSentMessage::default()
    };
    wa::Message { device_sent_message: MessageField::some(sent), ..wa::Message::default() }
}

/// With one to sixteen bytes of padding, each of which says how many there are.
#[must_use]
pub fn pad(message: &wa::Message) -> Vec<u8> {
    MessageUtils::encode_and_pad(message)
}

/// Why an opened envelope is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what was sealed is no padded message: {0}")]
pub struct NoMessage(String);

/// The message that was padded.
pub fn unpad(plain: &[u8]) -> Result<wa::Message, NoMessage> {
    wacore::messages::decode_plaintext(plain, 2).map_err(|error| NoMessage(error.to_string()))
}

/// The text that people see, if there is any: the message's own or a caption.
#[must_use]
pub fn words(message: &wa::Message) -> Option<String> {
    if let Some(text) = &message.conversation {
        return Some(text.clone());
    }
    if let Some(extended) = message.extended_text_message.as_option() {
        return extended.text.clone();
    }
    let captions = [
        message.image_message.as_option().and_then(|m| m.caption.clone()),
        message.video_message.as_option().and_then(|m| m.caption.clone()),
        message.document_message.as_option().and_then(|m| m.caption.clone()),
    ];
    captions.into_iter().flatten().next()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn padding_is_checked_when_it_is_taken_off() {
        for _ in 0..64 {
            let padded = pad(&text("hello"));
            assert_eq!(words(&unpad(&padded).unwrap()).unwrap(), "hello");
            let count = padded.last().copied().unwrap();
            assert!((1..=16).contains(&count) && padded.ends_with(&vec![count; usize::from(count)]));
        }
        assert!(unpad(b"").is_err() && unpad(&[7, 0]).is_err() && unpad(&[1, 2, 3, 9]).is_err());
    }

    #[test]
    fn own_devices_hear_where_it_went() {
        let sent = unpad(&pad(&device_sent(&text("hello"), "1@s.whatsapp.net"))).unwrap();
        let sent = sent.device_sent_message.as_option().unwrap();
        assert_eq!(sent.destination_jid.as_deref(), Some("1@s.whatsapp.net"));
        assert_eq!(words(sent.message.as_option().unwrap()).unwrap(), "hello");
    }
}
