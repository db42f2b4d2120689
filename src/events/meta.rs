//! What Meta's webhook tells, as events in the original's shapes (`evolution-2.3.md` §6), but all of it:
//! every entry, change, message and status, and what is unknown as it came.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::model::{EventKind, NewEvent};

/// One event and whom it concerns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// The phone number id, when it concerns a number.
    pub(crate) number: Option<String>,
    /// The WABA id.
    pub(crate) account: Option<String>,
    /// What happened.
    pub(crate) event: NewEvent,
}

/// The body is not what Meta sends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a webhook of Meta's: {0}")]
pub(crate) struct NotMeta(String);

#[derive(Deserialize)]
struct Body {
    object: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    time: Option<Value>,
    #[serde(default)]
    changes: Vec<Value>,
}

/// Everything that a body tells, in order.
pub(crate) fn read(body: &[u8]) -> Result<Vec<Told>, NotMeta> {
    let body: Body = serde_json::from_slice(body).map_err(|error| NotMeta(error.to_string()))?;
    if body.object != "whatsapp_business_account" {
        return Err(NotMeta("its object is not whatsapp_business_account".into()));
    }
    let mut told = Vec::new();
    for entry in &body.entry {
        for change in &entry.changes {
            read_change(entry, change, &mut told);
        }
    }
    Ok(told)
}

fn read_change(entry: &Entry, change: &Value, told: &mut Vec<Told>) {
    let value = change.get("value").unwrap_or(&Value::Null);
    let number = value.pointer("/metadata/phone_number_id").and_then(text);
    let account = entry.id.as_ref().and_then(text);
    let known = change.get("field").and_then(Value::as_str) == Some("messages") && number.is_some();
    let before = told.len();
    let mut tell = |event| told.push(Told { number: number.clone(), account: account.clone(), event });
    if known {
        for message in list(value, "messages") {
            tell(upsert(message, value).unwrap_or_else(|| as_it_came(entry, change, message)));
        }
        for status in list(value, "statuses") {
            tell(update(status).unwrap_or_else(|| as_it_came(entry, change, status)));
        }
        for error in list(value, "errors") {
            tell(as_it_came(entry, change, error));
        }
    }
    if told.len() == before {
        told.push(Told { number, account, event: as_it_came(entry, change, value) });
    }
}

/// What has no shape of its own. Once for the same words at the same time: Meta sends again what was
/// not confirmed.
fn as_it_came(entry: &Entry, change: &Value, part: &Value) -> NewEvent {
    let data =
        json!({"field": change.get("field"), "accountId": entry.id, "time": entry.time, "value": part});
    let digest = Sha256::digest(data.to_string().as_bytes());
    NewEvent::once(EventKind::MetaUnknown, data, format!("meta/raw/{}", hex::encode(digest)))
}

fn upsert(message: &Value, value: &Value) -> Option<NewEvent> {
    let id = message.get("id").and_then(text)?;
    let from = message.get("from").and_then(text)?;
    let (kind, body) = content(message)?;
    let contact = list(value, "contacts").find(|c| c.get("wa_id").and_then(text).as_ref() == Some(&from));
    let name = contact.and_then(|c| c.pointer("/profile/name")).cloned();
    let mut data = json!({
        "key": {"id": id, "remoteJid": format!("{from}@s.whatsapp.net"), "fromMe": false},
        "pushName": name,
        "message": { kind: body },
        "messageType": kind,
        "messageTimestamp": seconds(message),
        "source": "unknown",
    });
    for (name, at) in [("contextInfo", "context"), ("referral", "referral")] {
        if let (Some(data), Some(extra)) = (data.as_object_mut(), message.get(at)) {
            let extra = if at == "context" { context(extra) } else { extra.clone() };
            data.insert(name.into(), extra);
        }
    }
    Some(NewEvent::once(EventKind::MessagesUpsert, data, format!("meta/message/{id}")))
}

/// The kind of a message and its body; none when the kind has no shape of the original's.
fn content(message: &Value) -> Option<(&'static str, Value)> {
    let kind = message.get("type").and_then(Value::as_str)?;
    let part = message.get(kind)?;
    Some(match kind {
        "text" => ("conversation", part.get("body")?.clone()),
        "button" => ("conversation", part.get("text")?.clone()),
        "interactive" => {
            let reply = part.get("button_reply").or_else(|| part.get("list_reply"))?;
            ("conversation", reply.get("title")?.clone())
        }
        "image" => ("imageMessage", media(part)),
        "video" => ("videoMessage", media(part)),
        "audio" => ("audioMessage", media(part)),
        "document" => ("documentMessage", media(part)),
        "sticker" => ("stickerMessage", media(part)),
        "location" => (
            "locationMessage",
            json!({"degreesLatitude": part.get("latitude"), "degreesLongitude": part.get("longitude"),
                "name": part.get("name"), "address": part.get("address")}),
        ),
        "contacts" => ("contactsArrayMessage", json!({ "contacts": part })),
        "reaction" => (
            "reactionMessage",
            json!({"key": {"id": part.get("message_id")}, "text": part.get("emoji").cloned().unwrap_or_default()}),
        ),
        _ => return None,
    })
}

