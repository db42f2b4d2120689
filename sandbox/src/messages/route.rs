//! The service takes a message of a device, and carries each envelope to whom it is for.

use wacore::adv::{AdvValidation, validate_adv_with_identity_key};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;
use wacore_binary::{Jid, Server};
use waproto::whatsapp as wa;

use super::send::bare;
use crate::phone::{Account, Envelope, RawKey, envelope};
use crate::stanza::{attr, bytes};
use crate::world::{State, World, device_key};

/// A device's message, as far as all its envelopes share it.
struct Inbound<'a> {
    node: &'a Node,
    id: String,
    at: u64,
    /// Who wrote it.
    account: Account,
    device: u16,
    identity: RawKey,
    /// To whom, as it was named.
    to: Jid,
}

impl World {
    /// Carries a device's message. What is wrong with it is told as violations of `connection`.
    pub(crate) fn carry(&self, connection: u64, phone: &str, device: u16, node: &Node) {
        let at = self.unix();
        let mut state = self.lock();
        if let Err(why) = state.carry(connection, (phone, device), node, at) {
            state.tell(connection, "violation", why);
        }
        self.changed();
    }
}

impl State {
    /// The account and device that a JID names, by number or by LID.
    pub(crate) fn resolve(&self, jid: &Jid) -> Option<(String, u16)> {
        let phone = match jid.server {
            Server::Pn | Server::Legacy => self.durable.accounts.get(jid.user_base())?.phone.clone(),
            Server::Lid => self.durable.accounts.values().find(|a| a.lid == jid.user_base())?.phone.clone(),
            _ => return None,
        };
        Some((phone, jid.device))
    }

    fn carry(
        &mut self,
        connection: u64,
        (phone, device): (&str, u16),
        node: &Node,
        at: u64,
    ) -> Result<(), String> {
        let id = attr(node, "id");
        if id.is_empty() {
            return Err("a message without an id".into());
        }
        let to = node
            .attrs
            .get("to")
            .and_then(wacore_binary::node::NodeValue::to_jid)
            .ok_or("a message to nobody")?;
        if !matches!(to.server, Server::Pn | Server::Legacy | Server::Lid) {
            self.tell(connection, "not_carried", format!("{id} to {to}: only accounts are there"));
            return Ok(());
        }
        let account = self.durable.accounts.get(phone).cloned().ok_or("a message of no account")?;
        let identity =
            self.durable.devices.get(&device_key(phone, device)).ok_or("a message of no device")?.identity;
        let inbound = Inbound { node, id, at, account, device, identity, to };
        let recipient = self.resolve(&inbound.to).map(|(phone, _)| phone);
        let mut carried = 0;
        for (target, enc) in envelopes(node, &inbound.to)? {
            carried += 1;
            let Some((phone, number)) = self.resolve(&target) else {
                self.tell(
                    connection,
                    "violation",
                    format!("{}: an envelope for {target}, who is nobody", inbound.id),
                );
                continue;
            };
            let own = phone == inbound.account.phone;
            if !own && recipient.as_ref() != Some(&phone) {
                self.tell(
                    connection,
                    "violation",
                    format!("{}: an envelope for {target}, to whom it is not", inbound.id),
                );
            } else if let Err(why) = self.carry_one(&inbound, (&phone, number), &target, enc) {
                self.tell(connection, "violation", format!("{} for {target}: {why}", inbound.id));
            }
        }
        if carried == 0 {
            return Err(format!("{}: a message without envelopes", inbound.id));
        }
        Ok(())
    }

    fn carry_one(
        &mut self,
        inbound: &Inbound<'_>,
        (phone, device): (&str, u16),
        target: &Jid,
        enc: &Node,
    ) -> Result<(), String> {
        let kind = Envelope::from_name(&attr(enc, "type"))
            .ok_or_else(|| format!("unknown envelope {}", attr(enc, "type")))?;
        if attr(enc, "v") != "2" {
            return Err(format!("an envelope of version {:?}", attr(enc, "v")));
        }
        if kind == Envelope::Prekey && inbound.device != 0 {
            verify_identity(inbound)?;
        }
        if device == 0 {
            return self.open_on_phone(inbound, phone, kind, bytes(enc));
        }
        if (phone, device) == (inbound.account.phone.as_str(), inbound.device) {
            return Err("an envelope for the device that wrote it".into());
        }
        let key = device_key(phone, device);
        if !self.durable.devices.contains_key(&key) {
            return Err("this device is not linked".into());
        }
        let stanza = forwarded(inbound, target, phone == inbound.account.phone, enc);
        self.post(&key, stanza);
        Ok(())
    }

