//! Who is there, and who types: between phones and those who are connected now. None of it is kept for later.

mod tell;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use crate::stanza::attr;

/// What somebody does in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// Writes.
    Composing,
    /// Speaks a voice message.
    Recording,
    /// Neither any more.
    Paused,
}

impl ChatState {
    fn node(self) -> Node {
        match self {
            Self::Composing => NodeBuilder::new("composing").build(),
            Self::Recording => NodeBuilder::new("composing").attr("media", "audio").build(),
            Self::Paused => NodeBuilder::new("paused").build(),
        }
    }

    fn of(node: &Node) -> Option<Self> {
        match (&*node.tag, attr(node, "media").as_str()) {
            ("composing", "") => Some(Self::Composing),
            ("composing", "audio") => Some(Self::Recording),
            ("paused", _) => Some(Self::Paused),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Composing => "composing",
            Self::Recording => "recording",
            Self::Paused => "paused",
        }
    }
}

/// Of phones: whether they are used now, and when they last were.
#[derive(Default)]
pub(crate) struct Present(BTreeMap<String, (bool, u64)>);
