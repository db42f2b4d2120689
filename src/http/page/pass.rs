//! What lets a stream go on: a session or an invitation ends while somebody looks.

use std::sync::Arc;

use tokio::sync::watch;

use crate::http::call::Call;
use crate::http::state::State;
use crate::model::{Digest, Stamp};
use crate::store::Session;

/// What was shown at the door.
pub(super) enum Ticket {
    /// A session.
    Session(Session),
    /// A one-time address.
    Invite {
        /// Of its secret.
        digest: Digest,
        /// When it ends.
        expires: Stamp,
    },
}

/// A ticket, and what tells that it may be one no more.
pub(super) struct Pass {
    state: Arc<State>,
    ticket: Ticket,
    access: watch::Receiver<()>,
    registry: watch::Receiver<()>,
}

impl Pass {
    pub(super) fn new(call: &Call, ticket: Ticket) -> Self {
        let state = Arc::clone(&call.state);
        Self { access: state.store.access_changed(), registry: state.registry.watch(), state, ticket }
    }

    /// Waits until it may have ended before its time.
    pub(super) async fn shaken(&mut self) {
        tokio::select! {
            Ok(()) = self.access.changed() => {}
            Ok(()) = self.registry.changed() => {}
            else => std::future::pending().await,
        }
    }

    /// Whether its time is not over and its key still one; asks no disk.
    pub(super) fn is_good(&self) -> bool {
        let now = self.state.clock.now();
        match &self.ticket {
            Ticket::Session(session) => {
                session.expires > now && self.state.guard().stands_for(&session.key).is_some()
            }
            Ticket::Invite { expires, .. } => *expires > now,
        }
    }

    /// Whether it still holds; when the store cannot tell, it does not.
    pub(super) async fn holds(&self) -> bool {
        let store = &self.state.store;
        match &self.ticket {
            Ticket::Session(session) => {
                self.state.guard().stands_for(&session.key).is_some()
                    && store.session(session.digest).await.is_ok_and(|found| found.is_some())
            }
            Ticket::Invite { digest, .. } => store.invite(*digest).await.is_ok_and(|found| found.is_some()),
        }
    }
}
