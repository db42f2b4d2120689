//! The engine's client for one instance.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use whatsapp_rust::Client;
use whatsapp_rust::bot::Bot;
use whatsapp_rust::wacore::store::DevicePropsOverride;
use whatsapp_rust::waproto::whatsapp::device_props::PlatformType;

use super::events::Ear;
use super::http::EngineHttp;
use super::inbox::Hook;
use super::manners::Manners;
use super::notices::Notices;
use super::transport::Dialer;
use super::version::{self, Version};
use super::vow::Vow;
use super::{REQUEST, WebLink};
use crate::link::{LinkError, Presence};

/// Enough for a household: each new peer device takes one, and the server asks for more in time.
const PREKEYS: usize = 100;
/// Within the 5 s that a link has to stop.
const STOP: Duration = Duration::from_secs(4);

/// A client that can run (again).
pub(super) struct Held {
    pub(super) client: Arc<Client>,
    pub(super) ear: Ear,
    pub(super) version: Version,
    /// Until the first run, which starts the engine's background work.
    pub(super) bot: Option<Bot>,
}

impl Held {
    pub(super) async fn build(link: &WebLink) -> Result<Self, LinkError> {
        let parts = &link.parts;
        let (version, options) = (version::announced(parts).await, link.options());
        let ear = Ear::default();
        let credentials = parts.store.credentials(link.context.id, link.gate());
        let vow = Vow::new(credentials.clone());
        let props = DevicePropsOverride::new()
            .with_os(parts.config.device_name.clone())
            .with_platform_type(PlatformType::CHROME)
            .with_require_full_sync(options.settings.sync_full_history);
        let dialer = Dialer {
            net: parts.net.clone(),
            socket: parts.config.server.socket.clone(),
            options: Arc::clone(&link.options),
            trace: Arc::clone(&link.trace),
            vow: Some(vow.clone()),
        };
        let manners = Manners::new(link.context.name.clone(), Arc::clone(&link.options));
        let hook = Hook {
            inbox: Arc::clone(&link.context.inbox),
            uuid: link.context.uuid.clone(),
            options: Arc::clone(&link.options),
            manners: manners.clone(),
        };
        let context = &link.context;
        let (inbox, choices) = (Arc::clone(&context.inbox), Arc::clone(&link.options));
        let notices = Notices::start(inbox, context.uuid.clone(), context.name.clone(), choices);
        let mut builder = Bot::builder()
            .with_backend(credentials.clone())
            .with_transport_factory(dialer)
            .with_http_client(EngineHttp { net: parts.net.clone(), options: Arc::clone(&link.options) })
            .with_version((version.0, version.1, version.2))
            .with_device_props(props)
            .with_wanted_pre_key_count(PREKEYS)
            .with_event_handler(ear.clone())
            .with_event_handler(notices)
            .with_event_handler(manners.clone())
            .with_inbound_durability_hook(hook);
        if !options.settings.sync_full_history {
            builder = builder.skip_history_sync();
        }
        let bot = builder.build().await.map_err(|error| LinkError::Storage(innermost(&error)))?;
        let client = bot.client();
        vow.of(&client);
        manners.of(&client);
        client.enable_auto_reconnect.store(false, Ordering::Relaxed);
        Ok(Self { client, ear, version, bot: Some(bot) })
    }
}

/// The cause within, which is ours: the engine's words around it say less.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Ends a client for good; what it still has to save is saved.
pub(super) async fn stop(client: &Arc<Client>) {
    let _ = tokio::time::timeout(STOP, client.disconnect()).await;
}

pub(super) async fn show(client: &Client, presence: Presence) -> Result<(), LinkError> {
    let shown = async {
        match presence {
            Presence::Available => client.presence().set_available().await,
            Presence::Unavailable => client.presence().set_unavailable().await,
        }
    };
    let done = tokio::time::timeout(REQUEST, shown).await.map_err(|_| LinkError::TimedOut(REQUEST))?;
    done.map_err(|error| LinkError::Refused(error.to_string()))
}
