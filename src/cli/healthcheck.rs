//! `tetherd healthcheck`.

use std::time::Duration;

use super::client::{Access, Client};
use super::runtime;

/// Who looks after a container waits no longer than half a minute.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn run(access: &Access) -> Result<(), String> {
    let client = Client::new(access)?;
    runtime()?.block_on(is_alive(&client))
}

async fn is_alive(client: &Client) -> Result<(), String> {
    client.ask_within(LIMIT, "GET", "/healthz", None).await.map(|_| ())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Client, is_alive};
    use crate::daemon::OWNER_SOCKET;
    use std::os::unix::net::UnixListener;
    use std::time::Duration;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_daemon_that_hangs_is_missed_soon() {
        let folder = tempfile::tempdir().unwrap();
        // Nobody takes what arrives there.
        let _hanging = UnixListener::bind(folder.path().join(OWNER_SOCKET)).unwrap();
        let client = Client::of_owner(folder.path()).unwrap();
        let began = Instant::now();
        let why = is_alive(&client).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
        assert_eq!(why, "tetherd did not answer within 10 s");
    }
}
