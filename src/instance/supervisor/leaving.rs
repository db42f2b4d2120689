//! Log-out and deletion: what lasts is changed first, in one transaction with the events that tell of it;
//! WhatsApp is told second, by the link that still stands, or by what the tombstone keeps at the next chance.
//! A crash in between loses neither.

use super::super::attempt::Said;
use super::super::error::InstanceError;
use super::super::port::LedgerError;
use super::super::state::Fact;
use super::super::tell;
use super::Supervisor;
use super::commands::{Done, TELL_LIMIT};
use crate::link::Outcome;
use crate::model::{Ended, InstanceChange, Integration, LinkTruth, NewEvent, Reason, Visible};

/// How far it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parting {
    Logout,
    Delete,
}

impl Supervisor {
    pub(super) async fn logout(&mut self) -> Done {
        if !self.holds_anything() && self.attempt.is_none() {
            // Asked again while WhatsApp does not know yet: the same answer.
            let untold = self.shared.ledger.is_untold(self.record.id).await?;
            return if untold { Ok(()) } else { Err(InstanceError::NotConnected) };
        }
        self.part(Parting::Logout).await
    }

    pub(super) async fn delete(&mut self) -> Done {
        self.part(Parting::Delete).await
    }

    /// Credentials of a linked device, or a token of Meta's, which is to be forgotten also when Meta never took it.
    fn holds_anything(&self) -> bool {
        let holds_token = self.record.integration == Integration::Cloud
            && !matches!(self.record.truth, LinkTruth::Unlinked { .. });
        self.record.truth.is_linked() || holds_token
    }

    async fn part(&mut self, parting: Parting) -> Done {
        let web = self.record.integration == Integration::Web;
        let was_open = self.machine.visible() == Visible::Open;
        let before = (self.machine.clone(), self.told.clone(), self.since, self.next_retry);
        let truth = self.record.truth.clone();
        // Nothing of the link's is written any more: a scan that is under way now fails at WhatsApp too.
        self.link.freeze(true);
        let effects = self.machine.step(Fact::Closed, self.world());
        let kept = match parting {
            Parting::Logout => self.keep_logout(web).await,
            Parting::Delete => self.keep_deletion(web).await,
        };
        if let Err(error) = kept {
            (self.machine, self.told, self.since, self.next_retry) = before;
            self.record.truth = truth;
            self.link.freeze(false);
            return Err(error.into());
        }
        self.publish_now();
        let told = was_open && self.tell_whatsapp().await;
        if web && let Err(error) = self.shared.ledger.settle_tombstone(self.record.id, told).await {
            tracing::warn!(instance = %self.record.name, %error, "WhatsApp may be told of the log-out twice");
        }
        self.act(effects).await;
        self.end_attempt().await;
        self.machine.step(Fact::Ended(Outcome::Stopped), self.world());
        self.clear_codes();
        self.link.forget().await;
        self.publish_now();
        tracing::info!(instance = %self.record.name, "{}", match parting {
            Parting::Logout => "logged out by this box",
            Parting::Delete => "deleted",
        });
        Ok(())
    }

    async fn keep_logout(&mut self, web: bool) -> Result<(), LedgerError> {
        let mut events = Vec::new();
        if self.holds_anything() {
            let ended = self.ended_by_us();
            events.extend([tell::status_instance(&self.record.name, &ended), tell::logged_out()]);
            self.record.truth = self.unlinked(ended);
        }
        self.tell_change(&mut events);
        self.keep_now(InstanceChange::Forget { truth: self.record.truth.clone(), tombstone: web }, events)
            .await
    }

    async fn keep_deletion(&mut self, web: bool) -> Result<(), LedgerError> {
        self.keep_backlog().await;
        let mut events = Vec::new();
        if self.record.truth.is_linked() {
            let ended = self.ended_by_us();
            events.extend([tell::status_instance(&self.record.name, &ended), tell::logged_out()]);
        }
        self.tell_change(&mut events);
        events.extend(tell::deleted(&self.record.name, &self.record.uuid));
        self.shared.ledger.delete(self.record.id, events, web).await
    }

    fn tell_change(&mut self, events: &mut Vec<NewEvent>) {
        if self.note_change() {
            events.push(tell::connection_update(&self.snapshot()));
        }
    }

    fn ended_by_us(&self) -> Ended {
        let detail = self.machine.detail().clone();
        Ended { reason: Reason::LoggedOut, at: self.shared.clock.now(), detail }
    }

    /// Whether WhatsApp knows now that this device leaves.
    async fn tell_whatsapp(&self) -> bool {
        matches!(tokio::time::timeout(TELL_LIMIT, self.link.logout()).await, Ok(Ok(())))
    }

    /// Stops what runs and waits for its end, so that nothing happens after what comes next.
    pub(super) async fn end_attempt(&mut self) {
        let Some(mut attempt) = self.attempt.take() else { return };
        attempt.halt();
        while !matches!(attempt.next().await, Said::Ended(_)) {}
    }
}
