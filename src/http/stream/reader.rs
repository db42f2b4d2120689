//! One reader of the stream.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::events::streamed;
use crate::model::Spelling;
use crate::store::{EventFilter, Store, StoredEvent};

/// A comment goes out when nothing else did for so long, so that both ends notice a dead connection.
const BEAT: Duration = Duration::from_secs(15);
/// Events read from the store at once.
const BATCH: u32 = 64;
/// Pieces that a reader may lag behind; what is beyond stays in the store.
pub(super) const LAG: usize = 16;
/// A reader that takes nothing for so long is cut off; it can resume.
const STALLED: Duration = Duration::from_secs(30);

/// Follows the events until its reader goes, stalls, or is let in no more.
pub(super) struct Reader {
    pub(super) store: Store,
    pub(super) spelling: Spelling,
    pub(super) server_url: String,
    pub(super) filter: EventFilter,
    pub(super) sender: mpsc::Sender<Bytes>,
    pub(super) is_let_in: Box<dyn Fn() -> bool + Send + Sync>,
    /// The process ends.
    pub(super) leaving: CancellationToken,
}

impl Reader {
    /// From the event after `resumed` on, or from now: from this call, not from when the future first runs. What
    /// happens once the reader has its answer is sent.
    pub(super) fn follow(self, resumed: Option<i64>) -> impl Future<Output = ()> + Send {
        let mut newest = self.store.newest_event();
        let known = *newest.borrow_and_update();
        // One of the future is from a database that was put back to an earlier day.
        let after = resumed.unwrap_or(known).min(known);
        self.run(resumed, newest, after)
    }

    async fn run(mut self, resumed: Option<i64>, mut newest: watch::Receiver<i64>, mut after: i64) {
        if !self.send("retry: 2000\n: tetherd\n\n").await || !self.tell_of_a_gap(resumed).await {
            return;
        }
        let mut beat = Instant::now() + BEAT;
        loop {
            let known = *newest.borrow_and_update();
            match self.catch_up(after).await {
                Some(last) => {
                    if last > after {
                        beat = Instant::now() + BEAT;
                    }
                    // Also what it did not want is behind it.
                    after = last.max(known);
                }
                None => return,
            }
            tokio::select! {
                changed = newest.changed() => if changed.is_err() { return },
                () = sleep_until(beat) => {
                    if !self.send(": beat\n\n").await {
                        return;
                    }
                    beat = Instant::now() + BEAT;
                }
                () = self.sender.closed() => return,
                () = self.leaving.cancelled() => return,
            }
        }
    }

    /// Sends all that the store has; the last one's id. None when there is nobody to send to, or nobody who may
    /// still read.
    async fn catch_up(&mut self, mut after: i64) -> Option<i64> {
        loop {
            let events = match self.store.events_after(after, self.filter.clone(), BATCH).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::warn!(%error, "events could not be read for a stream; the reader can resume");
                    return None;
                }
            };
            // After reading: what happens once the key is taken back is not sent.
            if !(self.is_let_in)() {
                return None;
            }
            if events.is_empty() {
                return Some(after);
            }
            for event in &events {
                if !self.send(piece(event, self.spelling, &self.server_url)).await {
                    return None;
                }
                after = event.id;
            }
        }
    }

    /// Who was away for longer than events are kept is told so.
    async fn tell_of_a_gap(&self, resumed: Option<i64>) -> bool {
        let Some(after) = resumed else { return true };
        match self.store.oldest_event().await {
            Ok(Some(oldest)) if oldest > after.saturating_add(1) => {
                self.send(format!(": events before evt_{oldest} are kept no more\n\n")).await
            }
            _ => true,
        }
    }

    async fn send(&self, piece: impl Into<Bytes>) -> bool {
        matches!(timeout(STALLED, self.sender.send(piece.into())).await, Ok(Ok(())))
    }
}