/// Meta's description under the original's names; `id` is what loading it from Meta takes.
fn media(part: &Value) -> Value {
    let mut body = Map::new();
    for (theirs, ours) in [
        ("id", "id"),
        ("mime_type", "mimetype"),
        ("sha256", "fileSha256"),
        ("caption", "caption"),
        ("filename", "fileName"),
        ("voice", "ptt"),
        ("animated", "isAnimated"),
    ] {
        if let Some(value) = part.get(theirs) {
            body.insert(ours.to_owned(), value.clone());
        }
    }
    Value::Object(body)
}

fn context(context: &Value) -> Value {
    let participant = context.get("from").and_then(text).map(|from| format!("{from}@s.whatsapp.net"));
    json!({"stanzaId": context.get("id"), "participant": participant, "isForwarded": context.get("forwarded")})
}

fn update(status: &Value) -> Option<NewEvent> {
    let id = status.get("id").and_then(text)?;
    let to = status.get("recipient_id").and_then(text)?;
    let word = status.get("status").and_then(Value::as_str)?.to_uppercase();
    let jid = format!("{to}@s.whatsapp.net");
    let mut data = json!({
        "messageId": id,
        "keyId": id,
        "remoteJid": jid,
        "fromMe": false,
        "participant": jid,
        "status": word,
        "messageTimestamp": seconds(status),
    });
    if let (Some(data), Some(errors)) = (data.as_object_mut(), status.get("errors")) {
        data.insert("errors".into(), errors.clone());
    }
    Some(NewEvent::once(EventKind::MessagesUpdate, data, format!("meta/status/{id}/{to}/{word}")))
}

/// Meta sends seconds as text.
fn seconds(of: &Value) -> Value {
    let at = of.get("timestamp");
    at.and_then(Value::as_str)
        .and_then(|text| text.parse::<i64>().ok())
        .map_or_else(|| at.cloned().unwrap_or_default(), Value::from)
}

/// A text, or a number that Meta forgot to quote.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::read;
    use crate::model::EventKind::{self, MessagesUpdate, MessagesUpsert, MetaUnknown};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn body(value: &Value, field: &str) -> Vec<u8> {
        json!({"object": "whatsapp_business_account", "entry": [{"id": "102", "changes": [{"field": field, "value": value}]}]})
            .to_string()
            .into_bytes()
    }

    fn value(extra: &Value) -> Value {
        let mut value = json!({"messaging_product": "whatsapp", "metadata": {"phone_number_id": "106"},
            "contacts": [{"profile": {"name": "Maria"}, "wa_id": "5521"}]});
        value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        value
    }

    #[test]
    fn a_text_in_the_original_shape() {
        let message = json!({"from": "5521", "id": "wamid.X", "timestamp": "1795000000", "type": "text", "text": {"body": "oi"}});
        let told = read(&body(&value(&json!({"messages": [message]})), "messages")).unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].number.as_deref(), Some("106"));
        assert_eq!(told[0].event.kind, EventKind::MessagesUpsert);
        assert_eq!(
            told[0].event.data,
            json!({"key": {"id": "wamid.X", "remoteJid": "5521@s.whatsapp.net", "fromMe": false}, "pushName": "Maria",
                "message": {"conversation": "oi"}, "messageType": "conversation", "messageTimestamp": 1_795_000_000,
                "source": "unknown"})
        );
    }

    #[test]
    fn messages_statuses_and_errors_of_one_change_are_all_told() {
        let change = value(&json!({
            "messages": [
                {"from": "5521", "id": "a", "type": "image", "image": {"id": "9", "mime_type": "image/jpeg", "sha256": "x"}},
                {"from": "5521", "id": "b", "type": "hologram", "hologram": {}},
                {"no": "id"}
            ],
            "statuses": [{"id": "c", "recipient_id": "5521", "status": "delivered", "timestamp": "1"}],
            "errors": [{"code": 1}]
        }));
        let told = read(&body(&change, "messages")).unwrap();
        let kinds: Vec<_> = told.iter().map(|told| told.event.kind).collect();
        assert_eq!(kinds, [MessagesUpsert, MetaUnknown, MetaUnknown, MessagesUpdate, MetaUnknown]);
        assert_eq!(told[0].event.data["message"]["imageMessage"]["mimetype"], "image/jpeg");
        assert_eq!(told[3].event.data["status"], "DELIVERED");
    }

    #[test]
    fn other_fields_are_kept_as_they_are() {
        let review = json!({"event": "APPROVED", "message_template_id": 1});
        let told = read(&body(&review, "message_template_status_update")).unwrap();
        assert_eq!((told[0].number.as_deref(), told[0].account.as_deref()), (None, Some("102")));
        assert_eq!(told[0].event.data["value"], review);
        assert_eq!(
            told[0].event.dedup,
            read(&body(&review, "message_template_status_update")).unwrap()[0].event.dedup
        );
    }

    proptest! {
        #[test]
        fn no_body_is_too_strange(bytes: Vec<u8>, message in "[ -~]{0,40}") {
            let _ = read(&bytes);
            let odd = json!({"messages": [message, 7, null, {"id": message, "from": message, "type": message}]});
            let _ = read(&body(&value(&odd), "messages"));
        }
    }
}
