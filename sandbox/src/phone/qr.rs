//! What the phone's camera reads.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::crypto::RawKey;

const LINK: &str = "https://wa.me/settings/linked_devices#";

/// The fields of a linking QR code.
#[derive(Clone, PartialEq, Eq)]
pub struct QrFields {
    /// Names the connection that shows the code.
    pub reference: String,
    /// Noise static key of that connection.
    pub noise_pub: RawKey,
    /// Signal identity key of the device.
    pub identity_pub: RawKey,
    /// Secret that only the device's screen and the phone's camera share.
    pub adv_secret: RawKey,
    /// Kind of client, absent in the old four-field form.
    pub client_type: Option<ClientType>,
}

impl std::fmt::Debug for QrFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QrFields")
            .field("reference", &self.reference)
            .field("client_type", &self.client_type)
            .finish_non_exhaustive()
    }
}

/// Kind of client in the fifth field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the products'")]
pub enum ClientType {
    Unknown,
    Chrome,
    Edge,
    Firefox,
    InternetExplorer,
    Opera,
    Safari,
    Electron,
    Uwp,
    OtherWeb,
    MacOs,
    AndroidTablet,
    AndroidPhone,
    AndroidAmbiguous,
}

impl ClientType {
    fn from_wire(text: &str) -> Option<Self> {
        Some(match text {
            "0" => Self::Unknown,
            "1" => Self::Chrome,
            "2" => Self::Edge,
            "3" => Self::Firefox,
            "4" => Self::InternetExplorer,
            "5" => Self::Opera,
            "6" => Self::Safari,
            "7" => Self::Electron,
            "8" => Self::Uwp,
            "9" => Self::OtherWeb,
            "c" => Self::MacOs,
            "d" => Self::AndroidTablet,
            "e" => Self::AndroidPhone,
            "f" => Self::AndroidAmbiguous,
            _ => return None,
        })
    }
}

/// Why a text is not a linking code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// A link, but not the one for linked devices.
    #[error("this link does not link a device: expected {LINK}…")]
    ForeignLink,
    /// Neither four nor five fields.
    #[error("a linking code has 4 or 5 comma-separated fields, this one has {0}")]
    FieldCount(usize),
    /// The first field is empty.
    #[error("the reference is empty")]
    EmptyReference,
    /// A field is not a 32-byte key.
    #[error("{0} is not 32 bytes in padded standard base64")]
    Key(&'static str),
    /// The fifth field is none of the known letters.
    #[error("unknown client type {0:?}")]
    ClientType(String),
}

/// Reads a linking code in any of its four shapes: with or without the link, with or without the client type.
pub fn parse(text: &str) -> Result<QrFields, QrError> {
    let bare = match text.strip_prefix(LINK) {
        Some(rest) => rest,
        None if text.contains("://") => return Err(QrError::ForeignLink),
        None => text,
    };
    let fields: Vec<&str> = bare.split(',').collect();
    let (reference, noise, identity, secret, client_type) = match fields.as_slice() {
        [reference, noise, identity, secret] => (reference, noise, identity, secret, None),
        [reference, noise, identity, secret, kind] => {
            let kind = ClientType::from_wire(kind).ok_or_else(|| QrError::ClientType((*kind).to_owned()))?;
            (reference, noise, identity, secret, Some(kind))
        }
        other => return Err(QrError::FieldCount(other.len())),
    };
    if reference.is_empty() {
        return Err(QrError::EmptyReference);
    }
    Ok(QrFields {
        reference: (*reference).to_owned(),
        noise_pub: key(noise, "the noise key")?,
        identity_pub: key(identity, "the identity key")?,
        adv_secret: key(secret, "the secret")?,
        client_type,
    })
}

fn key(text: &str, what: &'static str) -> Result<RawKey, QrError> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| QrError::Key(what))?;
    bytes.try_into().map_err(|_| QrError::Key(what))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn code(kind: &str) -> String {
        let b64 = |byte: u8| BASE64_STANDARD.encode([byte; 32]);
        format!("2@ref/+==,{},{},{}{kind}", b64(1), b64(2), b64(3))
    }

    #[test]
    fn all_four_shapes_say_the_same() {
        for (prefix, suffix, kind) in [
            ("", "", None),
            (LINK, "", None),
            ("", ",9", Some(ClientType::OtherWeb)),
            (LINK, ",1", Some(ClientType::Chrome)),
            (LINK, ",c", Some(ClientType::MacOs)),
        ] {
            let fields = parse(&format!("{prefix}{}", code(suffix))).unwrap();
            assert_eq!(fields.reference, "2@ref/+==");
            assert_eq!(
                (fields.noise_pub, fields.identity_pub, fields.adv_secret),
                ([1; 32], [2; 32], [3; 32])
            );
            assert_eq!(fields.client_type, kind);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(parse(""), Err(QrError::FieldCount(1)));
        assert_eq!(parse(&code(",1,2")), Err(QrError::FieldCount(6)));
        assert_eq!(parse(&code(",x")), Err(QrError::ClientType("x".into())));
        assert_eq!(parse(&code("").replace("2@ref/+==", "")), Err(QrError::EmptyReference));
        assert_eq!(parse("https://example.com/,,,"), Err(QrError::ForeignLink));
        assert_eq!(parse("r,AAAA,AAAA,AAAA"), Err(QrError::Key("the noise key")));
        assert_eq!(parse(&code("=")), Err(QrError::Key("the secret")));
    }

    #[test]
    fn the_secret_is_not_shown() {
        let shown = format!("{:?}", parse(&code("")).unwrap());
        assert!(!shown.contains("3, 3"), "{shown}");
    }
}
