//! Why an instance did not do what it was asked.

use super::port::LedgerError;
use crate::link::LinkError;

/// Why an instance did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// It is being deleted, or the process is ending.
    #[error("the instance is being removed")]
    Gone,
    /// It does not answer; the watchdog will see to it.
    #[error("the instance does not answer; it will be restarted")]
    Stuck,
    /// Nothing to log out of.
    #[error("the instance is not connected")]
    NotConnected,
    /// Restart makes no sense before the first link.
    #[error("the instance was never linked; connect it to get a code")]
    NeverLinked,
    /// The link could not do it.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Nothing could be stored, so nothing was changed.
    #[error("nothing was changed: {0}")]
    Storage(String),
}

impl From<LedgerError> for InstanceError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Gone => Self::Gone,
            other => Self::Storage(other.to_string()),
        }
    }
}
