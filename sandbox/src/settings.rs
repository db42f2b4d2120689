//! What an account has told the service: whom it does not want to hear of, who may see what, what it says of itself.

mod blocking;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use crate::stanza::{attr, text};

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
