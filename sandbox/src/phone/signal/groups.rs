//! Sender keys: what a phone seals once for all of a group.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::error::Result;
use wacore_libsignal::protocol::{
    SenderKeyName, SenderKeyRecord, SenderKeyStore, SignalProtocolError,
    create_sender_key_distribution_message, group_encrypt,
};

use super::super::crypto;
use super::{Signal, SignalFault, address, at_once};

/// The phone's own key in each group, and which devices have it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct SenderKeys {
    /// Records as base64, by group and sender.
    keys: BTreeMap<String, String>,
    /// Groups and devices.
    given: BTreeSet<String>,
}

impl Signal {
    /// Seals `plain` for a group with the key of `phone`, whose keys these are.
    pub fn seal_for_group(
        &mut self,
        group: &str,
        phone: &str,
        plain: &[u8],
    ) -> std::result::Result<Vec<u8>, SignalFault> {
        self.group_key(group, phone)?;
        let name = SenderKeyName::from_parts(group, phone);
        let sealed = at_once(group_encrypt(&mut self.groups, &name, plain, &mut crypto::rng()))?;
        Ok(sealed.serialized().to_vec())
    }

    /// What opens messages of `phone` to this group from now on.
    pub fn group_key(&mut self, group: &str, phone: &str) -> std::result::Result<Vec<u8>, SignalFault> {
        let name = SenderKeyName::from_parts(group, phone);
        let key =
            at_once(create_sender_key_distribution_message(&name, &mut self.groups, &mut crypto::rng()))?;
        Ok(key.serialized().to_vec())
    }

    /// Notes that a device gets the group's key. Returns whether it is the first time since the session with it
    /// was begun.
    pub fn give_group_key(&mut self, group: &str, to: &str, device: u16) -> bool {
        self.groups.given.insert(format!("{group} {}", address(to, device).as_str()))
    }

    /// The device has lost the keys of all groups.
    pub fn take_group_keys(&mut self, from: &str, device: u16) {
        let device = address(from, device);
        self.groups.given.retain(|given| !given.ends_with(&format!(" {}", device.as_str())));
    }
}

fn place(name: &SenderKeyName) -> String {
    format!("{} {}", name.group_id(), name.sender_id())
}

#[async_trait]
impl SenderKeyStore for SenderKeys {
    async fn store_sender_key(&mut self, name: &SenderKeyName, record: SenderKeyRecord) -> Result<()> {
        self.keys.insert(place(name), BASE64_STANDARD.encode(record.serialize()?));
        Ok(())
    }

    async fn load_sender_key(&self, name: &SenderKeyName) -> Result<Option<SenderKeyRecord>> {
        let Some(text) = self.keys.get(&place(name)) else { return Ok(None) };
        let bytes = BASE64_STANDARD.decode(text);
        let bytes = bytes.map_err(|error| SignalProtocolError::InvalidArgument(error.to_string()))?;
        SenderKeyRecord::deserialize(&bytes).map(Some)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use wacore_libsignal::protocol::{
        IdentityKeyPair, SenderKeyDistributionMessage, group_decrypt, process_sender_key_distribution_message,
    };

    const GROUP: &str = "1@g.us";

    #[test]
    fn who_has_the_key_reads_on_over_a_restart_and_nobody_else_does() {
        let identity = IdentityKeyPair::generate(&mut crypto::rng());
        let mut ada = Signal::new(&identity, 77).unwrap();
        let name = SenderKeyName::from_parts(GROUP, "ada");
        let before = ada.seal_for_group(GROUP, "ada", b"before").unwrap();
        let key = ada.group_key(GROUP, "ada").unwrap();
        let key = SenderKeyDistributionMessage::try_from(key.as_slice()).unwrap();
        let mut ben = SenderKeys::default();
        at_once(process_sender_key_distribution_message(&name, &key, &mut ben)).unwrap();
        assert!(at_once(group_decrypt(&before, &mut ben, &name)).is_err(), "from before it had the key");
        for word in ["one", "two"] {
            let sealed = ada.seal_for_group(GROUP, "ada", word.as_bytes()).unwrap();
            assert_eq!(at_once(group_decrypt(&sealed, &mut ben, &name)).unwrap(), word.as_bytes());
            ada = serde_json::from_str(&serde_json::to_string(&ada).unwrap()).unwrap();
        }
        let elsewhere = ada.seal_for_group("2@g.us", "ada", b"other").unwrap();
        assert!(at_once(group_decrypt(&elsewhere, &mut ben, &name)).is_err(), "of another group");
    }

    #[test]
    fn a_device_gets_the_key_once_and_again_when_it_lost_it() {
        let identity = IdentityKeyPair::generate(&mut crypto::rng());
        let mut ada = Signal::new(&identity, 77).unwrap();
        let gives = |ada: &mut Signal| ["2", "12"].map(|phone| ada.give_group_key(GROUP, phone, 1));
        assert_eq!((gives(&mut ada), gives(&mut ada)), ([true; 2], [false; 2]));
        ada.take_group_keys("2", 1);
        assert_eq!(gives(&mut ada), [true, false]);
    }
}
