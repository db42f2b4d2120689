//! A connection as frames, and after the handshake as stanzas.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_websockets::{Message, WebSocketStream};
use wacore::framing::{FrameDecoder, encode_frame};
use wacore_binary::node::Node;
use wacore_binary::{OwnedNodeRef, marshal};

use crate::noise::Session;

/// No client is silent for so long on purpose.
const IDLE: Duration = Duration::from_mins(5);
const HEADER: &[u8] = b"WA\x06";

/// Why a connection ended on the wire.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireFault {
    /// The other side is gone.
    #[error("the client closed the connection")]
    Closed,
    /// The server ended it, as it was told to.
    #[error("the server ended the connection")]
    Ended,
    /// Nothing came for five minutes.
    #[error("the client was silent for too long")]
    Silent,
    /// The first bytes are none of this protocol.
    #[error("the connection does not begin with WA 06")]
    Header,
    /// A frame that does not decrypt: the counters or keys differ.
    #[error("frame {0} does not decrypt")]
    Decrypt(u32),
    /// A frame that is no stanza.
    #[error("frame {0} is no stanza")]
    Stanza(u32),
    /// A stanza of ours could not be written.
    #[error("a stanza could not be encoded")]
    Encode,
}

pub(crate) struct Wire<S> {
    socket: WebSocketStream<S>,
    frames: FrameDecoder,
    session: Option<Box<Session>>,
    received: u32,
    sent: u32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(socket: WebSocketStream<S>) -> Self {
        Self { socket, frames: FrameDecoder::new(), session: None, received: 0, sent: 0 }
    }

    /// The header that the client sends first, without what it says about routing.
    pub(crate) async fn header(&mut self) -> Result<Vec<u8>, WireFault> {
        let mut bytes = Vec::new();
        loop {
            bytes.extend_from_slice(&self.chunk().await?);
            let mut rest = bytes.as_slice();
            if let Some(routed) = rest.strip_prefix(b"ED\x00\x01") {
                let Some((length, after)) = routed.split_first_chunk::<3>() else { continue };
                let length =
                    usize::from(length[0]) << 16 | usize::from(length[1]) << 8 | usize::from(length[2]);
                let Some(after) = after.get(length..) else { continue };
                rest = after;
            }
            let Some((header, frames)) = rest.split_first_chunk::<4>() else { continue };
            if !header.starts_with(HEADER) {
                return Err(WireFault::Header);
            }
            self.frames.feed(frames);
            return Ok(header.to_vec());
        }
    }

    pub(crate) fn secure(&mut self, session: Box<Session>) {
        self.session = Some(session);
    }

    /// One frame as it is. Cancel-safe.
    pub(crate) async fn frame(&mut self) -> Result<Vec<u8>, WireFault> {
        loop {
            if let Some(frame) = self.frames.decode_frame() {
                return Ok(frame.to_vec());
            }
            let chunk = self.chunk().await?;
            self.frames.feed(&chunk);
        }
    }

    pub(crate) async fn send_frame(&mut self, payload: &[u8]) -> Result<(), WireFault> {
        let frame = encode_frame(payload, None).map_err(|_| WireFault::Encode)?;
        self.socket.send(Message::binary(Bytes::from(frame))).await.map_err(|_| WireFault::Closed)
    }

    /// One stanza. Cancel-safe.
    pub(crate) async fn stanza(&mut self) -> Result<Node, WireFault> {
        let mut frame = self.frame().await?;
        let counter = self.received;
        self.received += 1;
        let session = self.session.as_ref().ok_or(WireFault::Decrypt(counter))?;
        session
            .receive
            .decrypt_in_place_with_counter(counter, &mut frame)
            .map_err(|_| WireFault::Decrypt(counter))?;
        let plain = wacore_binary::util::unpack(&frame).map_err(|_| WireFault::Stanza(counter))?;
        let node =
            OwnedNodeRef::new(Bytes::from(plain.into_owned())).map_err(|_| WireFault::Stanza(counter))?;
        Ok(node.to_owned_node())
    }

    pub(crate) async fn send(&mut self, node: &Node) -> Result<(), WireFault> {
        let plain = marshal::marshal(node).map_err(|_| WireFault::Encode)?;
        let session = self.session.as_ref().ok_or(WireFault::Encode)?;
        let sealed = session.send.encrypt_with_counter(self.sent, &plain).map_err(|_| WireFault::Encode)?;
        self.sent += 1;
        self.send_frame(&sealed).await
    }

    /// A frame that no key opens.
    pub(crate) async fn send_garbage(&mut self) -> Result<(), WireFault> {
        self.send_frame(&[0x5a; 48]).await
    }

    pub(crate) async fn close(&mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.socket.close()).await;
    }

    async fn chunk(&mut self) -> Result<Bytes, WireFault> {
        loop {
            let next = tokio::time::timeout(IDLE, self.socket.next()).await.map_err(|_| WireFault::Silent)?;
            let message = next.ok_or(WireFault::Closed)?.map_err(|_| WireFault::Closed)?;
            if message.is_binary() {
                return Ok(Bytes::from(message.into_payload()));
            }
            if message.is_close() {
                return Err(WireFault::Closed);
            }
        }
    }
}
