//! The list of an account's devices as its phone signed it.

use buffa::Message as _;
use wacore_libsignal::protocol::CurveError;
use waproto::{buffa, whatsapp as wa};

use super::super::{Account, crypto};
use super::KEY_INDEX_LIST;

/// `ADVSignedKeyIndexList`: the content of `<key-index-list>` in usync answers. `timestamp` in unix seconds.
pub fn signed_key_index_list(account: &Account, timestamp: u64) -> Result<Vec<u8>, CurveError> {
    let details = wa::ADVKeyIndexList {
        raw_id: Some(account.adv_raw_id),
        timestamp: Some(timestamp),
        current_index: Some(account.current_key_index()),
        // The phone itself is index 0 and always valid.
        valid_indexes: std::iter::once(0).chain(account.linked().map(|slot| slot.key_index)).collect(),
        account_type: Some(wa::ADVEncryptionType::E2EE),
    }
    .encode_to_vec();
    let signature = account
        .identity
        .private_key()
        .calculate_signature_for_multipart_message(&[KEY_INDEX_LIST, &details], &mut crypto::rng())?;
    let list = wa::ADVSignedKeyIndexList {
        details: Some(details),
        account_signature: Some(signature.to_vec()),
        account_signature_key: Some(account.identity_pub().to_vec()),
    };
    Ok(list.encode_to_vec())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use wacore::adv::{decode_key_index_list, is_key_index_valid};

    use super::*;

    #[test]
    fn names_the_linked_devices_and_verifies() {
        let mut account = super::super::super::account::tests::account();
        account.allocate();
        account.allocate();
        account.allocate();
        account.unlink(2);
        let bytes = signed_key_index_list(&account, 77).unwrap();
        let list = decode_key_index_list(&bytes).unwrap();
        assert_eq!((list.raw_id, list.timestamp, list.current_index), (account.adv_raw_id, 77, 3));
        assert!(is_key_index_valid(Some(1), &list) && is_key_index_valid(Some(3), &list));
        assert!(!is_key_index_valid(Some(2), &list));

        let signed = wa::ADVSignedKeyIndexList::decode_from_slice(&bytes).unwrap();
        let message = [KEY_INDEX_LIST, &signed.details.unwrap()].concat();
        assert!(account.identity.public_key().verify_signature(&message, &signed.account_signature.unwrap()));
    }
}
