//! What a demo can do with its simulated phone.

use async_trait::async_trait;

/// A simulated phone. Only a demo has one.
#[async_trait]
pub trait DemoPhone: Send + Sync {
    /// Scans the text of a QR code.
    ///
    /// # Errors
    /// The phone's words.
    async fn scan(&self, code: &str) -> Result<(), String>;

    /// Types a pairing code on the phone of this number (digits only).
    ///
    /// # Errors
    /// The phone's words.
    async fn enter(&self, number: &str, code: &str) -> Result<(), String>;

    /// Unlinks the device of this account.
    ///
    /// # Errors
    /// The phone's words.
    async fn unlink(&self, jid: &str) -> Result<(), String>;
}
