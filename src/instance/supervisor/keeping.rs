//! What lasts: the truth, the account, events.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;

use super::super::port::{Ledger, LedgerError};
use super::super::tell;
use super::Supervisor;
use crate::link::{Inbox, LinkError};
use crate::model::{Ended, InstanceChange, InstanceId, LinkTruth, NewEvent, Profile, Reason};

/// Changes that wait for a disk that refuses. When it is full the oldest goes, and the log says so.
const BACKLOG: usize = 256;

/// What could not be stored yet, in order.
#[derive(Default)]
pub(super) struct Backlog(VecDeque<(InstanceChange, Vec<NewEvent>)>);

impl Supervisor {
    /// Keeps a change and its events; when the disk refuses, later and in order.
    pub(super) async fn keep(&mut self, change: InstanceChange, events: Vec<NewEvent>) {
        self.backlog.0.push_back((change, events));
        if self.backlog.0.len() > BACKLOG {
            self.backlog.0.pop_front();
            tracing::error!(instance = %self.record.name, "storage refuses for too long; an event was lost");
        }
        self.keep_backlog().await;
    }

    pub(super) async fn keep_backlog(&mut self) {
        while let Some((change, events)) = self.backlog.0.front().cloned() {
            if let Err(error) = self.shared.ledger.commit(self.record.id, change, events).await {
                tracing::error!(instance = %self.record.name, %error, "not stored; tried again soon");
                return;
            }
            self.backlog.0.pop_front();
            self.record.updated = self.shared.clock.now();
        }
    }

    /// Keeps a change that somebody waits for: done, or refused and nothing changed.
    pub(super) async fn keep_now(
        &mut self,
        change: InstanceChange,
        events: Vec<NewEvent>,
    ) -> Result<(), LedgerError> {
        self.keep_backlog().await;
        self.shared.ledger.commit(self.record.id, change, events).await?;
        self.record.updated = self.shared.clock.now();
        Ok(())
    }

    pub(super) async fn keep_linked(&mut self, profile: Profile) {
        let profile = self.merged(profile);
        self.record.truth = LinkTruth::Linked { profile, ended: None };
        self.keep(InstanceChange::Truth(self.record.truth.clone()), Vec::new()).await;
    }

    pub(super) async fn keep_profile(&mut self, news: Profile) {
        let merged = self.merged(news);
        if self.record.truth.profile() == Some(&merged) {
            return;
        }
        match &mut self.record.truth {
            LinkTruth::Linked { profile, .. } | LinkTruth::Unlinked { profile, .. } => {
                profile.clone_from(&merged);
                self.keep(InstanceChange::Profile(merged), Vec::new()).await;
            }
            LinkTruth::Never => self.keep_linked(merged).await,
        }
    }

    /// What is known and stays, with what is new.
    fn merged(&self, news: Profile) -> Profile {
        let known = self.record.truth.profile().cloned().unwrap_or_default();
        if news.jid.is_some() && known.jid.is_some() && news.jid != known.jid {
            return news;
        }
        Profile {
            jid: news.jid.or(known.jid),
            lid: news.lid.or(known.lid),
            name: news.name.or(known.name),
            picture_url: news.picture_url.or(known.picture_url),
        }
    }

    pub(super) async fn keep_ended(&mut self, closed: bool) {
        let (reason, detail) = (self.machine.reason(), self.machine.detail().clone());
        let LinkTruth::Linked { ended, .. } = &mut self.record.truth else { return };
        let now = match reason {
            Some(reason) if closed => Some(Ended { reason, at: self.shared.clock.now(), detail }),
            _ => None,
        };
        if *ended != now {
            *ended = now;
            self.keep(InstanceChange::Truth(self.record.truth.clone()), Vec::new()).await;
        }
    }

    /// WhatsApp took the credentials back: forgotten in the transaction that tells of it.
    pub(super) async fn forget(&mut self) {
        let ended = Ended {
            reason: self.machine.reason().unwrap_or(Reason::LoggedOut),
            at: self.shared.clock.now(),
            detail: self.machine.detail().clone(),
        };
        self.record.truth = self.unlinked(ended.clone());
        let change = InstanceChange::Forget { truth: self.record.truth.clone(), tombstone: false };
        self.note_change();
        let snapshot = self.snapshot();
        let events = vec![
            tell::status_instance(&self.record.name, &ended),
            tell::logged_out(),
            tell::connection_update(&snapshot),
        ];
        self.keep(change, events).await;
        self.link.forget().await;
    }

    /// The truth once the credentials are forgotten.
    pub(super) fn unlinked(&self, ended: Ended) -> LinkTruth {
        LinkTruth::Unlinked { profile: self.record.truth.profile().cloned().unwrap_or_default(), ended }
    }
}

/// Where a link's messages go: straight to the ledger, so that a busy supervisor delays none.
pub(super) struct LedgerInbox {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) id: InstanceId,
}

#[async_trait]
impl Inbox for LedgerInbox {
    async fn store(&self, events: Vec<NewEvent>) -> Result<(), LinkError> {
        self.ledger
            .commit(self.id, InstanceChange::None, events)
            .await
            .map_err(|error| LinkError::Storage(error.to_string()))
    }
}
