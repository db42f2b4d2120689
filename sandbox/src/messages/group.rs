//! A phone writes to a group: sealed once for all, with a key that each device gets first in an envelope of
//! its own. Who is in the group is said with each message; the members' linked devices hear of it.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Server};
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::SenderKeyDistributionMessage;

use super::send::{Outgoing, enc, kind_of, media_of, message_id, refused};
use super::{Sent, keep};
use crate::phone::envelope;
use crate::told::Refused;
use crate::world::{State, World, device_key};

/// The `type` of an envelope that all of a group can open.
const SEALED_FOR_ALL: &str = "skmsg";

impl World {
    /// The phone of `from` writes to `group`, in which the accounts `to` are as well. Returns the message's
    /// id. Accounts are made when there are none.
    pub(crate) fn write_to_group(
        &self,
        group: &str,
        from: &str,
        to: &[String],
        message: wa::Message,
    ) -> Result<String, Refused> {
        let jid: Option<Jid> = group.parse().ok().filter(|jid: &Jid| jid.server == Server::Group);
        let jid = jid.ok_or_else(|| Refused(format!("{group} is no group; one ends in @g.us")))?;
        let from = self.account(from)?;
        let members = to.iter().map(|phone| self.account(phone)).collect::<Result<Vec<_>, _>>()?;
        let (id, at) = (message_id(), self.unix());
        let mut state = self.lock();
        let mut members: Vec<String> = members.into_iter().map(|account| account.phone).collect();
        if !members.contains(&from.phone) {
            members.push(from.phone.clone());
        }
        let group = Some(jid);
        let sent = Sent {
            id: id.clone(),
            to: from.phone.clone(),
            group: group.clone(),
            at,
            message: message.clone(),
            peer: false,
        };
        keep(&mut state.traffic.sent, &from.phone, sent);
        let to = from.clone();
        let outgoing = Outgoing { id: id.clone(), from, to, group, message, at, again: None, peer: false };
        for phone in members {
            for device in state.devices_of(&phone) {
                state.write_to(&outgoing, &phone, device)?;
            }
        }
        self.changed();
        Ok(id)
    }
}

impl State {
    /// What a linked device of a member gets.
    pub(super) fn write_to_member(
        &mut self,
        outgoing: &Outgoing,
        group: &Jid,
        phone: &str,
        device: u16,
    ) -> Result<(), Refused> {
        let Outgoing { id, from, message, at, again, .. } = outgoing;
        let (name, writer) = (group.to_string(), from.phone.as_str());
        if again.is_some() {
            self.signal(writer)?.take_group_keys(phone, device);
        }
        let mut envelopes = Vec::new();
        if self.signal(writer)?.give_group_key(&name, phone, device) {
            let key = self.signal(writer)?.group_key(&name, writer).map_err(refused)?;
            let plain = envelope::pad(&distribution(name.clone(), key));
            let Some((kind, sealed)) = self.seal_for(writer, (phone, device), &plain, *at)? else {
                return Ok(());
            };
            envelopes.push(enc(kind.name(), sealed, None, *again));
        }
        let sealed = self.signal(writer)?.seal_for_group(&name, writer, &envelope::pad(message));
        let sealed = self.spoilt(id, &format!("{phone}:{device}"), sealed.map_err(refused)?);
        envelopes.push(enc(SEALED_FOR_ALL, sealed, media_of(message), *again));
        let stanza = NodeBuilder::new("message")
            .attr("from", group.clone())
            .attr("participant", from.jid(0))
            .attr("participant_lid", from.lid_jid(0))
            .attr("addressing_mode", "pn")
            .attr("id", id.clone())
            .attr("type", kind_of(message))
            .attr("t", at.to_string())
            .attr("notify", from.push_name.clone())
            .children(envelopes)
            .build();
        self.post(&device_key(phone, device), stanza);
        Ok(())
    }
}

fn distribution(group: String, key: Vec<u8>) -> wa::Message {
    let key = SenderKeyDistributionMessage {
        group_id: Some(group),
        axolotl_sender_key_distribution_message: Some(key),
    };
    wa::Message { sender_key_distribution_message: MessageField::some(key), ..wa::Message::default() }
}
