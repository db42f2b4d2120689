//! A phone writes: one envelope for each device of the other account, one for each other device of its own.

use wacore_binary::Jid;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;
use waproto::whatsapp as wa;

use super::{Sent, keep};
use crate::fault::Fault;
use crate::phone::{Account, Envelope, Signal, envelope};
use crate::told::Refused;
use crate::world::{State, World, device_key};

/// So far from its end an envelope of either kind has its MAC or what the MAC is over.
const TURNED: usize = 10;

/// A message on its way.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) id: String,
    pub(crate) from: Account,
    pub(crate) to: Account,
    /// The group that it goes to, in place of `to`.
    pub(crate) group: Option<Jid>,
    pub(crate) message: wa::Message,
    /// In unix seconds.
    pub(crate) at: u64,
    /// `<enc count="…">`: how often a device has asked for it again.
    pub(crate) again: Option<u32>,
    /// From a phone to its own device, and not for people.
    pub(crate) peer: bool,
}

/// Another id for a message, as phones draw them.
pub(super) fn message_id() -> String {
    hex::encode_upper(rand::random::<[u8; 16]>())
}

impl World {
    /// The phone of `from` writes to `to`. Returns the message's id. Accounts are made when there are none.
    pub(crate) fn write(&self, from: &str, to: &str, message: wa::Message) -> Result<String, Refused> {
        let (from, to) = (self.account(from)?, self.account(to)?);
        let id = message_id();
        let at = self.unix();
        let sent = Sent {
            id: id.clone(),
            to: to.phone.clone(),
            group: None,
            at,
            message: message.clone(),
            peer: false,
        };
        let outgoing =
            Outgoing { id: id.clone(), from, to, group: None, message, at, again: None, peer: false };
        let mut state = self.lock();
        keep(&mut state.traffic.sent, &outgoing.from.phone, sent);
        let (from, to) = (outgoing.from.phone.clone(), outgoing.to.phone.clone());
        let own = if from == to { Vec::new() } else { state.devices_of(&from) };
        let blocked = state.blocks(&to, &from);
        if blocked {
            state.tell(0, "blocked", format!("{to} does not hear of {from}: {id}"));
        } else {
            if from != to {
                state.write_to_phone(&outgoing)?;
            }
            for device in state.devices_of(&to) {
                state.write_to(&outgoing, &to, device)?;
            }
        }
        for device in own {
            state.write_to(&outgoing, &from, device)?;
        }
        self.changed();
        Ok(id)
    }
}

impl State {
    pub(crate) fn devices_of(&self, phone: &str) -> Vec<u16> {
        let account = self.durable.accounts.get(phone);
        account.map(|account| account.linked().map(|slot| slot.device).collect()).unwrap_or_default()
    }

    /// What this phone keeps for the Signal protocol.
    pub(crate) fn signal(&mut self, phone: &str) -> Result<&mut Signal, Refused> {
        let account =
            self.durable.accounts.get(phone).ok_or_else(|| Refused(format!("no account {phone}")))?;
        match self.durable.signal.entry(phone.to_owned()) {
            std::collections::btree_map::Entry::Occupied(kept) => Ok(kept.into_mut()),
            std::collections::btree_map::Entry::Vacant(free) => {
                let signal = Signal::new(&account.identity, account.registration_id).map_err(refused)?;
                Ok(free.insert(signal))
            }
        }
    }

    /// One envelope for a linked device of `phone`, which is one of the two accounts.
    pub(crate) fn write_to(&mut self, outgoing: &Outgoing, phone: &str, device: u16) -> Result<(), Refused> {
        if let Some(group) = &outgoing.group {
            return self.write_to_member(outgoing, group, phone, device);
        }
        let Outgoing { id, from, to, message, at, again, peer, .. } = outgoing;
        let own = from.phone == phone && !peer;
        let plain = if own {
            envelope::pad(&envelope::device_sent(message, &to.jid(0).to_string()))
        } else {
            envelope::pad(message)
        };
        let Some((kind, sealed)) = self.seal_for(&from.phone, (phone, device), &plain, *at)? else {
            return Ok(());
        };
        let sealed = self.spoilt(id, &format!("{phone}:{device}"), sealed);
        let mut stanza = NodeBuilder::new("message")
            .attr("from", from.jid(0))
            .attr("id", id.clone())
            .attr("type", kind_of(message))
            .attr("t", at.to_string())
            .attr("notify", from.push_name.clone());
        if *peer {
            stanza = stanza
                .attr("category", "peer")
                .attr("push_priority", "high")
                .attr("sender_lid", from.lid_jid(0));
        } else if own {
            stanza = stanza.attr("recipient", to.jid(0)).attr("peer_recipient_lid", to.lid_jid(0));
        } else {
            stanza = stanza.attr("sender_lid", from.lid_jid(0));
        }
        let stanza = stanza.children([enc(kind.name(), sealed, media_of(message), *again)]).build();
        self.post(&device_key(phone, device), stanza);
        Ok(())
    }

