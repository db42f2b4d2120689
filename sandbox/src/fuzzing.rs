//! Doors for `fuzz/`: what a client may say, without sockets. No part of the library's promise.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_websockets::{ClientBuilder, Message, ServerBuilder};

use futures_util::SinkExt as _;

use crate::connection;
use crate::line::Control;
use crate::phone::{NewAccount, RawKey, code, qr};
use crate::world::{Device, SignedKey, World, device_key};

const PHONE: &str = "15551234567";
const FRIEND: &str = "4915112345678";
/// Ends a frame of [`stanzas`].
const SEPARATOR: u8 = 0xff;

struct Place {
    runtime: Runtime,
    world: Arc<World>,
}

/// Two accounts with a linked device each. They stay, whatever happens to them.
fn place() -> Option<&'static Place> {
    static PLACE: OnceLock<Option<Place>> = OnceLock::new();
    let make = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let world = Arc::new(World::load(None, None, Duration::ZERO).ok()?);
        for phone in [PHONE, FRIEND] {
            let new = NewAccount {
                phone: phone.into(),
                push_name: "Ada".into(),
                platform: "android".into(),
                business_name: None,
            };
            world.create_account(new).ok()?;
            world.lock().durable.accounts.get_mut(phone)?.allocate();
        }
        Some(Place { runtime, world })
    };
    PLACE.get_or_init(make).as_ref()
}

/// Puts back the devices that a log-out may have taken.
fn devices(world: &World) {
    for phone in [PHONE, FRIEND] {
        let mut state = world.lock();
        let key: RawKey = [9; 32];
        state.durable.devices.entry(device_key(phone, 1)).or_insert_with(|| Device {
            noise: key,
            identity: key,
            registration: vec![0, 0, 0, 1],
            skey: SignedKey::default(),
            identity_reply: Vec::new(),
            greeted: false,
            prekeys: std::collections::BTreeMap::new(),
            spent: std::collections::BTreeSet::new(),
        });
    }
}

/// Everything from the first byte in a WebSocket: header, routing, frames, handshake.
pub fn frames(bytes: &[u8]) {
    let Some(place) = place() else { return };
    place.runtime.block_on(async {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let server = ServerBuilder::new().serve(ours);
        let mut client = ClientBuilder::new().take_over(theirs);
        let serving = connection::serve(Arc::clone(&place.world), server, Control::new(u64::MAX));
        let saying = async move {
            let _ = client.send(Message::binary(bytes.to_vec())).await;
            let _ = client.close().await;
        };
        tokio::join!(serving, saying);
    });
}

/// What a logged-in device seals: frames with 0xff between them.
pub fn stanzas(bytes: &[u8]) {
    let Some(place) = place() else { return };
    devices(&place.world);
    place.runtime.block_on(connection::overhear(
        &place.world,
        (PHONE, 1),
        bytes.split(|byte| *byte == SEPARATOR),
    ));
}

/// What people type and scan, and plans.
pub fn texts(text: &str) {
    let _ = qr::parse(text);
    let _ = code::normalise(text);
    let _ = crate::Plan::from_json(text);
    let _ = crate::Plan::from_toml(text);
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_doors_are_open() {
        super::frames(b"WA\x06\x03\x00\x00\x02\x12\x00");
        super::frames(b"ED\x00\x01\x00\x00\x01xWA\x06\x03");
        super::stanzas(b"\x00\xf8\x01\x14\xff\x00\xf8\x03\x14\x15\x16");
        super::texts("2@a,b,c,d");
        super::texts("[[fault]]\nkind = \"drop\"\n");
    }
}
