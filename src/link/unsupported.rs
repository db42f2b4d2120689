//! A kind of instance that can be kept but not linked yet: says so, and never a made-up `open`.

use std::time::Instant;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Cause, Goal, Link, LinkError, LinkEvent, LinkOptions, Outcome, PairError, PairingCode, Presence,
    RetryHint,
};
use crate::model::{PhoneNumber, Reason};

/// Ends every attempt at once.
pub(crate) struct Unsupported;

#[async_trait]
impl Link for Unsupported {
    async fn run(&self, _: Goal, _: mpsc::Sender<LinkEvent>, _: CancellationToken) -> Outcome {
        let cause = Cause::new(Reason::NotSupportedYet)
            .saying("WHATSAPP-BUSINESS instances can be created, and are not asked after at Meta yet.")
            .hinting(RetryHint::Never);
        Outcome::Ended(cause)
    }

    async fn pairing_code(&self, _: &PhoneNumber) -> Result<PairingCode, PairError> {
        Err(PairError::NotAvailable)
    }

    async fn logout(&self) -> Result<(), LinkError> {
        Ok(())
    }

    async fn set_presence(&self, _: Presence) -> Result<(), LinkError> {
        Err(LinkError::NotAvailable)
    }

    fn apply(&self, _: LinkOptions) {}

    async fn forget(&self) {}

    fn last_progress(&self) -> Option<Instant> {
        None
    }
}
