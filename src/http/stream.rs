//! `GET /events`: what happens, as server-sent events, resumed from the store.
//!
//! Every event is on disk before it is sent, so a reader that was cut off misses nothing: it comes
//! back with `Last-Event-ID`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, Either, StreamBody};
use hyper::body::Frame;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use super::auth::{Caller, presented};
use super::call::Call;
use super::error::ApiError;
use super::reply::{Reply, bytes};
use super::state::State;
use crate::events::streamed;
use crate::model::{Digest, EventKind, InstanceName, Spelling};
use crate::store::{EventFilter, StoredEvent};

/// Readers at once.
pub(super) const READERS: usize = 64;
/// A comment goes out at least so often, so that both ends notice a dead connection.
const BEAT: Duration = Duration::from_secs(15);
/// Events read from the store at once.
const BATCH: u32 = 64;
/// Pieces that a reader may lag behind; what is beyond stays in the store.
const LAG: usize = 16;
/// A reader that takes nothing for so long is cut off; it can resume.
const STALLED: Duration = Duration::from_secs(30);

/// Starts a stream: from `Last-Event-ID` on, or from now.
pub(crate) fn get(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let filter = filter(call, caller)?;
    let mut newest = call.state.store.newest_event();
    let after = match call.header("last-event-id") {
        Some(id) => event_id(id)?,
        None => *newest.borrow_and_update(),
    };
    let permit = Arc::clone(&call.state.readers).try_acquire_owned().map_err(|_| ApiError::Unavailable {
        code: "too_many_readers",
        message: format!("{READERS} readers follow the events already; end one of them"),
    })?;
    let key = presented(&call.parts.headers).map(|key| Digest::of(key.expose()));
    let (sender, receiver) = mpsc::channel(LAG);
    let reader = Reader {
        state: Arc::clone(&call.state),
        spelling: call.state.courier.spelling(),
        server_url: call.base_url(),
        filter,
        after,
        key: key.ok_or(ApiError::Unauthorized)?,
        sender,
        _permit: permit,
    };
    tokio::spawn(reader.follow(newest));
    Ok(reply(receiver))
}

/// One reader; its task ends when the reader goes, stalls, or its key is one no more.
struct Reader {
    state: Arc<State>,
    spelling: Spelling,
    server_url: String,
    filter: EventFilter,
    after: i64,
    key: Digest,
    sender: mpsc::Sender<Bytes>,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    async fn follow(mut self, mut newest: tokio::sync::watch::Receiver<i64>) {
        if !self.send(Bytes::from_static(b"retry: 2000\n: tetherd\n\n")).await {
            return;
        }
        loop {
            newest.borrow_and_update();
            if !self.is_still_let_in() || !self.catch_up().await {
                return;
            }
            tokio::select! {
                changed = newest.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(BEAT) => {
                    if !self.send(Bytes::from_static(b": beat\n\n")).await {
                        return;
                    }
                }
                () = self.sender.closed() => return,
            }
        }
    }

    /// Sends all that the store has; false when there is nobody to send to.
    async fn catch_up(&mut self) -> bool {
        loop {
            let events = match self.state.store.events_after(self.after, self.filter.clone(), BATCH).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::warn!(%error, "events could not be read for a stream; the reader can resume");
                    return false;
                }
            };
            let Some(last) = events.last() else { return true };
            let last = last.id;
            for event in &events {
                if !self.send(piece(event, self.spelling, &self.server_url)).await {
                    return false;
                }
                self.after = event.id;
            }
            self.after = last;
        }
    }

    async fn send(&self, piece: Bytes) -> bool {
        matches!(timeout(STALLED, self.sender.send(piece)).await, Ok(Ok(())))
    }

    fn is_still_let_in(&self) -> bool {
        if self.state.keys.holds(&self.key) {
            return true;
        }
        let handle = self.state.registry.by_token(&self.key);
        handle.is_some_and(|handle| self.filter.instance == Some(handle.snapshot().id))
    }
}

/// What the query asks for, within what the caller reaches.
fn filter(call: &Call, caller: &Caller) -> Result<EventFilter, ApiError> {
    let query = call.query();
    let asked = query.text("instance")?;
    let instance = match (caller, asked) {
        (Caller::Instance { handle, .. }, asked) => {
            let snapshot = handle.snapshot();
            let own = asked.is_none_or(|a| InstanceName::parse(a).is_ok_and(|name| name == snapshot.name));
            if !own {
                return Err(ApiError::Unauthorized);
            }
            Some(snapshot.id)
        }
        (Caller::Global, None) => None,
        (Caller::Global, Some(asked)) => {
            let found = InstanceName::parse(asked).ok().and_then(|name| call.state.registry.get(&name));
            let missing = || ApiError::NoInstance(asked.chars().take(100).collect());
            Some(found.ok_or_else(missing)?.snapshot().id)
        }
    };
    let kinds = query.text("event")?.map_or_else(|| Ok(Vec::new()), kinds)?;
    Ok(EventFilter { instance, kinds })
}

/// `CONNECTION_UPDATE,qrcode.updated`: every unknown one is told at once.
fn kinds(list: &str) -> Result<Vec<EventKind>, ApiError> {
    let (mut kinds, mut faults) = (Vec::new(), Vec::new());
    for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word.parse() {
            Ok(kind) => kinds.push(kind),
            Err(unknown) => {
                let word: String = word.chars().take(40).collect();
                faults.push(format!("event {word:?} {unknown}"));
            }
        }
    }
    if faults.is_empty() { Ok(kinds) } else { Err(ApiError::Invalid(faults)) }
}

fn event_id(text: &str) -> Result<i64, ApiError> {
    let text = text.trim();
    let number = text.strip_prefix("evt_").unwrap_or(text).parse::<i64>().ok().filter(|id| *id >= 0);
    number.ok_or_else(|| {
        let got: String = text.chars().take(40).collect();
        ApiError::invalid(format!("Last-Event-ID must be the id of an event, such as evt_17, got {got:?}"))
    })
}

/// One event on the wire. JSON has no bare line ends, so one `data` line holds it.
fn piece(event: &StoredEvent, spelling: Spelling, server_url: &str) -> Bytes {
    let data = streamed(event, spelling, server_url);
    Bytes::from(format!("id: evt_{}\nevent: {}\ndata: {data}\n\n", event.id, spelling.of(event.kind)))
}

fn reply(receiver: mpsc::Receiver<Bytes>) -> Reply {
    let pieces = stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(piece)), receiver))
    });
    let mut reply = bytes(http::StatusCode::OK, "text/event-stream", Bytes::new());
    *reply.body_mut() = Either::Right(StreamBody::new(pieces).boxed_unsync());
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    reply
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{event_id, kinds};
    use crate::model::EventKind;

    #[test]
    fn ids_and_kinds_are_read_in_both_spellings() {
        assert_eq!(event_id("evt_17").unwrap(), 17);
        assert_eq!(event_id(" 17 ").unwrap(), 17);
        assert!(event_id("evt_-1").is_err() && event_id("x").is_err());
        assert_eq!(
            kinds("CONNECTION_UPDATE, qrcode.updated").unwrap(),
            [EventKind::ConnectionUpdate, EventKind::QrcodeUpdated]
        );
        assert!(kinds("CONNECTION_UPDATE,NOPE").is_err());
    }
}
