//! What those who use the sandbox are told.

use serde::Serialize;

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Happened {
    /// Its running number, from 1.
    pub seq: u64,
    /// On which connection; 0 is none.
    pub connection: u64,
    /// `open`, `handshake`, `in`, `out`, `code_wanted`, `code_refused`, `refs_over`, `linked`, `logged_in`, `logged_out`,
    /// `unknown_device`, `violation`, `closed`.
    pub kind: String,
    /// More about it; stanzas as text.
    pub text: String,
}

/// A phone or the server would not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);
