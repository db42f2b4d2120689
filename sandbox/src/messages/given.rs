//! What a phone says of messages of others: that it has, that it has read, that it has played them; that it cannot read one.

use serde::{Deserialize, Serialize};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use super::{KEPT, Receipt, keep};
use crate::phone::Account;
use crate::stanza::data;
use crate::told::Refused;
use crate::world::{State, World, device_key};

/// A phone asks for the same message no more often.
const RETRIES: u32 = 5;

/// What a phone says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// It has it. Phones say so by themselves.
    Delivered,
    /// It was read.
    Read,
    /// It was listened to, or a picture for one look was looked at.
    Played,
}

impl Given {
    /// As receipts of devices are called.
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivery",
            Self::Read => "read",
            Self::Played => "played",
        }
    }
}

impl World {
    /// The phone gives a receipt for messages that it has; all of one writer.
    pub(crate) fn give(&self, phone: &str, ids: &[String], given: Given) -> Result<(), Refused> {
        let now = self.unix();
        let mut state = self.lock();
        let account = state.durable.accounts.get(phone).cloned();
        let account = account.ok_or_else(|| Refused(format!("no account {phone}")))?;
        let mut writers = ids.iter().map(|id| {
            let received = state.traffic.received.get(phone);
            let message = received.and_then(|received| received.iter().find(|message| message.id == *id));
            let from = message.map(|message| message.from.split([':', '@']).next().unwrap_or_default());
            from.map(str::to_owned).ok_or_else(|| Refused(format!("{phone} has no message {id}")))
        });
        let writer = writers.next().ok_or_else(|| Refused("a receipt for no message".into()))??;
        for other in writers {
            if other? != writer {
                return Err(Refused("one receipt is for messages of one writer".into()));
            }
        }
        for device in state.devices_of(&writer) {
            state.post(&device_key(&writer, device), receipt(&account, ids, given, now));
        }
        let (from, kind) = (account.jid(0).to_string(), given.name().to_owned());
        state.tell(0, "receipt", format!("{writer} has {kind} of {} from {from}", ids.join(" ")));
        let got = Receipt { phone: writer.clone(), from, kind, ids: ids.to_vec() };
        keep(&mut state.traffic.receipts, &writer, got);
        self.changed();
        Ok(())
    }
}

fn receipt(account: &Account, ids: &[String], given: Given, now: u64) -> Node {
    let (first, more) = ids.split_first().map_or(("", ids), |(first, more)| (first.as_str(), more));
    let mut receipt = NodeBuilder::new("receipt")
        .attr("from", account.jid(0))
        .attr("id", first.to_owned())
        .attr("t", now.to_string());
    match given {
        Given::Delivered => {}
        Given::Read => receipt = receipt.attr("type", "read"),
        Given::Played => receipt = receipt.attr("type", "played"),
    }
    if more.is_empty() {
        return receipt.build();
    }
    let items = more.iter().map(|id| NodeBuilder::new("item").attr("id", id.clone()).build());
    receipt.children([NodeBuilder::new("list").children(items.collect::<Vec<_>>()).build()]).build()
}

impl State {
    /// The phone has no session with this device any more: it asks for the message again, with keys for a new one.
    pub(super) fn ask_again(
        &mut self,
        phone: &str,
        writer: &str,
        device: u16,
        id: &str,
        now: u64,
    ) -> Result<(), String> {
        let key = (phone.to_owned(), id.to_owned());
        let count = self.traffic.retries.get(&key).copied().unwrap_or_default() + 1;
        if count > RETRIES {
            return Err(format!("{phone} has asked for it {RETRIES} times"));
        }
        if self.traffic.retries.len() >= KEPT {
            self.traffic.retries.clear();
        }
        self.traffic.retries.insert(key, count);
        let account = self.durable.accounts.get(phone).cloned().ok_or("no such account")?;
        let bundle = self.signal(phone).map_err(|refused| refused.0)?.bundle();
        let three = |id: u32| id.to_be_bytes().get(1..).unwrap_or_default().to_vec();
        let (signed, value, signature) = &bundle.signed;
        let mut keys = vec![data("type", vec![5]), data("identity", bundle.identity)];
        if let Some((once, value)) = bundle.once {
            let children = [data("id", three(once)), data("value", value)];
            keys.push(NodeBuilder::new("key").children(children).build());
        }
        let skey = [data("id", three(*signed)), data("value", *value), data("signature", signature.clone())];
        keys.push(NodeBuilder::new("skey").children(skey).build());
        let retry = NodeBuilder::new("retry")
            .attr("count", count.to_string())
            .attr("id", id.to_owned())
            .attr("t", now.to_string())
            .attr("v", "1");
        let receipt = NodeBuilder::new("receipt")
            .attr("from", account.jid(0))
            .attr("id", id.to_owned())
            .attr("type", "retry")
            .attr("t", now.to_string())
            .children([
                retry.build(),
                data("registration", bundle.registration.to_be_bytes()),
                NodeBuilder::new("keys").children(keys).build(),
            ])
            .build();
        self.tell(
            0,
            "unreadable",
            format!("{phone} cannot read {id} of {writer}:{device}, and asks for it again"),
        );
        self.post(&device_key(writer, device), receipt);
        Ok(())
    }
}
