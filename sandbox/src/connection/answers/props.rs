//! Properties by which the service steers clients.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use super::refusal::Refusal;
use crate::stanza::attr;

/// The hash of the properties; who knows it gets them not again.
const HASH: &str = "sandbox";

/// `abt`: experiments.
pub(super) fn experiments(asked: &Node) -> Result<Node, Refusal> {
    if attr(asked, "protocol") != "1" {
        return Err(Refusal::bad(format!("protocol {:?}; it is 1", attr(asked, "protocol"))));
    }
    let props = NodeBuilder::new("props")
        .attr("abt", "1")
        .attr("hash", HASH)
        .attr("refresh", "86400")
        .attr("refresh_id", "1");
    if attr(asked, "hash") == HASH {
        return Ok(props.attr("delta_update", "true").build());
    }
    // Of no meaning to any client that is known; a list without entries is not what clients meet.
    let prop = NodeBuilder::new("prop").attr("config_code", "1").attr("config_value", "0").build();
    Ok(props.children([prop]).build())
}

/// `w`: the older kind.
pub(super) fn properties(asked: &Node) -> Result<Node, Refusal> {
    if attr(asked, "protocol") != "2" {
        return Err(Refusal::bad(format!("protocol {:?}; it is 2", attr(asked, "protocol"))));
    }
    let props = NodeBuilder::new("props").attr("version", "3").attr("hash", HASH);
    if attr(asked, "hash") == HASH {
        return Ok(props.build());
    }
    let prop = NodeBuilder::new("prop").attr("name", "sandbox").attr("value", "1").build();
    Ok(props.children([prop]).build())
}
