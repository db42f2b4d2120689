//! The phone's half of the Signal protocol: its prekeys, its sessions, and both directions of a message.

mod groups;
mod stores;

use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::{
    CiphertextMessage, CurveError, DeviceId, IdentityKey, IdentityKeyPair, KeyPair, PreKeyBundle,
    PreKeySignalMessage, ProtocolAddress, SignalMessage, SignalProtocolError, UsePQRatchet, message_decrypt,
    message_encrypt, process_prekey_bundle,
};

use super::crypto::{self, RawKey};
use groups::SenderKeys;
use stores::{Identities, Prekeys, Sessions, SignedPrekeys};

/// How a message is sealed on the wire: `pkmsg` opens a session, `msg` goes on in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// The first messages of a session, until the other side has answered.
    Prekey,
    /// Any other.
    Message,
}

impl Envelope {
    /// As `<enc type="…">` names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prekey => "pkmsg",
            Self::Message => "msg",
        }
    }

    /// From `<enc type="…">`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "pkmsg" => Some(Self::Prekey),
            "msg" => Some(Self::Message),
            _ => None,
        }
    }
}

/// What a device gives away so that others can open a session with it while it is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its registration id.
    pub registration: u32,
    /// Its public identity key.
    pub identity: RawKey,
    /// Id, public key and signature of its signed prekey.
    pub signed: (u32, RawKey, Vec<u8>),
    /// Id and public key of a prekey for one session only; none when they are used up.
    pub once: Option<(u32, RawKey)>,
}

