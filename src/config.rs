//! The configuration: flags over environment over `tetherd.toml` over defaults, checked whole at start.
//!
//! One file per section: its members, their defaults, their names for the environment, what they take.

mod cloud;
mod events;
mod http;
mod load;
mod net;
mod qr;
#[cfg(test)]
mod tests;
mod webhooks;
mod whatsapp;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use cloud::Cloud;
pub use events::Events;
pub use http::Http;
pub use net::Net;
pub use qr::Qr;
pub use webhooks::Webhooks;
pub use whatsapp::WhatsApp;

use crate::model::Secret;
use load::Kind;

/// All choices of the owner.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the API and the page listen.
    pub listen: SocketAddr,
    /// Where the database and the sealing key are.
    pub data_dir: PathBuf,
    /// The global key; none is one made at first start.
    pub api_key: Option<Secret>,
    /// What is logged: `error`, `warn`, `info`, `debug`, or a filter of `tracing`.
    pub log: String,
    /// `[http]`.
    pub http: Http,
    /// `[whatsapp]`.
    pub whatsapp: WhatsApp,
    /// `[qr]`.
    pub qr: Qr,
    /// `[net]`.
    pub net: Net,
    /// `[cloud]`.
    pub cloud: Cloud,
    /// `[events]`.
    pub events: Events,
    /// `[webhooks]`.
    pub webhooks: Webhooks,
}

/// Names of members, and how the environment writes their values.
type Keys = &'static [(&'static str, Kind)];

/// Every key, by section, as in the file. The environment's name is the path in capitals.
const SECTIONS: &[(Option<&str>, Keys)] = &[
    (None, KEYS),
    (Some("http"), http::KEYS),
    (Some("whatsapp"), whatsapp::KEYS),
    (Some("qr"), qr::KEYS),
    (Some("net"), net::KEYS),
    (Some("cloud"), cloud::KEYS),
    (Some("events"), events::KEYS),
    (Some("webhooks"), webhooks::KEYS),
];

const KEYS: Keys =
    &[("listen", Kind::Text), ("data_dir", Kind::Text), ("api_key", Kind::Text), ("log", Kind::Text)];

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("/var/lib/tetherd"),
            api_key: None,
            log: "info".into(),
            http: Http::default(),
            whatsapp: WhatsApp::default(),
            qr: Qr::default(),
            net: Net::default(),
            cloud: Cloud::default(),
            events: Events::default(),
            webhooks: Webhooks::default(),
        }
    }
}

/// The configuration cannot be used. The text names where, what, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

impl Config {
    /// Reads the file, when there is one, and lays the environment and then the flags (as
    /// `("listen", "…")`) over it.
    ///
    /// # Errors
    /// [`BadConfig`] names file and line, or the variable or flag.
    pub fn load(
        file: Option<&Path>,
        env: impl Fn(&str) -> Option<String>,
        flags: &[(&str, String)],
    ) -> Result<Self, BadConfig> {
        let mut table = match file {
            Some(path) => load::read(path)?,
            None => toml::Table::new(),
        };
        let keys = SECTIONS.iter().flat_map(|(section, keys)| keys.iter().map(move |key| (*section, key)));
        for (section, (name, kind)) in keys {
            let key = section.map_or_else(|| (*name).to_owned(), |section| format!("{section}.{name}"));
            let variable = format!("TETHERD_{}", key.replace('.', "_").to_uppercase());
            if let Some(text) = env(&variable) {
                load::lay(&mut table, &key, *kind, &text, &variable)?;
            }
            if let Some((_, text)) = flags.iter().find(|(flag, _)| *flag == key) {
                load::lay(&mut table, &key, *kind, text, &format!("--{}", key.replace('_', "-")))?;
            }
        }
        let config = Self::deserialize(table).map_err(|error| BadConfig(error.message().to_owned()))?;
        config.check().map_err(BadConfig)?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.api_key.as_ref().is_some_and(|key| key.expose().len() < 16) {
            return Err(
                "api_key is shorter than 16 characters; take a longer one, or none to have one made".into()
            );
        }
        self.whatsapp.check()?;
        self.qr.check()?;
        self.cloud.check()?;
        self.events.check()?;
        self.webhooks.check()
    }
}
