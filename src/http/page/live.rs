//! What changes while a view is open: server-sent events with the parts that changed.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use maud::Markup;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at};

use super::pass::Pass;
use super::shell::{guarded, title};
use crate::http::reply::Reply;
use crate::http::sse;

/// The reader hears something at least so often; the script knows that silence is lost contact.
const BEAT: Duration = Duration::from_secs(10);
/// Pieces that a slow reader may lag behind; the stream waits for it then, and sends what is newest.
const LAG: usize = 4;
/// How soon the browser tries a cut line again, in milliseconds.
const AGAIN: &[u8] = b"retry: 1000\n\n";
/// After so long the browser asks anew.
const LIFE: Duration = Duration::from_hours(1);

/// What a view looks like now.
pub(super) struct Look {
    /// The parts of it that change, by their ids.
    pub(super) parts: Vec<(&'static str, Markup)>,
    /// What the browser's tab says.
    pub(super) title: String,
    /// What a screen reader says when it is another than before.
    pub(super) said: String,
    /// Nothing comes after it.
    pub(super) last: bool,
}

/// A view that is kept true while it is open.
#[async_trait]
pub(super) trait Scene: Send + 'static {
    /// What it looks like now; none when there is nothing any more.
    async fn look(&mut self) -> Option<Look>;

    /// Waits until it may look different; for how long what follows is taken together with it.
    async fn changed(&mut self) -> Duration;
}

/// Streams a scene for as long as the pass holds.
pub(super) fn show(scene: impl Scene, pass: Pass) -> Reply {
    let (sender, receiver) = mpsc::channel(LAG);
    tokio::spawn(follow(scene, pass, sender));
    guarded(sse::reply(receiver))
}

async fn follow(mut scene: impl Scene, mut pass: Pass, sender: mpsc::Sender<Bytes>) {
    let end = Instant::now() + LIFE;
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    let mut sent = Sent::default();
    if sender.send(Bytes::from_static(AGAIN)).await.is_err() {
        return;
    }
    loop {
        let Some(look) = scene.look().await else { return leave(&sender).await };
        let last = look.last;
        if let Some(piece) = sent.piece(look)
            && sender.send(piece).await.is_err()
        {
            return;
        }
        if last {
            let _ = sender.send(Bytes::from_static(b"event: end\ndata:\n\n")).await;
            return;
        }
        loop {
            tokio::select! {
                calm = scene.changed() => {
                    tokio::time::sleep(calm).await;
                    break;
                }
                () = pass.shaken() => if !pass.holds().await { return leave(&sender).await },
                _ = beat.tick() => {
                    if !pass.is_good() {
                        return leave(&sender).await;
                    }
                    let heard = sender.send(Bytes::from_static(b"event: beat\ndata:\n\n")).await;
                    if Instant::now() > end || heard.is_err() {
                        return;
                    }
                }
                () = sender.closed() => return,
            }
        }
    }
}

/// The view is read again: what it then says is why there is nothing more to see.
async fn leave(sender: &mpsc::Sender<Bytes>) {
    let _ = sender.send(Bytes::from_static(b"event: leave\ndata:\n\n")).await;
}

/// What the reader has.
#[derive(Default)]
struct Sent {
    parts: HashMap<&'static str, String>,
    said: Option<String>,
}

impl Sent {
    /// What is new, as an event; none when nothing is.
    fn piece(&mut self, look: Look) -> Option<Bytes> {
        let mut parts = serde_json::Map::new();
        for (id, html) in look.parts {
            if self.parts.get(id) != Some(&html.0) {
                parts.insert(id.to_owned(), json!(html.0));
                self.parts.insert(id, html.0);
            }
        }
        // What is so from the beginning stands on the page already.
        let news = self.said.as_ref().is_some_and(|said| *said != look.said);
        let said = news.then(|| look.said.clone());
        self.said = Some(look.said);
        if parts.is_empty() {
            return None;
        }
        let data = json!({"parts": parts, "title": title(&look.title), "said": said});
        Some(Bytes::from(format!("data: {data}\n\n")))
    }
}
