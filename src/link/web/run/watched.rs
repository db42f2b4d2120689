//! What the engine is asked to point out.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::Fuse;
use whatsapp_rust::futures::channel::oneshot;
use whatsapp_rust::wacore_binary::node::Node as Sent;
use whatsapp_rust::{Client, NodeFilter, OwnedNodeRef};

use crate::link::web::proof::Proof;

type Node = oneshot::Receiver<Arc<OwnedNodeRef>>;

/// One set of waiters per attempt: a stream error of the past must not answer for the present.
pub(super) struct Watched {
    /// WhatsApp let us in.
    pub(super) success: Fuse<Node>,
    /// WhatsApp says why it ends the connection.
    pub(super) stream_error: Node,
    /// The engine says that the account is online.
    pub(super) shown: oneshot::Receiver<Arc<Sent>>,
    /// What WhatsApp sends is read.
    pub(super) proof: Proof,
}

impl Watched {
    pub(super) fn start(client: &Arc<Client>) -> Self {
        Self {
            success: client.wait_for_node(NodeFilter::tag("success")).fuse(),
            stream_error: client.wait_for_node(NodeFilter::tag("stream:error")),
            shown: Self::shown(client),
            proof: Proof::start(client),
        }
    }

    /// Before the backlog when it knows the account's name, and whenever it hears of another one.
    pub(super) fn shown(client: &Client) -> oneshot::Receiver<Arc<Sent>> {
        client.wait_for_sent_node(NodeFilter::tag("presence").attr("type", "available"))
    }
}
