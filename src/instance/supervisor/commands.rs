//! What a supervisor is asked to do.

use std::sync::Arc;
use std::time::Duration;

use super::super::command::{Command, Reply};
use super::super::error::InstanceError;
use super::super::state::Fact;
use super::Supervisor;
use crate::link::{LinkError, Presence};
use crate::model::{
    InstanceChange, Integration, LinkTruth, PhoneNumber, ProxyConfig, Secret, Settings, Visible,
};

/// How long telling WhatsApp may take before the account is forgotten without.
pub(super) const TELL_LIMIT: Duration = Duration::from_secs(5);

/// Callers that may wait for Meta at once; more are answered with what is known.
const WAITING: usize = 256;

pub(super) type Done = Result<(), InstanceError>;

impl Supervisor {
    /// Returns whether to go on.
    pub(super) async fn command(&mut self, command: Command) -> bool {
        // A reply that nobody waits for any more is no fault.
        match command {
            Command::Connect(number, reply) => {
                self.connect(number).await;
                if self.record.integration == Integration::Cloud {
                    self.ask_meta(reply);
                } else {
                    let _ = reply.send(Ok(()));
                }
            }
            Command::Restart(reply) => {
                let done = self.restart().await;
                let _ = reply.send(done);
            }
            Command::Logout(reply) => {
                let done = self.logout().await;
                let _ = reply.send(done);
            }
            Command::Delete(reply) => {
                let done = self.delete().await;
                let gone = done.is_ok();
                let _ = reply.send(done);
                return !gone;
            }
            Command::SetPresence(presence, reply) => self.presence(presence, reply),
            Command::SetSettings(settings, reply) => {
                let done = self.settings(settings).await;
                let _ = reply.send(done);
            }
            Command::SetProxy(proxy, reply) => {
                let done = self.proxy(proxy).await;
                let _ = reply.send(done);
            }
            Command::SetCloudToken(token, reply) => {
                let done = self.cloud_token(token).await;
                let _ = reply.send(done);
            }
            Command::Subscribe(reply) => self.subscribe(reply),
            Command::Load(media, limit, reply) => {
                let link = Arc::clone(&self.link);
                tokio::spawn(async move {
                    let _ = reply.send(link.load(&media, limit).await.map_err(InstanceError::from));
                });
            }
            Command::WorldChanged => self.fact(Fact::WorldChanged).await,
            Command::ClockSet(shift) => {
                if let Some(shift) = shift {
                    self.correct_times(shift);
                }
                self.fact(Fact::WorldChanged).await;
            }
            Command::Woke(slept) => self.fact(Fact::Woke(slept)).await,
            Command::Stop => {
                self.end_attempt().await;
                self.keep_backlog().await;
                return false;
            }
        }
        true
    }

    async fn connect(&mut self, number: Option<PhoneNumber>) {
        if number.is_some() && self.record.integration == Integration::Web {
            self.pairing.error = None;
            self.pairing.wanted = number;
        }
        self.fact(Fact::Connect).await;
        self.ask_for_pairing_code();
    }

    /// The caller hears when Meta has answered: what connect tells of a Cloud instance is true now, not
    /// a quarter of an hour ago.
    fn ask_meta(&mut self, reply: Reply) {
        self.waiting.push(reply);
        if self.attempt.is_none() || self.waiting.len() > WAITING {
            return self.answer_waiting();
        }
        if self.machine.visible() == Visible::Open {
            self.link.ask_again();
        }
    }

    pub(super) fn answer_waiting(&mut self) {
        for reply in self.waiting.drain(..) {
            let _ = reply.send(Ok(()));
        }
    }

    async fn restart(&mut self) -> Done {
        if self.record.truth == LinkTruth::Never
            && self.attempt.is_none()
            && self.record.integration == Integration::Web
        {
            return Err(InstanceError::NeverLinked);
        }
        self.fact(Fact::Restart).await;
        Ok(())
    }

    fn subscribe(&mut self, reply: Reply) {
        let link = Arc::clone(&self.link);
        tokio::spawn(async move {
            let _ = reply.send(link.subscribe().await.map_err(InstanceError::from));
        });
    }

    fn presence(&mut self, presence: Presence, reply: Reply) {
        if self.machine.visible() != Visible::Open {
            let _ = reply.send(Err(InstanceError::NotConnected));
            return;
        }
        let link = Arc::clone(&self.link);
        tokio::spawn(async move {
            let done = tokio::time::timeout(TELL_LIMIT, link.set_presence(presence)).await;
            let done = done.unwrap_or(Err(LinkError::TimedOut(TELL_LIMIT)));
            let _ = reply.send(done.map_err(InstanceError::from));
        });
    }

    async fn settings(&mut self, settings: Settings) -> Done {
        self.keep_now(InstanceChange::Settings(settings.clone()), Vec::new()).await?;
        self.record.settings = settings;
        self.options_changed();
        Ok(())
    }

    async fn proxy(&mut self, proxy: Option<ProxyConfig>) -> Done {
        self.keep_now(InstanceChange::Proxy(proxy.clone()), Vec::new()).await?;
        self.record.proxy = proxy;
        self.options_changed();
        Ok(())
    }

    fn options_changed(&mut self) {
        self.link.apply(self.shared.options(&self.record));
        self.publish_now();
    }

    async fn cloud_token(&mut self, token: Secret) -> Done {
        if self.record.integration != Integration::Cloud {
            return Err(LinkError::NotAvailable.into());
        }
        self.keep_now(InstanceChange::CloudToken(token), Vec::new()).await?;
        self.link.forget().await;
        // A log-out is over: from now on it comes back by itself.
        if let LinkTruth::Unlinked { profile, .. } = self.record.truth.clone() {
            self.record.truth = LinkTruth::Linked { profile, ended: None };
            self.keep(InstanceChange::Truth(self.record.truth.clone()), Vec::new()).await;
        }
        self.machine.step(Fact::Linked, self.world());
        self.fact(Fact::Restart).await;
        Ok(())
    }
}
