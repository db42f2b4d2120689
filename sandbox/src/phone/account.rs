//! An account as its phone knows it.

use std::collections::BTreeMap;
use std::fmt;

use rand::{CryptoRng, RngExt};
use serde::{Deserialize, Serialize};
use wacore_binary::{Jid, Server};
use wacore_libsignal::protocol::IdentityKeyPair;

use super::crypto::{self, RawKey};

/// What a test chooses about a new account; everything else is drawn at random.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The number in international form, digits only.
    pub phone: String,
    /// The name the account gives itself.
    pub push_name: String,
    /// `android`, `iphone`, `smba` or `smbi`.
    pub platform: String,
    /// Present on business accounts only.
    pub business_name: Option<String>,
}

/// Why an account cannot exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The number is not 5 to 15 digits.
    #[error("{0:?} is not a telephone number: give 5 to 15 digits, country code first, without + or spaces")]
    Phone(String),
    /// The platform is none of the four that `<platform>` carries.
    #[error("{0:?} is not a phone platform: use android, iphone, smba or smbi")]
    Platform(String),
}

/// Device number and key index given to one linked device. Neither is ever used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSlot {
    /// Device part of the JID, from 1; 0 is the phone.
    pub device: u16,
    /// Index in the account's signed list of devices, from 1.
    pub key_index: u32,
}

/// One account with its phone. Holds private keys: `Debug` shows none of them, `Serialize` writes all of them.
#[derive(Clone, Serialize, Deserialize)]
pub struct Account {
    /// The number, digits only.
    pub phone: String,
    /// The user part of the account's hidden identity (`…@lid`), digits only.
    pub lid: String,
    /// The name the account gives itself.
    pub push_name: String,
    /// `android`, `iphone`, `smba` or `smbi`.
    pub platform: String,
    /// Present on business accounts only.
    pub business_name: Option<String>,
    /// The phone's Signal identity, which also signs linked devices.
    pub identity: IdentityKeyPair,
    /// The phone's Signal registration id, 1 to 16380.
    pub registration_id: u32,
    /// Identifies this installation in every ADV structure; changes when the phone is set up anew.
    pub adv_raw_id: u32,
    last_slot: DeviceSlot,
    linked: BTreeMap<u16, u32>,
}

impl Account {
    /// A new account with fresh keys.
    pub fn new(new: NewAccount, rng: &mut impl CryptoRng) -> Result<Self, AccountError> {
        let digits = new.phone.bytes().all(|b| b.is_ascii_digit());
        if !digits || !(5..=15).contains(&new.phone.len()) {
            return Err(AccountError::Phone(new.phone));
        }
        if !["android", "iphone", "smba", "smbi"].contains(&new.platform.as_str()) {
            return Err(AccountError::Platform(new.platform));
        }
        Ok(Self {
            phone: new.phone,
            lid: rng.random_range(100_000_000_000_000_u64..1_000_000_000_000_000).to_string(),
            push_name: new.push_name,
            platform: new.platform,
            business_name: new.business_name,
            identity: IdentityKeyPair::generate(rng),
            registration_id: rng.random_range(1..=16380),
            adv_raw_id: rng.random_range(1..=u32::MAX / 2),
            last_slot: DeviceSlot { device: 0, key_index: 0 },
            linked: BTreeMap::new(),
        })
    }

    /// The public identity key, raw.
    pub fn identity_pub(&self) -> RawKey {
        crypto::raw(self.identity.public_key())
    }

    /// `PHONE[:DEVICE]@s.whatsapp.net`; device 0 is the phone itself.
    pub fn jid(&self, device: u16) -> Jid {
        Jid::new(&self.phone, Server::Pn).with_device(device)
    }

    /// `LID[:DEVICE]@lid`.
    pub fn lid_jid(&self, device: u16) -> Jid {
        Jid::new(&self.lid, Server::Lid).with_device(device)
    }

    /// The numbers for the next device to be linked. Counts it as linked from now on; [`Self::unlink`] takes it back.
    pub fn allocate(&mut self) -> DeviceSlot {
        let DeviceSlot { device, key_index } = self.last_slot;
        self.last_slot =
            DeviceSlot { device: device.saturating_add(1), key_index: key_index.saturating_add(1) };
        self.linked.insert(self.last_slot.device, self.last_slot.key_index);
        self.last_slot
    }

    /// Forgets a device. Its numbers stay used. Says whether it was linked.
    pub fn unlink(&mut self, device: u16) -> bool {
        self.linked.remove(&device).is_some()
    }

    /// Linked devices in the order they were linked.
    pub fn linked(&self) -> impl Iterator<Item = DeviceSlot> + '_ {
        self.linked.iter().map(|(&device, &key_index)| DeviceSlot { device, key_index })
    }

    /// The highest key index ever given out, 0 before the first.
    pub fn current_key_index(&self) -> u32 {
        self.last_slot.key_index
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("phone", &self.phone)
            .field("lid", &self.lid)
            .field("push_name", &self.push_name)
            .field("linked", &self.linked)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn account() -> Account {
        let new = NewAccount {
            phone: "15551234567".into(),
            push_name: "Ada".into(),
            platform: "android".into(),
            business_name: None,
        };
        Account::new(new, &mut crypto::rng()).unwrap()
    }

    #[test]
    fn numbers_of_an_unlinked_device_are_not_given_again() {
        let mut account = account();
        let first = account.allocate();
        assert_eq!(first, DeviceSlot { device: 1, key_index: 1 });
        assert!(account.unlink(1));
        assert!(!account.unlink(1));
        assert_eq!(account.allocate(), DeviceSlot { device: 2, key_index: 2 });
        assert_eq!(account.linked().map(|s| s.device).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn survives_serialisation_and_shows_no_key() {
        let mut account = account();
        account.allocate();
        let text = serde_json::to_string(&account).unwrap();
        let again: Account = serde_json::from_str(&text).unwrap();
        assert_eq!(again.identity.private_key().serialize(), account.identity.private_key().serialize());
        assert_eq!(again.current_key_index(), 1);
        assert!(!format!("{account:?}").contains(&hex::encode(account.identity.private_key().serialize())));
        assert_eq!(account.jid(2).to_string(), "15551234567:2@s.whatsapp.net");
    }

    #[test]
    fn refuses_what_is_no_number_or_no_phone() {
        for phone in ["", "+15551234567", "1555", "1234567890123456", "١٥٥٥١٢٣"] {
            let new = NewAccount {
                phone: phone.into(),
                push_name: String::new(),
                platform: "android".into(),
                business_name: None,
            };
            assert!(matches!(Account::new(new, &mut crypto::rng()), Err(AccountError::Phone(_))));
        }
        let new = NewAccount {
            phone: "15551234567".into(),
            push_name: String::new(),
            platform: "web".into(),
            business_name: None,
        };
        assert!(matches!(Account::new(new, &mut crypto::rng()), Err(AccountError::Platform(_))));
    }
}
