//! The few primitives the phone combines, with the lengths fixed by types.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand::rngs::StdRng;
use sha2::Sha256;
use wacore_libsignal::protocol::{CurveError, PrivateKey, PublicKey};

/// An X25519 key, a MAC or a symmetric key: 32 bytes without a type prefix.
pub type RawKey = [u8; 32];

/// A generator seeded from the operating system.
pub(crate) fn rng() -> StdRng {
    rand::make_rng()
}

pub(crate) fn public_key(raw: &RawKey) -> Result<PublicKey, CurveError> {
    PublicKey::from_djb_public_key_bytes(raw)
}

/// The raw form of a public key; empty types cannot occur, every `PublicKey` holds 32 bytes.
pub(crate) fn raw(key: &PublicKey) -> RawKey {
    let mut out = [0; 32];
    out.copy_from_slice(key.public_key_bytes());
    out
}

pub(crate) fn agree(private: &PrivateKey, public: &RawKey) -> Result<RawKey, CurveError> {
    private.calculate_agreement(&public_key(public)?)
}

/// HMAC-SHA256 over the concatenated `parts`. A key of any length is valid.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> RawKey {
    // `new_from_slice` is infallible for HMAC; hashing an over-long key is part of its definition.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HKDF-SHA256 to `N` bytes. `N` is far below the limit of 255 blocks at every use.
pub(crate) fn derive<const N: usize>(ikm: &[u8], salt: Option<&[u8]>, info: &[u8]) -> [u8; N] {
    const { assert!(N <= 255 * 32) };
    let mut out = [0; N];
    let within_limit = Hkdf::<Sha256>::new(salt, ikm).expand(info, &mut out);
    debug_assert!(within_limit.is_ok(), "checked at compile time");
    out
}
