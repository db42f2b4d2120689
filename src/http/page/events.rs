//! What happened last.

use maud::{Markup, html};

use super::reader::Reader;
use super::state::{time, why};
use super::words::Words;
use crate::http::error::ApiError;
use crate::http::state::State;
use crate::instance::Snapshot;
use crate::model::{EventKind, Reason};
use crate::store::StoredEvent;

/// Events that are listed.
const LISTED: u32 = 50;

/// The room.
pub(super) async fn room(state: &State, reader: &Reader, s: &Snapshot) -> Result<Markup, ApiError> {
    let list = list(state, reader, s).await?;
    Ok(html! {
        section.card {
            h2 { (reader.tongue.words().e_last) }
            div.live #happened { (list) }
        }
    })
}

/// The newest events.
pub(super) async fn list(state: &State, reader: &Reader, s: &Snapshot) -> Result<Markup, ApiError> {
    let w = reader.tongue.words();
    let events = state.store.last_events(s.id, LISTED).await?;
    Ok(html! {
        @if events.is_empty() { p.quiet { (w.e_none) } }
        @else { ul.log { @for event in &events { li id={ "event-" (event.id) } {
            (time(event.at))
            code { (event.kind) }
            span.result { (gist(w, s, event)) }
        } } } }
    })
}

/// Of an event about the link, what it means; of others a word or two; nothing of messages.
fn gist(w: &Words, s: &Snapshot, event: &StoredEvent) -> String {
    let word = |key| event.data.get(key).and_then(serde_json::Value::as_str);
    let reason = word("reason").and_then(Reason::from_word);
    if let (EventKind::ConnectionUpdate, Some(reason)) = (event.kind, reason) {
        return why(w, s.integration, reason).to_owned();
    }
    let mut words: Vec<_> = ["state", "reason", "status"].into_iter().filter_map(word).collect();
    words.dedup();
    words.join(" · ")
}
