//! The one writer: a thread that takes all that waits into one commit.
//!
//! An SD card dies of small writes, and a commit costs a flush whatever it holds. Jobs keep their
//! order; each has a savepoint, so that one that fails harms no other.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::StoreError;
use super::written::Written;

/// Jobs that may wait. Callers wait when it is full, for [`WAIT`] at most.
const QUEUE: usize = 1024;
/// Jobs in one commit at most, so that the first of them does not wait for long.
const GROUP: usize = 128;
/// How long a caller waits for a place in the queue.
const WAIT: Duration = Duration::from_secs(10);

/// Runs inside the transaction, or is told why there is none.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Done + Send>;
/// Called once it is known whether the transaction was committed.
type Reply = Box<dyn FnOnce(Option<StoreError>) + Send>;

struct Done {
    reply: Reply,
    failed: Option<StoreError>,
}

pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pub(super) written: Written,
}

impl Writer {
    pub(super) fn start(connection: Connection, folder: PathBuf) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let written = Written::new(folder);
        let noted = written.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work(&connection, queue, &noted))
            .map_err(|error| StoreError::Io(format!("no thread for the database: {error}")))?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)), written })
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = connection.and_then(|connection| guarded(connection, work));
            let failed = result.as_ref().err().cloned();
            let reply: Reply = Box::new(move |commit_failed| {
                // Its own reason says more than that of the commit that it made fail.
                let result = match (result, commit_failed) {
                    (Ok(_), Some(failed)) => Err(failed),
                    (result, _) => result,
                };
                let _ = tell.send(result);
            });
            Done { reply, failed }
        });
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let jobs = jobs.ok_or(StoreError::Closed)?;
        match jobs.send_timeout(job, WAIT).await {
            Ok(()) => told.await.map_err(|_| StoreError::Closed)?,
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(StoreError::Busy),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(StoreError::Closed),
        }
    }

    /// Lets the thread finish what waits and end.
    pub(super) async fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
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
    let once = |sql| connection.prepare_cached(sql)?.execute([]).map(|_| ());
    once("SAVEPOINT job")?;
    let result = work(connection);
    // When the whole transaction was rolled back under us (a full disk), the savepoint is gone too.
    let undone = if result.is_ok() { Ok(()) } else { once("ROLLBACK TO job") };
    let ended = undone.and_then(|()| once("RELEASE job"));
    result.and_then(|value| ended.map(|()| value).map_err(StoreError::from))
}

fn work(connection: &Connection, mut queue: mpsc::Receiver<Job>, written: &Written) {
    written.begin();
    while let Some(first) = queue.blocking_recv() {
        let (began, before) = (Instant::now(), connection.total_changes());
        let group = commit(connection, first, &mut queue);
        let wrote = connection.total_changes() > before;
        match group.failed.as_ref().or(group.full.as_ref()) {
            None if wrote => written.committed(began.elapsed()),
            None => {}
            Some(error) => written.failed(error),
        }
        for reply in group.replies {
            reply(group.failed.clone());
        }
    }
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// What came of one transaction.
struct Group {
    replies: Vec<Reply>,
    /// Why nothing of it was stored.
    failed: Option<StoreError>,
    /// A job for which there was no room, although others were stored.
    full: Option<StoreError>,
}

/// One transaction with all that waits.
fn commit(connection: &Connection, first: Job, queue: &mut mpsc::Receiver<Job>) -> Group {
    let (mut replies, mut full) = (Vec::new(), None);
    let mut failed = connection.execute_batch("BEGIN IMMEDIATE").err().map(StoreError::from);
    let mut next = Some(first);
    while let Some(job) = next {
        let done = job(failed.clone().map_or(Ok(connection), Err));
        replies.push(done.reply);
        if done.failed == Some(StoreError::Full) {
            full.clone_from(&done.failed);
        }
        // A full disk may end the transaction with all that was in it: nothing more may happen outside of it.
        if failed.is_none() && connection.is_autocommit() {
            let gone = || StoreError::Sqlite("the transaction was rolled back".into());
            failed = Some(done.failed.unwrap_or_else(gone));
        }
        next = if failed.is_none() && replies.len() < GROUP { queue.try_recv().ok() } else { None };
    }
    if failed.is_none() {
        failed = connection.execute_batch("COMMIT").err().map(StoreError::from);
    }
    if failed.is_some() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    Group { replies, failed, full }
}
