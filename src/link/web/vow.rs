//! What WhatsApp is told is on disk first.
//!
//! The engine answers a scan before it has saved the credentials that the answer confirms: a power cut
//! in between would leave a ghost on the phone's list and no keys to be it. Its answer goes through our
//! transport, so that is where it waits for the disk.

use std::sync::{Arc, OnceLock, Weak};

use whatsapp_rust::wacore::store::traits::DeviceStore as _;
use whatsapp_rust::{Client, anyhow};

use crate::store::credentials::Credentials;

/// Keeps fresh credentials before anything is sent that may confirm them.
#[derive(Clone)]
pub(super) struct Vow {
    credentials: Credentials,
    /// Set once the client exists, which needs the transport first.
    client: Arc<OnceLock<Weak<Client>>>,
}

impl Vow {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, client: Arc::default() }
    }

    pub(super) fn of(&self, client: &Arc<Client>) {
        // Set once per client, and made anew with each.
        let _ = self.client.set(Arc::downgrade(client));
    }

    /// Only a connection that begins unlinked can link.
    pub(super) fn for_connection(&self) -> Option<Self> {
        let client = self.client.get().and_then(Weak::upgrade)?;
        client.pn().is_none().then(|| self.clone())
    }

    /// Returns when what the engine holds of a link is on disk; at once while there is none. What is on
    /// disk already is not written again.
    pub(super) async fn keep(&self) -> anyhow::Result<()> {
        let Some(client) = self.client.get().and_then(Weak::upgrade) else { return Ok(()) };
        let device = client.persistence_manager().get_device_snapshot();
        if device.pn.is_none() {
            return Ok(());
        }
        self.credentials.save(&device.to_serializable()).await?;
        Ok(())
    }
}
