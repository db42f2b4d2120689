//! `[whatsapp]`: linked devices.

use serde::Deserialize;

use super::{Fault, Keys, Kind, When};
use crate::link::web::Version;
use crate::net::Target;

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
        server("whatsapp.url", self.url.as_deref(), ["ws", "wss"])?;
        server("whatsapp.version_page", self.version_page.as_deref(), ["http", "https"])
    }
}

/// An address that is not WhatsApp's.
fn server(key: &'static str, value: Option<&str>, schemes: [&str; 2]) -> Result<(), Fault> {
    let Some(value) = value else { return Ok(()) };
    if !cfg!(feature = "demo") {
        return Err(Fault::new(key, "works only in a demo build: a real one talks to WhatsApp only"));
    }
    let uri = value.parse::<::http::Uri>().ok();
    let good = uri.is_some_and(|uri| {
        Target::at(&uri).is_some() && uri.scheme_str().is_some_and(|s| schemes.contains(&s))
    });
    let [plain, secure] = schemes;
    if good {
        Ok(())
    } else {
        Err(Fault::new(
            key,
            format!("is {value:?}; it takes an address that begins with {plain}:// or {secure}://"),
        ))
    }
}

fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}
