//! What a phone does with a message that it has opened.

use wacore_binary::Jid;
use waproto::whatsapp as wa;

use super::send::bare;
use super::{Received, file, keep};
use crate::phone::{Envelope, envelope};
use crate::stanza;
use crate::world::State;

impl State {
    /// `phone` has opened `message`, that the device `from` wrote to `to`.
    pub(super) fn arrived(
        &mut self,
        phone: &str,
        from: &Jid,
        to: &Jid,
        (id, envelope, at): (&str, Envelope, u64),
        message: &wa::Message,
    ) {
        let (to, message) = match message.device_sent_message.as_option() {
            Some(sent) => match sent.message.as_option() {
                Some(inner) => (sent.destination_jid.clone().unwrap_or_default(), inner),
                None => return self.tell(0, "violation", format!("{from}: a deviceSentMessage of nothing")),
            },
            None => (bare(to), message),
        };
        let file = match file::open(message, &self.files) {
            Ok(file) => file.map(|(file, _)| file),
            Err(why) => {
                self.tell(0, "violation", format!("the file of {id} of {from}: {why}"));
                None
            }
        };
        let received = Received {
            phone: phone.to_owned(),
            from: from.to_string(),
            to,
            id: id.to_owned(),
            at,
            envelope: envelope.name(),
            text: envelope::words(message),
            message: serde_json::to_value(message).unwrap_or_default(),
            file,
            opened: message.clone(),
        };
        self.tell(
            0,
            "received",
            format!("{phone} has {id} of {from}: {}", stanza::short(received.text.as_deref())),
        );
        keep(&mut self.traffic.received, phone, received);
    }
}
