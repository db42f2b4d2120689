//! What a phone keeps for the Signal protocol, in memory and as JSON.

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wacore_libsignal::protocol::error::Result;
use wacore_libsignal::protocol::{
    Direction, GenericSignedPreKey as _, IdentityChange, IdentityKey, IdentityKeyPair, IdentityKeyStore,
    KeyPair, PreKeyId, PreKeyRecord, PreKeyStore, PrivateKey, ProtocolAddress, SessionRecord, SessionStore,
    SignalProtocolError, SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore, Timestamp,
};

use super::super::crypto::{self, RawKey};

/// The own identity, and what others' are known to be.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Identities {
    own: IdentityKeyPair,
    registration: u32,
    known: BTreeMap<String, RawKey>,
}

impl Identities {
    pub(super) fn new(own: IdentityKeyPair, registration: u32) -> Self {
        Self { own, registration, known: BTreeMap::new() }
    }

    pub(super) fn own(&self) -> &IdentityKeyPair {
        &self.own
    }

    pub(super) fn registration(&self) -> u32 {
        self.registration
    }

    /// Whether it was another one until now.
    pub(super) fn trust(&mut self, who: &ProtocolAddress, identity: RawKey) -> bool {
        self.known.insert(who.as_str().to_owned(), identity).is_some_and(|old| old != identity)
    }
}

#[async_trait]
impl IdentityKeyStore for Identities {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        Ok(self.own.clone())
    }

    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.registration)
    }

    async fn save_identity(
        &mut self,
        who: &ProtocolAddress,
        identity: &IdentityKey,
    ) -> Result<IdentityChange> {
        Ok(IdentityChange::from_changed(self.trust(who, crypto::raw(identity.public_key()))))
    }

    /// The service knows every device's identity, so a phone believes no other.
    async fn is_trusted_identity(
        &self,
        who: &ProtocolAddress,
        identity: &IdentityKey,
        _: Direction,
    ) -> Result<bool> {
        Ok(self.known.get(who.as_str()).is_none_or(|known| *known == crypto::raw(identity.public_key())))
    }

    async fn get_identity(&self, who: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        let known = self.known.get(who.as_str());
        Ok(known.map(crypto::public_key).transpose()?.map(IdentityKey::new))
    }
}

/// Sessions by device.
#[derive(Clone, Default)]
pub(super) struct Sessions(BTreeMap<String, SessionRecord>);

impl Sessions {
    pub(super) fn has(&self, who: &ProtocolAddress) -> bool {
        self.0.get(who.as_str()).is_some_and(|record| record.session_state().is_some())
    }

    pub(super) fn remove(&mut self, who: &ProtocolAddress) {
        self.0.remove(who.as_str());
    }
}

impl Serialize for Sessions {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(who, record)| {
            let mut bytes = Vec::new();
            record.serialize_into(&mut bytes);
            (who, BASE64_STANDARD.encode(bytes))
        }))
    }
}

impl<'de> Deserialize<'de> for Sessions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
        let records = texts.into_iter().map(|(who, text)| {
            let bytes = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
            Ok((who, SessionRecord::deserialize(&bytes).map_err(D::Error::custom)?))
        });
        records.collect::<std::result::Result<_, _>>().map(Self)
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn load_session(&self, who: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        Ok(self.0.get(who.as_str()).cloned())
    }

    async fn has_session(&self, who: &ProtocolAddress) -> Result<bool> {
        Ok(self.has(who))
    }

    async fn store_session(&mut self, who: &ProtocolAddress, record: SessionRecord) -> Result<()> {
        self.0.insert(who.as_str().to_owned(), record);
        Ok(())
    }
}

/// One-time prekeys that were given away and not used yet.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Prekeys {
    last: u32,
    waiting: BTreeMap<u32, RawKey>,
}

impl Prekeys {
    /// Another one, as id and public key.
    pub(super) fn fresh(&mut self) -> (u32, RawKey) {
        let pair = KeyPair::generate(&mut crypto::rng());
        self.last += 1;
        self.waiting.insert(self.last, *pair.private_key.serialize());
        (self.last, crypto::raw(&pair.public_key))
    }

    pub(super) fn used(&mut self, id: u32) {
        self.waiting.remove(&id);
    }
}

#[async_trait]
impl PreKeyStore for Prekeys {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        let private = self.waiting.get(&id.into()).ok_or(SignalProtocolError::InvalidPreKeyId)?;
        let private_key = PrivateKey::deserialize(private)?;
        Ok(PreKeyRecord::new(id, &KeyPair::new(private_key.public_key()?, private_key)))
    }

    async fn save_pre_key(&mut self, id: PreKeyId, record: &PreKeyRecord) -> Result<()> {
        self.waiting.insert(id.into(), *record.private_key()?.serialize());
        Ok(())
    }

    async fn remove_pre_key(&mut self, id: PreKeyId) -> Result<()> {
        self.used(id.into());
        Ok(())
    }
}

/// The signed prekey.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignedPrekeys {
    id: u32,
    private: RawKey,
    public: RawKey,
    signature: Vec<u8>,
}

impl SignedPrekeys {
    pub(super) fn new(id: u32, pair: &KeyPair, signature: Vec<u8>) -> Self {
        Self { id, private: *pair.private_key.serialize(), public: crypto::raw(&pair.public_key), signature }
    }

    /// Id, public key and signature.
    pub(super) fn public(&self) -> (u32, RawKey, Vec<u8>) {
        (self.id, self.public, self.signature.clone())
    }
}

#[async_trait]
impl SignedPreKeyStore for SignedPrekeys {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        if u32::from(id) != self.id {
            return Err(SignalProtocolError::InvalidSignedPreKeyId);
        }
        let pair = KeyPair::new(crypto::public_key(&self.public)?, PrivateKey::deserialize(&self.private)?);
        Ok(SignedPreKeyRecord::new(id, Timestamp::from_epoch_millis(0), &pair, &self.signature))
    }

    async fn save_signed_pre_key(&mut self, id: SignedPreKeyId, _: &SignedPreKeyRecord) -> Result<()> {
        Err(SignalProtocolError::InvalidArgument(format!(
            "signed prekey {}: a phone makes its own",
            u32::from(id)
        )))
    }
}
