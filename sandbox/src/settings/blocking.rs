//! Settings in the world: whom an account does not want to hear of, and who hears of that.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::{Node, NodeValue};

use super::Settings;
use crate::stanza::attr;
use crate::world::{State, device_key};

impl State {
    pub(crate) fn settings(&mut self, phone: &str) -> &mut Settings {
        self.durable.settings.entry(phone.to_owned()).or_default()
    }

    /// Whether `phone` does not want to hear of `other`.
    pub(crate) fn blocks(&self, phone: &str, other: &str) -> bool {
        self.durable.settings.get(phone).is_some_and(|settings| settings.blocked.contains(other))
    }

    /// `<list>` of whom the account blocks.
    pub(crate) fn blocklist(&self, phone: &str) -> Node {
        let settings = self.durable.settings.get(phone).cloned().unwrap_or_default();
        let accounts = settings.blocked.iter().filter_map(|number| self.durable.accounts.get(number));
        let items = accounts.map(|account| {
            NodeBuilder::new("item").attr("jid", account.lid_jid(0)).attr("pn_jid", account.jid(0)).build()
        });
        let list = NodeBuilder::new("list").attr("dhash", settings.block_hash());
        list.children(items.collect::<Vec<_>>()).build()
    }

    /// Takes `<item action="block|unblock" jid="…"/>`, and tells the account's other devices.
    pub(crate) fn block(
        &mut self,
        (phone, device): (&str, u16),
        item: &Node,
        now: u64,
    ) -> Result<(), String> {
        let named =
            ["jid", "pn_jid"].into_iter().filter_map(|name| item.attrs.get(name).and_then(NodeValue::to_jid));
        let other = named.filter_map(|jid| self.resolve(&jid)).map(|(other, _)| other).next();
        let other = other.ok_or("whom to block is nobody")?;
        let action = attr(item, "action");
        let before = self.settings(phone).block_hash();
        match action.as_str() {
            "block" => self.settings(phone).blocked.insert(other.clone()),
            "unblock" => self.settings(phone).blocked.remove(&other),
            action => return Err(format!("the action {action:?} on a blocklist")),
        };
        let after = self.settings(phone).block_hash();
        let Some(blocked) = self.durable.accounts.get(&other).cloned() else { return Ok(()) };
        let Some(own) = self.durable.accounts.get(phone).cloned() else { return Ok(()) };
        for slot in own.linked().filter(|slot| slot.device != device) {
            let item =
                NodeBuilder::new("item").attr("action", action.clone()).attr("jid", blocked.lid_jid(0));
            let list =
                NodeBuilder::new("blocklist").attr("dhash", after.clone()).attr("prev_dhash", before.clone());
            let notification = NodeBuilder::new("notification")
                .attr("from", own.jid(0))
                .attr("type", "account_sync")
                .attr("id", self.number().to_string())
                .attr("t", now.to_string())
                .children([list.children([item.build()]).build()]);
            self.post(&device_key(phone, slot.device), notification.build());
        }
        Ok(())
    }
}
