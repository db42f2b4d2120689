//! A connection as frames, and after the handshake as stanzas.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_websockets::{Message, WebSocketStream};
use wacore::framing::{FrameDecoder, encode_frame};
use wacore_binary::node::Node;
use wacore_binary::{OwnedNodeRef, marshal};

use crate::fault::BadFrame;
use crate::line::Control;
use crate::noise::Session;

/// No client is silent for so long on purpose.
const IDLE: Duration = Duration::from_mins(5);
/// A client that does not read for so long is given up.
const WRITE: Duration = Duration::from_secs(30);
/// How long a connection stands that reads nothing.
const DEAF: Duration = Duration::from_mins(15);
/// A frame is whole this long after its first byte, however slow the client.
const FRAME: Duration = Duration::from_mins(1);
const HEADER: &[u8] = b"WA\x06";
const ROUTING: &[u8] = b"ED\x00\x01";
/// The token dictionary that we have.
const DICTIONARY: u8 = 3;

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
    #[error("the connection begins with {}, not with \"WA\" and 06 03", hex::encode(.0))]
    Header(Vec<u8>),
    /// The client writes its stanzas with tokens that nobody but old clients has.
    #[error("the client's token dictionary is {0}; only {DICTIONARY} is spoken here, so update the client")]
    Dictionary(u8),
    /// A frame that was begun and not ended.
    #[error("a frame was not whole after {} s", FRAME.as_secs())]
    Slow,
    /// What came is no WebSocket as it should be.
    #[error("the WebSocket is broken: {0}")]
    WebSocket(String),
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
    line: Arc<Control>,
    frames: FrameDecoder,
    session: Option<Box<Session>>,
    received: u32,
    sent: u32,
    /// Since when a frame is not whole.
    begun: Option<Instant>,
    /// Nothing is read any more.
    deaf: bool,
}

/// What a client sends first.
pub(crate) struct Opening {
    /// The four bytes that both sides hash.
    pub(crate) header: Vec<u8>,
    /// The routing information of an earlier connection, when the client gave it back.
    pub(crate) routing: Option<Vec<u8>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(socket: WebSocketStream<S>, line: Arc<Control>) -> Self {
        Self {
            socket,
            line,
            frames: FrameDecoder::new(),
            session: None,
            received: 0,
            sent: 0,
            begun: None,
            deaf: false,
        }
    }

    pub(crate) fn line(&self) -> &Arc<Control> {
        &self.line
    }

    /// The header that the client sends first, and what it says about routing.
    pub(crate) async fn opening(&mut self) -> Result<Opening, WireFault> {
        let mut bytes = Vec::new();
        loop {
            bytes.extend_from_slice(&self.chunk().await?);
            let (routing, rest) = match bytes.strip_prefix(ROUTING) {
                None => (None, bytes.as_slice()),
                Some(routed) => {
                    let Some((&[a, b, c], after)) = routed.split_first_chunk() else { continue };
                    let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                    let Some((routing, rest)) = after.split_at_checked(length) else { continue };
                    (Some(routing.to_vec()), rest)
                }
            };
            let Some((&header, frames)) = rest.split_first_chunk::<4>() else { continue };
            let [.., dictionary] = header;
            if !header.starts_with(HEADER) {
                return Err(WireFault::Header(header.to_vec()));
            }
            if dictionary != DICTIONARY {
                return Err(WireFault::Dictionary(dictionary));
            }
            self.begun = (!frames.is_empty()).then(Instant::now);
            self.frames.feed(frames);
            return Ok(Opening { header: header.to_vec(), routing });
        }
    }

    pub(crate) fn secure(&mut self, session: Box<Session>) {
        self.session = Some(session);
    }

    /// One frame as it is. Cancel-safe.
    pub(crate) async fn frame(&mut self) -> Result<Vec<u8>, WireFault> {
        loop {
            if let Some(frame) = self.frames.decode_frame() {
                self.begun = (self.frames.buffered_len() > 0).then(Instant::now);
                return Ok(frame.to_vec());
            }
            let chunk = match self.begun {
                Some(begun) => tokio::time::timeout_at(begun + FRAME, self.chunk())
                    .await
                    .map_err(|_| WireFault::Slow)??,
                None => self.chunk().await?,
            };
            self.begun.get_or_insert_with(Instant::now);
            self.frames.feed(&chunk);
        }
    }

    pub(crate) async fn send_frame(&mut self, payload: &[u8]) -> Result<(), WireFault> {
        let frame = encode_frame(payload, None).map_err(|_| WireFault::Encode)?;
        self.send_message(Message::binary(Bytes::from(frame))).await
    }

