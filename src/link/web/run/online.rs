//! Whether the account is shown as online: as `alwaysOnline` says, not as the engine would have it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Attempt;
use crate::link::Presence;
use crate::link::web::client;

/// Until what is about to be sent is in the queue of the connection.
const SENT: Duration = Duration::from_millis(50);

impl Attempt<'_> {
    /// Takes back that the account is online, unless it is meant. The engine tells of it right before it is sent.
    pub(super) async fn hide(&self) {
        if self.link.online.load(Ordering::Acquire) {
            return;
        }
        tokio::time::sleep(SENT).await;
        // Where the connection has ended meanwhile, nobody is shown as online by it.
        if let Err(error) = client::show(&self.client, Presence::Unavailable).await
            && self.client.is_connected()
        {
            tracing::warn!(instance = %self.link.context.name, %error, "the account may be shown as online");
        }
    }

    /// What is to be seen from now on; before the log-in there is nothing to be seen.
    pub(super) async fn options_changed(&mut self) {
        let always_online = self.link.options().settings.always_online;
        if always_online == self.always_online || !self.seen.logged_in {
            return;
        }
        self.always_online = always_online;
        self.link.online.store(always_online, Ordering::Release);
        let presence = if always_online { Presence::Available } else { Presence::Unavailable };
        if let Err(error) = client::show(&self.client, presence).await {
            tracing::warn!(instance = %self.link.context.name, %error, "alwaysOnline takes effect at the next connection");
        }
    }
}
