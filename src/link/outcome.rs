//! Why an attempt ended, and what can go wrong beside it.

use std::time::Duration;

use crate::model::{Reason, ReasonDetail};
use crate::net::NetError;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// We asked it to stop.
    Stopped,
    /// It ended by itself.
    Ended(Cause),
}

/// Why an attempt ended by itself, decided once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The typed reason.
    pub reason: Reason,
    /// What else is known.
    pub detail: ReasonDetail,
    /// When the link itself thinks the next attempt makes sense.
    pub hint: RetryHint,
}

impl Cause {
    /// A cause with the usual backoff.
    #[must_use]
    pub fn new(reason: Reason) -> Self {
        Self { reason, detail: ReasonDetail::default(), hint: RetryHint::Backoff }
    }

    /// With a sentence for a person.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.detail.message = Some(message.into());
        self
    }

    /// For a person.
    #[must_use]
    pub fn words(&self) -> String {
        self.detail.message.clone().unwrap_or_else(|| self.reason.as_str().to_owned())
    }

    /// With a hint about the next attempt.
    #[must_use]
    pub fn hinting(mut self, hint: RetryHint) -> Self {
        self.hint = hint;
        self
    }
}

/// When to try again, as far as the link can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryHint {
    /// With the usual backoff.
    Backoff,
    /// At once: an orderly end that is part of the protocol.
    AtOnce,
    /// Not before this span: WhatsApp asked for patience.
    NotBefore(Duration),
    /// Only when a person asks.
    Never,
}

/// An operation on a link failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is no connection to do it on.
    #[error("the link is not connected")]
    NotConnected,
    /// WhatsApp or Meta did not answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// WhatsApp or Meta refused.
    #[error("refused: {0}")]
    Refused(String),
    /// WhatsApp or Meta could not be reached.
    #[error("{0}")]
    Unreachable(String),
    /// This kind of instance cannot do it.
    #[error("Method not available on WhatsApp Business API")]
    NotAvailable,
    /// What had to be stored could not be stored.
    #[error("the database failed: {0}")]
    Storage(String),
}

/// No pairing code could be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// No attempt is showing codes.
    #[error("no linking is under way")]
    NotPairing,
    /// A code for another number is still alive.
    #[error("a code for another number is alive for {} more seconds", .0.as_secs())]
    OtherNumber(Duration),
    /// WhatsApp refused the number or throttles it.
    #[error("WhatsApp refused to give a pairing code: {message}")]
    Refused {
        /// WhatsApp's words, or ours for its number.
        message: String,
        /// When asking again can make sense.
        retry_after: Option<Duration>,
    },
    /// No answer in time.
    #[error("WhatsApp did not answer the request for a pairing code")]
    TimedOut,
    /// This kind of instance has none.
    #[error("pairing codes exist only for WHATSAPP-BAILEYS instances")]
    NotAvailable,
}

/// A road that could not be gone, as a reason.
pub(crate) fn of_network(error: &NetError) -> Cause {
    let reason = match error {
        NetError::Offline { .. } => Reason::Offline,
        NetError::Name { .. } => Reason::NameResolution,
        NetError::Tls { .. } => Reason::Tls,
        NetError::ClockWrong { .. } => Reason::ClockWrong,
        NetError::Timeout { .. } => Reason::TimedOut,
        NetError::Refused { .. }
        | NetError::Proxy { .. }
        | NetError::Closed { .. }
        | NetError::Forbidden { .. }
        | NetError::BadUrl(_)
        | NetError::File(_) => Reason::Disconnected,
    };
    Cause::new(reason).saying(format!("{}.", capital(&error.to_string())))
}

/// Begins a sentence.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