    fn open_on_phone(
        &mut self,
        inbound: &Inbound<'_>,
        phone: &str,
        kind: Envelope,
        sealed: &[u8],
    ) -> Result<(), String> {
        let Inbound { account, device, identity, .. } = inbound;
        let signal = self.signal(phone).map_err(|refused| refused.0)?;
        signal.trust(&account.phone, *device, *identity);
        let lost = kind == Envelope::Message && !signal.knows(&account.phone, *device);
        let opened = signal.open(&account.phone, *device, kind, sealed);
        let plain = match opened {
            Ok(plain) => plain,
            Err(_) if lost => {
                let (writer, device) = (account.phone.clone(), *device);
                return self.ask_again(phone, &writer, device, &inbound.id, inbound.at);
            }
            Err(fault) => return Err(format!("the phone cannot open it: {fault}")),
        };
        let message = envelope::unpad(&plain).map_err(|error| error.to_string())?;
        let own = *phone == account.phone;
        if own && attr(inbound.node, "category") == "peer" {
            return self.asked_of_phone(phone, *device, &message, inbound.at);
        }
        if own && !message.device_sent_message.is_set() {
            return Err("the account's own phone wants a deviceSentMessage".into());
        }
        let to =
            self.durable.accounts.get(phone).map_or_else(|| inbound.to.clone(), |account| account.jid(0));
        let from = account.jid(*device);
        let chat = if own { canonical(self, &inbound.to) } else { to };
        self.arrived(phone, &from, &chat, (&inbound.id, kind, inbound.at), &with_chat(message, &bare(&chat)));
        self.acknowledge(phone, &account.phone, *device, &inbound.id, inbound.at);
        Ok(())
    }

    /// The phone's word that it has the message: the second tick.
    fn acknowledge(&mut self, phone: &str, to: &str, device: u16, id: &str, at: u64) {
        if phone == to {
            return;
        }
        let Some(account) = self.durable.accounts.get(phone) else { return };
        let receipt = NodeBuilder::new("receipt")
            .attr("from", account.jid(0))
            .attr("id", id.to_owned())
            .attr("t", at.to_string())
            .build();
        self.post(&device_key(to, device), receipt);
    }
}

/// Others have only the message to know a device by that they never heard of.
fn verify_identity(inbound: &Inbound<'_>) -> Result<(), String> {
    let shown = inbound.node.get_optional_child("device-identity").map(bytes);
    let shown = shown.ok_or("a pkmsg without the device's identity beside it")?;
    let account = inbound.account.identity_pub();
    let key =
        waproto::codec::adv_signed_device_identity_decode(shown).ok().and_then(|s| s.account_signature_key);
    if key.is_some_and(|key| !key.is_empty() && key != account) {
        return Err("the device identity names another account".into());
    }
    match validate_adv_with_identity_key(shown, &inbound.identity, Some(&account)) {
        AdvValidation::Valid => Ok(()),
        _ => Err("the device identity's signatures do not verify".into()),
    }
}

/// Chats are shown by number, whatever the device called them.
fn with_chat(mut message: wa::Message, chat: &str) -> wa::Message {
    if let Some(sent) = message.device_sent_message.as_option_mut() {
        sent.destination_jid = Some(chat.to_owned());
    }
    message
}

fn canonical(state: &State, jid: &Jid) -> Jid {
    let account = state.resolve(jid).and_then(|(phone, _)| state.durable.accounts.get(&phone));
    account.map_or_else(|| jid.clone(), |account| account.jid(0))
}

/// Every envelope with the device that it is for; a lone one is for the phone.
fn envelopes<'a>(node: &'a Node, to: &Jid) -> Result<Vec<(Jid, &'a Node)>, String> {
    let mut found = Vec::new();
    if let Some(enc) = node.get_optional_child("enc") {
        found.push((to.clone(), enc));
    }
    for participant in node.get_optional_child("participants").and_then(Node::children).unwrap_or_default() {
        let jid = participant.attrs.get("jid").and_then(wacore_binary::node::NodeValue::to_jid);
        let jid = jid.ok_or_else(|| format!("<{}> without a JID", participant.tag))?;
        let enc = participant.get_optional_child("enc").ok_or_else(|| format!("no envelope for {jid}"))?;
        found.push((jid, enc));
    }
    Ok(found)
}

/// As another linked device gets it, in the address space in which it was addressed.
fn forwarded(inbound: &Inbound<'_>, target: &Jid, own: bool, enc: &Node) -> Node {
    let Inbound { node, id, at, account, device, to, .. } = inbound;
    let by_lid = target.server == Server::Lid;
    let (from, other) = if by_lid {
        (account.lid_jid(*device), ("sender_pn", account.jid(*device)))
    } else {
        (account.jid(*device), ("sender_lid", account.lid_jid(*device)))
    };
    let mut stanza = NodeBuilder::new("message").attr("from", from).attr("id", id.clone());
    for name in ["type", "category", "edit"] {
        if node.attrs.contains_key(name) {
            stanza = stanza.attr(name, attr(node, name));
        }
    }
    stanza =
        stanza.attr("t", at.to_string()).attr("notify", account.push_name.clone()).attr(other.0, other.1);
    if own {
        stanza = stanza.attr("recipient", to.to_non_ad());
    }
    let mut children = vec![enc.clone()];
    children.extend(node.get_optional_child("device-identity").cloned());
    stanza.children(children).build()
}
