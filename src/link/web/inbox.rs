//! What a link receives, as events. A message is acknowledged to WhatsApp only after it is on disk.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use whatsapp_rust::wacore::types::events::InboundMessage;
use whatsapp_rust::wacore::types::message::MessageCategory;
use whatsapp_rust::wacore_binary::JidExt as _;
use whatsapp_rust::{Client, InboundDurabilityHook, anyhow};

use super::manners::Manners;
use super::message;
use crate::link::{Inbox, LinkError, LinkOptions};
use crate::model::{InstanceUuid, NewEvent, Settings};

/// How long a disk without room is waited for, and how often it is asked.
const ROOM_LIMIT: Duration = Duration::from_mins(10);
const ROOM_LOOK: Duration = Duration::from_secs(1);

/// The engine calls it before it acknowledges.
pub(super) struct Hook {
    pub(super) inbox: Arc<dyn Inbox>,
    pub(super) uuid: InstanceUuid,
    pub(super) options: Arc<Mutex<LinkOptions>>,
    pub(super) manners: Manners,
}

#[async_trait]
impl InboundDurabilityHook for Hook {
    async fn on_messages(&self, client: Arc<Client>, batch: &[InboundMessage]) -> anyhow::Result<()> {
        let settings = self.options.lock().unwrap_or_else(PoisonError::into_inner).settings.clone();
        let wanted = || batch.iter().filter(|inbound| is_wanted(inbound, &settings));
        let events: Vec<_> = wanted().filter_map(|inbound| self.event(inbound)).collect();
        if events.is_empty() {
            return Ok(());
        }
        // Without an answer WhatsApp sends it again, but only on the next connection.
        let until = Instant::now() + ROOM_LIMIT;
        loop {
            match self.inbox.store(events.clone()).await {
                Err(LinkError::Storage(_)) if Instant::now() < until => tokio::time::sleep(ROOM_LOOK).await,
                stored => {
                    stored?;
                    break;
                }
            }
        }
        self.manners.read(&client, wanted());
        self.manners.follow(&client, wanted());
        Ok(())
    }
}

/// The phone's own notes to its devices arrive as messages too; channels are no messages to anybody.
fn is_wanted(inbound: &InboundMessage, settings: &Settings) -> bool {
    let source = &inbound.info.source;
    inbound.info.category != MessageCategory::Peer
        && message::is_chosen(source, settings)
        && !source.chat.is_newsletter()
}

impl Hook {
    fn event(&self, inbound: &InboundMessage) -> Option<NewEvent> {
        let (kind, data) = message::event(&inbound.message, &inbound.info, &self.uuid)?;
        let source = &inbound.info.source;
        let key = format!("message/{}/{}/{}", source.chat, source.sender, inbound.info.id);
        Some(NewEvent::once(kind, data, key))
    }
}
