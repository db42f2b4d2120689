//! What goes out, as it should or as a test wants it.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::node::{Node, NodeContent};

use super::{Flow, Peer};
use crate::fault::{Alteration, Direction, Fault};
use crate::stanza;
use crate::wire::WireFault;

/// Clients may miss a stanza that the close overtakes (protocol page §7).
const LAST_WORDS: Duration = Duration::from_millis(100);

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn send(&mut self, node: Node) -> Result<(), WireFault> {
        let due = self.world.lock().due_at(self.id, Direction::Out, &node);
        if due.is_empty() && self.held.is_none() {
            return self.put(&node).await;
        }
        self.send_with(node, due).await
    }

    /// A terminal stanza, the end of the stream, and time to read both.
    pub(crate) async fn last(&mut self, node: Node) -> Result<(), WireFault> {
        self.send(node).await?;
        self.end().await
    }

    /// The same, at which nothing happens.
    pub(super) async fn farewell(&mut self, node: &Node) -> Result<(), WireFault> {
        if node.tag != "xmlstreamend" {
            self.put(node).await?;
        }
        self.end().await
    }

    /// One stanza as it is.
    pub(super) async fn put(&mut self, node: &Node) -> Result<(), WireFault> {
        self.world.tell(self.id, "out", stanza::shown(node));
        self.last_id = node.attrs.get("id").map(|id| id.as_str().into_owned());
        self.wire.send(node).await
    }

    async fn end(&mut self) -> Result<(), WireFault> {
        self.put(&stanza::leaf("xmlstreamend")).await?;
        tokio::time::sleep(LAST_WORDS).await;
        Ok(())
    }

    async fn send_with(&mut self, mut node: Node, due: Vec<Fault>) -> Result<(), WireFault> {
        let (mut copies, mut after) = (1, Vec::new());
        let mut hold = false;
        for fault in due {
            match &fault {
                Fault::Alter { what } => self.alter(&mut node, *what),
                Fault::Duplicate => copies = 2,
                Fault::Lose => copies = 0,
                Fault::Reorder => hold = true,
                _ => {
                    after.push(fault);
                    continue;
                }
            }
            self.world.tell(self.id, "fault", serde_json::to_string(&fault).unwrap_or_default());
        }
        if hold && self.held.is_none() {
            self.held = Some(node);
        } else {
            for _ in 0..copies {
                self.put(&node).await?;
            }
            if let Some(held) = self.held.take() {
                self.put(&held).await?;
            }
        }
        for fault in after {
            if self.happen(fault).await? == Flow::End {
                self.wire.close().await;
                return Err(WireFault::Ended);
            }
        }
        Ok(())
    }

    fn alter(&self, node: &mut Node, what: Alteration) {
        match what {
            Alteration::NoId => *node = without(node, "id"),
            Alteration::OtherId => node.attrs.insert("id", "nobody-asked"),
            Alteration::SameId => node.attrs.insert("id", self.last_id.clone().unwrap_or_default()),
            Alteration::Tag => node.tag = "nonsense".into(),
            Alteration::NoContent => node.content = None,
            Alteration::NoAttributes => {
                if let Some(NodeContent::Nodes(children)) = &mut node.content {
                    for child in children {
                        child.attrs = wacore_binary::node::Attrs::new();
                    }
                }
            }
            Alteration::From => node.attrs.insert("from", "15550009999@s.whatsapp.net"),
        }
    }
}

fn without(node: &Node, name: &str) -> Node {
    let mut node = node.clone();
    let mut attrs = wacore_binary::node::Attrs::new();
    for (key, value) in node.attrs.iter().filter(|(key, _)| *key != name) {
        attrs.insert(key.clone(), value.clone());
    }
    node.attrs = attrs;
    node
}
