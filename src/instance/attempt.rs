//! One running attempt: a task that drives [`Link::run`] and can be stopped in bounded time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::link::{Cause, Goal, Link, LinkEvent, Outcome, SINK_CAPACITY};
use crate::model::Reason;

/// How long a link may take to stop (its promise is 5 s) before its task is ended.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(6);

/// An attempt that runs, or has ended and was not looked at yet.
pub(super) struct Attempt {
    events: mpsc::Receiver<LinkEvent>,
    task: JoinHandle<Outcome>,
    stop: CancellationToken,
    ticket: Ticket,
    kill_at: Option<Instant>,
    /// When it began, for links that have shown no progress yet.
    pub(super) began: std::time::Instant,
}

/// The right to be dialling; many instances that start at once must not storm a small box.
type Ticket = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

/// What an attempt has to say.
pub(super) enum Said {
    Event(LinkEvent),
    Ended(Outcome),
}

impl Attempt {
    pub(super) fn start(link: &Arc<dyn Link>, goal: Goal, dialling: &Arc<Semaphore>) -> Self {
        let (sink, events) = mpsc::channel(SINK_CAPACITY);
        let stop = CancellationToken::new();
        let ticket = Ticket::default();
        let (link, dialling) = (Arc::clone(link), Arc::clone(dialling));
        let (token, slot) = (stop.clone(), Arc::clone(&ticket));
        let task = tokio::spawn(async move {
            let permit = tokio::select! {
                permit = dialling.acquire_owned() => permit.ok(),
                () = token.cancelled() => return Outcome::Stopped,
            };
            put(&slot, permit);
            link.run(goal, sink, token).await
        });
        let began = Instant::now().into_std();
        Self { events, task, stop, ticket, kill_at: None, began }
    }

    /// The dialling is over: another instance may dial.
    pub(super) fn dialled(&self) {
        put(&self.ticket, None);
    }

    /// Asks it to stop; [`Attempt::next`] then ends within [`STOP_LIMIT`].
    pub(super) fn halt(&mut self) {
        self.stop.cancel();
        self.kill_at.get_or_insert_with(|| Instant::now() + STOP_LIMIT);
    }

    /// The next event, or how it ended. Cancel-safe.
    pub(super) async fn next(&mut self) -> Said {
        let kill_at = self.kill_at;
        let killed = async {
            match kill_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(event) = self.events.recv() => return Said::Event(event),
            ended = &mut self.task => return Said::Ended(outcome(ended)),
            () = killed => {}
        }
        tracing::warn!("the link did not stop in time; its task is ended");
        self.task.abort();
        Said::Ended(Outcome::Stopped)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.stop.cancel();
        self.task.abort();
        put(&self.ticket, None);
    }
}

fn put(ticket: &Ticket, permit: Option<OwnedSemaphorePermit>) {
    *ticket.lock().unwrap_or_else(PoisonError::into_inner) = permit;
}

/// A defect in one instance's link must not end the others: a panic is an end like any other.
fn outcome(ended: Result<Outcome, tokio::task::JoinError>) -> Outcome {
    ended.unwrap_or_else(|error| {
        if error.is_panic() {
            tracing::error!("the link panicked; this is a defect of tetherd: please report it");
            Outcome::Ended(Cause::new(Reason::ServerError).saying("tetherd had a defect in this link."))
        } else {
            Outcome::Stopped
        }
    })
}
