//! A logged-in device without its sockets and its handshake.

use std::sync::Arc;

use tokio_websockets::ServerBuilder;
use wacore::handshake::NoiseCipher;
use waproto::whatsapp::ClientPayload;

use super::{Flow, Peer};
use crate::line::Control;
use crate::noise::{Pattern, Session};
use crate::wire::{Wire, decode};
use crate::world::World;

/// Lets this device say each of these as the sealed frame's content; nobody reads the answers.
pub(crate) async fn overhear<'a>(
    world: &Arc<World>,
    (phone, device): (&str, u16),
    frames: impl Iterator<Item = &'a [u8]>,
) {
    let nobody = tokio::io::join(tokio::io::empty(), tokio::io::sink());
    let mut wire = Wire::new(ServerBuilder::new().serve(nobody), Control::new(u64::MAX));
    let [Ok(receive), Ok(send)] = [NoiseCipher::new(&[1; 32]), NoiseCipher::new(&[2; 32])] else { return };
    let session =
        Session { receive, send, client_static: [3; 32], payload: Vec::new(), pattern: Pattern::Xx };
    wire.secure(Box::new(session));
    let id = world.number();
    let mut peer = Peer::new(Arc::clone(world), id, wire, [3; 32], ClientPayload::default(), Pattern::Xx);
    peer.device = Some((phone.to_owned(), device));
    if let Some(connection) = world.lock().connections.get_mut(&id) {
        connection.device.clone_from(&peer.device);
    }
    for frame in frames {
        let Some(node) = decode(frame) else { continue };
        if !matches!(peer.receive(node).await, Ok(Flow::On)) {
            break;
        }
    }
    world.lock().connections.remove(&id);
}
