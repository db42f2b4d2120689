//! Messages through the control API.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{first, parameter, parse};
use crate::Refused;
use crate::phone::envelope;
use crate::world::World;

#[derive(Deserialize)]
struct Send {
    from: String,
    #[serde(default = "first")]
    to: String,
    text: String,
}

/// A phone writes.
pub(super) fn send(world: &World, body: &[u8]) -> Result<Value, Refused> {
    let send: Send = parse(body)?;
    Ok(json!({"id": world.write(&send.from, &send.to, envelope::text(&send.text))?}))
}

/// What a phone has received, or all phones when none is named.
pub(super) fn received(world: &World, query: &str) -> Value {
    let phone = parameter(query, "phone");
    let state = world.lock();
    let of = state.traffic.received.iter().filter(|(of, _)| phone.is_none_or(|phone| phone == of.as_str()));
    json!({"messages": of.flat_map(|(_, messages)| messages).collect::<Vec<_>>()})
}

/// The receipts that a phone has got, or all phones when none is named.
pub(super) fn receipts(world: &World, query: &str) -> Value {
    let phone = parameter(query, "phone");
    let state = world.lock();
    let of = state.traffic.receipts.iter().filter(|(of, _)| phone.is_none_or(|phone| phone == of.as_str()));
    json!({"receipts": of.flat_map(|(_, receipts)| receipts).collect::<Vec<_>>()})
}
