//! Which devices an account has, for those who ask and for its other devices.

use wacore::messages::MessageUtils;
use wacore_binary::Server;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use crate::phone::Account;
use crate::phone::adv::signed_key_index_list;
use crate::world::{State, device_key};

/// Another one whenever the devices are other ones.
pub(crate) fn device_hash(account: &Account, server: Server) -> String {
    let by_lid = server == Server::Lid;
    let numbers = std::iter::once(0).chain(account.linked().map(|slot| slot.device));
    let jids = numbers.map(|n| if by_lid { account.lid_jid(n) } else { account.jid(n) }).collect::<Vec<_>>();
    MessageUtils::participant_list_hash(&jids).unwrap_or_default()
}

/// `<key-index-list>`: the devices as the account's phone signed them.
pub(crate) fn key_index_list(account: &Account, now: u64) -> Node {
    let list = signed_key_index_list(account, now).unwrap_or_default();
    NodeBuilder::new("key-index-list").attr("ts", now.to_string()).bytes(list).build()
}

impl State {
    /// Tells the account's other devices which there are now.
    pub(crate) fn tell_devices(&mut self, phone: &str, changed: u16, now: u64) {
        let Some(account) = self.durable.accounts.get(phone).cloned() else { return };
        let mut devices = vec![NodeBuilder::new("device").attr("jid", account.jid(0)).build()];
        devices.extend(account.linked().map(|slot| {
            let device = NodeBuilder::new("device").attr("jid", account.jid(slot.device));
            device.attr("key-index", slot.key_index.to_string()).build()
        }));
        devices.push(key_index_list(&account, now));
        let hash = device_hash(&account, Server::Pn);
        let devices = NodeBuilder::new("devices").attr("dhash", hash).children(devices).build();
        for slot in account.linked().filter(|slot| slot.device != changed) {
            let notification = NodeBuilder::new("notification")
                .attr("from", account.jid(0))
                .attr("type", "account_sync")
                .attr("id", self.number().to_string())
                .attr("t", now.to_string())
                .children([devices.clone()])
                .build();
            self.post(&device_key(phone, slot.device), notification);
        }
    }
}
