//! What writing costs, and whether it works.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

use super::StoreError;

/// Seconds of a commit: a good disk, a card, a card that is tired.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0];

/// After a full disk: what a few commits and their way into the database take. A little may fit into the log still.
const ROOM: u64 = 1_000_000;

/// Noted by the writer, read by whoever asks. Clones share it.
#[derive(Clone)]
pub(super) struct Written(Arc<Inner>);

struct Inner {
    /// The writer's thread in `/proc`, as `12/task/34`; unset before it runs.
    thread: OnceLock<PathBuf>,
    commits: Histogram,
    trouble: Mutex<Option<StoreError>>,
    /// Where the database is.
    folder: PathBuf,
}

impl Written {
    pub(super) fn new(folder: PathBuf) -> Self {
        let (thread, commits, trouble) = (OnceLock::new(), Histogram::new(BUCKETS), Mutex::default());
        Self(Arc::new(Inner { thread, commits, trouble, folder }))
    }

    /// In the writer's thread.
    pub(super) fn begin(&self) {
        if let Ok(thread) = std::fs::read_link("/proc/thread-self") {
            let _ = self.0.thread.set(thread);
        }
    }

    /// A commit that changed something is on disk, after so long.
    pub(super) fn committed(&self, took: Duration) {
        self.0.commits.observe(took.as_secs_f64());
        if self.is_still_full() {
            return;
        }
        if self.trouble().take().is_some() {
            tracing::info!("storage works again");
        }
    }

    /// The disk was full, and there is not much more room by now.
    pub(super) fn is_still_full(&self) -> bool {
        if self.last_failure() != Some(StoreError::Full) {
            return false;
        }
        let space = rustix::fs::statvfs(&self.0.folder);
        space.is_ok_and(|space| space.f_bavail.saturating_mul(space.f_frsize) < ROOM)
    }

    /// A commit could not be made.
    pub(super) fn failed(&self, error: &StoreError) {
        let first = self.trouble().replace(error.clone()).is_none();
        if first {
            tracing::error!("nothing can be stored: {error}");
        }
    }

    /// Why the last commit failed; none when it did not.
    pub(super) fn last_failure(&self) -> Option<StoreError> {
        self.trouble().clone()
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Option<StoreError>> {
        self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What writing has cost since the process began.
#[derive(Debug, Clone)]
pub struct WriteFigures {
    /// Seconds of each commit that changed something, the wait for the disk included.
    pub commits: Histogram,
    /// Bytes that the writer gave to the kernel: its log, what is folded into the database, and 8 for each time that
    /// it wakes the runtime with an answer. None where the kernel does not count.
    pub bytes: Option<u64>,
}

impl super::Store {
    /// What writing has cost.
    #[must_use]
    pub fn write_figures(&self) -> WriteFigures {
        let inner = &self.0.writer.written.0;
        // The writer is the only one who writes, and it is a thread of its own.
        let counted = |thread: &PathBuf| {
            let text = std::fs::read_to_string(Path::new("/proc").join(thread).join("io")).ok()?;
            text.lines().find_map(|line| line.strip_prefix("wchar: ")?.trim().parse().ok())
        };
        let bytes = inner.thread.get().and_then(counted);
        WriteFigures { commits: inner.commits.clone(), bytes }
    }
}
