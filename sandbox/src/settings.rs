//! What an account has told the service: whom it does not want to hear of, who may see what, what it says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::{Node, NodeValue};

use crate::stanza::{attr, text};
use crate::world::{State, device_key};

/// What can be hidden, and from whom.
const PRIVACY: [(&str, &[&str]); 8] = [
    ("last", &["all", "contacts", "contact_blacklist", "none"]),
    ("online", &["all", "match_last_seen"]),
    ("profile", &["all", "contacts", "contact_blacklist", "none"]),
    ("status", &["all", "contacts", "contact_blacklist", "none"]),
    ("readreceipts", &["all", "none"]),
    ("groupadd", &["all", "contacts", "contact_blacklist", "none"]),
    ("calladd", &["all", "known"]),
    ("messages", &["all", "contacts"]),
];

/// Of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Numbers.
    pub(crate) blocked: BTreeSet<String>,
    /// Other values than `all`.
    privacy: BTreeMap<String, String>,
    about: Option<String>,
    /// Seconds after which messages of new chats go.
    disappearing: u32,
}

impl Settings {
    pub(crate) fn about(&self) -> &str {
        self.about.as_deref().unwrap_or("Hey there! I am using WhatsApp.")
    }

    pub(crate) fn disappearing(&self) -> u32 {
        self.disappearing
    }

    /// `<privacy>` with all categories.
    pub(crate) fn shown_privacy(&self) -> Node {
        let categories = PRIVACY.map(|(name, _)| {
            let value = self.privacy.get(name).map_or("all", String::as_str).to_owned();
            NodeBuilder::new("category").attr("name", name).attr("value", value).build()
        });
        NodeBuilder::new("privacy").children(categories).build()
    }

    /// Another one whenever others are blocked.
    pub(crate) fn block_hash(&self) -> String {
        self.blocked.iter().fold(String::from("1"), |hash, number| format!("{hash}:{number}"))
    }

    /// Takes `<privacy><category/>…</privacy>`.
    pub(crate) fn hide(&mut self, privacy: &Node) -> Result<(), String> {
        let mut wanted = Vec::new();
        for category in privacy.children().unwrap_or_default() {
            let (name, value) = (attr(category, "name"), attr(category, "value"));
            let takes = PRIVACY.iter().find(|(known, _)| *known == name).map(|(_, takes)| *takes);
            let takes = takes.ok_or_else(|| format!("privacy of {name:?}, which there is not"))?;
            if !takes.contains(&value.as_str()) {
                return Err(format!("privacy {name} is {value:?}; it takes {}", takes.join(", ")));
            }
            wanted.push((name, value));
        }
        if wanted.is_empty() {
            return Err("privacy without a category".into());
        }
        self.privacy.extend(wanted);
        Ok(())
    }

    /// Takes `<status>…</status>` or `<disappearing_mode duration="…"/>`.
    pub(crate) fn say(&mut self, node: &Node) -> Result<(), String> {
        if node.tag == "status" {
            self.about = Some(text(node));
            return Ok(());
        }
        let duration = attr(node, "duration");
        self.disappearing = duration.parse().map_err(|_| format!("a duration of {duration:?}"))?;
        Ok(())
    }
}

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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn privacy(name: &'static str, value: &'static str) -> Node {
        let category = NodeBuilder::new("category").attr("name", name).attr("value", value).build();
        NodeBuilder::new("privacy").children([category]).build()
    }

    #[test]
    fn privacy_takes_what_there_is_only() {
        let mut settings = Settings::default();
        settings.hide(&privacy("last", "contacts")).unwrap();
        assert!(settings.hide(&privacy("last", "everybody")).unwrap_err().contains("contact_blacklist"));
        assert!(settings.hide(&privacy("shoe_size", "all")).unwrap_err().contains("shoe_size"));
        assert!(settings.hide(&NodeBuilder::new("privacy").build()).is_err());
        let shown = crate::stanza::shown(&settings.shown_privacy());
        assert!(shown.contains(r#"<category name="last" value="contacts"/>"#), "{shown}");
        assert!(shown.contains(r#"<category name="messages" value="all"/>"#), "{shown}");
    }
}
