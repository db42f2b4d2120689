//! `[whatsapp]`: linked devices.

use serde::Deserialize;

use super::load::Kind;
use crate::link::web::Version;

/// `[whatsapp]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhatsApp {
    /// The name on the phone's list of linked devices.
    pub device_name: String,
    /// The version to announce; none is the newest that is known.
    #[serde(deserialize_with = "version")]
    pub version: Option<Version>,
    /// Another server; only in a `demo` build.
    pub url: Option<String>,
    /// Where that server names its version; only in a `demo` build.
    pub version_page: Option<String>,
}

pub(super) const KEYS: &[(&str, Kind)] = &[
    ("device_name", Kind::Text),
    ("version", Kind::Text),
    ("url", Kind::Text),
    ("version_page", Kind::Text),
];

impl Default for WhatsApp {
    fn default() -> Self {
        Self { device_name: "tetherd".into(), version: None, url: None, version_page: None }
    }
}

impl WhatsApp {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.device_name.trim().is_empty() || self.device_name.chars().count() > 50 {
            return Err("whatsapp.device_name takes 1 to 50 characters".into());
        }
        if !cfg!(feature = "demo") && (self.url.is_some() || self.version_page.is_some()) {
            return Err("whatsapp.url works only in a demo build: a real one talks to WhatsApp only".into());
        }
        Ok(())
    }
}

fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}
