//! Receipts of devices, on their way to the phone that wrote the message; what a device cannot read it gets again.

use wacore_binary::Server;
use wacore_binary::node::{Node, NodeValue};

use super::send::{Outgoing, refused};
use super::{Receipt, Sent, keep};
use crate::phone::{Bundle, RawKey};
use crate::prekeys::number;
use crate::stanza::{attr, bytes};
use crate::world::{State, World, device_key};

/// A phone gives up after a device has asked so often.
const RETRIES: u32 = 5;

impl World {
    /// Carries a device's receipt to the phone of whom it is for.
    pub(crate) fn carry_receipt(&self, connection: u64, from: (&str, u16), node: &Node, ids: &[String]) {
        let now = self.unix();
        let mut state = self.lock();
        if let Err(why) = state.carry_receipt(from, node, ids, now) {
            state.tell(connection, "violation", why);
        }
        self.changed();
    }
}

impl State {
    fn carry_receipt(
        &mut self,
        (phone, device): (&str, u16),
        node: &Node,
        ids: &[String],
        now: u64,
    ) -> Result<(), String> {
        let to = node.attrs.get("to").and_then(NodeValue::to_jid).ok_or("a receipt for nobody")?;
        // In a group, to the member that wrote it.
        let member = node.attrs.get("participant").and_then(NodeValue::to_jid);
        let to =
            if to.server == Server::Group { member.ok_or("a receipt for no member of a group")? } else { to };
        let Some((to, _)) = self.resolve(&to) else { return Ok(()) };
        let account = self.durable.accounts.get(phone).ok_or("a receipt of no account")?;
        let kind = match attr(node, "type") {
            kind if kind.is_empty() => "delivery".to_owned(),
            kind => kind,
        };
        let from = account.jid(device).to_string();
        self.tell(0, "receipt", format!("{to} has {kind} of {} from {from}", ids.join(" ")));
        let again = kind == "retry";
        keep(&mut self.traffic.receipts, &to, Receipt { phone: to.clone(), from, kind, ids: ids.to_vec() });
        if again { self.write_again((phone, device), &to, node, ids, now) } else { Ok(()) }
    }

    /// The device could not read it: a new session, and the same message in it.
    fn write_again(
        &mut self,
        (phone, device): (&str, u16),
        writer: &str,
        node: &Node,
        ids: &[String],
        now: u64,
    ) -> Result<(), String> {
        let retry =
            node.get_optional_child("retry").ok_or("a retry receipt that does not say what to retry")?;
        let count = attr(retry, "count").parse().map_err(|_| "a retry receipt without a count")?;
        let registered = node.get_optional_child("registration").map(bytes).unwrap_or_default();
        let key = device_key(phone, device);
        let known = self.durable.devices.get(&key).ok_or("a retry receipt of no device")?;
        if registered != known.registration {
            return Err("a retry receipt with another registration id than the device was linked with".into());
        }
        if count > RETRIES {
            return Ok(());
        }
        let bundle = match node.get_optional_child("keys") {
            Some(keys) => Some(shown(keys, known.identity, number(registered))?),
            None => self.hand_out(phone, device, now),
        };
        let bundle = bundle.ok_or("there is nothing to begin a new session with")?;
        self.signal(writer)
            .and_then(|s| s.begin(phone, device, &bundle).map_err(refused))
            .map_err(|r| r.0)?;
        for id in ids {
            let sent = self
                .traffic
                .sent
                .get(writer)
                .and_then(|sent| sent.iter().find(|sent| sent.id == *id))
                .cloned();
            let Some(sent) = sent else { continue };
            let accounts = &self.durable.accounts;
            let (Some(from), Some(to)) = (accounts.get(writer).cloned(), accounts.get(&sent.to).cloned())
            else {
                continue;
            };
            let Sent { id, group, at, message, peer, .. } = sent;
            let outgoing = Outgoing { id, from, to, group, message, at, again: Some(count), peer };
            self.write_to(&outgoing, phone, device).map_err(|refused| refused.0)?;
        }
        Ok(())
    }
}

/// The keys that a device shows beside its request.
fn shown(keys: &Node, identity: RawKey, registration: u32) -> Result<Bundle, String> {
    let part = |node: &Node, tag: &str| node.get_optional_child(tag).map(bytes).unwrap_or_default().to_vec();
    let key = |node: &Node| {
        RawKey::try_from(part(node, "value")).map_err(|_| "a shown key has no 32 bytes".to_owned())
    };
    if part(keys, "identity") != identity {
        return Err("the shown keys are of another identity than the device was linked with".into());
    }
    let skey = keys.get_optional_child("skey").ok_or("the shown keys have no signed one")?;
    let once =
        keys.get_optional_child("key").map(|once| Ok::<_, String>((number(&part(once, "id")), key(once)?)));
    Ok(Bundle {
        registration,
        identity,
        signed: (number(&part(skey, "id")), key(skey)?, part(skey, "signature")),
        once: once.transpose()?,
    })
}
