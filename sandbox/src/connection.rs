//! One connection, from the upgrade to its end.

mod answers;
mod codes;
mod deliver;
mod handshake;
mod inbound;
mod linking;
mod login;
mod orders;
mod overheard;
mod post;

use handshake::Outcome;
pub(crate) use overheard::overhear;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_websockets::WebSocketStream;
use wacore_binary::node::Node;
use waproto::whatsapp::ClientPayload;

use crate::line::Control;
use crate::noise::Pattern;
use crate::phone::RawKey;
use crate::stanza;
use crate::wire::{Wire, WireFault};
use crate::world::{Connection, Order, World};

/// A client that does not shake hands is no client.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// What a client may send before it has shaken hands: several times what any needs.
const UNKNOWN: u64 = 256 * 1024;

pub(crate) struct Peer<S> {
    pub(crate) world: Arc<World>,
    pub(crate) id: u64,
    pub(crate) wire: Wire<S>,
    orders: mpsc::Receiver<Order>,
    client: RawKey,
    payload: ClientPayload,
    device: Option<(String, u16)>,
    next_iq: u32,
    pairing: Option<linking::Pairing>,
    primary: Option<tokio::sync::oneshot::Sender<Node>>,
    /// Until when refs are shown, on the world's clock; none when this links nothing.
    shown_until: Option<Duration>,
    /// What comes is read and ignored.
    stalled: bool,
    mail: Arc<Notify>,
    drain: post::Drain,
    /// The place of the last stanza that was delivered here.
    delivered: u64,
    /// Goes after the next stanza.
    held: Option<Node>,
    /// The id of the last stanza that went.
    last_id: Option<String>,
}

/// Whether the connection goes on.
#[derive(PartialEq, Eq)]
pub(crate) enum Flow {
    On,
    End,
}

/// Serves a connection to its end.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    world: Arc<World>,
    socket: WebSocketStream<S>,
    line: Arc<Control>,
) {
    let id = world.number();
    world.tell(id, "open", "a client connected");
    let ended = attend(Arc::clone(&world), id, socket, line).await;
    {
        let mut state = world.lock();
        let gone = state.connections.remove(&id);
        if let Some((phone, _)) =
            gone.filter(|gone| gone.available == Some(true)).and_then(|gone| gone.device)
        {
            state.tell_presence(&phone);
        }
        state.uncount(id);
    }
    match ended {
        Ok(()) | Err(WireFault::Ended) => world.tell(id, "closed", "closed by the server"),
        Err(WireFault::Closed) => world.tell(id, "closed", "closed by the client"),
        Err(fault) => {
            world.tell(id, "violation", fault.to_string());
            world.tell(id, "closed", "closed by the server");
        }
    }
}

async fn attend<S: AsyncRead + AsyncWrite + Unpin>(
    world: Arc<World>,
    id: u64,
    socket: WebSocketStream<S>,
    line: Arc<Control>,
) -> Result<(), WireFault> {
    let mut wire = Wire::new(socket, Arc::clone(&line));
    line.allow(UNKNOWN);
    let Ok(shaken) = tokio::time::timeout(HANDSHAKE, handshake::shake(&world, id, &mut wire)).await else {
        return Err(WireFault::Silent);
    };
    let handshake::Shaken { client, payload, pattern } = match shaken? {
        Outcome::Session(shaken) => *shaken,
        Outcome::Refused => {
            wire.close().await;
            return Ok(());
        }
        Outcome::Hang => return Err(wire.ignore().await),
    };
    line.trust();
    tokio::time::sleep(world.settle).await;
    let mut peer = Peer::new(world, id, wire, client, payload, pattern);
    let begun = if peer.payload.device_pairing_data.as_option().is_some() {
        peer.offer_refs().await?
    } else {
        peer.log_in().await?
    };
    if begun == Flow::On {
        peer.talk().await?;
    }
    peer.wire.close().await;
    Ok(())
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// A client that shook hands; the world knows of it from now on.
    fn new(
        world: Arc<World>,
        id: u64,
        wire: Wire<S>,
        client: RawKey,
        payload: ClientPayload,
        pattern: Pattern,
    ) -> Self {
        let (sender, orders) = mpsc::channel(64);
        let mail = Arc::new(Notify::new());
        let connection = Connection {
            orders: sender,
            candidate: None,
            refs: Vec::new(),
            code: None,
            device: None,
            pattern,
            mail: Arc::clone(&mail),
            line: Arc::clone(wire.line()),
            available: None,
            subscribed: std::collections::BTreeSet::new(),
        };
        world.lock().connections.insert(id, connection);
        Self {
            world,
            id,
            wire,
            orders,
            client,
            payload,
            device: None,
            next_iq: 0,
            pairing: None,
            primary: None,
            shown_until: None,
            stalled: false,
            mail,
            drain: post::Drain::Held,
            delivered: 0,
            held: None,
            last_id: None,
        }
    }

    async fn talk(&mut self) -> Result<(), WireFault> {
        loop {
            let impatient = self.impatient();
            let patience = if self.stalled { None } else { self.patience() };
            let flow = tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order).await?,
                    None => Flow::End,
                },
                node = self.wire.stanza() => {
                    let node = node?;
                    self.world.tell(self.id, "in", stanza::shown(&node));
                    if self.stalled { Flow::On } else { self.receive(node).await? }
                }
                () = self.mail.notified(), if !self.stalled => {
                    self.deliver().await?;
                    Flow::On
                }
                () = tokio::time::sleep_until(impatient.unwrap_or_else(Instant::now)), if impatient.is_some() && !self.stalled => {
                    self.deliver_rest().await?;
                    Flow::On
                }
                () = tokio::time::sleep(patience.unwrap_or_default()), if patience.is_some() => self.give_up().await?,
            };
            if flow == Flow::End {
                return Ok(());
            }
        }
    }

    async fn take(&mut self, node: Node) -> Result<Flow, WireFault> {
        match &*node.tag {
            "iq" => self.iq(node).await,
            "message" => self.message(&node).await.map(|()| Flow::On),
            "receipt" => self.receipt(&node).await.map(|()| Flow::On),
            "presence" | "chatstate" => {
                self.present(&node);
                Ok(Flow::On)
            }
            "call" => self.call(&node).await.map(|()| Flow::On),
            "ack" => {
                self.ack(&node);
                Ok(Flow::On)
            }
            "ib" => {
                if let Some(batch) = node.get_optional_child("offline_batch") {
                    self.batch(batch).await?;
                }
                Ok(Flow::On)
            }
            _ => Ok(Flow::On),
        }
    }

    pub(crate) fn iq_id(&mut self) -> String {
        self.next_iq += 1;
        format!("{}.{}", self.id, self.next_iq)
    }
}
