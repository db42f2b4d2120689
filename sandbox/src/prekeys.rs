//! Prekeys that devices leave with the service for those who want to write to them.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;
use wacore_libsignal::protocol::PublicKey;

use crate::phone::{Bundle, RawKey};
use crate::stanza::{bytes, server};
use crate::world::{Device, SignedKey, State, device_key};

/// Below this many the device is told, so that it brings more.
const FEW: usize = 5;

/// What a device uploads: `<iq xmlns="encrypt" type="set">`.
pub(crate) struct Upload {
    registration: Vec<u8>,
    identity: Vec<u8>,
    prekeys: Vec<(u32, RawKey)>,
    skey: SignedKey,
}

impl Upload {
    /// Refuses what the service would not understand.
    pub(crate) fn read(node: &Node) -> Result<Self, String> {
        let part = |tag: &str| node.get_optional_child(tag).map(bytes).unwrap_or_default().to_vec();
        if part("type") != [5] {
            return Err("prekeys of another type than 5".into());
        }
        let list = node.get_optional_child("list").ok_or("an upload without a list of prekeys")?;
        let prekeys = list.get_children_by_tag("key").map(|key| {
            let id = key.get_optional_child("id").map(bytes).unwrap_or_default();
            let value = key.get_optional_child("value").map(bytes).unwrap_or_default();
            let value =
                RawKey::try_from(value).map_err(|_| format!("prekey {} has no 32 bytes", number(id)))?;
            match (id.len(), number(id)) {
                (3, id) if id > 0 => Ok((id, value)),
                (length, id) => {
                    Err(format!("prekey {id} has an id of {length} bytes; three are wanted, not all zero"))
                }
            }
        });
        let prekeys = prekeys.collect::<Result<Vec<_>, _>>()?;
        if prekeys.is_empty() {
            return Err("an upload of no prekeys".into());
        }
        let skey = signed_key(node.get_optional_child("skey").ok_or("an upload without a signed prekey")?);
        Ok(Self { registration: part("registration"), identity: part("identity"), prekeys, skey })
    }
}

fn signed_key(skey: &Node) -> SignedKey {
    let part = |tag: &str| skey.get_optional_child(tag).map(bytes).unwrap_or_default().to_vec();
    SignedKey { id: part("id"), value: part("value"), signature: part("signature") }
}

impl Device {
    /// Keeps an upload when all of it is right. Returns the ids that were there before with other keys, or were
    /// given away: a one-time prekey is for one session only.
    pub(crate) fn keep(&mut self, upload: Upload) -> Result<Vec<u32>, String> {
        if upload.identity != self.identity {
            return Err("prekeys of another identity than the device was linked with".into());
        }
        if upload.registration != self.registration {
            return Err("prekeys of another registration id than the device was linked with".into());
        }
        self.keep_signed(upload.skey)?;
        let mut twice = Vec::new();
        for (id, value) in upload.prekeys {
            let spent = self.spent.contains(&id);
            if spent || self.prekeys.get(&id).is_some_and(|known| *known != value) {
                twice.push(id);
            }
            if !spent {
                self.prekeys.insert(id, value);
            }
        }
        Ok(twice)
    }

    /// Another signed prekey from now on.
    pub(crate) fn sign(&mut self, skey: &Node) -> Result<(), String> {
        self.keep_signed(signed_key(skey))
    }

    fn keep_signed(&mut self, skey: SignedKey) -> Result<(), String> {
        if skey.id.len() != 3 {
            return Err(format!("a signed prekey with an id of {} bytes; three are wanted", skey.id.len()));
        }
        let good = PublicKey::from_djb_public_key_bytes(&self.identity).is_ok_and(|key| {
            key.verify_signature_for_multipart_message(&[&[5], &skey.value], &skey.signature)
        });
        if !good || skey.value.len() != 32 {
            return Err("the signed prekey's signature does not verify".into());
        }
        self.skey = skey;
        Ok(())
    }

    /// What is needed to write to it; its next one-time prekey is given to nobody else.
    pub(crate) fn bundle(&mut self) -> Option<Bundle> {
        let value = RawKey::try_from(self.skey.value.as_slice()).ok()?;
        let once = self.prekeys.pop_first();
        self.spent.extend(once.map(|(id, _)| id));
        Some(Bundle {
            registration: number(&self.registration),
            identity: self.identity,
            signed: (number(&self.skey.id), value, self.skey.signature.clone()),
            once,
        })
    }
}

impl State {
    /// What is needed to write to this device. Tells it when few of its prekeys are left. None when it is not linked.
    pub(crate) fn hand_out(&mut self, phone: &str, device: u16, at: u64) -> Option<Bundle> {
        let key = device_key(phone, device);
        let kept = self.durable.devices.get_mut(&key)?;
        let bundle = kept.bundle()?;
        let left = kept.prekeys.len();
        // Once when they become few and once when there are none.
        if bundle.once.is_some() && (left == FEW - 1 || left == 0) {
            let count = NodeBuilder::new("count").attr("value", left.to_string()).build();
            let few = NodeBuilder::new("notification")
                .attr("from", server())
                .attr("type", "encrypt")
                .attr("id", self.number().to_string())
                .attr("t", at.to_string())
                .children([count])
                .build();
            self.post(&key, few);
        }
        Some(bundle)
    }
}

/// Ids are three bytes, registration ids four; the first is the most significant.
pub(crate) fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}
