//! Sockets in, connections out: every connection is bounded in time, number and memory, and costs
//! only itself.

mod connection;
mod patient;
mod plain;
mod slots;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::address::Peer;
use super::state::State;
use connection::Conversation;
use slots::Slots;

/// Connections at once over the owner's socket. They are counted for themselves: who is in the house can see to it
/// when all other places are taken.
const OWNERS: usize = 16;

/// What one connection may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address that is not this box.
    pub per_address: usize,
    /// How long a TLS handshake, the headers of a request, or the pause before the next one may take.
    pub headers: Duration,
    /// How long a client may take nothing of what it is sent.
    pub stalled: Duration,
    /// How long answers under way may take once the server is told to stop.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            per_address: 256,
            headers: Duration::from_secs(20),
            stalled: Duration::from_secs(30),
            farewell: Duration::from_secs(2),
        }
    }
}

/// Where connections come from.
pub enum Socket {
    /// TCP, bound by us or given by the service manager.
    Tcp(TcpListener),
    /// A unix socket, likewise.
    Unix(UnixListener),
    /// The socket in the data folder: who may open it needs no key.
    Owner(UnixListener),
}

/// A socket and how it is spoken on.
pub struct Listener {
    /// Where connections come from.
    pub socket: Socket,
    /// TLS, with the configuration of the moment at which a connection comes; none is plain HTTP.
    pub tls: Option<watch::Receiver<Arc<rustls::ServerConfig>>>,
}

/// Serves until it is told to stop, then lets answers under way finish, within bounds.
pub async fn serve(state: Arc<State>, listeners: Vec<Listener>, limits: Limits, shutdown: CancellationToken) {
    let slots = Slots::new(limits.connections, limits.per_address);
    let conversations = TaskTracker::new();
    let accepting = listeners.into_iter().map(|listener| {
        let slots = match listener.socket {
            Socket::Owner(_) => Slots::new(OWNERS, OWNERS),
            Socket::Tcp(_) | Socket::Unix(_) => slots.clone(),
        };
        let conversation =
            Conversation { state: Arc::clone(&state), tls: listener.tls, limits, shutdown: shutdown.clone() };
        accept(listener.socket, conversation, slots, conversations.clone())
    });
    futures_util::future::join_all(accepting).await;
    conversations.close();
    if tokio::time::timeout(limits.farewell, conversations.wait()).await.is_err() {
        tracing::info!(left = conversations.len(), "connections were still busy and are cut");
    }
}

/// Takes connections until the shutdown; dropping the socket then refuses further ones.
async fn accept(socket: Socket, conversation: Conversation, slots: Slots, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = conversation.shutdown.cancelled() => return,
            accepted = next(&socket) => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(slot) = slots.take(peer) {
                    let mut conversation = conversation.clone();
                    // Of its own: it is looked at for every request, and all would take the same lock.
                    conversation.shutdown = conversation.shutdown.child_token();
                    tasks.spawn(async move {
                        conversation.hold(stream, peer).await;
                        drop(slot);
                    });
                } else {
                    tracing::debug!(?peer, "too many connections; one more is not taken");
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken for now");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn next(socket: &Socket) -> std::io::Result<(connection::Stream, Peer)> {
    match socket {
        Socket::Tcp(listener) => {
            let (stream, address) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok((connection::Stream::Tcp(stream), Peer::Ip(address.ip())))
        }
        Socket::Unix(listener) => {
            let (stream, _) = listener.accept().await?;
            Ok((connection::Stream::Unix(stream), Peer::Local))
        }
        Socket::Owner(listener) => {
            let (stream, _) = listener.accept().await?;
            Ok((connection::Stream::Unix(stream), Peer::Owner))
        }
    }
}

/// The client went away before it was taken; the socket itself is well.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput)
}