    async fn send_message(&mut self, message: Message) -> Result<(), WireFault> {
        let sent = tokio::time::timeout(WRITE, self.socket.send(message)).await;
        sent.map_err(|_| WireFault::Closed)?.map_err(|_| WireFault::Closed)
    }

    /// One stanza. Cancel-safe.
    pub(crate) async fn stanza(&mut self) -> Result<Node, WireFault> {
        let mut frame = self.frame().await?;
        let counter = self.received;
        self.received = self.received.wrapping_add(1);
        let session = self.session.as_ref().ok_or(WireFault::Decrypt(counter))?;
        session
            .receive
            .decrypt_in_place_with_counter(counter, &mut frame)
            .map_err(|_| WireFault::Decrypt(counter))?;
        decode(&frame).ok_or(WireFault::Stanza(counter))
    }

    pub(crate) async fn send(&mut self, node: &Node) -> Result<(), WireFault> {
        let plain = marshal::marshal(node).map_err(|_| WireFault::Encode)?;
        self.seal(&plain).await
    }

    async fn seal(&mut self, plain: &[u8]) -> Result<(), WireFault> {
        let session = self.session.as_ref().ok_or(WireFault::Encode)?;
        let sealed = session.send.encrypt_with_counter(self.sent, plain).map_err(|_| WireFault::Encode)?;
        self.sent = self.sent.wrapping_add(1);
        self.send_frame(&sealed).await
    }

    /// A frame that is wrong.
    pub(crate) async fn send_bad(&mut self, what: BadFrame) -> Result<(), WireFault> {
        match what {
            BadFrame::Sealed => self.send_frame(&[0x5a; 48]).await,
            BadFrame::NoStanza => self.seal(&[0, 0xff, 0xff, 0xff]).await,
            BadFrame::Compressed => self.seal(&[2, 0xff, 0xff, 0xff]).await,
            BadFrame::Empty => self.send_frame(&[]).await,
            BadFrame::Truncated => self.send_message(Message::binary(&b"\x00\x01\x00 less"[..])).await,
            BadFrame::Skipped => {
                self.sent = self.sent.wrapping_add(1);
                Ok(())
            }
            BadFrame::Text => self.send_message(Message::text("no binary message")).await,
            BadFrame::WebSocket => {
                let raw = async {
                    let stream = self.socket.get_mut();
                    // All three reserved bits, an unknown opcode, no payload.
                    stream.write_all(&[0xfb, 0]).await?;
                    stream.flush().await
                };
                let sent = tokio::time::timeout(WRITE, raw).await;
                sent.map_err(|_| WireFault::Closed)?.map_err(|_| WireFault::Closed)
            }
        }
    }

    /// Lets the line do what it was told to.
    pub(crate) async fn flush(&mut self) {
        let _ = tokio::time::timeout(WRITE, self.socket.get_mut().flush()).await;
    }

    /// Reads nothing any more: the client's TCP window closes.
    pub(crate) fn deafen(&mut self) {
        self.deaf = true;
    }

    /// Reads and ignores until the client closes.
    pub(crate) async fn ignore(&mut self) -> WireFault {
        self.line.trust();
        loop {
            if let Err(fault) = self.chunk().await {
                return fault;
            }
        }
    }

    pub(crate) async fn close(&mut self) {
        let limit = Duration::from_secs(1) + self.line.latency();
        let _ = tokio::time::timeout(limit, self.socket.close()).await;
    }

    async fn chunk(&mut self) -> Result<Bytes, WireFault> {
        if self.deaf {
            tokio::time::sleep(DEAF).await;
            return Err(WireFault::Ended);
        }
        loop {
            let next = tokio::time::timeout(IDLE, self.socket.next()).await.map_err(|_| WireFault::Silent)?;
            let message = next.ok_or(WireFault::Closed)?.map_err(broken)?;
            if message.is_binary() {
                return Ok(Bytes::from(message.into_payload()));
            }
            if message.is_text() {
                return Err(WireFault::WebSocket("a text message; all are binary here".into()));
            }
            if message.is_close() {
                return Err(WireFault::Closed);
            }
        }
    }
}

/// The stanza in what was sealed.
pub(crate) fn decode(plain: &[u8]) -> Option<Node> {
    let plain = wacore_binary::util::unpack(plain).ok()?;
    Some(OwnedNodeRef::new(Bytes::from(plain.into_owned())).ok()?.to_owned_node())
}

/// Whether a client broke the protocol or only went away.
fn broken(error: tokio_websockets::Error) -> WireFault {
    match error {
        tokio_websockets::Error::Io(error) if error.kind() == std::io::ErrorKind::Other => {
            WireFault::WebSocket(error.to_string())
        }
        tokio_websockets::Error::Io(_) | tokio_websockets::Error::AlreadyClosed => WireFault::Closed,
        error => WireFault::WebSocket(error.to_string()),
    }
}
