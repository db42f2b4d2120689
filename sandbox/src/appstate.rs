//! App state: what an account's phone and devices know in common, sealed with a key that only they have (protocol page §5).

mod collection;
mod phones;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wacore::appstate::{ExpandedAppStateKeys, expand_app_state_keys};
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::sync_action_value::{MuteAction, PinAction, PushNameSetting};

use crate::phone::RawKey;

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

fn milliseconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)
}
