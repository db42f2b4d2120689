//! One collection: its patches from the first on, and what they come to.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wacore::appstate::hash::{HashState, generate_patch_mac};
use wacore::appstate::{AppStateError, ExpandedAppStateKeys, encode_record, process_patch};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;
use waproto::whatsapp::syncd_mutation::SyncdOperation;

/// A key with its id.
type Key<'a> = (&'a Arc<ExpandedAppStateKeys>, &'a [u8]);

/// Why a patch is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    /// Made on another version than the newest.
    #[error("the newest version is another one")]
    Conflict,
    /// It is no patch, or is not sealed as it should be.
    #[error("{0}")]
    Patch(String),
}

impl From<AppStateError> for Wrong {
    fn from(error: AppStateError) -> Self {
        Self::Patch(error.to_string())
    }
}

/// What a patch did to one entry.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) version: u64,
    /// `set` or `remove`.
    pub(crate) verb: &'static str,
    /// The entry's name, a JSON list.
    pub(crate) index: String,
    /// When it is the account's own name.
    pub(crate) push_name: Option<String>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Collection {
    state: HashState,
    patches: Vec<String>,
    /// The MAC of each entry's value by the MAC of its name, in hex.
    macs: BTreeMap<String, String>,
    /// The entries as the phone reads them.
    entries: BTreeMap<String, Value>,
}

impl Collection {
    pub(crate) fn version(&self) -> u64 {
        self.state.version
    }

    /// The patches after this version. None when there is no such version.
    pub(crate) fn since(&self, version: u64) -> Option<Vec<Vec<u8>>> {
        let from = usize::try_from(version).ok()?;
        self.patches.get(from..)?.iter().map(|patch| BASE64_STANDARD.decode(patch).ok()).collect()
    }

    pub(super) fn shown(&self) -> Value {
        json!({"version": self.version(), "entries": self.entries})
    }

    pub(super) fn take(
        &mut self,
        name: &str,
        base: u64,
        bytes: &[u8],
        key: Key<'_>,
    ) -> Result<Vec<Change>, Wrong> {
        let mut patch = wa::SyncdPatch::decode_from_slice(bytes)
            .map_err(|_| Wrong::Patch("it does not decode".into()))?;
        if base != self.version() {
            return Err(Wrong::Conflict);
        }
        let next = base + 1;
        let said = patch.version.as_option().and_then(|version| version.version);
        if said.is_some_and(|said| said != next) {
            return Err(Wrong::Patch(format!("it says that it is version {said:?}, not {next}")));
        }
        if patch.mutations.is_empty() {
            return Err(Wrong::Patch("it changes nothing".into()));
        }
        if patch.patch_mac.is_none() || patch.snapshot_mac.is_none() || !patch.key_id.is_set() {
            return Err(Wrong::Patch("it has no patch MAC, no snapshot MAC or no key id".into()));
        }
        patch.version = MessageField::some(wa::SyncdVersion { version: Some(next) });
        self.apply(name, &patch, key)
    }

    /// The phone's own change of one entry. The version after it.
    pub(super) fn set(
        &mut self,
        name: &str,
        (index, form, value): (&[&str], i32, &wa::SyncActionValue),
        key: Key<'_>,
    ) -> Result<u64, Wrong> {
        let (keys, id) = key;
        let index = serde_json::to_vec(index).map_err(|error| Wrong::Patch(error.to_string()))?;
        let (mutation, _) =
            encode_record(SyncdOperation::SET, &index, value, keys, id, &rand::random(), form);
        let mut state = self.state.clone();
        let (_, updated) =
            state.update_hash(std::slice::from_ref(&mutation), |index, _| Ok(self.value_mac(index)));
        updated.map_err(|error| Wrong::Patch(error.to_string()))?;
        state.version += 1;
        let mut patch = wa::SyncdPatch {
            version: MessageField::some(wa::SyncdVersion { version: Some(state.version) }),
            mutations: vec![mutation],
            snapshot_mac: Some(state.generate_snapshot_mac(name, &keys.snapshot_mac)),
            key_id: MessageField::some(wa::KeyId { id: Some(id.to_vec()) }),
            device_index: Some(0),
            ..wa::SyncdPatch::default()
        };
        patch.patch_mac = Some(generate_patch_mac(&patch, name, &keys.patch_mac, state.version));
        self.apply(name, &patch, key)?;
        Ok(self.version())
    }

