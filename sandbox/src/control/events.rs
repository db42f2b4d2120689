//! What happened: asked for, or as it happens.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use http::request::Parts;
use http::{HeaderValue, Response, header};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};

use crate::graph::Body;
use crate::told::{Happened, Refused};
use crate::world::World;

/// The longest that a question is held.
const LONGEST: u64 = 60;
/// A comment keeps what stands between from closing a quiet stream.
const QUIET: Duration = Duration::from_secs(15);

/// What happened after `since`; waits up to `wait` seconds when nothing has. Only of `kind` and `connection`, when given.
pub(super) async fn newer(world: &World, query: &str) -> Result<Value, Refused> {
    let wanted = Wanted::parse(query)?;
    let mut newest = world.newest();
    let waiting = async {
        loop {
            newest.borrow_and_update();
            let found = wanted.newer(world, wanted.since);
            if !found.is_empty() || newest.changed().await.is_err() {
                return found;
            }
        }
    };
    let limit = Duration::from_secs(wanted.wait.unwrap_or_default().min(LONGEST));
    Ok(json!({"events": tokio::time::timeout(limit, waiting).await.unwrap_or_default()}))
}

/// Server-sent events are asked for.
pub(super) fn wants_stream(head: &Parts) -> bool {
    head.headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"))
}

/// Every event from `since` on, or after the one of `Last-Event-ID`, for ever.
pub(super) fn stream(world: Arc<World>, head: &Parts) -> Result<Response<Body>, Refused> {
    let wanted = Wanted::parse(head.uri.query().unwrap_or_default())?;
    let last = head.headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let since = last.unwrap_or(wanted.since);
    let newest = world.newest();
    let state = (world, wanted, newest, since);
    let frames = stream::unfold(state, |(world, wanted, mut newest, mut since)| async move {
        loop {
            let seen = *newest.borrow_and_update();
            let found = wanted.newer(&world, since);
            since = found.last().map_or(since.max(seen), |event| event.seq.max(seen));
            let text = if found.is_empty() {
                match tokio::time::timeout(QUIET, newest.changed()).await {
                    Ok(Err(_)) => return None,
                    Ok(Ok(())) => continue,
                    Err(_) => ": nothing happens\n\n".to_owned(),
                }
            } else {
                found.iter().map(frame).collect()
            };
            return Some((Ok::<_, Infallible>(Frame::data(text.into())), (world, wanted, newest, since)));
        }
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn frame(event: &Happened) -> String {
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("id: {}\nevent: {}\ndata: {data}\n\n", event.seq, event.kind)
}

#[derive(Default)]
struct Wanted {
    since: u64,
    wait: Option<u64>,
    kind: Option<String>,
    connection: Option<u64>,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, Refused> {
        let mut wanted = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let number = || {
                value
                    .parse::<u64>()
                    .map_err(|_| Refused(format!("{name} is {value:?}; it takes a number from 0")))
            };
            match name {
                "since" => wanted.since = number()?,
                "wait" => wanted.wait = Some(number()?),
                "kind" => wanted.kind = Some(value.to_owned()),
                "connection" => wanted.connection = Some(number()?),
                _ => {
                    let takes = "since, wait, kind and connection";
                    return Err(Refused(format!("unknown parameter {name:?}; /events takes {takes}")));
                }
            }
        }
        Ok(wanted)
    }

    fn newer(&self, world: &World, since: u64) -> Vec<Happened> {
        let state = world.lock();
        // Numbers have no gaps, so what is older need not be looked at.
        let first = state.log.front().map_or(0, |event| event.seq);
        let skip = usize::try_from((since + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let fits = |event: &&Happened| {
            self.kind.as_ref().is_none_or(|kind| *kind == event.kind)
                && self.connection.is_none_or(|connection| connection == event.connection)
        };
        state.log.iter().skip(skip).filter(fits).cloned().collect()
    }
}
