//! Test vectors of every step of the protocol's cryptography and encoding, computed apart from this code.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is at this place of the file, such as `adv.account.public`.
pub(crate) fn value<T: DeserializeOwned>(place: &str) -> T {
    let all: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let found = place.split('.').fold(&all, |value, name| &value[name]);
    serde_json::from_value(found.clone()).unwrap_or_else(|error| panic!("{place}: {error}"))
}

/// The bytes there.
pub(crate) fn bytes(place: &str) -> Vec<u8> {
    hex::decode(value::<String>(place)).unwrap()
}

/// The 32 bytes there.
pub(crate) fn key(place: &str) -> [u8; 32] {
    bytes(place).try_into().unwrap()
}
