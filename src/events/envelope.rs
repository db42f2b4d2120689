//! The body that a receiver gets (contract `http-api.md`, "Events").

use serde_json::{Value, json};

use crate::store::{StoredEvent, WebhookTarget};

/// An event for one receiver. `apikey` is always null: what is posted to others holds no key of ours.
pub(super) fn envelope(event: &StoredEvent, target: &WebhookTarget, server_url: &str) -> Value {
    let name = if target.dotted { event.kind.dotted() } else { event.kind.upper() };
    json!({
        "event": name,
        "instance": event.name,
        "data": event.data,
        "destination": target.url,
        "date_time": event.at,
        "sender": event.sender,
        "server_url": server_url,
        "apikey": null,
        "id": id(event),
        "seq": event.seq.0,
    })
}

/// An event for a reader of the stream, which has no address.
pub(crate) fn streamed(event: &StoredEvent, server_url: &str) -> Value {
    let mut value = envelope(event, &WebhookTarget::default(), server_url);
    if let Some(members) = value.as_object_mut() {
        members.insert("destination".into(), Value::Null);
    }
    value
}

/// The same for every attempt, so that a receiver can tell a repetition.
pub(super) fn id(event: &StoredEvent) -> String {
    format!("evt_{}", event.id)
}