/// Why a message could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SignalFault {
    /// The protocol would not: a wrong MAC, a used prekey, a counter of the past, another identity.
    #[error("{0}")]
    Protocol(#[from] SignalProtocolError),
    /// A key that is none.
    #[error("unusable key: {0}")]
    Key(#[from] CurveError),
    /// Stores in memory never wait; here one did.
    #[error("a store in memory waited")]
    Waited,
}

/// Sessions and keys of one phone. `Serialize` writes private keys.
#[derive(Clone, Serialize, Deserialize)]
pub struct Signal {
    identities: Identities,
    sessions: Sessions,
    prekeys: Prekeys,
    signed: SignedPrekeys,
    #[serde(default)]
    groups: SenderKeys,
}

/// Where a device is in the books of a phone; accounts by their number.
fn address(phone: &str, device: u16) -> ProtocolAddress {
    ProtocolAddress::new(phone, DeviceId::new(u32::from(device)))
}

fn at_once<T>(future: impl Future<Output = Result<T, SignalProtocolError>>) -> Result<T, SignalFault> {
    Ok(future.now_or_never().ok_or(SignalFault::Waited)??)
}

impl Signal {
    /// A phone with this identity that has spoken with nobody yet.
    pub fn new(identity: &IdentityKeyPair, registration: u32) -> Result<Self, SignalFault> {
        let pair = KeyPair::generate(&mut crypto::rng());
        let signature =
            identity.private_key().calculate_signature(&pair.public_key.serialize(), &mut crypto::rng())?;
        Ok(Self {
            identities: Identities::new(identity.clone(), registration),
            sessions: Sessions::default(),
            prekeys: Prekeys::default(),
            signed: SignedPrekeys::new(1, &pair, signature.to_vec()),
            groups: SenderKeys::default(),
        })
    }

    /// What others need to open a session; its one-time prekey is given to nobody else.
    pub fn bundle(&mut self) -> Bundle {
        Bundle {
            registration: self.identities.registration(),
            identity: crypto::raw(self.identities.own().public_key()),
            signed: self.signed.public(),
            once: Some(self.prekeys.fresh()),
        }
    }

    /// Whether there is a session with this device.
    pub fn knows(&self, phone: &str, device: u16) -> bool {
        self.sessions.has(&address(phone, device))
    }

    /// The session with this device is lost, as after a phone was restored from a backup.
    pub fn forget(&mut self, phone: &str, device: u16) {
        self.sessions.remove(&address(phone, device));
    }

    /// All sessions and sender keys are lost; other keys and known identities are not.
    pub fn forget_all(&mut self) {
        self.sessions = Sessions::default();
        self.groups = SenderKeys::default();
    }

    /// This device has this identity; one that claims another is refused.
    pub fn trust(&mut self, phone: &str, device: u16, identity: RawKey) {
        let who = address(phone, device);
        if self.identities.trust(&who, identity) {
            self.sessions.remove(&who);
        }
    }

    /// Opens a session from a bundle, whose signature is verified.
    pub fn begin(&mut self, phone: &str, device: u16, bundle: &Bundle) -> Result<(), SignalFault> {
        self.trust(phone, device, bundle.identity);
        let once = bundle
            .once
            .map(|(id, key)| Ok::<_, CurveError>((id.into(), crypto::public_key(&key)?)))
            .transpose()?;
        let (id, key, signature) = &bundle.signed;
        let bundle = PreKeyBundle::new(
            bundle.registration,
            DeviceId::new(u32::from(device)),
            once,
            (*id).into(),
            crypto::public_key(key)?,
            signature.clone(),
            IdentityKey::new(crypto::public_key(&bundle.identity)?),
        )?;
        at_once(process_prekey_bundle(
            &address(phone, device),
            &mut self.sessions,
            &mut self.identities,
            &bundle,
            &mut crypto::rng(),
            UsePQRatchet::No,
        ))?;
        Ok(())
    }

    /// Seals `plain` for a device with which there is a session.
    pub fn seal(
        &mut self,
        phone: &str,
        device: u16,
        plain: &[u8],
    ) -> Result<(Envelope, Vec<u8>), SignalFault> {
        let who = address(phone, device);
        let sealed = at_once(message_encrypt(plain, &who, &mut self.sessions, &mut self.identities))?;
        let envelope = match sealed {
            CiphertextMessage::PreKeySignalMessage(_) => Envelope::Prekey,
            _ => Envelope::Message,
        };
        Ok((envelope, sealed.serialize().to_vec()))
    }

    /// Opens what a device sealed. A one-time prekey that it used is gone.
    pub fn open(
        &mut self,
        phone: &str,
        device: u16,
        envelope: Envelope,
        sealed: &[u8],
    ) -> Result<Vec<u8>, SignalFault> {
        let message = match envelope {
            Envelope::Prekey => {
                CiphertextMessage::PreKeySignalMessage(PreKeySignalMessage::try_from(sealed)?)
            }
            Envelope::Message => CiphertextMessage::SignalMessage(SignalMessage::try_from(sealed)?),
        };
        let opened = at_once(message_decrypt(
            &message,
            &address(phone, device),
            &mut self.sessions,
            &mut self.identities,
            &mut self.prekeys,
            &self.signed,
            &mut crypto::rng(),
            UsePQRatchet::No,
        ))?;
        if let Some(used) = opened.consumed_prekey_id {
            self.prekeys.used(used.into());
        }
        Ok(opened.plaintext)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn phone() -> (Signal, RawKey) {
        let identity = IdentityKeyPair::generate(&mut crypto::rng());
        (Signal::new(&identity, 77).unwrap(), crypto::raw(identity.public_key()))
    }

    /// Ada has sent Ben a message, and Ben has read it.
    fn acquainted() -> (Signal, Signal) {
        let ((mut ada, ada_key), (mut ben, _)) = (phone(), phone());
        let bundle = ben.bundle();
        ada.begin("2", 0, &bundle).unwrap();
        let (envelope, sealed) = ada.seal("2", 0, b"hello").unwrap();
        assert_eq!(envelope, Envelope::Prekey);
        ben.trust("1", 0, ada_key);
        assert_eq!(ben.open("1", 0, envelope, &sealed).unwrap(), b"hello");
        (ada, ben)
    }

    #[test]
    fn both_ways_and_over_a_restart() {
        let (mut ada, mut ben) = acquainted();
        for round in 0..3 {
            let (envelope, sealed) = ben.seal("1", 0, b"back").unwrap();
            assert_eq!(envelope, Envelope::Message);
            assert_eq!(ada.open("2", 0, envelope, &sealed).unwrap(), b"back");
            let (envelope, sealed) = ada.seal("2", 0, b"again").unwrap();
            assert_eq!(envelope, Envelope::Message, "round {round}: the session is confirmed");
            assert_eq!(ben.open("1", 0, envelope, &sealed).unwrap(), b"again");
            ada = serde_json::from_str(&serde_json::to_string(&ada).unwrap()).unwrap();
            ben = serde_json::from_str(&serde_json::to_string(&ben).unwrap()).unwrap();
        }
    }

    #[test]
    fn a_message_opens_once_only() {
        let (mut ada, mut ben) = acquainted();
        let (envelope, sealed) = ada.seal("2", 0, b"once").unwrap();
        ben.open("1", 0, envelope, &sealed).unwrap();
        assert!(matches!(
            ben.open("1", 0, envelope, &sealed),
            Err(SignalFault::Protocol(SignalProtocolError::DuplicatedMessage(..)))
        ));
    }

    #[test]
    fn a_one_time_prekey_opens_one_session_only() {
        let (mut ben, _) = phone();
        let bundle = ben.bundle();
        for (name, good) in [("1", true), ("3", false)] {
            let (mut other, key) = phone();
            other.begin("2", 0, &bundle).unwrap();
            let (envelope, sealed) = other.seal("2", 0, b"hello").unwrap();
            ben.trust(name, 0, key);
            let opened = ben.open(name, 0, envelope, &sealed);
            assert_eq!(opened.is_ok(), good, "{name}: {opened:?}");
        }
        assert_ne!(ben.bundle().once, bundle.once);
    }

    #[test]
    fn another_identity_than_the_known_one_is_refused() {
        let ((mut ada, _), (mut ben, _)) = (phone(), phone());
        ada.begin("2", 0, &ben.bundle()).unwrap();
        let (envelope, sealed) = ada.seal("2", 0, b"hello").unwrap();
        ben.trust("1", 0, [9; 32]);
        assert!(matches!(
            ben.open("1", 0, envelope, &sealed),
            Err(SignalFault::Protocol(SignalProtocolError::UntrustedIdentity(_)))
        ));
    }

    #[test]
    fn a_bundle_with_a_wrong_signature_opens_nothing() {
        let ((mut ada, _), (mut ben, _)) = (phone(), phone());
        let mut bundle = ben.bundle();
        bundle.signed.2[5] ^= 1;
        assert!(ada.begin("2", 0, &bundle).is_err());
        assert!(!ada.knows("2", 0));
    }
}