    /// Checks all of a patch and takes it; or takes nothing.
    fn apply(
        &mut self,
        name: &str,
        patch: &wa::SyncdPatch,
        (keys, id): Key<'_>,
    ) -> Result<Vec<Change>, Wrong> {
        let mut state = self.state.clone();
        let known =
            |asked: &[u8]| if asked == id { Ok(Arc::clone(keys)) } else { Err(AppStateError::KeyNotFound) };
        let previous = |index: &[u8]| Ok(self.value_mac(index));
        let done = process_patch(patch, &mut state, known, previous, true, name)?;
        if state.mac_mismatch_fatal {
            return Err(Wrong::Patch("its snapshot MAC is of other entries".into()));
        }
        let gone = done.removed_index_macs.iter().find(|index| self.value_mac(index).is_none());
        if gone.is_some() {
            return Err(Wrong::Patch("it removes an entry that is not there".into()));
        }
        for mac in &done.removed_index_macs {
            self.macs.remove(&hex::encode(mac));
        }
        for mac in &done.added_macs {
            self.macs.insert(hex::encode(&mac.index_mac), hex::encode(&mac.value_mac));
        }
        self.state = state;
        self.patches.push(BASE64_STANDARD.encode(patch.encode_to_vec()));
        let version = self.version();
        let mut changes = Vec::new();
        for mutation in done.mutations {
            let index = json!(mutation.index).to_string();
            let removes = mutation.operation == SyncdOperation::REMOVE;
            let value = mutation.action_value;
            let setting = value.as_ref().and_then(|value| value.push_name_setting.as_option());
            let push_name = setting.and_then(|setting| setting.name.clone()).filter(|_| !removes);
            if removes {
                self.entries.remove(&index);
            } else {
                let value = serde_json::to_value(&value).unwrap_or_default();
                self.entries.insert(index.clone(), set_only(value));
            }
            changes.push(Change { version, verb: if removes { "remove" } else { "set" }, index, push_name });
        }
        Ok(changes)
    }

    fn value_mac(&self, index: &[u8]) -> Option<Vec<u8>> {
        self.macs.get(&hex::encode(index)).and_then(|mac| hex::decode(mac).ok())
    }
}

/// Without the hundred fields that are not set.
fn set_only(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let set = fields.into_iter().map(|(name, value)| (name, set_only(value)));
            Value::Object(set.filter(|(_, value)| !value.is_null()).collect())
        }
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use wacore::appstate::expand_app_state_keys;

    use super::super::Setting;
    use super::*;

    const ID: &[u8] = b"\0\0aaaa";

    fn keys(byte: u8) -> Arc<ExpandedAppStateKeys> {
        Arc::new(expand_app_state_keys(&[byte; 32]))
    }

    fn named(collection: &mut Collection, name: &str, keys: &Arc<ExpandedAppStateKeys>) -> Vec<u8> {
        let before = collection.version();
        let setting = Setting::PushName { name: name.into() };
        let (place, index, form, value) = setting.action();
        collection.set(place, (&index, form, &value), (keys, ID)).unwrap();
        collection.since(before).unwrap().remove(0)
    }

    fn take(collection: &mut Collection, base: u64, patch: &[u8]) -> Result<Vec<Change>, Wrong> {
        collection.take("critical_block", base, patch, (&keys(1), ID))
    }

    #[test]
    fn patches_are_taken_in_order_and_come_to_the_same() {
        let (mut phone, mut service) = (Collection::default(), Collection::default());
        for (base, name) in ["Ada", "Ben"].into_iter().enumerate() {
            let patch = named(&mut phone, name, &keys(1));
            let changes = take(&mut service, base as u64, &patch).unwrap();
            assert_eq!((changes[0].verb, changes[0].push_name.as_deref()), ("set", Some(name)));
            assert_eq!(changes[0].index, r#"["setting_pushName"]"#);
        }
        assert_eq!(service.shown(), phone.shown());
        assert_eq!((service.version(), service.since(1).unwrap().len()), (2, 1));
        assert_eq!(service.since(3), None);
        let again: Collection = serde_json::from_str(&serde_json::to_string(&service).unwrap()).unwrap();
        assert_eq!(again.shown(), service.shown());
    }

    #[test]
    fn what_is_wrong_changes_nothing() {
        let mut phone = Collection::default();
        let first = named(&mut phone, "Ada", &keys(1));
        let second = named(&mut phone, "Ben", &keys(1));
        let mut service = Collection::default();
        assert_eq!(take(&mut service, 1, &second).unwrap_err(), Wrong::Conflict);
        take(&mut service, 0, &first).unwrap();
        assert_eq!(take(&mut service, 0, &first).unwrap_err(), Wrong::Conflict);
        let change = |with: &dyn Fn(&mut wa::SyncdPatch)| {
            let mut patch = wa::SyncdPatch::decode_from_slice(&second).unwrap();
            with(&mut patch);
            patch.encode_to_vec()
        };
        let turn = |mac: &mut Option<Vec<u8>>| mac.as_mut().unwrap()[3] ^= 1;
        for (patch, why) in [
            (b"\xff\xff".to_vec(), "decode"),
            (named(&mut Collection::default(), "Eve", &keys(2)), "version"),
            (change(&|patch| turn(&mut patch.patch_mac)), "patch MAC"),
            (change(&|patch| patch.patch_mac = None), "no patch MAC"),
            (change(&|patch| patch.snapshot_mac = None), "no snapshot MAC"),
            (change(&|patch| turn(&mut patch.snapshot_mac)), "patch MAC"),
            (change(&|patch| patch.mutations.clear()), "nothing"),
            (change(&|patch| turn(&mut patch.key_id.as_option_mut().unwrap().id)), "key"),
        ] {
            let Wrong::Patch(said) = take(&mut service, 1, &patch).unwrap_err() else { panic!("{why}") };
            assert!(said.contains(why), "{said} is not about {why}");
        }
        assert_eq!(service.version(), 1);
        take(&mut service, 1, &second).unwrap();
    }
}
