//! How long to wait before the next attempt (contract, "Backoff").

use std::time::{Duration, Instant};

/// The ceiling of the first wait; it doubles with every failure.
const BASE: Duration = Duration::from_secs(1);
/// A router needs minutes to come back, and a person is waiting: try often while an outage is young.
const YOUNG: Duration = Duration::from_mins(10);
/// The longest wait until then.
const CAP_YOUNG: Duration = Duration::from_secs(30);
/// The longest wait once an outage is old.
const CAP: Duration = Duration::from_mins(5);
/// A link that was open for less than this has not ended the outage: it would flap.
const STABLE: Duration = Duration::from_secs(30);
/// How often in a row an orderly "come again" is followed without a wait.
const AT_ONCE_LIMIT: u32 = 3;

/// Counts what failed in a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    fails: u32,
    at_once: u32,
    since: Option<Instant>,
}

impl Backoff {
    /// A reason to start afresh: a person asked, or the network came back.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// How many attempts in a row have failed.
    pub(crate) fn fails(&self) -> u32 {
        self.fails
    }

    /// An attempt ended that should be followed by another. `open_for` is how long it was logged in;
    /// `jitter` is from 0 to 1.
    pub(crate) fn next(&mut self, now: Instant, open_for: Option<Duration>, jitter: f64) -> Duration {
        if open_for.is_some_and(|span| span >= STABLE) {
            self.reset();
        }
        let since = *self.since.get_or_insert(now);
        let first_drop = self.fails == 0 && open_for.is_some();
        // The drop itself is no failed attempt: the first try after it is at once, and the second waits BASE.
        let exponent = self.fails.min(16);
        self.fails = self.fails.saturating_add(1);
        if first_drop {
            return Duration::ZERO;
        }
        let cap = if now.saturating_duration_since(since) < YOUNG { CAP_YOUNG } else { CAP };
        let ceiling = BASE.saturating_mul(1 << exponent).min(cap);
        ceiling.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
    }

    /// An orderly end that asks for a new connection at once; none when that happens too often to be
    /// orderly.
    pub(crate) fn at_once(&mut self) -> Option<Duration> {
        self.at_once += 1;
        (self.at_once <= AT_ONCE_LIMIT).then_some(Duration::ZERO)
    }

    /// The link has been let in: the guard against "come again" loops starts anew.
    pub(crate) fn let_in(&mut self) {
        self.at_once = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, CAP, CAP_YOUNG, YOUNG};
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn doubles_to_thirty_seconds_and_later_to_five_minutes() {
        let (mut b, start) = (Backoff::default(), Instant::now());
        let young: Vec<_> = (0..7).map(|_| b.next(start, None, 1.0).as_secs()).collect();
        assert_eq!(young, [1, 2, 4, 8, 16, 30, 30]);
        let old = start + YOUNG;
        assert_eq!(b.next(old, None, 1.0).as_secs(), 128);
        assert_eq!(b.next(old, None, 1.0).as_secs(), 256);
        assert_eq!(b.next(old, None, 1.0), CAP);
    }

    #[test]
    fn the_first_try_after_a_drop_is_at_once_and_flapping_is_not() {
        let (mut b, now) = (Backoff::default(), Instant::now());
        assert_eq!(b.next(now, Some(5 * S), 1.0), Duration::ZERO);
        assert_eq!(b.next(now, Some(5 * S), 1.0), 2 * S);
        assert_eq!(b.next(now, Some(31 * S), 1.0), Duration::ZERO, "a stable link ends the outage");
    }

    #[test]
    fn come_again_is_followed_three_times() {
        let mut b = Backoff::default();
        assert!((0..3).all(|_| b.at_once().is_some()));
        assert!(b.at_once().is_none());
        b.let_in();
        assert!(b.at_once().is_some());
    }

    proptest! {
        #[test]
        fn never_beyond_the_cap(fails in 0_u32..40, jitter in 0.0_f64..=1.0, age in 0_u64..4000) {
            let (mut b, start) = (Backoff::default(), Instant::now());
            for _ in 0..=fails { b.next(start, None, 0.0); }
            let wait = b.next(start + Duration::from_secs(age), None, jitter);
            let cap = if Duration::from_secs(age) < YOUNG { CAP_YOUNG } else { CAP };
            prop_assert!(wait <= cap && wait >= Duration::from_millis(500));
        }
    }
}
