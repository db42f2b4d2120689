//! Time as the product tells it: RFC 3339 for people, the monotonic clock for waits.

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// A moment on the wall clock, to the millisecond, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

impl Stamp {
    /// No clock that is right shows less: 2026-01-01T00:00:00Z, before the first release.
    pub const RELEASED: Self = Self(1_767_225_600_000);

    /// Whether a clock that is right can have shown it.
    #[must_use]
    pub fn is_plausible(self) -> bool {
        self >= Self::RELEASED
    }

    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This moment moved by a span; saturates at the ends of time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// From this moment to a later one; zero when it is not later.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// `2026-11-24T10:46:45.123Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0)
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl From<SystemTime> for Stamp {
    fn from(time: SystemTime) -> Self {
        Self(DateTime::<Utc>::from(time).timestamp_millis())
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

/// By how much a clock was wrong, when that was so much that nobody could take its times for true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockShift {
    millis: i64,
    now: Stamp,
}

impl ClockShift {
    /// From what the clock showed to what it shows; none when the former was plausible, or the latter is
    /// not.
    #[must_use]
    pub fn between(before: Stamp, after: Stamp) -> Option<Self> {
        (!before.is_plausible() && after.is_plausible())
            .then(|| Self { millis: after.0.saturating_sub(before.0), now: after })
    }

    /// A moment as it really was: one that cannot be true is moved, not beyond now.
    #[must_use]
    pub fn correct(self, stamp: Stamp) -> Stamp {
        if stamp.is_plausible() {
            return stamp;
        }
        Stamp(stamp.0.saturating_add(self.millis)).min(self.now)
    }

    /// Milliseconds from what the clock showed to what it shows.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.millis
    }

    /// What the clock shows since.
    #[must_use]
    pub fn now(self) -> Stamp {
        self.now
    }
}

/// A moment that is waited for on the monotonic clock and shown on the wall clock: the wall clock of
/// a Pi may jump by years between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// When it is, for waits.
    pub at: Instant,
    /// When it is, for people; as the wall clock stood when the deadline was set.
    pub shown: Stamp,
}

impl Deadline {
    /// The moment that comes `span` after now.
    #[must_use]
    pub fn after(clock: &dyn Clock, span: Duration) -> Self {
        Self { at: clock.instant() + span, shown: clock.now().plus(span) }
    }

    /// What is left of it.
    #[must_use]
    pub fn left(&self, clock: &dyn Clock) -> Duration {
        self.at.saturating_duration_since(clock.instant())
    }
}

/// Where the time comes from, so that tests own it.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Stamp;
    /// The monotonic clock.
    fn instant(&self) -> Instant;
}

/// The machine's clocks. The monotonic one is tokio's, so that a paused test runtime owns it too.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        SystemTime::now().into()
    }

    fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

#[cfg(test)]
mod tests {
    use super::{ClockShift, Stamp};
    use std::time::Duration;

    #[test]
    fn shows_utc_with_milliseconds() {
        assert_eq!(Stamp::from_millis(1_795_387_297_005).rfc3339(), "2026-11-22T22:41:37.005Z");
    }

    #[test]
    fn what_cannot_be_true_is_moved_and_what_can_be_stays() {
        let (booted, set) = (Stamp::from_millis(60_000), Stamp::from_millis(1_800_000_000_000));
        let shift = ClockShift::between(booted, set).unwrap();
        let half = Stamp::from_millis(30_000);
        assert_eq!(shift.correct(half).until(set), Duration::from_secs(30));
        assert_eq!(shift.correct(Stamp::from_millis(90_000)), set, "not beyond now");
        let known = Stamp::from_millis(1_790_000_000_000);
        assert_eq!(shift.correct(known), known);
        assert_eq!(ClockShift::between(known, set), None);
        assert_eq!(ClockShift::between(set, booted), None);
    }

    #[test]
    fn a_past_moment_is_no_wait() {
        let now = Stamp::from_millis(1000);
        assert_eq!(now.until(Stamp::from_millis(10)), Duration::ZERO);
        assert_eq!(now.until(now.plus(Duration::from_secs(2))), Duration::from_secs(2));
    }
}
