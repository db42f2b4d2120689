//! App state in the world: what phones keep, and what devices hear of it.

use std::collections::btree_map::Entry;

use serde_json::{Value, json};
use wacore_binary::builder::NodeBuilder;

use super::{AppState, Change, Setting};
use crate::told::Refused;
use crate::world::{State, World, device_key};

impl State {
    /// What this phone keeps as app state; its own name is the first thing in it.
    pub(crate) fn app_state(&mut self, phone: &str, now: u64) -> Result<&mut AppState, Refused> {
        let name = self.durable.accounts.get(phone).map(|account| account.push_name.clone());
        let name = name.ok_or_else(|| Refused(format!("no account {phone}")))?;
        match self.durable.app_state.entry(phone.to_owned()) {
            Entry::Occupied(kept) => Ok(kept.into_mut()),
            Entry::Vacant(free) => {
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
