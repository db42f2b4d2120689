//! What a supervisor is asked to do.

use std::sync::Arc;
use std::time::Duration;

use super::super::attempt::Said;
use super::super::command::{Command, Reply};
use super::super::handle::InstanceError;
use super::super::port::{Change, LedgerError};
use super::super::state::Fact;
use super::super::tell;
use super::Supervisor;
use crate::link::{LinkError, LinkOptions, Presence};
use crate::model::{
    Ended, Integration, LinkTruth, PhoneNumber, ProxyConfig, Reason, Secret, Settings, Visible,
};

/// How long telling WhatsApp may take before the account is forgotten without.
const TELL_LIMIT: Duration = Duration::from_secs(5);

/// Callers that may wait for Meta at once; more are answered with what is known.
const WAITING: usize = 256;

type Done = Result<(), InstanceError>;

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

    async fn logout(&mut self) -> Done {
        // Meta's token is to be forgotten also when Meta never took it.
        let holds_token = self.record.integration == Integration::Cloud
            && !matches!(self.record.truth, LinkTruth::Unlinked { .. });
        let linked = self.record.truth.is_linked() || holds_token;
        if !linked && self.attempt.is_none() {
            return Err(InstanceError::NotConnected);
        }
        let told = linked && self.tell_whatsapp().await;
        let effects = self.machine.step(Fact::Closed, self.world());
        self.act(effects).await;
        self.end_attempt().await;
        self.machine.step(Fact::Ended(crate::link::Outcome::Stopped), self.world());
        self.clear_codes();
        if linked {
            let ended = Ended {
                reason: Reason::LoggedOut,
                at: self.shared.clock.now(),
                detail: self.machine.detail().clone(),
            };
            let change = self.unlinked(&ended, !told);
            self.note_change();
            let update = tell::connection_update(&self.snapshot());
            let events = vec![tell::status_instance(&self.record.name, &ended), tell::logged_out(), update];
            let kept = self.keep_now(change, events).await;
            self.link.forget().await;
            self.publish_now();
            return kept.map_err(|e| storage(&e));
        }
        self.settle().await;
        Ok(())
    }

    async fn delete(&mut self) -> Done {
        let linked = self.record.truth.is_linked();
        let told = linked && self.tell_whatsapp().await;
        let effects = self.machine.step(Fact::Closed, self.world());
        self.act(effects).await;
        self.end_attempt().await;
        self.machine.step(Fact::Ended(crate::link::Outcome::Stopped), self.world());
        self.keep_backlog().await;
        let mut events = Vec::new();
        if linked {
            let (reason, at) = (Reason::LoggedOut, self.shared.clock.now());
            let ended = Ended { reason, at, detail: self.machine.detail().clone() };
            events.extend([tell::status_instance(&self.record.name, &ended), tell::logged_out()]);
        }
        if self.note_change() {
            events.push(tell::connection_update(&self.snapshot()));
        }
        events.extend(tell::deleted(&self.record.name, &self.record.uuid));
        self.shared.ledger.delete(self.record.id, events, linked && !told).await.map_err(|e| storage(&e))?;
        self.clear_codes();
        self.publish_now();
        Ok(())
    }

    /// Whether WhatsApp knows now that this device leaves.
    async fn tell_whatsapp(&self) -> bool {
        if self.machine.visible() != Visible::Open {
            return false;
        }
        matches!(tokio::time::timeout(TELL_LIMIT, self.link.logout()).await, Ok(Ok(())))
    }

    /// Stops what runs and waits for its end, so that nothing writes after what comes next.
    async fn end_attempt(&mut self) {
        let Some(mut attempt) = self.attempt.take() else { return };
        attempt.halt();
        while !matches!(attempt.next().await, Said::Ended(_)) {}
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
        self.keep_now(Change::Settings(settings.clone()), Vec::new()).await.map_err(|e| storage(&e))?;
        self.record.settings = settings;
        self.options_changed();
        Ok(())
    }

    async fn proxy(&mut self, proxy: Option<ProxyConfig>) -> Done {
        self.keep_now(Change::Proxy(proxy.clone()), Vec::new()).await.map_err(|e| storage(&e))?;
        self.record.proxy = proxy;
        self.options_changed();
        Ok(())
    }

    fn options_changed(&mut self) {
        let options =
            LinkOptions { settings: self.record.settings.clone(), proxy: self.record.proxy.clone() };
        self.link.apply(options);
        self.publish_now();
    }

    async fn cloud_token(&mut self, token: Secret) -> Done {
        if self.record.integration != Integration::Cloud {
            return Err(LinkError::NotAvailable.into());
        }
        self.keep_now(Change::CloudToken(token), Vec::new()).await.map_err(|e| storage(&e))?;
        self.link.forget().await;
        // A log-out is over: from now on it comes back by itself.
        if let LinkTruth::Unlinked { profile, .. } = self.record.truth.clone() {
            self.record.truth = LinkTruth::Linked { profile, ended: None };
            self.keep(Change::Truth(self.record.truth.clone()), Vec::new()).await;
        }
        self.machine.step(Fact::Linked, self.world());
        self.fact(Fact::Restart).await;
        Ok(())
    }
}

fn storage(error: &LedgerError) -> InstanceError {
    InstanceError::Storage(error.to_string())
}
