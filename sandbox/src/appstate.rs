//! App state: what an account's phone and devices know in common, sealed with a key that only they have (protocol page §5).

mod collection;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wacore::appstate::{ExpandedAppStateKeys, expand_app_state_keys};
use wacore_binary::builder::NodeBuilder;
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::sync_action_value::{MuteAction, PinAction, PushNameSetting};

use crate::Refused;
use crate::phone::RawKey;
use crate::world::{State, World, device_key};

pub(crate) use collection::{Change, Collection, Wrong};

/// The collections that there are.
pub(crate) const NAMES: [&str; 5] =
    ["critical_block", "critical_unblock_low", "regular_low", "regular_high", "regular"];

/// A setting that a phone changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "setting", rename_all = "snake_case", deny_unknown_fields)]
pub enum Setting {
    /// The name that the account gives itself.
    PushName {
        /// Not empty.
        name: String,
    },
    /// Whether a chat is silent.
    Mute {
        /// Its JID.
        chat: String,
        /// For ever, or not.
        muted: bool,
    },
    /// Whether a chat is on top.
    Pin {
        /// Its JID.
        chat: String,
        /// Whether it is.
        pinned: bool,
    },
}

impl Setting {
    /// Where it is kept, what it is called there, the version of its form, and itself.
    fn action(&self) -> (&'static str, Vec<&str>, i32, wa::SyncActionValue) {
        let mut value = wa::SyncActionValue::default();
        match self {
            Self::PushName { name } => {
                value.push_name_setting = MessageField::some(PushNameSetting { name: Some(name.clone()) });
                ("critical_block", vec!["setting_pushName"], 1, value)
            }
            Self::Mute { chat, muted } => {
                let end = if *muted { Some(-1) } else { None };
                let mute =
                    MuteAction { muted: Some(*muted), mute_end_timestamp: end, ..MuteAction::default() };
                value.mute_action = MessageField::some(mute);
                ("regular_high", vec!["mute", chat], 2, value)
            }
            Self::Pin { chat, pinned } => {
                value.pin_action = MessageField::some(PinAction { pinned: Some(*pinned) });
                ("regular_low", vec!["pin_v1", chat], 5, value)
            }
        }
    }
}

/// One account's key and collections, as its phone has them.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AppState {
    key_id: Vec<u8>,
    key: RawKey,
    /// When the key was made, in milliseconds since 1970.
    made: i64,
    collections: BTreeMap<String, Collection>,
}

impl AppState {
    fn new(now: u64) -> Self {
        let id: [u8; 4] = rand::random();
        let made = milliseconds(now);
        Self { key_id: [&[0, 0], &id[..]].concat(), key: rand::random(), made, collections: BTreeMap::new() }
    }

    fn keys(&self) -> Arc<ExpandedAppStateKeys> {
        Arc::new(expand_app_state_keys(&self.key))
    }

    pub(crate) fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.get(name)
    }

    /// A device's patch on `base`, checked with the key: its form and all its MACs.
    pub(crate) fn take(&mut self, name: &str, base: u64, patch: &[u8]) -> Result<Vec<Change>, Wrong> {
        let (keys, id) = (self.keys(), self.key_id.clone());
        self.collections.entry(name.to_owned()).or_default().take(name, base, patch, (&keys, &id))
    }

    fn set(&mut self, setting: &Setting, now: u64) -> Result<(&'static str, u64), Wrong> {
        let (name, index, form, mut value) = setting.action();
        value.timestamp = Some(milliseconds(now));
        let (keys, id) = (self.keys(), self.key_id.clone());
        let collection = self.collections.entry(name.to_owned()).or_default();
        Ok((name, collection.set(name, (&index, form, &value), (&keys, &id))?))
    }

    /// The key with this id; an empty one when there is none, which says so.
    pub(crate) fn shared(
        &self,
        id: &[u8],
        of: &wa::message::AppStateSyncKeyFingerprint,
    ) -> wa::message::AppStateSyncKey {
        let known = id == self.key_id;
        let data = wa::message::AppStateSyncKeyData {
            key_data: Some(self.key.to_vec()),
            fingerprint: MessageField::some(of.clone()),
            timestamp: Some(self.made),
        };
        wa::message::AppStateSyncKey {
            key_id: MessageField::some(wa::message::AppStateSyncKeyId { key_id: Some(id.to_vec()) }),
            key_data: if known { MessageField::some(data) } else { MessageField::none() },
        }
    }

    pub(crate) fn key_id(&self) -> &[u8] {
        &self.key_id
    }

    fn shown(&self) -> Value {
        let shown = self.collections.iter().map(|(name, collection)| (name.clone(), collection.shown()));
        Value::Object(shown.collect())
    }
}

