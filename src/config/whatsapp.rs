//! `[whatsapp]`: linked devices.

use serde::Deserialize;

use super::{Fault, Keys, Kind, When};
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

pub(super) const KEYS: Keys = &[
    ("device_name", Kind::Text, When::Restart),
    ("version", Kind::Text, When::Restart),
    ("url", Kind::Text, When::Restart),
    ("version_page", Kind::Text, When::Restart),
];

impl Default for WhatsApp {
    fn default() -> Self {
        Self { device_name: "tetherd".into(), version: None, url: None, version_page: None }
    }
}

impl WhatsApp {
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.device_name.trim().is_empty() || self.device_name.chars().count() > 50 {
            return Err(Fault::new("whatsapp.device_name", "takes 1 to 50 characters"));
        }
        for (key, value) in [("whatsapp.url", &self.url), ("whatsapp.version_page", &self.version_page)] {
            if !cfg!(feature = "demo") && value.is_some() {
                return Err(Fault::new(key, "works only in a demo build: a real one talks to WhatsApp only"));
            }
        }
        Ok(())
    }
}

fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}
