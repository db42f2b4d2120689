//! Who has which devices, and who is there at all (protocol page §5).

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::{Node, NodeValue};
use wacore_binary::{Jid, Server};

use super::super::Peer;
use crate::devices::{device_hash, key_index_list};
use crate::phone::Account;
use crate::stanza::{self, attr, leaf, result};
use crate::wire::WireFault;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(super) async fn usync(&mut self, id: &str, usync: &Node) -> Result<(), WireFault> {
        if let Err(why) = check(usync) {
            self.world.tell(self.id, "violation", format!("usync: {why}"));
            return self.send(stanza::error(id, 400, "bad-request")).await;
        }
        let wanted = usync.get_optional_child("list").and_then(Node::children).unwrap_or_default();
        let asked = usync.get_optional_child("query").and_then(Node::children).unwrap_or_default();
        let asked = asked.iter().map(|protocol| &*protocol.tag).collect::<Vec<_>>();
        let users = wanted.iter().filter_map(|user| self.user(user, &asked)).collect::<Vec<_>>();
        let mut answer = NodeBuilder::new("usync").attr("last", "true").attr("index", "0");
        for name in ["sid", "mode", "context"] {
            answer = answer.attr(name, attr(usync, name));
        }
        let answer =
            answer.children([leaf("result"), NodeBuilder::new("list").children(users).build()]).build();
        self.send(result(id).children([answer]).build()).await
    }

    /// What was asked about one user. None when the client knows all of it already.
    fn user(&self, user: &Node, asked: &[&str]) -> Option<Node> {
        let number = user.get_optional_child("contact").and_then(Node::content_as_string);
        let digits = number.as_ref().map(|n| n.chars().filter(char::is_ascii_digit).collect::<String>());
        let jid = user.attrs.get("jid").and_then(NodeValue::to_jid);
        let jid = jid.or_else(|| digits.map(|digits| Jid::new(digits, Server::Pn)))?.to_non_ad();
        let (account, settings) = {
            let state = self.world.lock();
            let phone = state.resolve(&jid).map(|(phone, _)| phone).unwrap_or_default();
            let settings = state.durable.settings.get(&phone).cloned().unwrap_or_default();
            (state.durable.accounts.get(&phone).cloned(), settings)
        };
        let node = NodeBuilder::new("user").attr("jid", jid.clone());
        let mut children = Vec::new();
        if asked.contains(&"contact") {
            let contact =
                NodeBuilder::new("contact").attr("type", if account.is_some() { "in" } else { "out" });
            children.push(contact.string_content(number.unwrap_or_default()).build());
        }
        let Some(account) = account else { return Some(node.children(children).build()) };
        if asked.contains(&"devices") {
            let known = user.get_optional_child("devices").map(|hint| attr(hint, "device_hash"));
            let hash = device_hash(&account, jid.server);
            if known.is_some_and(|known| known == hash) {
                return None;
            }
            children.push(devices(&account, hash, self.world.unix()));
        }
        if asked.contains(&"lid") {
            children.push(NodeBuilder::new("lid").attr("val", account.lid_jid(0)).build());
        }
        if asked.contains(&"status") {
            let about = NodeBuilder::new("status").attr("t", "0").string_content(settings.about().to_owned());
            children.push(about.build());
        }
        if asked.contains(&"disappearing_mode") {
            let seconds = settings.disappearing().to_string();
            children
                .push(NodeBuilder::new("disappearing_mode").attr("duration", seconds).attr("t", "0").build());
        }
        Some(node.children(children).build())
    }
}

/// What a question must have.
fn check(usync: &Node) -> Result<(), String> {
    for name in ["sid", "mode", "context"] {
        if attr(usync, name).is_empty() {
            return Err(format!("no {name}"));
        }
    }
    if !["query", "full", "delta"].contains(&attr(usync, "mode").as_str()) {
        return Err(format!("the mode {:?}", attr(usync, "mode")));
    }
    let some =
        |tag| usync.get_optional_child(tag).and_then(Node::children).is_some_and(|all| !all.is_empty());
    for tag in ["query", "list"] {
        if !some(tag) {
            return Err(format!("no <{tag}>, or nothing in it"));
        }
    }
    Ok(())
}

fn devices(account: &Account, hash: String, now: u64) -> Node {
    let mut devices = vec![NodeBuilder::new("device").attr("id", "0").build()];
    devices.extend(account.linked().map(|slot| {
        NodeBuilder::new("device")
            .attr("id", slot.device.to_string())
            .attr("key-index", slot.key_index.to_string())
            .build()
    }));
    NodeBuilder::new("devices")
        .children([
            NodeBuilder::new("device-list").attr("hash", hash).children(devices).build(),
            key_index_list(account, now),
        ])
        .build()
}
