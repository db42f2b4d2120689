//! A stanza as a plan writes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wacore_binary::Jid;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

/// A stanza that a test lets the server send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stanza {
    /// Its name.
    pub tag: String,
    /// Its attributes. `s.whatsapp.net` and all with an `@` that are JIDs are sent as JIDs.
    #[serde(default)]
    pub attrs: BTreeMap<String, String>,
    /// What is in it.
    #[serde(default)]
    pub content: Content,
}

/// What is in a stanza.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// Nothing.
    #[default]
    None,
    /// Text.
    Text(String),
    /// Other stanzas.
    Children(Vec<Stanza>),
    /// Bytes: `{"hex": "00ff"}`.
    Bytes {
        /// Two digits for each.
        #[serde(with = "hex::serde")]
        hex: Vec<u8>,
    },
}

impl Stanza {
    pub(crate) fn node(&self) -> Node {
        let mut node = NodeBuilder::new_dynamic(self.tag.clone());
        match &self.content {
            Content::None => {}
            Content::Text(text) => node = node.string_content(text.clone()),
            Content::Children(children) => node = node.children(children.iter().map(Self::node)),
            Content::Bytes { hex } => node = node.bytes(hex.clone()),
        }
        let mut node = node.build();
        for (name, value) in &self.attrs {
            match address(value) {
                Some(jid) => node.attrs.insert(name.clone(), jid),
                None => node.attrs.insert(name.clone(), value.clone()),
            }
        }
        node
    }
}

fn address(value: &str) -> Option<Jid> {
    match value {
        "s.whatsapp.net" => Some(crate::stanza::server()),
        value if value.contains('@') => value.parse().ok(),
        _ => None,
    }
}
