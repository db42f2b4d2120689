//! What a stanza of a client must look like (protocol page §5), whatever it asks for.

use wacore_binary::node::{Node, NodeContent, NodeValue};

use crate::stanza::attr;

/// What clients send. Anything else is none of theirs.
const TAGS: [&str; 11] = [
    "iq",
    "message",
    "receipt",
    "ack",
    "ib",
    "presence",
    "chatstate",
    "call",
    "notification",
    "status",
    "xmlstreamend",
];

/// Why the service would not understand it.
pub(crate) fn wrong(node: &Node) -> Option<String> {
    let tag = &*node.tag;
    if !TAGS.contains(&tag) {
        return Some(format!("no client sends a <{tag}>"));
    }
    let why = match tag {
        "iq" => iq(node),
        "message" => message(node),
        "receipt" => needs(node, &["id", "to"]),
        "ack" => needs(node, &["id", "class", "to"]),
        _ => Ok(()),
    };
    why.err().map(|why| format!("<{tag} id=\"{}\"> {why}", attr(node, "id")))
}

fn needs(node: &Node, names: &[&str]) -> Result<(), String> {
    match names.iter().find(|name| attr(node, name).is_empty() && node.attrs.get(name).is_none_or(is_text)) {
        Some(name) => Err(format!("has no {name}")),
        None => Ok(()),
    }
}

/// The server's JID has no user, so it is no empty text.
fn is_text(value: &NodeValue) -> bool {
    matches!(value, NodeValue::String(_))
}

fn iq(node: &Node) -> Result<(), String> {
    match attr(node, "type").as_str() {
        "get" | "set" => {
            needs(node, &["id", "to", "xmlns"])?;
            if node.attrs.get("to").and_then(NodeValue::to_jid).is_none() {
                return Err(format!("is to {:?}, which is no JID", attr(node, "to")));
            }
            Ok(())
        }
        // The answer to a server's ping, which has no id, has none either.
        "result" => needs(node, &["to"]),
        "error" => {
            needs(node, &["id", "to"])?;
            let error = node.get_optional_child("error").ok_or("says no error")?;
            if attr(error, "code").parse::<u16>().is_err() {
                return Err("has an error without a code".into());
            }
            Ok(())
        }
        other => Err(format!("is of the type {other:?}, not get, set, result or error")),
    }
}

fn message(node: &Node) -> Result<(), String> {
    needs(node, &["id", "to", "type"])?;
    let participants = node.get_optional_child("participants");
    let mut sealed = 0;
    for to in participants.into_iter().flat_map(|participants| participants.get_children_by_tag("to")) {
        needs(to, &["jid"])?;
        sealed += envelopes(to)?;
    }
    sealed += envelopes(node)?;
    if sealed == 0 && node.get_optional_child("plaintext").is_none() {
        return Err("holds nothing that is sealed".into());
    }
    Ok(())
}

/// How many there are, each as it should be.
fn envelopes(node: &Node) -> Result<usize, String> {
    let mut count = 0;
    for enc in node.get_children_by_tag("enc") {
        count += 1;
        if attr(enc, "v") != "2" {
            return Err(format!("has an envelope of version {:?}, not 2", attr(enc, "v")));
        }
        let kind = attr(enc, "type");
        if !["pkmsg", "msg", "skmsg", "msmsg"].contains(&kind.as_str()) {
            return Err(format!("has an envelope of the type {kind:?}"));
        }
        if !matches!(&enc.content, Some(NodeContent::Bytes(bytes)) if !bytes.is_empty()) {
            return Err("has an envelope with nothing in it".into());
        }
    }
    Ok(count)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use wacore_binary::builder::NodeBuilder;
    use wacore_binary::node::Node;

    use super::wrong;
    use crate::stanza::server;

    fn friend() -> wacore_binary::Jid {
        "4915112345678@s.whatsapp.net".parse().unwrap()
    }

    fn iq(kind: &'static str) -> NodeBuilder {
        NodeBuilder::new("iq").attr("to", server()).attr("id", "1").attr("type", kind)
    }

    fn message(version: &'static str, kind: &'static str, bytes: Vec<u8>) -> Node {
        let enc = NodeBuilder::new("enc").attr("v", version).attr("type", kind).bytes(bytes).build();
        let to = NodeBuilder::new("to").attr("jid", friend()).children([enc]).build();
        NodeBuilder::new("message")
            .attr("to", friend())
            .attr("id", "3EB0")
            .attr("type", "text")
            .children([NodeBuilder::new("participants").children([to]).build()])
            .build()
    }

    #[test]
    fn what_clients_send_is_right() {
        for node in [
            iq("get").attr("xmlns", "w:p").build(),
            NodeBuilder::new("iq").attr("to", server()).attr("type", "result").build(),
            message("2", "pkmsg", vec![1]),
            NodeBuilder::new("receipt").attr("to", friend()).attr("id", "1").build(),
            NodeBuilder::new("ack")
                .attr("to", server())
                .attr("id", "1")
                .attr("class", "notification")
                .build(),
            NodeBuilder::new("presence").attr("type", "available").build(),
        ] {
            assert_eq!(wrong(&node), None);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = iq("error").children([NodeBuilder::new("error").build()]).build();
        for (node, why) in [
            (NodeBuilder::new("success").build(), "no client sends a <success>"),
            (iq("get").build(), "<iq id=\"1\"> has no xmlns"),
            (iq("ask").build(), "<iq id=\"1\"> is of the type \"ask\", not get, set, result or error"),
            (
                iq("get").attr("xmlns", "w:p").attr("to", "nobody").build(),
                "<iq id=\"1\"> is to \"nobody\", which is no JID",
            ),
            (
                NodeBuilder::new("iq").attr("type", "get").attr("xmlns", "w:p").attr("to", server()).build(),
                "<iq id=\"\"> has no id",
            ),
            (error, "<iq id=\"1\"> has an error without a code"),
            (NodeBuilder::new("receipt").attr("id", "1").build(), "<receipt id=\"1\"> has no to"),
            (
                NodeBuilder::new("ack").attr("id", "1").attr("to", server()).build(),
                "<ack id=\"1\"> has no class",
            ),
            (message("1", "msg", vec![1]), "<message id=\"3EB0\"> has an envelope of version \"1\", not 2"),
            (message("2", "text", vec![1]), "<message id=\"3EB0\"> has an envelope of the type \"text\""),
            (message("2", "msg", vec![]), "<message id=\"3EB0\"> has an envelope with nothing in it"),
        ] {
            assert_eq!(wrong(&node).as_deref(), Some(why));
        }
    }
}