/// One event on the wire. JSON has no bare line ends, so one `data` line holds it.
fn piece(event: &StoredEvent, spelling: Spelling, server_url: &str) -> String {
    let data = streamed(event, spelling, server_url);
    format!("id: evt_{}\nevent: {}\ndata: {data}\n\n", event.id, spelling.of(event.kind))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::{BEAT, LAG, Reader, STALLED};
    use crate::model::{
        Digest, EventKind, InstanceChange, InstanceId, InstanceName, Integration, NewEvent, NewInstance,
        Spelling, SystemClock,
    };
    use crate::store::{EventFilter, SealingKey, Store};
    use bytes::Bytes;
    use serde_json::json;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;
    use tokio::sync::mpsc;
    use tokio::time::advance;
    use tokio_util::sync::CancellationToken;

    struct Here {
        store: Store,
        id: InstanceId,
        let_in: Arc<AtomicBool>,
        _folder: tempfile::TempDir,
    }

    impl Here {
        async fn new() -> Self {
            // With something to do always, tokio does not move a time that is paused: the disk keeps up.
            tokio::spawn(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.db");
            let store = Store::open(&path, SealingKey::new([1; 32]), Arc::new(SystemClock)).await.unwrap();
            let new = NewInstance::named(
                InstanceName::parse("shop").unwrap(),
                Integration::Web,
                Digest::of("shop"),
            );
            let id = store.create_instance(new, vec![]).await.unwrap().id;
            Self { store, id, let_in: Arc::new(AtomicBool::new(true)), _folder: folder }
        }

        async fn happens(&self, kind: EventKind, count: usize) {
            let events = (0..count).map(|n| NewEvent::new(kind, json!({ "n": n }))).collect();
            self.store.change_instance(self.id, InstanceChange::None, events).await.unwrap();
        }

        fn reader(
            &self,
            kinds: Vec<EventKind>,
            resumed: Option<i64>,
        ) -> (mpsc::Receiver<Bytes>, impl Future<Output = ()> + Send + 'static) {
            let (sender, receiver) = mpsc::channel(LAG);
            let let_in = Arc::clone(&self.let_in);
            let reader = Reader {
                store: self.store.clone(),
                spelling: Spelling::Dotted,
                server_url: "http://here".into(),
                filter: EventFilter { instance: Some(self.id), kinds },
                sender,
                is_let_in: Box::new(move || let_in.load(Ordering::SeqCst)),
                leaving: CancellationToken::new(),
            };
            (receiver, reader.follow(resumed))
        }

        fn follow(
            &self,
            kinds: Vec<EventKind>,
            resumed: Option<i64>,
        ) -> (mpsc::Receiver<Bytes>, tokio::task::JoinHandle<()>) {
            let (receiver, following) = self.reader(kinds, resumed);
            (receiver, tokio::spawn(following))
        }
    }

    async fn next(receiver: &mut mpsc::Receiver<Bytes>) -> String {
        String::from_utf8(receiver.recv().await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn resumes_after_the_last_one_and_sends_what_is_wanted() {
        let here = Here::new().await;
        here.happens(EventKind::Call, 3).await;
        here.happens(EventKind::ConnectionUpdate, 1).await;
        let (mut stream, _task) = here.follow(vec![EventKind::Call], Some(1));
        assert!(next(&mut stream).await.starts_with("retry: "));
        let second = next(&mut stream).await;
        assert!(
            second.starts_with("id: evt_2\nevent: call\ndata: {\"event\":\"call\",\"instance\":\"shop\""),
            "{second}"
        );
        assert!(second.ends_with("}\n\n") && second.matches('\n').count() == 4);
        assert!(next(&mut stream).await.starts_with("id: evt_3\n"));
        here.happens(EventKind::ConnectionUpdate, 1).await;
        here.happens(EventKind::Call, 1).await;
        assert!(next(&mut stream).await.starts_with("id: evt_6\n"), "what it did not ask for is left out");
    }

    #[tokio::test]
    async fn what_happens_before_it_first_runs_is_sent() {
        let here = Here::new().await;
        let (mut stream, following) = here.reader(vec![], None);
        here.happens(EventKind::Call, 1).await;
        let _task = tokio::spawn(following);
        next(&mut stream).await;
        let first = tokio::time::timeout(Duration::from_secs(5), next(&mut stream)).await;
        assert!(first.unwrap().starts_with("id: evt_1\n"));
    }

    #[tokio::test]
    async fn who_knows_more_than_a_database_that_was_put_back_gets_what_happens_next() {
        let here = Here::new().await;
        here.happens(EventKind::Call, 1).await;
        let (mut stream, _task) = here.follow(vec![], Some(99));
        next(&mut stream).await;
        here.happens(EventKind::Call, 1).await;
        assert!(next(&mut stream).await.starts_with("id: evt_2\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_has_a_heartbeat_whatever_others_do() {
        let here = Here::new().await;
        let (mut stream, _task) = here.follow(vec![EventKind::Call], None);
        next(&mut stream).await;
        advance(BEAT / 2).await;
        here.happens(EventKind::ConnectionUpdate, 1).await;
        advance(BEAT / 2).await;
        assert_eq!(next(&mut stream).await, ": beat\n\n");
        advance(BEAT).await;
        assert_eq!(next(&mut stream).await, ": beat\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_is_cut_off_and_can_resume() {
        let here = Here::new().await;
        let (mut stream, task) = here.follow(vec![], None);
        next(&mut stream).await;
        here.happens(EventKind::Call, 40).await;
        while stream.len() < LAG {
            tokio::task::yield_now().await;
        }
        let began = tokio::time::Instant::now();
        while !task.is_finished() {
            advance(Duration::from_secs(1)).await;
        }
        assert!(began.elapsed() >= STALLED);
        let mut last = 0;
        while let Some(piece) = stream.recv().await {
            let text = String::from_utf8(piece.to_vec()).unwrap();
            last = text.strip_prefix("id: evt_").unwrap().split('\n').next().unwrap().parse().unwrap();
        }
        assert_eq!(last, i64::try_from(LAG).unwrap());
        let (mut stream, _task) = here.follow(vec![], Some(last));
        next(&mut stream).await;
        assert!(
            next(&mut stream).await.starts_with(&format!("id: evt_{}\n", last + 1)),
            "nothing is missing"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_taken_back_ends_its_streams() {
        let here = Here::new().await;
        let (mut stream, task) = here.follow(vec![], None);
        next(&mut stream).await;
        here.let_in.store(false, Ordering::SeqCst);
        here.happens(EventKind::Call, 1).await;
        task.await.unwrap();
        assert_eq!(stream.recv().await, None);
    }
}
