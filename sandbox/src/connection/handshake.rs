//! From the client's first byte to its payload.

use tokio::io::{AsyncRead, AsyncWrite};
use waproto::buffa::Message as _;
use waproto::whatsapp::ClientPayload;

use crate::fault::Fault;
use crate::noise::{self, Pattern, Step};
use crate::phone::RawKey;
use crate::wire::{Wire, WireFault};
use crate::world::World;

/// What is known of a client that shook hands.
pub(super) struct Shaken {
    /// Its static key.
    pub(super) client: RawKey,
    pub(super) payload: ClientPayload,
    pub(super) pattern: Pattern,
}

/// None when there is no session; why is told.
pub(super) async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    world: &World,
    id: u64,
    wire: &mut Wire<S>,
) -> Result<Option<Shaken>, WireFault> {
    let header = wire.header().await?;
    let hello = wire.frame().await?;
    if world.fault_due(|fault| matches!(fault, Fault::HangHello), None).is_some() {
        std::future::pending::<()>().await;
    }
    let keys = world.lock().durable.keys.clone();
    let session = match noise::answer(&keys, &header, &hello, world.unix()) {
        Ok(Step::Done(answer, session)) => {
            wire.send_frame(&answer).await?;
            session
        }
        Ok(Step::Finish(answer, waiting)) => {
            wire.send_frame(&answer).await?;
            let finish = wire.frame().await?;
            match waiting.finish(&finish) {
                Ok(session) => Box::new(session),
                Err(fault) => {
                    world.tell(id, "violation", fault.to_string());
                    return Ok(None);
                }
            }
        }
        Err(fault) => {
            world.tell(id, "violation", fault.to_string());
            return Ok(None);
        }
    };
    let (client, pattern) = (session.client_static, session.pattern);
    let Ok(payload) = ClientPayload::decode_from_slice(&session.payload) else {
        world.tell(id, "violation", "the client payload does not decode");
        return Ok(None);
    };
    world.tell(id, "handshake", format!("{pattern:?}"));
    wire.secure(session);
    Ok(Some(Shaken { client, payload, pattern }))
}
