//! Patience for a start that takes long: systemd's own limit for it ends with every word of ours.

use std::future::Future;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Instant, timeout};

/// What takes no longer than this needs no word.
const QUICK: Duration = Duration::from_secs(5);
/// How much time is asked for at a time; asked again every [`QUICK`], so that a process that died in
/// the middle is missed soon.
const EXTENSION_MICROS: u32 = 30_000_000;
/// Nothing may take longer: systemd's own limit counts again from here on.
const LONGEST: Duration = Duration::from_hours(1);

/// Waits for work that belongs to the start and may be long, such as a migration: systemd is asked for
/// more time for as long as it goes on.
pub(crate) async fn patiently<T>(
    doing: &str,
    work: impl Future<Output = T>,
    tell: impl Fn(&[NotifyState<'_>]),
) -> T {
    tokio::pin!(work);
    let began = Instant::now();
    loop {
        match timeout(QUICK, work.as_mut()).await {
            Ok(done) => return done,
            Err(_) if began.elapsed() < LONGEST => {
                tell(&[NotifyState::ExtendTimeoutUsec(EXTENSION_MICROS), NotifyState::Status(doing)]);
            }
            Err(_) => return work.await,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{EXTENSION_MICROS, LONGEST, QUICK, patiently};
    use sd_notify::NotifyState;
    use std::sync::Mutex;
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    /// When systemd was told, from the start on, while something took so long.
    async fn told(long: Duration) -> Vec<Duration> {
        let (told, began) = (Mutex::new(Vec::new()), Instant::now());
        let tell = |words: &[NotifyState<'_>]| {
            let [NotifyState::ExtendTimeoutUsec(EXTENSION_MICROS), NotifyState::Status("moving")] = words
            else {
                unreachable!("{words:?}")
            };
            told.lock().unwrap().push(began.elapsed());
        };
        let work = async {
            sleep(long).await;
            7
        };
        assert_eq!(patiently("moving", work, tell).await, 7);
        assert_eq!(began.elapsed().as_secs(), long.as_secs(), "it is never cut off");
        told.into_inner().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn more_time_is_asked_for_before_what_was_given_ends_and_not_for_ever() {
        assert!(told(QUICK / 2).await.is_empty(), "what is quick needs no word");
        let minute = told(Duration::from_mins(1)).await;
        let given = Duration::from_micros(EXTENSION_MICROS.into());
        let pauses = minute.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        assert!(minute.len() >= 10 && pauses.max().unwrap() < given / 2, "{minute:?}");
        let last = *told(3 * LONGEST).await.last().unwrap();
        assert!((LONGEST / 2..=LONGEST).contains(&last), "{last:?}");
    }
}
