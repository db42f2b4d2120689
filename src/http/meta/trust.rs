//! Whether it is Meta who speaks.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;

use crate::model::{InstanceUuid, Secret};

/// Between two words about strangers.
const QUIET: Duration = Duration::from_mins(1);

/// The verify token of one instance: made from the app's secret, so that it needs no place on disk and
/// is no key to anything else.
pub(crate) fn verify_token(app_secret: &Secret, instance: &InstanceUuid) -> Secret {
    let tag = mac(app_secret, format!("verify-token/{}", instance.0).as_bytes()).map(Mac::finalize);
    Secret::new(tag.map(|tag| hex::encode(tag.into_bytes())).unwrap_or_default())
}

/// Compares with all, in constant time each.
pub(super) fn is_one_of(presented: &str, tokens: impl Iterator<Item = Secret>) -> bool {
    let presented = Secret::new(presented);
    let mut found = false;
    for token in tokens {
        found |= !token.expose().is_empty() && token == presented;
    }
    found
}

/// `X-Hub-Signature-256` over the raw body.
pub(super) fn signed(app_secret: &Secret, body: &[u8], signature: &str) -> bool {
    let Some(hex) = signature.strip_prefix("sha256=") else { return false };
    let Ok(tag) = hex::decode(hex) else { return false };
    mac(app_secret, body).is_some_and(|mac| mac.verify_slice(&tag).is_ok())
}

/// Says in the log that somebody spoke as Meta does and was not believed: it may be the owner who mistyped.
/// Strangers do not fill the log: once a minute at most.
pub(super) fn tell_of_stranger(now: Instant, why: &'static str) {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none_or(|last| now.saturating_duration_since(last) >= QUIET) {
        *last = Some(now);
        tracing::warn!("a request to /webhook/meta was refused: {why}");
    }
}

fn mac(secret: &Secret, message: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(message);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::{is_one_of, signed};
    use crate::model::Secret;

    /// RFC 4231, test case 2.
    #[test]
    fn knows_a_signature() {
        let tag = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let secret = Secret::new("Jefe");
        assert!(signed(&secret, b"what do ya want for nothing?", tag));
        assert!(!signed(&secret, b"what do ya want for nothing!", tag));
        assert!(!signed(&secret, b"what do ya want for nothing?", &tag[7..]));
        assert!(!signed(&secret, b"what do ya want for nothing?", &tag[..40]));
        assert!(!signed(&secret, b"what do ya want for nothing?", ""));
    }

    #[test]
    fn an_empty_token_opens_nothing() {
        assert!(!is_one_of("", [Secret::new("")].into_iter()));
        assert!(is_one_of("abc", [Secret::new("x"), Secret::new("abc")].into_iter()));
    }
}
