//! The one writer: a thread that takes all that waits into one commit.
//!
//! An SD card dies of small writes, and a commit costs a flush whatever it holds. Jobs keep their
//! order; each has a savepoint, so that one that fails harms no other.

use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::StoreError;

/// Jobs that may wait. Callers wait when it is full, for [`WAIT`] at most.
const QUEUE: usize = 1024;
/// Jobs in one commit at most, so that the first of them does not wait for long.
const GROUP: usize = 128;
/// How long a caller waits for a place in the queue.
const WAIT: Duration = Duration::from_secs(10);

/// Runs inside the transaction; returns what to do once it is known whether that was committed.
type Job = Box<dyn FnOnce(&Connection) -> Reply + Send>;
type Reply = Box<dyn FnOnce(Option<StoreError>) + Send>;

pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work(&connection, queue))
            .map_err(|error| StoreError::Io(format!("no thread for the database: {error}")))?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = guarded(connection, work);
            Box::new(move |commit_failed| {
                let _ = tell.send(commit_failed.map_or(result, Err));
            })
        });
        let jobs = self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let jobs = jobs.ok_or(StoreError::Closed)?;
        match jobs.send_timeout(job, WAIT).await {
            Ok(()) => told.await.map_err(|_| StoreError::Closed)?,
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(StoreError::Busy),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(StoreError::Closed),
        }
    }

    /// Lets the thread finish what waits and end.
    pub(super) async fn close(&self) {
        self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// One job in its savepoint.
fn guarded<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("SAVEPOINT job")?;
    let result = work(connection);
    let end = if result.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    // When the whole transaction was rolled back under us (a full disk), the savepoint is gone too.
    let ended = connection.execute_batch(end);
    result.and_then(|value| ended.map(|()| value).map_err(StoreError::from))
}

fn work(connection: &Connection, mut queue: mpsc::Receiver<Job>) {
    while let Some(first) = queue.blocking_recv() {
        let mut replies = Vec::new();
        let mut failed = connection.execute_batch("BEGIN IMMEDIATE").err().map(StoreError::from);
        let mut next = Some(first);
        while let Some(job) = next {
            replies.push(job(connection));
            next = if replies.len() < GROUP { queue.try_recv().ok() } else { None };
        }
        if failed.is_none() {
            failed = connection.execute_batch("COMMIT").err().map(StoreError::from);
        }
        if failed.is_some() && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        for reply in replies {
            reply(failed.clone());
        }
    }
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}
