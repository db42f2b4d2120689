//! From the client's first byte to its payload.

use tokio::io::{AsyncRead, AsyncWrite};
use waproto::buffa::Message as _;
use waproto::whatsapp::ClientPayload;

use crate::fault::Fault;
use crate::noise::{self, NoiseFault, Pattern, Session, Step, Tampering};
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

/// How a handshake ended.
pub(super) enum Outcome {
    Session(Box<Shaken>),
    /// There is no session; why is told.
    Refused,
    /// The client shall wait for its answer for ever.
    Hang,
}

pub(super) async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    world: &World,
    id: u64,
    wire: &mut Wire<S>,
) -> Result<Outcome, WireFault> {
    let opening = wire.opening().await?;
    if let Some(routing) = &opening.routing {
        world.tell(id, "routing", hex::encode(routing));
    }
    let hello = wire.frame().await?;
    if world.fault_due(|fault| matches!(fault, Fault::HangHello), None).is_some() {
        return Ok(Outcome::Hang);
    }
    if world.fault_due(|fault| matches!(fault, Fault::BadHello), None).is_some() {
        wire.send_frame(&noise::nonsense()).await?;
        return Ok(Outcome::Hang);
    }
    let session = match session(world, wire, &opening.header, &hello).await? {
        Ok(session) => session,
        Err(fault) => {
            world.tell(id, "violation", fault.to_string());
            return Ok(Outcome::Refused);
        }
    };
    let (client, pattern) = (session.client_static, session.pattern);
    let Ok(payload) = ClientPayload::decode_from_slice(&session.payload) else {
        world.tell(id, "violation", "the client payload does not decode");
        return Ok(Outcome::Refused);
    };
    world.tell(id, "handshake", format!("{pattern:?}"));
    wire.secure(session);
    Ok(Outcome::Session(Box::new(Shaken { client, payload, pattern })))
}

async fn session<S: AsyncRead + AsyncWrite + Unpin>(
    world: &World,
    wire: &mut Wire<S>,
    header: &[u8],
    hello: &[u8],
) -> Result<Result<Box<Session>, NoiseFault>, WireFault> {
    let keys = world.lock().durable.keys.clone();
    Ok(match noise::answer(&keys, header, hello, world.unix(), tampering(world)) {
        Ok(Step::Done(answer, session)) => {
            wire.send_frame(&answer).await?;
            Ok(session)
        }
        Ok(Step::Finish(answer, waiting)) => {
            wire.send_frame(&answer).await?;
            let finish = wire.frame().await?;
            waiting.finish(&finish).map(Box::new)
        }
        Err(fault) => Err(fault),
    })
}

fn tampering(world: &World) -> Tampering {
    let chain = world.fault_due(|fault| matches!(fault, Fault::NoiseCertificate { .. }), None);
    Tampering {
        chain: chain.and_then(|fault| match fault {
            Fault::NoiseCertificate { what } => Some(what),
            _ => None,
        }),
        decline: world.fault_due(|fault| matches!(fault, Fault::DeclineIk), None).is_some(),
    }
}
