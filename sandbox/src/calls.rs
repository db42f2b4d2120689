//! Calls as far as they ring: an offer, what the devices do with it, and its end. Nobody speaks here.

mod ring;

use serde::Serialize;

/// A call from a phone.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Its id.
    pub id: String,
    /// The number that calls.
    pub from: String,
    /// The number that is called.
    pub to: String,
    /// With a picture, or only with sound.
    pub video: bool,
    /// How far it is.
    pub state: CallState,
}

/// How far a call is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CallState {
    /// It rings.
    Ringing,
    /// This device, as a JID, would not take it.
    Rejected(String),
    /// This device, as a JID, took it.
    Accepted(String),
    /// Who called has hung up.
    Over,
}
