//! Who has which devices, and who is there at all (protocol page §5).

use tokio::io::{AsyncRead, AsyncWrite};
use wacore::messages::MessageUtils;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::{Node, NodeValue};
use wacore_binary::{Jid, Server};

use super::super::Peer;
use crate::phone::Account;
use crate::phone::adv::signed_key_index_list;
use crate::stanza::{attr, leaf, result};
use crate::wire::WireFault;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(super) async fn usync(&mut self, id: &str, usync: &Node) -> Result<(), WireFault> {
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
        let account = {
            let state = self.world.lock();
            let phone = state.resolve(&jid).map(|(phone, _)| phone);
            phone.and_then(|phone| state.durable.accounts.get(&phone).cloned())
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
            children.push(NodeBuilder::new("status").attr("t", "0").string_content("Hey there!").build());
        }
        if asked.contains(&"disappearing_mode") {
            children.push(NodeBuilder::new("disappearing_mode").attr("duration", "0").attr("t", "0").build());
        }
        Some(node.children(children).build())
    }
}

/// Another one whenever the devices are other ones.
fn device_hash(account: &Account, server: Server) -> String {
    let by_lid = server == Server::Lid;
    let numbers = std::iter::once(0).chain(account.linked().map(|slot| slot.device));
    let jids = numbers.map(|n| if by_lid { account.lid_jid(n) } else { account.jid(n) }).collect::<Vec<_>>();
    MessageUtils::participant_list_hash(&jids).unwrap_or_default()
}

fn devices(account: &Account, hash: String, now: u64) -> Node {
    let mut devices = vec![NodeBuilder::new("device").attr("id", "0").build()];
    devices.extend(account.linked().map(|slot| {
        NodeBuilder::new("device")
            .attr("id", slot.device.to_string())
            .attr("key-index", slot.key_index.to_string())
            .build()
    }));
    let list = signed_key_index_list(account, now).unwrap_or_default();
    NodeBuilder::new("devices")
        .children([
            NodeBuilder::new("device-list").attr("hash", hash).children(devices).build(),
            NodeBuilder::new("key-index-list").attr("ts", now.to_string()).bytes(list).build(),
        ])
        .build()
}
