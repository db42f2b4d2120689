//! The server's keys and the chain that vouches for them (protocol page §1.2).

use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::{CurveError, KeyPair, PrivateKey};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::CertChain;
use waproto::whatsapp::cert_chain::NoiseCertificate;
use waproto::whatsapp::cert_chain::noise_certificate::Details;

use crate::fault::NoiseTampering;
use crate::phone::RawKey;

const DAY: u64 = 86_400;

/// A key pair that can be written to the state file.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Pair {
    private: Vec<u8>,
    pub(crate) public: RawKey,
}

impl Pair {
    pub(crate) fn generate() -> Self {
        let pair = KeyPair::generate(&mut rand::make_rng::<rand::rngs::StdRng>());
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key.public_key_bytes());
        Self { private: pair.private_key.serialize().to_vec(), public }
    }

    #[cfg(test)]
    pub(crate) fn of(private: Vec<u8>, public: RawKey) -> Self {
        Self { private, public }
    }

    pub(crate) fn private(&self) -> &[u8] {
        &self.private
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CurveError> {
        let key = PrivateKey::deserialize(&self.private)?;
        Ok(key.calculate_signature(message, &mut rand::make_rng::<rand::rngs::StdRng>())?.to_vec())
    }
}

/// Root, intermediate and the static key of the Noise handshake.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ServerKeys {
    pub(crate) root: Pair,
    intermediate: Pair,
    pub(crate) statics: Pair,
}

impl ServerKeys {
    pub(crate) fn generate() -> Self {
        Self { root: Pair::generate(), intermediate: Pair::generate(), statics: Pair::generate() }
    }

    #[cfg(test)]
    pub(crate) fn of(root: Pair, intermediate: Pair, statics: Pair) -> Self {
        Self { root, intermediate, statics }
    }

    /// Another static key from now on, vouched for by the same root.
    pub(crate) fn rotate(&mut self) {
        self.statics = Pair::generate();
    }

    /// The chain as it is sent, valid around `now` (unix seconds), or wrong in the way that is asked for.
    pub(crate) fn chain(&self, now: u64, wrong: Option<NoiseTampering>) -> Result<Vec<u8>, CurveError> {
        use NoiseTampering as Wrong;
        let is = |what| wrong == Some(what);
        let (from, to) = match wrong {
            Some(Wrong::Expired) => (now.saturating_sub(365 * DAY), now.saturating_sub(DAY)),
            Some(Wrong::NotYetValid) => (now + DAY, now + 365 * DAY),
            _ => (now.saturating_sub(DAY), now + 365 * DAY),
        };
        let details = |serial, issuer, key: &RawKey| {
            Details {
                serial: Some(serial),
                issuer_serial: Some(issuer),
                key: Some(key.to_vec()),
                not_before: Some(from),
                not_after: Some(to),
            }
            .encode_to_vec()
        };
        let certificate = |signer: &Pair, details: Vec<u8>, turned: bool| {
            let mut signature = signer.sign(&details)?;
            if turned && let Some(byte) = signature.get_mut(7) {
                *byte ^= 1;
            }
            Ok::<_, CurveError>(NoiseCertificate { details: Some(details), signature: Some(signature) })
        };
        let stranger = Pair::generate();
        let root = if is(Wrong::WrongRoot) { &stranger } else { &self.root };
        let key = if is(Wrong::LeafKey) { &stranger.public } else { &self.statics.public };
        let middle = details(1, u32::from(is(Wrong::IssuerSerial)), &self.intermediate.public);
        let leaf = details(2, if is(Wrong::LeafIssuerSerial) { 9 } else { 1 }, key);
        let leaf = certificate(&self.intermediate, leaf, is(Wrong::LeafSignature))?;
        let middle = certificate(root, middle, is(Wrong::IntermediateSignature))?;
        let chain = CertChain {
            leaf: MessageField::some(leaf),
            intermediate: if is(Wrong::NoIntermediate) {
                MessageField::none()
            } else {
                MessageField::some(middle)
            },
        };
        Ok(chain.encode_to_vec())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use wacore_libsignal::protocol::PublicKey;

    use super::*;
    use crate::vectors::{bytes, key};

    fn verify(public: &RawKey, certificate: &NoiseCertificate) -> Details {
        let details = certificate.details.as_deref().unwrap();
        let public = PublicKey::from_djb_public_key_bytes(public).unwrap();
        assert!(public.verify_signature(details, certificate.signature.as_deref().unwrap()));
        Details::decode_from_slice(details).unwrap()
    }

    fn decoded(chain: &[u8]) -> (NoiseCertificate, NoiseCertificate) {
        let chain = CertChain::decode_from_slice(chain).unwrap();
        (chain.leaf.into_option().unwrap(), chain.intermediate.into_option().unwrap())
    }

    #[test]
    fn a_chain_has_the_fields_of_the_vector_and_verifies_like_it() {
        let pair = |name: &str| {
            Pair::of(bytes(&format!("keys.{name}.private")), key(&format!("keys.{name}.public")))
        };
        let keys = ServerKeys::of(pair("root"), pair("intermediate"), pair("serverStatic"));
        for chain in [bytes("certChain"), keys.chain(1_700_000_000, None).unwrap()] {
            let (leaf, middle) = decoded(&chain);
            let vouched = verify(&keys.root.public, &middle);
            assert_eq!(vouched.issuer_serial, Some(0), "written though it is 0");
            let key = RawKey::try_from(vouched.key.as_deref().unwrap()).unwrap();
            let served = verify(&key, &leaf);
            assert_eq!(served.key.as_deref(), Some(&keys.statics.public[..]));
            assert_eq!(served.issuer_serial, vouched.serial);
        }
    }
}
