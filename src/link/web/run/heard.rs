//! What the engine tells while it runs, and what the supervisor is told of it.

use std::time::Duration;

use super::Attempt;
use crate::link::web::client;
use crate::link::web::events::Heard;
use crate::link::web::outcome::Terminal;
use crate::link::{LinkEvent, QrCode};
use crate::model::{Deadline, Profile, Reason, ReasonDetail};
use crate::store::credentials;

/// How long the credentials of a fresh link may take to reach the disk.
const SAVE: Duration = Duration::from_secs(20);
/// Between two looks at whether they have.
const LOOK: Duration = Duration::from_millis(10);

impl Attempt<'_> {
    /// Takes in what the engine tells.
    pub(super) async fn take(&mut self, heard: Heard) {
        self.link.trace.moved();
        match heard {
            Heard::Code { text, lives } => {
                let expires = Deadline::after(self.link.parts.clock.as_ref(), lives);
                self.say(LinkEvent::Code(QrCode { text, expires })).await;
            }
            Heard::Exhausted => {
                self.seen.exhausted = true;
                self.spent = true;
            }
            Heard::PairingCodeDead => {
                self.link.pairing.lock().await.take();
                self.say(LinkEvent::PairingCodeDead).await;
            }
            Heard::Scanned => {
                self.scanned = true;
                self.say(LinkEvent::Scanned).await;
                self.saved().await;
            }
            Heard::PairFailed(why) => {
                let words = format!("The phone's answer could not be verified ({why}).");
                self.say(LinkEvent::PairRefused(Reason::ServerError, ReasonDetail::message(words))).await;
            }
            Heard::Passkey => {
                self.seen.passkey = true;
                self.spent = true;
                client::stop(&self.client).await;
            }
            Heard::Ready => self.ready().await,
            Heard::PushName(name) => {
                let profile = Profile { name: Some(name), ..self.profile() };
                self.say(LinkEvent::ProfileChanged(profile)).await;
            }
            Heard::Terminal(terminal) => {
                // The first one is the reason; `Dropped` is what follows any of them.
                if matches!(self.seen.terminal, None | Some(Terminal::Dropped)) {
                    self.seen.terminal = Some(terminal);
                }
            }
        }
    }

    /// Linked means that the credentials are on disk; the engine tells of the scan before that.
    async fn saved(&self) {
        let on_disk = async {
            loop {
                if let Err(error) = self.client.persistence_manager().flush().await {
                    tracing::warn!(instance = %self.link.context.name, %error, "the credentials are not on disk yet");
                }
                if let Ok(Some(profile)) = self.link.parts.store.linked_account(self.link.context.id).await {
                    return profile;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(SAVE, on_disk).await {
            Ok(profile) => self.say(LinkEvent::Linked(profile)).await,
            Err(_) => {
                tracing::error!(instance = %self.link.context.name, "the credentials could not be stored");
            }
        }
    }

    /// WhatsApp let us in.
    pub(super) async fn let_in(&mut self) {
        self.seen.logged_in = true;
        self.link.parts.reached.send_replace(());
        self.link.trace.moved();
        self.say(LinkEvent::LoggedIn(self.profile())).await;
    }

    async fn ready(&self) {
        self.say(LinkEvent::ProfileChanged(self.profile())).await;
        self.say(LinkEvent::Synced).await;
    }

    fn profile(&self) -> Profile {
        credentials::profile(&self.client.persistence_manager().get_device_snapshot())
    }
}
