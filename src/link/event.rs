//! What a running attempt reports.

use std::fmt;

use crate::model::{Deadline, Profile, Reason, ReasonDetail, Secret};

/// A step of the attempt.
#[derive(Debug, Clone)]
pub enum LinkEvent {
    /// The connection to WhatsApp stands; nobody is logged in yet.
    Reached,
    /// A code to scan; takes the place of the one before.
    Code(QrCode),
    /// The pairing code that was given out is dead before its time.
    PairingCodeDead,
    /// A phone accepted this device; the credentials are not on disk yet.
    Scanned,
    /// The credentials are on disk: the instance is linked.
    Linked(Profile),
    /// WhatsApp let us in (`<success>`).
    LoggedIn(Profile),
    /// The backlog and the first app-state sync are through.
    Synced,
    /// More is known of the account.
    ProfileChanged(Profile),
    /// Linking failed in a way that the attempt survives, such as a wrong signature.
    PairRefused(Reason, ReasonDetail),
}

/// A QR code and how long it lives.
#[derive(Clone, PartialEq, Eq)]
pub struct QrCode {
    /// What the engine says, untouched. Holds the ADV secret.
    pub text: Secret,
    /// When WhatsApp stops taking it.
    pub expires: Deadline,
}

impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QrCode").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// A pairing code and how long it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingCode {
    /// `ABCD-EFGH`.
    pub text: Secret,
    /// For which number it was asked, digits only.
    pub number: Secret,
    /// When the phone stops taking it.
    pub expires: Deadline,
}
