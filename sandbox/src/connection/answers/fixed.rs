//! Answers that are the same for everybody.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use crate::stanza::{data, leaf};

/// By the request's namespace; none is a bare result.
pub(super) fn fixed(namespace: &str) -> Vec<Node> {
    let node = match namespace {
        "abt" => NodeBuilder::new("props")
            .attr("abt", "1")
            .attr("hash", "sandbox")
            .attr("refresh", "86400")
            .attr("refresh_id", "1")
            .build(),
        "w" => NodeBuilder::new("props").attr("version", "3").attr("hash", "sandbox").build(),
        "blocklist" => NodeBuilder::new("list").attr("dhash", "sandbox").build(),
        "privacy" => {
            let category = |name: &'static str| {
                NodeBuilder::new("category").attr("name", name).attr("value", "all").build()
            };
            let names =
                ["last", "online", "profile", "status", "readreceipts", "groupadd", "calladd", "messages"];
            NodeBuilder::new("privacy").children(names.map(category)).build()
        }
        "w:m" => NodeBuilder::new("media_conn")
            .attr("auth", "sandbox")
            .attr("ttl", "3600")
            .attr("auth_ttl", "3600")
            .attr("max_buckets", "1")
            .children([NodeBuilder::new("host").attr("hostname", "127.0.0.1").build()])
            .build(),
        "w:g2" => leaf("groups"),
        "w:mex" => data("result", br#"{"data":null}"#.to_vec()),
        _ => return Vec::new(),
    };
    vec![node]
}
