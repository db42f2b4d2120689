//! The phone's half of linking by a code.

use aes::Aes256;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use rand::RngExt as _;
use sha2::Sha256;
use wacore_libsignal::protocol::{CurveError, KeyPair};

use super::Account;
use super::crypto::{self, RawKey};

/// What a code may be made of.
const ALPHABET: &str = "123456789ABCDEFGHJKLMNPQRSTVWXYZ";
const ROUNDS: u32 = 131_072;
const BUNDLE_INFO: &[u8] = b"link_code_pairing_key_bundle_encryption_key";

/// Why linking by a code ends.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// Not eight letters and digits of the alphabet.
    #[error("a code has eight characters of {ALPHABET}")]
    Malformed,
    /// The device sent something of another length.
    #[error("the device's {0} has a wrong length")]
    Length(&'static str),
    /// The device's bundle does not open: another code was typed than the device shows.
    #[error("the code is not the one that the device shows")]
    WrongCode,
    /// The bundle names other identities.
    #[error("the device's bundle names other identities than the ones at hand")]
    Identities,
    /// A key that is none.
    #[error("unusable key: {0}")]
    Key(#[from] CurveError),
}

/// A code as a person types it: with or without dash, in any case.
pub fn normalise(text: &str) -> Result<String, CodeError> {
    let code: String = text.chars().filter(|c| *c != '-' && *c != ' ').collect::<String>().to_uppercase();
    if code.len() == 8 && code.chars().all(|c| ALPHABET.contains(c)) {
        Ok(code)
    } else {
        Err(CodeError::Malformed)
    }
}

/// A code that was typed: what the phone sends, and what it needs for the answer.
pub struct Entered {
    /// `link_code_pairing_wrapped_primary_ephemeral_pub`.
    pub wrapped_primary: Vec<u8>,
    ephemeral: KeyPair,
    companion_ephemeral: RawKey,
}

/// Types `code`, for a device that sent `wrapped_companion`. Takes about 50 ms of key stretching, twice.
pub fn enter(code: &str, wrapped_companion: &[u8]) -> Result<Entered, CodeError> {
    let code = normalise(code)?;
    let companion_ephemeral = unwrap(&code, wrapped_companion)?;
    let ephemeral = KeyPair::generate(&mut crypto::rng());
    let mut wrapped_primary = vec![0; 48];
    crypto::rng().fill(wrapped_primary.as_mut_slice());
    let mut public = crypto::raw(&ephemeral.public_key);
    apply(&code, &wrapped_primary, &mut public)?;
    wrapped_primary.extend_from_slice(&public);
    Ok(Entered { wrapped_primary, ephemeral, companion_ephemeral })
}

/// Opens the device's bundle and derives the ADV secret that both share from now on.
pub fn finish(
    account: &Account,
    entered: &Entered,
    wrapped_bundle: &[u8],
    companion_identity: &RawKey,
) -> Result<RawKey, CodeError> {
    let shared = crypto::agree(&entered.ephemeral.private_key, &entered.companion_ephemeral)?;
    let (salt, rest) = wrapped_bundle.split_first_chunk::<32>().ok_or(CodeError::Length("bundle"))?;
    let (iv, sealed) = rest.split_first_chunk::<12>().ok_or(CodeError::Length("bundle"))?;
    let key: RawKey = crypto::derive(&shared, Some(salt), BUNDLE_INFO);
    let cipher = Aes256Gcm::new_from_slice(&key).map_err(|_| CodeError::Length("key"))?;
    let bundle = cipher.decrypt(&Nonce::from(*iv), sealed).map_err(|_| CodeError::WrongCode)?;
    let (companion, rest) = bundle.split_first_chunk::<32>().ok_or(CodeError::Length("bundle"))?;
    let (primary, random) = rest.split_first_chunk::<32>().ok_or(CodeError::Length("bundle"))?;
    if companion != companion_identity || *primary != account.identity_pub() {
        return Err(CodeError::Identities);
    }
    let identities = crypto::agree(account.identity.private_key(), companion_identity)?;
    Ok(crypto::derive(&[&shared[..], &identities, random].concat(), None, b"adv_secret"))
}

fn unwrap(code: &str, wrapped: &[u8]) -> Result<RawKey, CodeError> {
    let (head, key) = wrapped.split_at_checked(48).ok_or(CodeError::Length("wrapped key"))?;
    let mut key: RawKey = key.try_into().map_err(|_| CodeError::Length("wrapped key"))?;
    apply(code, head, &mut key)?;
    Ok(key)
}

/// AES-256-CTR with the key that the code gives; the same both ways.
fn apply(code: &str, head: &[u8], key: &mut RawKey) -> Result<(), CodeError> {
    let (salt, iv) = head.split_at_checked(32).ok_or(CodeError::Length("wrapped key"))?;
    let stretched = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(code.as_bytes(), salt, ROUNDS);
    let mut stream =
        Ctr128BE::<Aes256>::new_from_slices(&stretched, iv).map_err(|_| CodeError::Length("wrapped key"))?;
    stream.apply_keystream(key);
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use wacore_libsignal::protocol::{IdentityKeyPair, PrivateKey};

    use super::*;
    use crate::vectors::{bytes, key, value};

    #[test]
    fn codes_are_read_as_typed() {
        assert_eq!(normalise("1521-7216").unwrap(), "15217216");
        assert_eq!(normalise(" abcd efgh ").unwrap(), "ABCDEFGH");
        for wrong in ["", "1234567", "123456789", "1234567O", "1234567Ä"] {
            assert!(normalise(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn both_halves_are_as_the_vector_says() {
        let (code, companion): (String, _) =
            (value("pairingCode.code"), key("pairingCode.companionEphemeral.public"));
        assert_eq!(unwrap(&code, &bytes("pairingCode.wrappedCompanion")).unwrap(), companion);
        let primary = unwrap(&code, &bytes("pairingCode.wrappedPrimary")).unwrap();
        assert_eq!(primary, key("pairingCode.phoneEphemeral.public"));

        let mut account = super::super::account::tests::account();
        let private = |place| PrivateKey::deserialize(&key(place)).unwrap();
        account.identity = IdentityKeyPair::try_from(private("adv.account.private")).unwrap();
        let ephemeral = private("pairingCode.phoneEphemeral.private");
        assert_eq!(crypto::agree(&ephemeral, &companion).unwrap(), key("pairingCode.shared"));
        let entered = Entered {
            wrapped_primary: Vec::new(),
            ephemeral: KeyPair::new(ephemeral.public_key().unwrap(), ephemeral),
            companion_ephemeral: companion,
        };
        let bundle = bytes("pairingCode.wrappedBundle");
        let secret = finish(&account, &entered, &bundle, &key("adv.companion.public")).unwrap();
        assert_eq!(secret, key("pairingCode.advSecret"));

        let of_another = finish(&account, &entered, &bundle, &companion);
        assert!(matches!(of_another, Err(CodeError::Identities)));
        let mistyped = Entered {
            companion_ephemeral: unwrap("15217217", &bytes("pairingCode.wrappedCompanion")).unwrap(),
            ..entered
        };
        let wrong = finish(&account, &mistyped, &bundle, &key("adv.companion.public"));
        assert!(matches!(wrong, Err(CodeError::WrongCode)));
    }
}
