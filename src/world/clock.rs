//! The clock being set, and sleep.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use super::Change;
use crate::model::Stamp;

/// Smaller steps are what keeping time looks like, and change nothing for anybody.
const STEP: i64 = 2_000;
/// Shorter naps break no connection.
const NAP: i64 = 10_000;
/// Where the kernel does not tell, the clocks are looked at so often.
const LOOK: Duration = Duration::from_secs(10);

/// The clock was set: what it showed, and what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSet {
    /// As it would be now had it not been set.
    pub before: Stamp,
    /// As it is now.
    pub after: Stamp,
}

/// The three clocks at one moment, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clocks {
    /// What people call the time; can be set.
    wall: i64,
    /// Runs on while the box sleeps.
    boot: i64,
    /// Stands still while the box sleeps.
    monotonic: i64,
}

impl Clocks {
    fn now() -> Self {
        let millis = |id| {
            let since = Duration::try_from(clock_gettime(id)).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        };
        Self {
            wall: millis(ClockId::Realtime),
            boot: millis(ClockId::Boottime),
            monotonic: millis(ClockId::Monotonic),
        }
    }

    /// What happened from then to now.
    fn since(self, then: Self) -> (Option<ClockSet>, Option<Duration>) {
        let passed = self.boot - then.boot;
        let unset = then.wall.saturating_add(passed);
        let set = ((self.wall - unset).abs() >= STEP)
            .then(|| ClockSet { before: Stamp::from_millis(unset), after: Stamp::from_millis(self.wall) });
        let slept = passed - (self.monotonic - then.monotonic);
        let slept = u64::try_from(slept).ok().filter(|slept| *slept >= NAP.unsigned_abs());
        (set, slept.map(Duration::from_millis))
    }
}

pub(super) async fn watch(tell: mpsc::Sender<Change>) {
    let timer = match Timer::new() {
        Ok(timer) => Some(timer),
        Err(error) => {
            tracing::debug!(%error, "the kernel does not tell when the clock is set; it is looked at instead");
            None
        }
    };
    let mut known = Clocks::now();
    loop {
        match &timer {
            Some(timer) if timer.cancelled().await.is_ok() => {}
            _ => tokio::time::sleep(LOOK).await,
        }
        let now = Clocks::now();
        let (set, slept) = now.since(known);
        known = now;
        for change in [set.map(Change::Clock), slept.map(Change::Woke)].into_iter().flatten() {
            if tell.send(change).await.is_err() {
                return;
            }
        }
    }
}

/// A timer that never fires and is cancelled when the clock is set or the box wakes up
/// (`timerfd_create(2)`, `TFD_TIMER_CANCEL_ON_SET`).
struct Timer(AsyncFd<OwnedFd>);

impl Timer {
    fn new() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        arm(&timer)?;
        Ok(Self(super::registered(timer)?))
    }

    async fn cancelled(&self) -> io::Result<()> {
        loop {
            let mut ready = self.0.readable().await?;
            match rustix::io::read(self.0.get_ref(), &mut [0_u8; 8]) {
                Err(rustix::io::Errno::CANCELED) => {
                    arm(self.0.get_ref())?;
                    return Ok(());
                }
                Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
                // The end of its time: armed anew.
                Ok(_) => arm(self.0.get_ref())?,
            }
        }
    }
}

fn arm(timer: &OwnedFd) -> io::Result<()> {
    // Within 32 bits, so that every kernel takes it: 2038.
    let never = Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 };
    let once = Itimerspec { it_interval: Timespec::default(), it_value: never };
    timerfd_settime(timer, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &once)?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{ClockSet, Clocks, Timer};
    use crate::model::Stamp;
    use std::time::Duration;

    const THEN: Clocks = Clocks { wall: 5_000, boot: 1_000_000, monotonic: 900_000 };

    #[test]
    fn a_clock_that_is_set_is_told_with_what_it_would_have_shown() {
        let now = Clocks { wall: 1_800_000_000_000, boot: 1_003_000, monotonic: 903_000 };
        let set = ClockSet { before: Stamp::from_millis(8_000), after: Stamp::from_millis(now.wall) };
        assert_eq!(now.since(THEN), (Some(set), None));
        let back = Clocks { wall: 2_000, ..THEN };
        assert_eq!(back.since(THEN).0.unwrap().after, Stamp::from_millis(2_000));
    }

    #[test]
    fn sleep_is_no_setting_and_corrections_are_neither() {
        let hour = 3_600_000;
        let slept = Clocks { wall: 5_000 + hour, boot: 1_000_000 + hour, monotonic: 900_010 };
        assert_eq!(slept.since(THEN), (None, Some(Duration::from_millis(3_599_990))));
        let corrected = Clocks { wall: 66_500, boot: 1_060_000, monotonic: 960_000 };
        assert_eq!(corrected.since(THEN), (None, None));
    }

    #[tokio::test]
    async fn the_kernel_takes_the_timer_and_tells_nothing_by_itself() {
        let timer = Timer::new().unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), timer.cancelled()).await.is_err());
    }
}
