//! What the world tells a connection to do, and what happens to it.

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::node::Node;

use super::{Flow, Peer};
use crate::fault::{BadFrame, Direction, Fault};
use crate::wire::WireFault;
use crate::world::Order;
use crate::{shape, stanza};

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(super) async fn obey(&mut self, order: Order) -> Result<Flow, WireFault> {
        match order {
            Order::Pair { account, slot, signed, done } => self.pair(&account, slot, *signed, done).await?,
            Order::Primary { node, done } => {
                self.primary = Some(done);
                self.send(node).await?;
            }
            Order::Send(node) => self.send(node).await?,
            Order::Terminal(node) => {
                self.last(node).await?;
                return Ok(Flow::End);
            }
            Order::Fault(fault) => return self.happen(*fault).await,
        }
        Ok(Flow::On)
    }

    /// A stanza that came, and what happens at it.
    pub(super) async fn receive(&mut self, node: Node) -> Result<Flow, WireFault> {
        if let Some(why) = shape::wrong(&node) {
            self.world.tell(self.id, "violation", why);
        }
        let due = self.world.lock().due_at(self.id, Direction::In, &node);
        let mut lost = false;
        for fault in due {
            if fault == Fault::Lose {
                self.world.tell(self.id, "fault", "lose");
                lost = true;
            } else if self.happen(fault).await? == Flow::End {
                return Ok(Flow::End);
            }
        }
        if lost || self.stalled { Ok(Flow::On) } else { self.take(node).await }
    }

    pub(super) async fn happen(&mut self, fault: Fault) -> Result<Flow, WireFault> {
        self.world.tell(self.id, "fault", serde_json::to_string(&fault).unwrap_or_default());
        let last = match fault {
            Fault::Drop => return Err(WireFault::Ended),
            Fault::Reset => {
                self.wire.line().reset();
                self.wire.flush().await;
                return Err(WireFault::Ended);
            }
            Fault::HalfClose => {
                self.stalled = true;
                self.wire.line().half_close();
                self.wire.flush().await;
                return Ok(Flow::On);
            }
            Fault::Stall => {
                self.stalled = true;
                return Ok(Flow::On);
            }
            Fault::StopReading => {
                self.wire.deafen();
                return Ok(Flow::On);
            }
            Fault::Garbage => {
                self.wire.send_bad(BadFrame::Sealed).await?;
                return Ok(Flow::On);
            }
            Fault::Frame { what } => {
                // What follows would be taken for the rest of the frame.
                self.stalled |= what == BadFrame::Truncated;
                self.wire.send_bad(what).await?;
                return Ok(Flow::On);
            }
            Fault::Inject { stanza } => {
                self.put(&stanza.node()).await?;
                return Ok(Flow::On);
            }
            fault @ (Fault::Latency { .. } | Fault::Bandwidth { .. }) => {
                self.wire.line().shape(&fault);
                return Ok(Flow::On);
            }
            Fault::Unlinked => {
                if let Some((phone, device)) = self.device.clone() {
                    self.world.forget(&phone, device);
                }
                stanza::conflict(Some("401"), "device_removed")
            }
            Fault::Replaced => stanza::conflict(None, "replaced"),
            Fault::Stream { code } => stanza::stream_error(&code.to_string()),
            Fault::NotWellFormed => stanza::not_well_formed(),
            // None of the others is one that happens to a connection.
            _ => stanza::leaf("xmlstreamend"),
        };
        self.farewell(&last).await?;
        Ok(Flow::End)
    }
}
