//! Stanzas that a server sends.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;
use wacore_binary::{Jid, Server};

/// The server itself: a JID without a user.
pub(crate) fn server() -> Jid {
    Jid::new("", Server::Pn)
}

pub(crate) fn attr(node: &Node, name: &str) -> String {
    node.attrs.get(name).map(|value| value.as_str().into_owned()).unwrap_or_default()
}

pub(crate) fn bytes(node: &Node) -> &[u8] {
    match &node.content {
        Some(wacore_binary::node::NodeContent::Bytes(bytes)) => bytes,
        _ => &[],
    }
}

/// What is in it as text, however it was encoded.
pub(crate) fn text(node: &Node) -> String {
    match &node.content {
        Some(wacore_binary::node::NodeContent::String(text)) => text.to_string(),
        _ => String::from_utf8_lossy(bytes(node)).into_owned(),
    }
}

pub(crate) fn result(id: &str) -> NodeBuilder {
    NodeBuilder::new("iq").attr("from", server()).attr("type", "result").attr("id", id.to_owned())
}

pub(crate) fn error(id: &str, code: u16, text: &'static str) -> Node {
    NodeBuilder::new("iq")
        .attr("from", server())
        .attr("type", "error")
        .attr("id", id.to_owned())
        .children([NodeBuilder::new("error").attr("code", code.to_string()).attr("text", text).build()])
        .build()
}

pub(crate) fn leaf(tag: &'static str) -> Node {
    NodeBuilder::new(tag).build()
}

pub(crate) fn data(tag: &'static str, bytes: impl Into<Vec<u8>>) -> Node {
    NodeBuilder::new(tag).bytes(bytes).build()
}

pub(crate) fn stream_error(code: &str) -> Node {
    NodeBuilder::new("stream:error").attr("code", code.to_owned()).build()
}

pub(crate) fn conflict(code: Option<&'static str>, kind: &'static str) -> Node {
    let node = NodeBuilder::new("stream:error");
    let node = match code {
        Some(code) => node.attr("code", code),
        None => node,
    };
    node.children([NodeBuilder::new("conflict").attr("type", kind).build()]).build()
}

pub(crate) fn not_well_formed() -> Node {
    NodeBuilder::new("stream:error").children([leaf("xml-not-well-formed")]).build()
}

pub(crate) fn failure(reason: u16, extra: &[(String, String)]) -> Node {
    let mut node =
        NodeBuilder::new("failure").attr("reason", reason.to_string()).attr("location", "frc").build();
    for (name, value) in extra {
        node.attrs.insert(name.clone(), value.clone());
    }
    node
}

/// A text's beginning, for people.
pub(crate) fn short(text: Option<&str>) -> String {
    text.map_or_else(
        || "no text".to_owned(),
        |text| format!("{:?}", text.chars().take(40).collect::<String>()),
    )
}

/// A stanza as people read it, with bytes by their length only.
pub(crate) fn shown(node: &Node) -> String {
    use std::fmt::Write as _;
    let mut text = format!("<{}", node.tag);
    for (name, value) in node.attrs.iter() {
        let _ = write!(text, " {name}=\"{}\"", value.as_str());
    }
    match &node.content {
        None => text.push_str("/>"),
        Some(wacore_binary::node::NodeContent::Bytes(bytes)) => {
            let _ = write!(text, ">[{} bytes]</{}>", bytes.len(), node.tag);
        }
        Some(wacore_binary::node::NodeContent::String(string)) => {
            let _ = write!(text, ">{string}</{}>", node.tag);
        }
        Some(wacore_binary::node::NodeContent::Nodes(children)) => {
            text.push('>');
            text.extend(children.iter().map(shown));
            let _ = write!(text, "</{}>", node.tag);
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fmt;

    use serde::de::{MapAccess, Visitor};
    use serde::{Deserialize, Deserializer};
    use wacore_binary::{OwnedNodeRef, marshal};

    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        node: Written,
        #[serde(with = "hex::serde")]
        bytes: Vec<u8>,
    }

    #[derive(Deserialize)]
    struct Written {
        tag: String,
        #[serde(deserialize_with = "in_order")]
        attrs: Vec<(String, String)>,
        #[serde(default)]
        content: Option<Content>,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Content {
        Bytes(String),
        Children(Vec<Written>),
    }

    /// What is encoded depends on the order of attributes.
    fn in_order<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, String)>, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(String, String)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("attributes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        from.deserialize_map(Pairs)
    }

    fn build(written: &Written) -> Node {
        let mut node = NodeBuilder::new_dynamic(written.tag.clone()).build();
        for (name, value) in &written.attrs {
            match value.strip_prefix('@') {
                Some("s.whatsapp.net") => node.attrs.insert(name.clone(), server()),
                _ if value.contains('@') => node.attrs.insert(name.clone(), value.parse::<Jid>().unwrap()),
                _ => node.attrs.insert(name.clone(), value.clone()),
            }
        }
        node.content = written.content.as_ref().map(|content| match content {
            Content::Bytes(text) => wacore_binary::node::NodeContent::Bytes(
                hex::decode(text.strip_prefix("hex:").unwrap()).unwrap(),
            ),
            Content::Children(children) => {
                wacore_binary::node::NodeContent::Nodes(children.iter().map(build).collect())
            }
        });
        node
    }

    #[test]
    fn stanzas_are_encoded_and_read_as_the_vectors_say() {
        #[derive(Deserialize)]
        struct All {
            nodes: Vec<Vector>,
        }
        // Read apart from the others, for a map in between would lose the order.
        let All { nodes } = serde_json::from_str(include_str!("vectors.json")).unwrap();
        assert_eq!(nodes.len(), 10);
        for Vector { node, bytes } in nodes {
            let node = build(&node);
            assert_eq!(
                hex::encode(marshal::marshal(&node).unwrap()),
                hex::encode(&bytes),
                "{}",
                shown(&node)
            );
            let plain = wacore_binary::util::unpack(&bytes).unwrap().into_owned();
            let read = OwnedNodeRef::new(plain).unwrap().to_owned_node();
            assert_eq!(shown(&read), shown(&node));
        }
    }
}