    /// In the session with a device, which is begun when there is none; nothing when it has no keys for one.
    pub(super) fn seal_for(
        &mut self,
        writer: &str,
        (phone, device): (&str, u16),
        plain: &[u8],
        at: u64,
    ) -> Result<Option<(Envelope, Vec<u8>)>, Refused> {
        if !self.signal(writer)?.knows(phone, device) {
            let Some(bundle) = self.hand_out(phone, device, at) else { return Ok(None) };
            self.signal(writer)?.begin(phone, device, &bundle).map_err(refused)?;
        }
        self.signal(writer)?.seal(phone, device, plain).map(Some).map_err(refused)
    }

    /// As the service carries it: with a bit turned, when a fault wants that.
    pub(super) fn spoilt(&mut self, id: &str, device: &str, mut sealed: Vec<u8>) -> Vec<u8> {
        if self.fault_due(|fault| matches!(fault, Fault::Unreadable), Some(device)).is_some() {
            self.tell(0, "fault", format!("{id} for {device} has a bit turned"));
            let within = sealed.len().saturating_sub(TURNED);
            if let Some(byte) = sealed.get_mut(within) {
                *byte ^= 1;
            }
        }
        sealed
    }

    /// From phone to phone, sealed as well.
    fn write_to_phone(&mut self, outgoing: &Outgoing) -> Result<(), Refused> {
        let Outgoing { id, from, to, message, at, .. } = outgoing;
        if !self.signal(&from.phone)?.knows(&to.phone, 0) {
            let bundle = self.signal(&to.phone)?.bundle();
            self.signal(&from.phone)?.begin(&to.phone, 0, &bundle).map_err(refused)?;
        }
        let sealed =
            self.signal(&from.phone)?.seal(&to.phone, 0, &envelope::pad(message)).map_err(refused)?;
        self.signal(&to.phone)?.trust(&from.phone, 0, from.identity_pub());
        let (kind, sealed) = sealed;
        let plain = self.signal(&to.phone)?.open(&from.phone, 0, kind, &sealed).map_err(refused)?;
        let message = envelope::unpad(&plain).map_err(refused)?;
        self.arrived(&to.phone, &from.jid(0), &to.jid(0), (id, kind, *at), &message);
        Ok(())
    }
}

/// `<enc>` with all that the service is told about what is in it.
pub(super) fn enc(kind: &str, sealed: Vec<u8>, media: Option<&'static str>, again: Option<u32>) -> Node {
    let mut enc = NodeBuilder::new("enc").attr("v", "2").attr("type", kind);
    if let Some(media) = media {
        enc = enc.attr("mediatype", media);
    }
    if let Some(again) = again {
        enc = enc.attr("count", again.to_string());
    }
    enc.bytes(sealed).build()
}

/// The `type` of the stanza.
pub(super) fn kind_of(message: &wa::Message) -> &'static str {
    if media_of(message).is_some() {
        "media"
    } else if message.reaction_message.is_set() {
        "reaction"
    } else {
        "text"
    }
}

/// The `mediatype` of the envelope.
pub(super) fn media_of(message: &wa::Message) -> Option<&'static str> {
    let ptt = message.audio_message.as_option().is_some_and(|audio| audio.ptt == Some(true));
    [
        (message.image_message.is_set(), "image"),
        (message.video_message.is_set(), "video"),
        (message.audio_message.is_set(), if ptt { "ptt" } else { "audio" }),
        (message.document_message.is_set(), "document"),
        (message.sticker_message.is_set(), "sticker"),
    ]
    .into_iter()
    .find_map(|(set, name)| set.then_some(name))
}

pub(super) fn refused(error: impl std::fmt::Display) -> Refused {
    Refused(error.to_string())
}

/// The account's bare JID.
pub(super) fn bare(jid: &Jid) -> String {
    jid.to_non_ad().to_string()
}
