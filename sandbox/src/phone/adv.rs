//! Advanced device verification: the signatures by which a phone vouches for a linked device, and the device answers.

mod key_index;
mod verify;

use buffa::Message as _;
use wacore_libsignal::protocol::CurveError;
use waproto::buffa;
use waproto::whatsapp as wa;

pub use key_index::signed_key_index_list;
pub use verify::{AdvError, verify_device_signature};

use super::Account;
use super::crypto::{self, RawKey};

/// Domain separators of what the account and the device sign.
const ACCOUNT_SIGNATURE: &[u8] = &[6, 0];
const DEVICE_SIGNATURE: &[u8] = &[6, 1];
const KEY_INDEX_LIST: &[u8] = &[6, 2];

/// What the phone gives the server after a scan, and keeps to check the device's answer against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCompanion {
    /// `ADVSignedDeviceIdentityHMAC`: the content of `<device-identity>` in `pair-success`.
    pub container: Vec<u8>,
    /// `ADVDeviceIdentity`: the bytes both sides sign.
    pub details: Vec<u8>,
    /// Raw public key the account signed with.
    pub account_key: RawKey,
    /// The account's signature over the details and the device's identity.
    pub account_signature: Vec<u8>,
    /// Index the device's answer must name.
    pub key_index: u32,
}

/// One deliberate defect in what the phone signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvFault {
    /// The MAC is made with another secret, as if another QR had been scanned.
    Hmac,
    /// The account's signature does not verify; the MAC is right.
    AccountSignature,
    /// The container is no protobuf.
    Undecodable,
}

/// Signs a device that showed `companion_identity_pub` and shares `adv_secret` with the phone. `timestamp` in unix seconds.
pub fn sign_companion(
    account: &Account,
    companion_identity_pub: &RawKey,
    adv_secret: &RawKey,
    key_index: u32,
    timestamp: u64,
) -> Result<SignedCompanion, CurveError> {
    sign(account, companion_identity_pub, adv_secret, (key_index, timestamp), None)
}

/// As [`sign_companion`], with one thing wrong.
pub fn sign_companion_with_fault(
    account: &Account,
    companion_identity_pub: &RawKey,
    adv_secret: &RawKey,
    key_index: u32,
    timestamp: u64,
    fault: AdvFault,
) -> Result<SignedCompanion, CurveError> {
    sign(account, companion_identity_pub, adv_secret, (key_index, timestamp), Some(fault))
}

fn sign(
    account: &Account,
    companion_identity_pub: &RawKey,
    adv_secret: &RawKey,
    (key_index, timestamp): (u32, u64),
    fault: Option<AdvFault>,
) -> Result<SignedCompanion, CurveError> {
    let details = wa::ADVDeviceIdentity {
        raw_id: Some(account.adv_raw_id),
        timestamp: Some(timestamp),
        key_index: Some(key_index),
        account_type: Some(wa::ADVEncryptionType::E2EE),
        device_type: Some(wa::ADVEncryptionType::E2EE),
    }
    .encode_to_vec();

    let mut account_signature = account
        .identity
        .private_key()
        .calculate_signature_for_multipart_message(
            &[ACCOUNT_SIGNATURE, &details, companion_identity_pub],
            &mut crypto::rng(),
        )?
        .to_vec();
    if fault == Some(AdvFault::AccountSignature) {
        flip(&mut account_signature);
    }

    let account_key = account.identity_pub();
    let signed = wa::ADVSignedDeviceIdentity {
        details: Some(details.clone()),
        account_signature_key: Some(account_key.to_vec()),
        account_signature: Some(account_signature.clone()),
        device_signature: None,
    }
    .encode_to_vec();

    let mut hmac = crypto::mac(adv_secret, &[&signed]).to_vec();
    if fault == Some(AdvFault::Hmac) {
        flip(&mut hmac);
    }
    let mut container =
        wa::ADVSignedDeviceIdentityHMAC { details: Some(signed), hmac: Some(hmac), account_type: None }
            .encode_to_vec();
    if fault == Some(AdvFault::Undecodable) {
        container.truncate(container.len() / 2);
    }
    Ok(SignedCompanion { container, details, account_key, account_signature, key_index })
}

