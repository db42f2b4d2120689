//! Who an instance is, to us and to WhatsApp.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The instance's row in the store; never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(pub i64);

/// The instance's public id (`instanceId` of the API).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceUuid(pub String);

impl InstanceUuid {
    /// A fresh random one.
    #[must_use]
    pub fn generate() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }
}

impl fmt::Display for InstanceUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an instance reaches WhatsApp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Integration {
    /// As a linked device of a phone, by QR or pairing code.
    #[serde(rename = "WHATSAPP-BAILEYS")]
    Web,
    /// Through Meta's Cloud API.
    #[serde(rename = "WHATSAPP-BUSINESS")]
    Cloud,
}

impl Integration {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "WHATSAPP-BAILEYS",
            Self::Cloud => "WHATSAPP-BUSINESS",
        }
    }
}

/// Not one of the words that [`Integration`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Invalid integration")]
pub struct UnknownIntegration;

impl FromStr for Integration {
    type Err = UnknownIntegration;

    fn from_str(text: &str) -> Result<Self, UnknownIntegration> {
        match text {
            "WHATSAPP-BAILEYS" => Ok(Self::Web),
            "WHATSAPP-BUSINESS" => Ok(Self::Cloud),
            _ => Err(UnknownIntegration),
        }
    }
}

/// An account as WhatsApp addresses it, without the device part: `5511999998888@s.whatsapp.net`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountJid(String);

impl AccountJid {
    /// Takes any JID of the account and drops its device part.
    #[must_use]
    pub fn from_jid(jid: &str) -> Self {
        match jid.split_once('@') {
            Some((user, server)) => {
                let user = user.split(':').next().unwrap_or(user);
                Self(format!("{user}@{server}"))
            }
            None => Self(jid.to_owned()),
        }
    }

    /// The whole JID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before `@`: the telephone number of an account.
    #[must_use]
    pub fn user(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

/// What is known of the account behind an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The account's JID once it was linked; stays after a log-out, as the original's does.
    pub jid: Option<AccountJid>,
    /// The account's hidden id (`…@lid`), when WhatsApp told it.
    pub lid: Option<String>,
    /// The name that the account gave itself.
    pub name: Option<String>,
    /// Where its picture is.
    pub picture_url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::AccountJid;

    #[test]
    fn device_part_goes() {
        assert_eq!(AccountJid::from_jid("5511:7@s.whatsapp.net").as_str(), "5511@s.whatsapp.net");
        assert_eq!(AccountJid::from_jid("5511@s.whatsapp.net").user(), "5511");
    }
}
