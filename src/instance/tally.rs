//! What happened to an instance since the process began, for metrics.

use std::time::{Duration, Instant};

/// Counts since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts that were started.
    pub attempts: u64,
    /// Log-ins after the first one.
    pub reconnects: u64,
    /// Codes that were shown.
    pub codes: u64,
    /// Codes that a phone scanned.
    pub scans: u64,
    known: bool,
    open_before: Duration,
    open_since: Option<Instant>,
}

impl Tally {
    /// How long it was open in all, until now.
    #[must_use]
    pub fn open(&self, now: Instant) -> Duration {
        let running = self.open_since.map(|since| now.saturating_duration_since(since));
        self.open_before + running.unwrap_or_default()
    }

    /// Whether it is open now.
    pub(crate) fn see(&mut self, open: bool, now: Instant) {
        match (open, self.open_since) {
            (true, None) => {
                self.reconnects += u64::from(self.known);
                self.known = true;
                self.open_since = Some(now);
            }
            (false, Some(_)) => {
                self.open_before = self.open(now);
                self.open_since = None;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;
    use std::time::{Duration, Instant};

    #[test]
    fn time_open_is_summed_and_the_first_log_in_is_no_reconnect() {
        let (mut tally, began) = (Tally::default(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        for (open, seconds) in [(false, 0), (true, 10), (true, 12), (false, 15), (true, 100)] {
            tally.see(open, at(seconds));
        }
        assert_eq!((tally.reconnects, tally.open(at(107))), (1, Duration::from_secs(12)));
    }
}
