//! The body that a receiver gets (contract `http-api.md`, "Events").

use serde::Serialize;
use serde_json::Value;

use super::url::without_password;
use crate::model::{Spelling, Stamp};
use crate::store::StoredEvent;

/// Members in the original's order, ours last.
#[derive(Serialize)]
struct Envelope<'a> {
    event: &'static str,
    instance: &'a str,
    data: &'a Value,
    destination: Option<String>,
    date_time: Stamp,
    sender: Option<&'a str>,
    server_url: &'a str,
    /// Always null: what is posted to others holds no key of ours.
    apikey: (),
    id: String,
    seq: i64,
}

/// An event for the receiver at `url`, with `data` in the place of the event's own.
pub(super) fn posted(
    event: &StoredEvent,
    data: &Value,
    url: &str,
    spelling: Spelling,
    server_url: &str,
) -> String {
    written(event, data, Some(without_password(url)), spelling, server_url)
}

/// An event for a reader of the stream, which has no address.
pub(crate) fn streamed(event: &StoredEvent, spelling: Spelling, server_url: &str) -> String {
    written(event, &event.data, None, spelling, server_url)
}

fn written(
    event: &StoredEvent,
    data: &Value,
    destination: Option<String>,
    spelling: Spelling,
    server_url: &str,
) -> String {
    let envelope = Envelope {
        event: spelling.of(event.kind),
        instance: &event.name,
        data,
        destination,
        date_time: event.at,
        sender: event.sender.as_deref(),
        server_url,
        apikey: (),
        id: id(event),
        seq: event.seq.0,
    };
    // Writing text and numbers to memory cannot fail.
    serde_json::to_string(&envelope).unwrap_or_default()
}

/// The same for every attempt, so that a receiver can tell a repetition. A test was never stored.
pub(super) fn id(event: &StoredEvent) -> String {
    match event.id {
        0 => format!("test_{}", event.at.millis()),
        stored => format!("evt_{stored}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{posted, streamed};
    use crate::model::{EventKind, InstanceId, Seq, Spelling, Stamp};
    use crate::store::StoredEvent;
    use serde_json::json;

    #[test]
    fn members_come_in_the_original_order() {
        let event = StoredEvent {
            id: 9,
            instance: InstanceId(1),
            name: "shop".into(),
            sender: Some("5511@s.whatsapp.net".into()),
            seq: Seq(17),
            kind: EventKind::ConnectionUpdate,
            data: json!({"state": "open"}),
            at: Stamp::from_millis(1_795_387_297_005),
        };
        assert_eq!(
            posted(&event, &event.data, "http://u:p@h/x?t=1", Spelling::Upper, "http://pi:8080"),
            r#"{"event":"CONNECTION_UPDATE","instance":"shop","data":{"state":"open"},"destination":"http://h/x?t=1","date_time":"2026-11-22T22:41:37.005Z","sender":"5511@s.whatsapp.net","server_url":"http://pi:8080","apikey":null,"id":"evt_9","seq":17}"#
        );
        let line = streamed(&event, Spelling::Dotted, "http://pi:8080");
        assert!(
            line.starts_with(r#"{"event":"connection.update","#) && line.contains(r#""destination":null"#)
        );
    }
}
