//! Presence in the world: who asked hears of it now, or never.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::{Node, NodeValue};

use super::ChatState;
use crate::stanza::attr;
use crate::told::Refused;
use crate::world::{Connection, Order, State, World};

impl State {
    /// A stanza for a connection that is open now; it is lost when too many wait there.
    fn pass(&mut self, connection: u64, node: Node) {
        let lost =
            self.connections.get(&connection).is_some_and(|c| c.orders.try_send(Order::Send(node)).is_err());
        if lost {
            self.tell(connection, "lost", "the connection does not take what is only for now");
        }
    }

    /// Whether the account is there: its phone or one of its devices.
    fn presence_of(&self, phone: &str) -> Option<Node> {
        let account = self.durable.accounts.get(phone)?;
        let own = |c: &&Connection| c.device.as_ref().is_some_and(|(of, _)| of == phone);
        let device = self.connections.values().filter(own).any(|c| c.available == Some(true));
        let (used, last) = self.present.0.get(phone).copied().unwrap_or_default();
        let presence = NodeBuilder::new("presence").attr("from", account.jid(0));
        Some(if device || used {
            presence.attr("type", "available").build()
        } else if last > 0 {
            presence.attr("type", "unavailable").attr("last", last.to_string()).build()
        } else {
            presence.attr("type", "unavailable").attr("last", "none").build()
        })
    }

    /// Those who asked for it hear of this account.
    pub(crate) fn tell_presence(&mut self, phone: &str) {
        let Some(node) = self.presence_of(phone) else { return };
        let asked = self.connections.iter().filter(|(_, c)| c.subscribed.contains(phone)).map(|(id, _)| *id);
        for connection in asked.collect::<Vec<_>>() {
            self.pass(connection, node.clone());
        }
    }

    /// `<presence>` of a device.
    pub(crate) fn presence(&mut self, id: u64, phone: &str, node: &Node) -> Result<(), String> {
        let name = attr(node, "name");
        match attr(node, "type").as_str() {
            kind @ ("available" | "unavailable") => {
                if name.is_empty() {
                    return Err(format!("presence {kind} without a name"));
                }
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.available = Some(kind == "available");
                }
                self.tell(id, "presence", format!("{phone} is {kind}"));
                self.tell_presence(phone);
            }
            kind @ ("subscribe" | "unsubscribe") => {
                let to = node.attrs.get("to").and_then(NodeValue::to_jid);
                let to = to.ok_or_else(|| format!("presence {kind} without a JID"))?;
                let Some((other, _)) = self.resolve(&to) else { return Ok(()) };
                let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
                if kind == "unsubscribe" {
                    connection.subscribed.remove(&other);
                } else if connection.subscribed.insert(other.clone())
                    && let Some(now) = self.presence_of(&other)
                {
                    self.pass(id, now);
                }
            }
            // Baileys says its name before it has one.
            "" if name.is_empty() => {}
            "" => {
                self.tell(id, "presence", format!("{phone} is called {name:?}"));
                if let Some(account) = self.durable.accounts.get_mut(phone) {
                    account.push_name = name;
                }
            }
            other => return Err(format!("presence of the unknown type {other:?}")),
        }
        Ok(())
    }

    /// `<chatstate>` of a device.
    pub(crate) fn chatstate(&mut self, id: u64, phone: &str, node: &Node) -> Result<(), String> {
        let to = node.attrs.get("to").and_then(NodeValue::to_jid).ok_or("a chatstate to nobody")?;
        let state = node.children().and_then(|children| children.first()).and_then(ChatState::of);
        let state = state.ok_or("a chatstate of nothing known")?;
        let Some((to, _)) = self.resolve(&to) else { return Ok(()) };
        self.tell(id, "chatstate", format!("{to} sees {phone} {}", state.name()));
        self.pass_chatstate(phone, &to, state);
        Ok(())
    }

    fn pass_chatstate(&mut self, from: &str, to: &str, state: ChatState) -> usize {
        let Some(account) = self.durable.accounts.get(from) else { return 0 };
        let node =
            NodeBuilder::new("chatstate").attr("from", account.jid(0)).children([state.node()]).build();
        let of = |c: &Connection| c.device.as_ref().is_some_and(|(phone, _)| phone == to);
        let open = self.connections.iter().filter(|(_, c)| of(c)).map(|(id, _)| *id).collect::<Vec<_>>();
        for connection in &open {
            self.pass(*connection, node.clone());
        }
        open.len()
    }
}

impl World {
    /// The phone is used, or not.
    pub(crate) fn set_present(&self, phone: &str, used: bool) -> Result<(), Refused> {
        let account = self.account(phone)?;
        let now = self.unix();
        let mut state = self.lock();
        state.present.0.insert(account.phone.clone(), (used, now));
        state.tell_presence(&account.phone);
        Ok(())
    }

    /// Somebody types on a phone. How many devices hear of it.
    pub(crate) fn type_on(&self, from: &str, to: &str, state: ChatState) -> Result<usize, Refused> {
        let (from, to) = (self.account(from)?, self.account(to)?);
        Ok(self.lock().pass_chatstate(&from.phone, &to.phone, state))
    }
}
