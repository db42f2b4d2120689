//! What the owner wants done with what comes: calls refused, messages and status posts marked as read, and
//! whoever writes followed while the account is seen as online.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::sync::Semaphore;
use whatsapp_rust::Client;
use whatsapp_rust::wacore::types::call::{CallAction, IncomingCall};
use whatsapp_rust::wacore::types::events::{Event, EventHandler, InboundMessage};
use whatsapp_rust::wacore_binary::{Jid, JidExt as _};

use super::REQUEST;
use super::followed::Followed;
use crate::link::LinkOptions;
use crate::model::{InstanceName, Settings};

/// Acts at once; what is beyond is not done, and the log says so.
const ACTS: usize = 32;
/// Calls remembered: a call may be offered more than once, and its caller is told once.
const CALLS: usize = 32;

/// Acts on what comes, as the settings say at that moment.
#[derive(Clone)]
pub(super) struct Manners(Arc<Inner>);

struct Inner {
    name: InstanceName,
    options: Arc<Mutex<LinkOptions>>,
    client: OnceLock<Weak<Client>>,
    refused: Mutex<VecDeque<String>>,
    followed: Mutex<Followed>,
    acts: Arc<Semaphore>,
}

impl Manners {
    pub(super) fn new(name: InstanceName, options: Arc<Mutex<LinkOptions>>) -> Self {
        let acts = Arc::new(Semaphore::new(ACTS));
        Self(Arc::new(Inner {
            name,
            options,
            client: OnceLock::new(),
            refused: Mutex::default(),
            followed: Mutex::default(),
            acts,
        }))
    }

    /// The client whose calls these are.
    pub(super) fn of(&self, client: &Arc<Client>) {
        let _ = self.0.client.set(Arc::downgrade(client));
    }

    fn settings(&self) -> Settings {
        self.0.options.lock().unwrap_or_else(PoisonError::into_inner).settings.clone()
    }

    /// Marks as read what was stored and is to be.
    pub(super) fn read<'a>(&self, client: &Arc<Client>, stored: impl Iterator<Item = &'a InboundMessage>) {
        let settings = self.settings();
        let mut chats: Vec<(Jid, Jid, Vec<String>)> = Vec::new();
        for inbound in stored {
            let source = &inbound.info.source;
            let wanted =
                if source.chat.is_status_broadcast() { settings.read_status } else { settings.read_messages };
            if source.is_from_me || !wanted {
                continue;
            }
            let id = inbound.info.id.clone();
            match chats
                .last_mut()
                .filter(|(chat, sender, _)| *chat == source.chat && *sender == source.sender)
            {
                Some((.., ids)) => ids.push(id),
                None => chats.push((source.chat.clone(), source.sender.clone(), vec![id])),
            }
        }
        for (chat, sender, ids) in chats {
            let client = Arc::clone(client);
            self.act("a message was not marked as read", async move {
                let ids: Vec<_> = ids.iter().map(String::as_str).collect();
                // In a chat of two the chat says who it was.
                let among_others = chat.is_group() || chat.is_status_broadcast();
                client
                    .mark_as_read(&chat, among_others.then_some(&sender), &ids)
                    .await
                    .map_err(|e| e.to_string())
            });
        }
    }

    /// Asks WhatsApp to tell when whoever wrote comes and goes.
    pub(super) fn follow<'a>(&self, client: &Arc<Client>, stored: impl Iterator<Item = &'a InboundMessage>) {
        if !self.settings().always_online {
            return;
        }
        let mut followed = self.followed();
        let begun: Vec<_> = stored.filter_map(|inbound| followed.begin(&inbound.info.source)).collect();
        drop(followed);
        if begun.is_empty() {
            return;
        }
        let client = Arc::clone(client);
        self.act("whether contacts are there is not heard", async move {
            for (person, gone) in begun {
                if let Some(gone) = gone {
                    client.presence().unsubscribe(&gone).await.map_err(|error| error.to_string())?;
                }
                client.presence().subscribe(person).await.map_err(|error| error.to_string())?;
            }
            Ok(())
        });
    }

    fn followed(&self) -> MutexGuard<'_, Followed> {
        self.0.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, incoming: &IncomingCall) {
        let group = match &incoming.action {
            CallAction::Offer { group_jid, .. } => group_jid.is_some() || incoming.group.is_some(),
            CallAction::OfferNotice { is_group, .. } => *is_group,
            _ => return,
        };
        let settings = self.settings();
        let Some(client) = self.0.client.get().and_then(Weak::upgrade) else { return };
        // A call of the time when nobody was linked rings no more.
        if !settings.reject_call || incoming.offline || !self.is_first(incoming.action.call_id()) {
            return;
        }
        let incoming = incoming.clone();
        let text = Some(settings.msg_call).filter(|text| !text.is_empty() && !group);
        self.act("a call was not refused", async move {
            client.voip().reject(&incoming).await.map_err(|error| error.to_string())?;
            if let Some(text) = text {
                let caller = incoming.from.to_non_ad();
                client.send_text(caller, text).await.map_err(|error| error.to_string())?;
            }
            Ok(())
        });
    }

    fn is_first(&self, call: &str) -> bool {
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.iter().any(|known| known == call) {
            return false;
        }
        if refused.len() >= CALLS {
            refused.pop_front();
        }
        refused.push_back(call.to_owned());
        true
    }

    /// In a task of its own, for what comes comes on the engine's.
    fn act(&self, failed: &'static str, act: impl Future<Output = Result<(), String>> + Send + 'static) {
        let name = self.0.name.clone();
        let Ok(permit) = Arc::clone(&self.0.acts).try_acquire_owned() else {
            return tracing::warn!(instance = %name, "{failed}: too much at once");
        };
        tokio::spawn(async move {
            match tokio::time::timeout(REQUEST, act).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(instance = %name, %error, "{failed}"),
                Err(_) => tracing::warn!(instance = %name, "{failed}: WhatsApp did not answer in time"),
            }
            drop(permit);
        });
    }
}

impl EventHandler for Manners {
    /// Inside the engine's read loop, so it never waits.
    fn handle_event(&self, event: Arc<Event>) {
        if let Event::IncomingCall(incoming) = &*event {
            self.call(incoming);
        }
    }
}
