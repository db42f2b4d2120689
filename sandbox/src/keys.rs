//! The server's keys and the chain that vouches for them (protocol page §1.2).

use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::{CurveError, KeyPair, PrivateKey};
use waproto::buffa::Message as _;
use waproto::whatsapp::CertChain;
use waproto::whatsapp::cert_chain::NoiseCertificate;
use waproto::whatsapp::cert_chain::noise_certificate::Details;

use crate::phone::RawKey;

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

    /// Another static key from now on, vouched for by the same root.
    pub(crate) fn rotate(&mut self) {
        self.statics = Pair::generate();
    }

    /// The chain as it is sent, valid around `now` (unix seconds).
    pub(crate) fn chain(&self, now: u64) -> Result<Vec<u8>, CurveError> {
        let (from, to) = (now.saturating_sub(86_400), now + 365 * 86_400);
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
        let (middle, leaf) = (details(1, 0, &self.intermediate.public), details(2, 1, &self.statics.public));
        let certificate = |signer: &Pair, details: Vec<u8>| {
            let signature = signer.sign(&details)?;
            Ok::<_, CurveError>(NoiseCertificate { details: Some(details), signature: Some(signature) })
        };
        let chain = CertChain {
            leaf: waproto::buffa::MessageField::some(certificate(&self.intermediate, leaf)?),
            intermediate: waproto::buffa::MessageField::some(certificate(&self.root, middle)?),
        };
        Ok(chain.encode_to_vec())
    }
}
