//! Who is looking at an instance's code: codes are made only for somebody.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// How long a call counts as looking (contract, "QR attempts").
const GLANCE: Duration = Duration::from_mins(1);

/// Counts those who hold a page open and remembers the last call.
#[derive(Debug, Default)]
pub(crate) struct Lookers {
    pages: AtomicU32,
    last: Mutex<Option<Instant>>,
}

impl Lookers {
    /// Somebody asked for the code just now.
    pub(crate) fn glance(&self, now: Instant) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Whether somebody is looking.
    pub(crate) fn any(&self, now: Instant) -> bool {
        self.pages.load(Ordering::Acquire) > 0
            || self
                .last
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_some_and(|last| now.saturating_duration_since(last) < GLANCE)
    }
}

/// Somebody has the code open for as long as this lives.
#[derive(Debug)]
pub struct Looking(Arc<Lookers>);

impl Looking {
    pub(crate) fn start(lookers: &Arc<Lookers>) -> Self {
        lookers.pages.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(lookers))
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.pages.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::{GLANCE, Lookers, Looking};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    #[test]
    fn a_glance_lasts_a_minute_and_a_page_as_long_as_it_is_open() {
        let lookers = Arc::new(Lookers::default());
        let now = Instant::now();
        assert!(!lookers.any(now));
        lookers.glance(now);
        assert!(lookers.any(now + GLANCE.checked_sub(Duration::from_millis(1)).unwrap()));
        assert!(!lookers.any(now + GLANCE));
        let page = Looking::start(&lookers);
        assert!(lookers.any(now + GLANCE * 10));
        drop(page);
        assert!(!lookers.any(now + GLANCE * 10));
    }
}