fn flip(bytes: &mut [u8]) {
    if let Some(first) = bytes.first_mut() {
        *first ^= 0xff;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use wacore::adv::{AdvValidation, validate_adv_with_identity_key};
    use wacore::pair::{DeviceState, PairUtils};
    use wacore_libsignal::protocol::KeyPair;

    use super::super::account::tests::account;
    use super::*;

    fn device() -> (DeviceState, RawKey) {
        let identity_key = KeyPair::generate(&mut crypto::rng());
        let public = crypto::raw(&identity_key.public_key);
        let noise_key = KeyPair::generate(&mut crypto::rng());
        (DeviceState { identity_key, noise_key, adv_secret_key: [9; 32] }, public)
    }

    #[test]
    fn a_real_client_accepts_the_container_and_its_answer_is_accepted() {
        let (device, public) = device();
        let account = account();
        let signed = sign_companion(&account, &public, &[9; 32], 3, 1_700_000_000).unwrap();
        let Ok((reply, key_index)) = PairUtils::do_pair_crypto(&device, &signed.container) else {
            panic!("the client refused a good container");
        };
        assert_eq!(key_index, 3);
        verify_device_signature(&reply, &signed, &public, &account.identity_pub()).unwrap();
        assert_eq!(validate_adv_with_identity_key(&reply, &public, None), AdvValidation::Valid);
    }

    #[test]
    fn what_is_signed_is_as_the_vector_says() {
        use crate::vectors::{bytes, key};
        let mut account = account();
        let identity =
            wacore_libsignal::protocol::PrivateKey::deserialize(&key("adv.account.private")).unwrap();
        account.identity = wacore_libsignal::protocol::IdentityKeyPair::try_from(identity).unwrap();
        let details = bytes("adv.details");
        let given = wa::ADVDeviceIdentity::decode_from_slice(&details).unwrap();
        account.adv_raw_id = given.raw_id.unwrap();
        let companion = key("adv.companion.public");
        let (index, at) = (given.key_index.unwrap(), given.timestamp.unwrap());
        let ours = sign_companion(&account, &companion, &key("adv.advSecret"), index, at).unwrap();
        assert_eq!((&ours.details, ours.account_key), (&details, key("adv.account.public")));

        // Signatures are drawn anew each time; what they are over is not.
        let signed = bytes("adv.signed");
        let theirs = wa::ADVSignedDeviceIdentity::decode_from_slice(&signed).unwrap();
        assert_eq!([ACCOUNT_SIGNATURE, &details, &companion].concat(), bytes("adv.accountMessage"));
        for signature in [&ours.account_signature, theirs.account_signature.as_ref().unwrap()] {
            assert!(account.identity.public_key().verify_signature(&bytes("adv.accountMessage"), signature));
        }
        assert_eq!(crypto::mac(&key("adv.advSecret"), &[&signed]), key("adv.hmac"));
        let container = wa::ADVSignedDeviceIdentityHMAC::decode_from_slice(&bytes("adv.container")).unwrap();
        assert_eq!(container.details, Some(signed.clone()));
        let made = wa::ADVSignedDeviceIdentityHMAC::decode_from_slice(&ours.container).unwrap();
        let sealed = made.details.unwrap();
        assert_eq!(made.hmac.unwrap(), crypto::mac(&key("adv.advSecret"), &[&sealed]));

        let reply = wa::ADVSignedDeviceIdentity {
            account_signature_key: None,
            device_signature: Some(bytes("adv.deviceSignature")),
            ..theirs.clone()
        };
        let phone = SignedCompanion { account_signature: theirs.account_signature.unwrap(), ..ours };
        let verify = |reply: &wa::ADVSignedDeviceIdentity| {
            verify_device_signature(&reply.encode_to_vec(), &phone, &companion, &account.identity_pub())
        };
        verify(&reply).unwrap();
        let mut signature = bytes("adv.deviceSignature");
        flip(&mut signature);
        let turned = wa::ADVSignedDeviceIdentity { device_signature: Some(signature), ..reply };
        assert!(matches!(verify(&turned), Err(AdvError::DeviceSignature)));
    }

    #[test]
    fn each_fault_is_the_error_a_client_names() {
        let (device, public) = device();
        let account = account();
        for (fault, text) in [
            (AdvFault::Hmac, "hmac-mismatch"),
            (AdvFault::AccountSignature, "signature-mismatch"),
            (AdvFault::Undecodable, "internal-error"),
        ] {
            let signed = sign_companion_with_fault(&account, &public, &[9; 32], 1, 1, fault).unwrap();
            let Err(error) = PairUtils::do_pair_crypto(&device, &signed.container) else {
                panic!("{fault:?} went unnoticed");
            };
            assert_eq!(error.text, text);
        }
    }
}
