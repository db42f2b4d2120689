//! Sealing of secret values (XChaCha20-Poly1305).
//!
//! The sealing key, which is not in the database, wraps a random data key, which is; values are
//! sealed with the data key. Another sealing key means one row to write anew. Each value is bound to
//! its place ([`place`]), so that rows cannot be exchanged.

mod all;
pub(super) mod place;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rusqlite::{Connection, OptionalExtension};
use zeroize::Zeroizing;

use super::StoreError;
pub(super) use all::{seal_places, unreadable};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const DATA_KEY: &str = "data_key";

/// The key that wraps the data key; 256 random bits.
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh one.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn generate() -> Result<Self, StoreError> {
        Ok(Self::new(random()?))
    }

    /// 64 hexadecimal digits, or the 32 bytes themselves; none when it is neither.
    #[must_use]
    pub fn parse(content: &[u8]) -> Option<Self> {
        if let Ok(bytes) = <[u8; 32]>::try_from(content) {
            return Some(Self::new(bytes));
        }
        let bytes = Zeroizing::new(hex::decode(std::str::from_utf8(content).ok()?.trim()).ok()?);
        Some(Self::new(bytes.as_slice().try_into().ok()?))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_ref()))
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// Seals and opens values with the database's data key.
#[derive(Clone)]
pub(super) struct Sealer(XChaCha20Poly1305);

impl Sealer {
    /// Unwraps the data key; makes one in a fresh database.
    pub(super) fn unlock(connection: &Connection, key: &SealingKey) -> Result<Self, StoreError> {
        let wrap = Self(cipher(&key.0)?);
        let wrapped: Option<Vec<u8>> = connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [DATA_KEY], |row| row.get(0))
            .optional()?;
        let bytes = if let Some(wrapped) = wrapped {
            wrap.open(DATA_KEY, &wrapped).map_err(|_| StoreError::WrongKey)?
        } else {
            let fresh = Zeroizing::new(random::<32>()?);
            let wrapped = wrap.seal(DATA_KEY, fresh.as_ref())?;
            connection.execute("INSERT INTO meta(name, value) VALUES (?1, ?2)", (DATA_KEY, wrapped))?;
            Zeroizing::new(fresh.to_vec())
        };
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| StoreError::WrongKey)?;
        Ok(Self(cipher(&Zeroizing::new(bytes))?))
    }

    /// Seals a value for one place.
    pub(super) fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = random::<NONCE>()?;
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| StoreError::Unsealable(place.to_owned()))?;
        let mut value = Vec::with_capacity(1 + NONCE + sealed.len());
        value.push(VERSION);
        value.extend_from_slice(&nonce);
        value.extend_from_slice(&sealed);
        Ok(value)
    }

    /// Opens a value of one place.
    pub(super) fn open(&self, place: &str, value: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let damaged = || StoreError::Unsealable(place.to_owned());
        let (version, rest) = value.split_first().ok_or_else(damaged)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        if *version != VERSION {
            return Err(damaged());
        }
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        self.0.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| damaged())
    }
}

fn cipher(key: &[u8; 32]) -> Result<XChaCha20Poly1305, StoreError> {
    XChaCha20Poly1305::new_from_slice(key).map_err(|_| StoreError::WrongKey)
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Io(format!("no randomness: {error}")))?;
    Ok(bytes)
}

/// Another sealing key from now on; values stay as they are.
pub(super) fn rewrap(connection: &Connection, old: &SealingKey, new: &SealingKey) -> Result<(), StoreError> {
    put_wrapped(connection, &wrapped_for(connection, old, new)?)
}

/// The data key, wrapped with another key.
pub(super) fn wrapped_for(
    connection: &Connection,
    key: &SealingKey,
    other: &SealingKey,
) -> Result<Vec<u8>, StoreError> {
    let data = Sealer(cipher(&key.0)?).open(DATA_KEY, &wrapped(connection)?);
    Sealer(cipher(&other.0)?).seal(DATA_KEY, &data.map_err(|_| StoreError::WrongKey)?)
}

/// The wrapped data key from now on.
pub(super) fn put_wrapped(connection: &Connection, wrapped: &[u8]) -> Result<(), StoreError> {
    connection.execute("UPDATE meta SET value = ?2 WHERE name = ?1", (DATA_KEY, wrapped))?;
    Ok(())
}

/// Whether it is this key that the data key is wrapped with.
pub(super) fn opens(connection: &Connection, key: &SealingKey) -> Result<bool, StoreError> {
    Ok(Sealer(cipher(&key.0)?).open(DATA_KEY, &wrapped(connection)?).is_ok())
}

fn wrapped(connection: &Connection) -> Result<Vec<u8>, StoreError> {
    Ok(connection.query_row("SELECT value FROM meta WHERE name = ?1", [DATA_KEY], |row| row.get(0))?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Sealer, cipher};
    use crate::store::StoreError;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn opens_only_in_its_place_and_unchanged(plain in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
            let sealer = Sealer(cipher(&[7; 32]).unwrap());
            let mut value = sealer.seal("device/1", &plain).unwrap();
            prop_assert_eq!(&*sealer.open("device/1", &value).unwrap(), &plain);
            prop_assert!(sealer.open("device/2", &value).is_err());
            let other = Sealer(cipher(&[8; 32]).unwrap());
            prop_assert!(other.open("device/1", &value).is_err());
            let at = at.index(value.len());
            value[at] ^= 1;
            prop_assert_eq!(sealer.open("device/1", &value), Err(StoreError::Unsealable("device/1".into())));
        }
    }
}
