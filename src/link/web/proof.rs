//! Proof that what WhatsApp sends can be read. Bytes that come are none: after one frame that does not decrypt the
//! engine goes on reading, and nothing decrypts any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use whatsapp_rust::wacore::iq::keepalive::KeepaliveSpec;
use whatsapp_rust::{Client, NodeFilter, OwnedNodeRef};

/// Without an answer of WhatsApp's for so long one is asked for. The engine's own pings are answered more often.
const QUIET: Duration = Duration::from_secs(90);
/// How long that answer may take.
const ANSWER: Duration = Duration::from_secs(20);

pub(super) struct Proof {
    client: Arc<Client>,
    answer: whatsapp_rust::futures::channel::oneshot::Receiver<Arc<OwnedNodeRef>>,
    due: Instant,
    asked: bool,
}

impl Proof {
    pub(super) fn start(client: &Arc<Client>) -> Self {
        let answer = client.wait_for_node(NodeFilter::tag("iq"));
        Self { client: Arc::clone(client), answer, due: Instant::now() + QUIET, asked: false }
    }

    /// Waits until there is none, for as long as there is. Cancel-safe.
    pub(super) async fn fails(&mut self) {
        loop {
            tokio::select! {
                answer = &mut self.answer => {
                    if answer.is_err() {
                        // The client has ended, which others notice.
                        std::future::pending::<()>().await;
                    }
                    *self = Self::start(&self.client);
                }
                () = sleep_until(self.due) => {
                    if self.asked {
                        return;
                    }
                    self.asked = true;
                    self.due = Instant::now() + ANSWER;
                    let client = Arc::clone(&self.client);
                    tokio::spawn(async move { client.execute(KeepaliveSpec::with_timeout(ANSWER)).await });
                }
            }
        }
    }
}
