//! App state: what an account's devices know in common (protocol page §5).

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use super::super::Peer;
use crate::stanza::{attr, result};
use crate::wire::WireFault;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(super) async fn collections(&mut self, id: &str, sync: &Node) -> Result<(), WireFault> {
        let answers = sync.get_children_by_tag("collection").map(|asked| {
            let answer = NodeBuilder::new("collection").attr("name", attr(asked, "name"));
            let version = attr(asked, "version");
            let version = if version.is_empty() { "0".to_owned() } else { version };
            let answer = answer.attr("version", version).attr("has_more_patches", "false");
            if asked.get_optional_child("patch").is_some() {
                answer.attr("type", "result").build()
            } else {
                answer.build()
            }
        });
        let answers = answers.collect::<Vec<_>>();
        let sync = NodeBuilder::new("sync").children(answers).build();
        self.send(result(id).children([sync]).build()).await
    }
}