impl State {
    /// What this phone keeps as app state; its own name is the first thing in it.
    pub(crate) fn app_state(&mut self, phone: &str, now: u64) -> Result<&mut AppState, Refused> {
        let name = self.durable.accounts.get(phone).map(|account| account.push_name.clone());
        let name = name.ok_or_else(|| Refused(format!("no account {phone}")))?;
        match self.durable.app_state.entry(phone.to_owned()) {
            std::collections::btree_map::Entry::Occupied(kept) => Ok(kept.into_mut()),
            std::collections::btree_map::Entry::Vacant(free) => {
                let mut fresh = AppState::new(now);
                let named = fresh.set(&Setting::PushName { name }, now);
                named.map_err(|wrong| Refused(wrong.to_string()))?;
                Ok(free.insert(fresh))
            }
        }
    }

    /// Tells the account's devices, except the one that made it, of another version.
    pub(crate) fn tell_collection(
        &mut self,
        phone: &str,
        maker: Option<u16>,
        (name, version): (&str, u64),
        now: u64,
    ) {
        let Some(account) = self.durable.accounts.get(phone).cloned() else { return };
        for slot in account.linked().filter(|slot| Some(slot.device) != maker) {
            let collection = NodeBuilder::new("collection")
                .attr("name", name.to_owned())
                .attr("version", version.to_string())
                .build();
            let notification = NodeBuilder::new("notification")
                .attr("from", account.jid(0))
                .attr("type", "server_sync")
                .attr("id", self.number().to_string())
                .attr("t", now.to_string())
                .children([collection])
                .build();
            self.post(&device_key(phone, slot.device), notification);
        }
    }

    /// What the phone takes note of in a change.
    pub(crate) fn note(&mut self, phone: &str, name: &str, change: &Change) {
        self.tell(
            0,
            "app_state",
            format!("{phone}: {name} v{}: {} {}", change.version, change.verb, change.index),
        );
        if let Some(name) = &change.push_name
            && let Some(account) = self.durable.accounts.get_mut(phone)
        {
            account.push_name.clone_from(name);
        }
    }
}

impl World {
    /// The phone changes a setting, and its devices hear of it.
    pub(crate) fn change_setting(&self, phone: &str, setting: &Setting) -> Result<u64, Refused> {
        if matches!(setting, Setting::PushName { name } if name.is_empty()) {
            return Err(Refused("the name is empty".into()));
        }
        self.account(phone)?;
        let now = self.unix();
        let mut state = self.lock();
        let set = state.app_state(phone, now)?.set(setting, now);
        let (name, version) = set.map_err(|wrong| Refused(wrong.to_string()))?;
        if let (Setting::PushName { name }, Some(account)) = (setting, state.durable.accounts.get_mut(phone))
        {
            account.push_name.clone_from(name);
        }
        state.tell_collection(phone, None, (name, version), now);
        self.save(&state);
        Ok(version)
    }

    /// By collection what the phone knows, opened.
    pub(crate) fn shown_app_state(&self, phone: &str) -> Value {
        self.lock().durable.app_state.get(phone).map_or_else(|| json!({}), AppState::shown)
    }
}

fn milliseconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)
}
