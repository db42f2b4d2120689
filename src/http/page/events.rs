//! What happened last.

use maud::{Markup, html};

use super::session::refused;
use super::shell::Reader;
use super::state::time;
use crate::http::error::ApiError;
use crate::http::state::State;
use crate::instance::Snapshot;
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
    let events = state.store.last_events(s.id, LISTED).await.map_err(refused)?;
    Ok(html! {
        @if events.is_empty() { p.quiet { (w.e_none) } }
        @else { ul.log { @for event in &events { li id={ "event-" (event.id) } {
            (time(event.at))
            code { (event.kind) }
            span.result { (gist(event)) }
        } } } }
    })
}

/// State and reason of an event about the link; nothing of messages.
fn gist(event: &StoredEvent) -> String {
    let words = ["state", "reason", "status"].into_iter().filter_map(|key| event.data.get(key)?.as_str());
    let mut words: Vec<_> = words.collect();
    words.dedup();
    words.join(" · ")
}
