//! Pairing codes, beside the QR on the same connection.

use std::time::Duration;

use whatsapp_rust::wacore::pair_code::PairCodeOptions;

use super::WebLink;
use crate::link::{PairError, PairingCode};
use crate::model::{Deadline, PhoneNumber, Secret};

/// How long WhatsApp takes a code (`wacore/src/pair_code.rs`).
const LIVES: Duration = Duration::from_mins(3);
/// How long whoever asked too often should wait; WhatsApp does not say.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long WhatsApp may take to give a code.
const REQUEST: Duration = Duration::from_secs(30);

/// A code for this number: the one that is alive, or a new one.
pub(super) async fn code(link: &WebLink, number: &PhoneNumber) -> Result<PairingCode, PairError> {
    let mut alive = link.pairing.lock().await;
    let now = link.parts.clock.instant();
    if let Some(code) = alive.as_ref().filter(|code| code.expires.at > now)
        && code.number.expose() == number.digits()
    {
        return Ok(code.clone());
    }
    let client = link.client().await.map_err(|_| PairError::NotPairing)?;
    if client.pn().is_some() {
        return Err(PairError::NotPairing);
    }
    if alive.take().is_some() {
        client.cancel_pair_code().await;
    }
    let options = PairCodeOptions { phone_number: number.digits().to_owned(), ..PairCodeOptions::default() };
    let expires = Deadline::after(link.parts.clock.as_ref(), LIVES);
    let asked = tokio::time::timeout(REQUEST, client.pair_with_code(options)).await;
    let text = asked.map_err(|_| PairError::TimedOut)?.map_err(|error| refused(&error))?;
    let code =
        PairingCode { text: Secret::new(dashed(&text)), number: Secret::new(number.digits()), expires };
    *alive = Some(code.clone());
    Ok(code)
}

fn refused(error: &whatsapp_rust::pair_code::PairError) -> PairError {
    use whatsapp_rust::wacore::pair_code::PairCodeRejection as Rejection;
    let (message, retry_after) = match error.rejection() {
        // The same number for a bad request and for asking too often.
        Some(rejection) if rejection.is_throttled() => {
            ("the number is wrong, or was asked for too often; wait some minutes".into(), Some(PATIENCE))
        }
        Some(Rejection::FeatureNotAvailable) => {
            ("this account cannot be linked by a code; use the QR".into(), None)
        }
        Some(other) => (format!("{other:?}"), None),
        None => ("the request failed".into(), None),
    };
    PairError::Refused { message, retry_after }
}

/// `ABCD-EFGH`, as phones show it.
fn dashed(text: &str) -> String {
    let bare: String = text.chars().filter(|c| *c != '-').collect();
    match bare.split_at_checked(4) {
        Some((first, second)) if !second.is_empty() => format!("{first}-{second}"),
        _ => bare,
    }
}

#[cfg(test)]
mod tests {
    use super::dashed;

    #[test]
    fn codes_have_a_dash() {
        assert_eq!(dashed("ABCDEFGH"), "ABCD-EFGH");
        assert_eq!(dashed("ABCD-EFGH"), "ABCD-EFGH");
    }
}
