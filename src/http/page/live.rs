//! What changes while a view is open: server-sent events with the parts that changed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, Either, StreamBody};
use hyper::body::Frame;
use maud::Markup;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval_at};

use super::shell::guarded;
use crate::http::reply::Reply;
use crate::instance::{Handle, Looking, Snapshot};

/// The reader hears something at least so often; the script knows that silence is lost contact.
const BEAT: Duration = Duration::from_secs(10);
/// Pieces that a slow reader may lag behind; the stream waits for it then, and sends what is newest.
const LAG: usize = 4;
/// After so long the browser asks anew, and its session is looked at again.
const LIFE: Duration = Duration::from_hours(1);

/// One part of the view, with what a screen reader says about it.
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) html: Markup,
    pub(super) said: Option<String>,
}

/// Parts of one account's view, again at each change. Somebody is looking at its code while it lives.
pub(super) fn account(
    handle: &Handle,
    render: impl Fn(&Snapshot) -> Vec<Part> + Send + Sync + 'static,
) -> Reply {
    let (sender, receiver) = mpsc::channel(LAG);
    tokio::spawn(follow(handle.watch(), handle.look(), sender, render));
    reply(receiver)
}

async fn follow(
    mut state: watch::Receiver<Arc<Snapshot>>,
    _looking: Looking,
    sender: mpsc::Sender<Bytes>,
    render: impl Fn(&Snapshot) -> Vec<Part>,
) {
    let end = Instant::now() + LIFE;
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    loop {
        let snapshot = Arc::clone(&state.borrow_and_update());
        for part in render(&snapshot) {
            if sender.send(piece(&part)).await.is_err() {
                return;
            }
        }
        loop {
            tokio::select! {
                changed = state.changed() => if let Ok(()) = changed { break } else {
                    let _ = sender.send(Bytes::from_static(b"event: leave\ndata:\n\n")).await;
                    return;
                },
                _ = beat.tick() => {
                    if Instant::now() > end || sender.send(Bytes::from_static(b"event: beat\ndata:\n\n")).await.is_err() {
                        return;
                    }
                }
                () = sender.closed() => return,
            }
        }
    }
}

/// The list, again whenever one of its accounts changed or came or went.
pub(super) fn list(
    handles: impl Fn() -> Vec<Handle> + Send + Sync + 'static,
    render: impl Fn(&[Handle]) -> Markup + Send + Sync + 'static,
) -> Reply {
    let (sender, receiver) = mpsc::channel(LAG);
    tokio::spawn(async move {
        let end = Instant::now() + LIFE;
        let mut sent = String::new();
        while Instant::now() < end {
            let all = handles();
            let mut states: Vec<_> = all.iter().map(Handle::watch).collect();
            for state in &mut states {
                state.mark_unchanged();
            }
            let html = render(&all);
            let piece = if html.0 == sent {
                Bytes::from_static(b"event: beat\ndata:\n\n")
            } else {
                sent.clone_from(&html.0);
                self::piece(&Part { id: "list", html, said: None })
            };
            if sender.send(piece).await.is_err() {
                return;
            }
            // Coming and going of accounts has no signal of its own: it is seen at the next beat.
            let changes: Vec<_> = states.iter_mut().map(|state| Box::pin(state.changed())).collect();
            tokio::select! {
                () = any(changes) => {}
                () = tokio::time::sleep(BEAT) => {}
                () = sender.closed() => return,
            }
        }
    });
    reply(receiver)
}

async fn any<F: Future + Unpin>(changes: Vec<F>) {
    if changes.is_empty() {
        std::future::pending::<()>().await;
    }
    futures_util::future::select_all(changes).await;
}

fn piece(part: &Part) -> Bytes {
    let data = json!({"id": part.id, "html": part.html.0, "said": part.said});
    Bytes::from(format!("event: part\ndata: {data}\n\n"))
}

fn reply(receiver: mpsc::Receiver<Bytes>) -> Reply {
    let pieces = stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(piece)), receiver))
    });
    let mut reply = Reply::new(Either::Right(StreamBody::new(pieces).boxed_unsync()));
    *reply.status_mut() = StatusCode::OK;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    guarded(reply)
}
