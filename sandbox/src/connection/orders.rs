//! What the world tells a connection to do.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Flow, Peer};
use crate::fault::Fault;
use crate::stanza;
use crate::wire::WireFault;
use crate::world::Order;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(super) async fn obey(&mut self, order: Order) -> Result<Flow, WireFault> {
        match order {
            Order::Pair { account, slot, signed, done } => self.pair(&account, slot, *signed, done).await?,
            Order::Primary { node, done } => {
                self.primary = Some(done);
                self.send(node).await?;
            }
            Order::Terminal(node) => {
                self.last(node).await?;
                return Ok(Flow::End);
            }
            Order::Fault(fault) => return self.happen(*fault).await,
        }
        Ok(Flow::On)
    }

    async fn happen(&mut self, fault: Fault) -> Result<Flow, WireFault> {
        match fault {
            Fault::Drop => return Err(WireFault::Ended),
            Fault::Stall => self.stalled = true,
            Fault::Garbage => self.wire.send_garbage().await?,
            Fault::Replaced => {
                self.last(stanza::conflict(None, "replaced")).await?;
                return Ok(Flow::End);
            }
            Fault::Stream { code } => {
                self.last(stanza::stream_error(&code.to_string())).await?;
                return Ok(Flow::End);
            }
            _ => {
                self.last(stanza::leaf("xmlstreamend")).await?;
                return Ok(Flow::End);
            }
        }
        Ok(Flow::On)
    }
}
