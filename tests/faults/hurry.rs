//! What takes as long as it takes: the tests' clock runs faster.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use whatsapp_rust::wacore::time::{TimeProvider, set_time_provider};

use crate::scene::Scene;

/// What runs in one millisecond. Whatever really happens meanwhile takes a millisecond or two.
const STEP: Duration = Duration::from_millis(50);
/// Longer than any patience of the engine's or of tetherd's.
const LONG: Duration = Duration::from_mins(5);

/// The engine's wall clock, as far ahead as tokio's is.
struct Wall;

impl TimeProvider for Wall {
    fn now_millis(&self) -> i64 {
        let real = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let (here, there) = (Instant::now().into_std(), std::time::Instant::now());
        let wall = real + here.saturating_duration_since(there);
        i64::try_from(wall.saturating_sub(there.saturating_duration_since(here)).as_millis()).unwrap()
    }
}

/// Until `work` is done, time runs faster; how much of it has passed.
pub(crate) async fn hurried<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    tokio::time::pause();
    let hurry = async {
        loop {
            // While a thread is busy, tokio's clock stands.
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(1))).await.unwrap();
            tokio::time::advance(STEP).await;
        }
    };
    let done = tokio::select! {
        done = work => done,
        () = hurry => unreachable!("it hurries for ever"),
    };
    tokio::time::resume();
    (done, began.elapsed())
}

/// A linked instance in a runtime of one thread.
pub(crate) async fn scene() -> Scene {
    // Another test may have been here before.
    let _ = set_time_provider(Wall);
    let mut scene = Scene::linked().await;
    scene.here.limit = LONG;
    scene
}
