//! The device's half of the signatures, checked for real.

use buffa::Message as _;
use wacore_libsignal::protocol::CurveError;
use waproto::{buffa, whatsapp as wa};

use super::super::crypto::{self, RawKey};
use super::{DEVICE_SIGNATURE, SignedCompanion};

/// How the answer to `pair-success` can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum AdvError {
    /// No protobuf, or the details are missing.
    #[error("the answered device identity does not decode")]
    Undecodable,
    /// The details are not the ones the phone signed.
    #[error("the answered device identity has other details than the phone signed")]
    DetailsChanged,
    /// The account key is present and another one.
    #[error("the answered device identity names another account key")]
    AccountKeyChanged,
    /// The account's signature is missing or another one.
    #[error("the answered device identity does not carry the account's signature")]
    AccountSignatureChanged,
    /// No device signature.
    #[error("the answered device identity is not signed by the device")]
    Unsigned,
    /// The device signature does not verify.
    #[error("the device's signature does not verify against its identity key")]
    DeviceSignature,
    /// A key that is none.
    #[error("unusable key: {0}")]
    Key(#[from] CurveError),
}

/// Checks `reply_bytes` (`ADVSignedDeviceIdentity` from `pair-device-sign`) against what the phone signed.
///
/// A client may leave the account key out of its answer; the phone's own copy is what counts. The key index of the answer
/// is an attribute of the stanza and compared by the caller with [`SignedCompanion::key_index`].
pub fn verify_device_signature(
    reply_bytes: &[u8],
    signed: &SignedCompanion,
    companion_identity_pub: &RawKey,
    account_identity_pub: &RawKey,
) -> Result<(), AdvError> {
    let reply =
        wa::ADVSignedDeviceIdentity::decode_from_slice(reply_bytes).map_err(|_| AdvError::Undecodable)?;
    let details = reply.details.ok_or(AdvError::Undecodable)?;
    if details != signed.details {
        return Err(AdvError::DetailsChanged);
    }
    let key = reply.account_signature_key.unwrap_or_default();
    if !key.is_empty() && key != account_identity_pub {
        return Err(AdvError::AccountKeyChanged);
    }
    if reply.account_signature.as_deref() != Some(signed.account_signature.as_slice()) {
        return Err(AdvError::AccountSignatureChanged);
    }
    let signature = reply.device_signature.filter(|s| !s.is_empty()).ok_or(AdvError::Unsigned)?;
    let message = [DEVICE_SIGNATURE, &details, companion_identity_pub, account_identity_pub];
    if crypto::public_key(companion_identity_pub)?
        .verify_signature_for_multipart_message(&message, &signature)
    {
        Ok(())
    } else {
        Err(AdvError::DeviceSignature)
    }
}
