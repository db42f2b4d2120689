//! What goes out.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::node::Node;

use super::Peer;
use crate::stanza;
use crate::wire::WireFault;

/// Clients may miss a stanza that the close overtakes (protocol page §7).
const LAST_WORDS: Duration = Duration::from_millis(100);

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn send(&mut self, node: Node) -> Result<(), WireFault> {
        self.world.tell(self.id, "out", stanza::shown(&node));
        self.wire.send(&node).await
    }

    /// A terminal stanza, the end of the stream, and time to read both.
    pub(crate) async fn last(&mut self, node: Node) -> Result<(), WireFault> {
        self.send(node).await?;
        self.send(stanza::leaf("xmlstreamend")).await?;
        tokio::time::sleep(LAST_WORDS).await;
        Ok(())
    }
}
