//! A sign of life, for the watchdog.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When a supervisor last showed life: milliseconds on the monotonic clock since it began.
#[derive(Debug, Clone)]
pub(crate) struct Beat {
    began: Instant,
    last: Arc<AtomicU64>,
}

impl Beat {
    pub(super) fn new(began: Instant) -> Self {
        Self { began, last: Arc::default() }
    }

    /// Shows life.
    pub(super) fn beat(&self, now: Instant) {
        let millis = now.saturating_duration_since(self.began).as_millis();
        self.last.store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// How long ago that was.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        let last = self.began + Duration::from_millis(self.last.load(Ordering::Acquire));
        now.saturating_duration_since(last)
    }
}
