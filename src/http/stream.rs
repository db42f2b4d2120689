//! `GET /events`: what happens, as server-sent events, resumed from the store.
//!
//! Every event is on disk before it is sent, so a reader that was cut off misses nothing: it comes
//! back with `Last-Event-ID`.

mod reader;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::auth::{Caller, presented};
use super::call::Call;
use super::error::{ApiError, short};
use super::reply::Reply;
use super::sse;
use super::state::READERS;
use crate::model::{Digest, EventKind, InstanceName};
use crate::store::EventFilter;
use reader::{LAG, Reader};

/// Starts a stream: from `Last-Event-ID` on, or from now.
pub(crate) fn get(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let filter = filter(call, caller)?;
    let resumed = call.header("last-event-id").map(event_id).transpose()?;
    let permit = Arc::clone(&call.state.readers).try_acquire_owned().map_err(|_| ApiError::Unavailable {
        code: "too_many_readers",
        message: format!("{READERS} readers follow the events already; end one of them"),
    })?;
    let key = presented(&call.parts.headers).map(|key| Digest::of(key.expose()));
    let key = key.ok_or(ApiError::Unauthorized)?;
    let (sender, receiver) = mpsc::channel(LAG);
    let leaving = call.state.leaving.clone();
    let (state, instance) = (Arc::clone(&call.state), filter.instance);
    let reader = Reader {
        store: call.state.store.clone(),
        spelling: call.state.courier.spelling(),
        server_url: call.base_url(),
        filter,
        sender,
        // A key that was taken back ends what it began.
        is_let_in: Box::new(move || {
            state.keys.holds(&key)
                || state.registry.by_token(&key).is_some_and(|handle| instance == Some(handle.snapshot().id))
        }),
        leaving,
    };
    let following = reader.follow(resumed);
    tokio::spawn(async move {
        following.await;
        drop(permit);
    });
    Ok(sse::reply(receiver))
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
                let word = short(word);
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
        let got = short(text);
        ApiError::invalid(format!("Last-Event-ID must be the id of an event, such as evt_17, got {got:?}"))
    })
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
