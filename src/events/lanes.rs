//! How many receivers are talked to at once, such that those that hang delay none that do not.

use std::time::Duration;

use tokio::sync::Semaphore;

/// Attempts at receivers that are well.
const QUICK: usize = 64;
/// Attempts at those that are not, or that take their time.
const SLOW: usize = 128;
/// An attempt that takes longer gives its place up to others.
const SOON: Duration = Duration::from_millis(500);
/// Events with media in memory at once; each may weigh some ten megabytes.
const HEAVY: usize = 2;

pub(super) struct Lanes {
    quick: Semaphore,
    slow: Semaphore,
    heavy: Semaphore,
    /// For receivers that hung last time.
    heavy_slow: Semaphore,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            quick: Semaphore::new(QUICK),
            slow: Semaphore::new(SLOW),
            heavy: Semaphore::new(HEAVY),
            heavy_slow: Semaphore::new(1),
        }
    }
}

impl Lanes {
    /// Runs `work` in its turn. `suspect`: the receiver's last attempt failed.
    pub(super) async fn run<T>(&self, suspect: bool, heavy: bool, work: impl Future<Output = T>) -> T {
        // The semaphores are never closed.
        let _weight = match (heavy, suspect) {
            (false, _) => None,
            (true, false) => self.heavy.acquire().await.ok(),
            (true, true) => self.heavy_slow.acquire().await.ok(),
        };
        if suspect {
            let _place = self.slow.acquire().await.ok();
            return work.await;
        }
        let place = self.quick.acquire().await.ok();
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(SOON) => {}
        }
        let _place = match self.slow.try_acquire() {
            Ok(slow) => {
                drop(place);
                Some(slow)
            }
            Err(_) => place,
        };
        work.await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Lanes, QUICK, SLOW};
    use std::sync::Arc;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn many_that_hang_at_once_delay_nobody_for_long() {
        let lanes = Arc::new(Lanes::default());
        let hanging: Vec<_> = (0..SLOW)
            .map(|_| {
                let lanes = Arc::clone(&lanes);
                tokio::spawn(async move { lanes.run(false, false, std::future::pending::<()>()).await })
            })
            .collect();
        let well: Vec<_> = (0..QUICK * 2)
            .map(|_| {
                let lanes = Arc::clone(&lanes);
                tokio::spawn(async move { lanes.run(false, false, async {}).await })
            })
            .collect();
        for done in well {
            tokio::time::timeout(Duration::from_secs(2), done).await.unwrap().unwrap();
        }
        assert!(hanging.iter().all(|task| !task.is_finished()));
    }
}
