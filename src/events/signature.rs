//! Signatures: Standard Webhooks (symmetric, `v1`), and the original's bearer token (JWT, HS256).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// How long the original's token is good, in seconds.
const TOKEN: i64 = 600;

/// `webhook-signature` for one message, one part per secret.
pub(super) fn signature(secrets: &[String], id: &str, timestamp: i64, body: &[u8]) -> String {
    let head = format!("{id}.{timestamp}.");
    let parts = secrets.iter().map(|secret| {
        let bare = secret.strip_prefix("whsec_").unwrap_or(secret);
        // As the specification says; a secret that is no base64 is used as it is written.
        let key = STANDARD.decode(bare).unwrap_or_else(|_| bare.as_bytes().to_vec());
        format!("v1,{}", STANDARD.encode(mac(&key, &[head.as_bytes(), body])))
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// The original's `Authorization` token, made anew for every attempt so that it never is too old.
pub(super) fn bearer(key: &str, now: i64) -> String {
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encode(json!({"alg": "HS256", "typ": "JWT"}));
    let claims = encode(json!({"iat": now, "exp": now + TOKEN, "app": "evolution", "action": "webhook"}));
    let signed = format!("{head}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(mac(key.as_bytes(), &[signed.as_bytes()]));
    format!("{signed}.{signature}")
}

/// Whether a secret can sign so that every receiver's library verifies it.
///
/// # Errors
/// In words, to come after the secret's name.
pub fn check_secret(secret: &str) -> Result<(), &'static str> {
    match STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)) {
        Ok(key) if !key.is_empty() => Ok(()),
        _ => Err("must be whsec_ and base64, as Standard Webhooks says (24 to 64 random bytes)"),
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // A key of any length is valid for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::{check_secret, signature};

    /// The example of the Standard Webhooks specification's reference libraries.
    #[test]
    fn signs_as_the_specification_says() {
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()];
        let signed =
            signature(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_no_receiver_could_read_is_told() {
        assert_eq!(check_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Ok(()));
        assert_eq!(
            check_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            Ok(()),
            "libraries take it without the prefix"
        );
        for bad in ["my own", "abc", "", "whsec_", "whsec_???"] {
            assert!(check_secret(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn both_secrets_sign_while_one_is_changed_for_the_other() {
        let secrets = ["a".to_owned(), "b".to_owned()];
        assert_eq!(signature(&secrets, "i", 1, b"x").split(' ').count(), 2);
    }
}
