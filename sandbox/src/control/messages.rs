//! Messages through the control API.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{first, parameter, parse};
use crate::appstate::Setting;
use crate::messages::{File, FileKind, Given};
use crate::phone::envelope;
use crate::presence::ChatState;
use crate::told::Refused;
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

/// A phone writes to a group.
pub(super) fn send_to_group(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ToGroup {
        group: String,
        from: String,
        to: Vec<String>,
        text: String,
    }
    let ToGroup { group, from, to, text } = parse(body)?;
    Ok(json!({"id": world.write_to_group(&group, &from, &to, envelope::text(&text))?}))
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

/// A phone changes a setting.
pub(super) fn setting(world: &World, body: &[u8]) -> Result<Value, Refused> {
    let mut given: serde_json::Map<String, Value> = parse(body)?;
    let phone = match given.remove("phone") {
        Some(Value::String(phone)) => phone,
        Some(other) => return Err(Refused(format!("phone is {other}; it takes a text"))),
        None => first(),
    };
    let setting: Setting =
        serde_json::from_value(given.into()).map_err(|error| Refused(error.to_string()))?;
    Ok(json!({"version": world.change_setting(&phone, &setting)?}))
}

/// The settings of a phone.
pub(super) fn app_state(world: &World, query: &str) -> Value {
    world.shown_app_state(parameter(query, "phone").unwrap_or(&first()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    from: String,
    #[serde(default = "first")]
    to: String,
    #[serde(default)]
    video: bool,
    state: Option<ChatState>,
}

/// A phone gives a receipt.
pub(super) fn give(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Receipt {
        phone: String,
        ids: Vec<String>,
        kind: Given,
    }
    let receipt: Receipt = parse(body)?;
    world.give(&receipt.phone, &receipt.ids, receipt.kind).map(|()| json!({}))
}

/// A phone loses its sessions.
pub(super) fn forget_sessions(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Phone {
        phone: String,
    }
    let Phone { phone } = parse(body)?;
    world.lock().signal(&phone).map(crate::phone::Signal::forget_all)?;
    Ok(json!({}))
}

/// A phone is used, or not.
pub(super) fn presence(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Presence {
        phone: String,
        available: bool,
    }
    let presence: Presence = parse(body)?;
    world.set_present(&presence.phone, presence.available).map(|()| json!({}))
}

/// Somebody types on a phone.
pub(super) fn typing(world: &World, body: &[u8]) -> Result<Value, Refused> {
    let Pair { from, to, state, .. } = parse(body)?;
    Ok(json!({"devices": world.type_on(&from, &to, state.unwrap_or(ChatState::Composing))?}))
}

/// A phone calls.
pub(super) fn call(world: &World, body: &[u8]) -> Result<Value, Refused> {
    let Pair { from, to, video, .. } = parse(body)?;
    Ok(json!({"id": world.ring(&from, &to, video)?}))
}

/// Who called hangs up.
pub(super) fn hang_up(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Over {
        id: String,
    }
    let Over { id } = parse(body)?;
    world.hang_up(&id).map(|()| json!({}))
}

/// A phone sends a file.
pub(super) fn send_file(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sent {
        from: String,
        #[serde(default = "first")]
        to: String,
        file: FileKind,
        base64: String,
        mimetype: Option<String>,
        caption: Option<String>,
        name: Option<String>,
    }
    let Sent { from, to, file: kind, base64, mimetype, caption, name } = parse(body)?;
    let bytes = BASE64_STANDARD.decode(base64).map_err(|error| Refused(format!("base64: {error}")))?;
    Ok(json!({"id": world.send_file(&from, &to, File { kind, bytes, mimetype, caption, name })?}))
}

/// What is in a file that a phone received.
pub(super) fn file(world: &World, query: &str) -> Result<Vec<u8>, Refused> {
    let id = parameter(query, "id").ok_or_else(|| Refused("id is missing".into()))?;
    world.received_file(parameter(query, "phone").unwrap_or(&first()), id)
}
