//! The configuration: flags over environment over `tetherd.toml` over defaults, checked whole at start
//! and whenever it is read again.
//!
//! One file per section: its members, their defaults, their names for the environment, what they take,
//! and whether a change takes effect in the running daemon.

mod cloud;
mod events;
mod http;
mod kind;
mod load;
mod net;
mod proxy;
mod qr;
#[cfg(test)]
mod tests;
mod webhooks;
mod whatsapp;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use cloud::Cloud;
pub use events::Events;
pub use http::Http;
pub use net::Net;
pub use proxy::Proxy;
pub use qr::Qr;
pub use webhooks::Webhooks;
pub use whatsapp::WhatsApp;

use crate::model::{Digest, Secret};
use kind::Kind;
use load::Gathered;

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
    /// A file with the key that seals secrets; none is systemd's credential `sealing.key`, or that file in the
    /// data folder.
    pub sealing_key: Option<PathBuf>,
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
    /// `[proxy]`.
    pub proxy: Proxy,
    /// `[cloud]`.
    pub cloud: Cloud,
    /// `[events]`.
    pub events: Events,
    /// `[webhooks]`.
    pub webhooks: Webhooks,
    /// What each key that was given is, as a digest: to tell what changed without holding secrets twice.
    #[serde(skip)]
    marks: BTreeMap<String, Digest>,
}

/// When a change of a key takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// When the configuration is read again (SIGHUP).
    Reload,
    /// When tetherd starts.
    Restart,
}

/// Names of members, what they take, when a change takes effect.
type Keys = &'static [(&'static str, Kind, When)];

/// Every key, by section, as in the file. The environment's name is the path in capitals.
const SECTIONS: &[(Option<&str>, Keys)] = &[
    (None, KEYS),
    (Some("http"), http::KEYS),
    (Some("whatsapp"), whatsapp::KEYS),
    (Some("qr"), qr::KEYS),
    (Some("net"), net::KEYS),
    (Some("proxy"), proxy::KEYS),
    (Some("cloud"), cloud::KEYS),
    (Some("events"), events::KEYS),
    (Some("webhooks"), webhooks::KEYS),
];

const KEYS: Keys = &[
    ("listen", Kind::Address, When::Restart),
    ("data_dir", Kind::Text, When::Restart),
    ("api_key", Kind::Secret, When::Reload),
    ("sealing_key", Kind::Text, When::Restart),
    ("log", Kind::Text, When::Reload),
];

const PREFIX: &str = "TETHERD_";
/// Variables that are no keys of the file.
const OF_THE_COMMAND_LINE: [&str; 2] = ["TETHERD_CONFIG", "TETHERD_URL"];

/// The key's name in the environment.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Every key's whole name, such as `http.hosts`.
fn keys() -> impl Iterator<Item = (String, Kind, When)> {
    SECTIONS.iter().flat_map(|(section, keys)| {
        keys.iter().map(move |(name, kind, when)| {
            let key = section.map_or_else(|| (*name).to_owned(), |section| format!("{section}.{name}"));
            (key, *kind, *when)
        })
    })
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("/var/lib/tetherd"),
            api_key: None,
            sealing_key: None,
            log: "info".into(),
            http: Http::default(),
            whatsapp: WhatsApp::default(),
            qr: Qr::default(),
            net: Net::default(),
            proxy: Proxy::default(),
            cloud: Cloud::default(),
            events: Events::default(),
            webhooks: Webhooks::default(),
            marks: BTreeMap::new(),
        }
    }
}

/// What a global key that is given takes: it must be hard to guess, and travel in a header.
pub(crate) const KEY_TAKES: &str = "16 or more visible ASCII characters without spaces";

/// Whether it is that.
pub(crate) fn is_usable_key(text: &str) -> bool {
    text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The configuration cannot be used. The text names where, what, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

impl From<BadConfig> for String {
    fn from(bad: BadConfig) -> Self {
        bad.0
    }
}

/// What is wrong with one key.
struct Fault {
    key: &'static str,
    says: String,
}

impl Fault {
    fn new(key: &'static str, says: impl Into<String>) -> Self {
        Self { key, says: says.into() }
    }
}

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
        let mut gathered = file.map_or_else(|| Ok(Gathered::default()), Gathered::read)?;
        for (key, kind, _) in keys() {
            let variable = variable(&key);
            if let Some(text) = env(&variable) {
                gathered.lay(&key, kind, &text, &variable)?;
            }
            if let Some((_, text)) = flags.iter().find(|(flag, _)| *flag == key) {
                gathered.lay(&key, kind, text, &format!("--{}", key.replace('_', "-")))?;
            }
        }
        gathered.finish()
    }

    /// Which of these variables look like ours and set nothing: a name that was mistyped, as like as not.
    pub fn strange(variables: impl Iterator<Item = String>) -> Vec<String> {
        let known: Vec<_> = keys().map(|(key, ..)| variable(&key)).collect();
        let strange = |name: &String| {
            name.starts_with(PREFIX) && !known.contains(name) && !OF_THE_COMMAND_LINE.contains(&name.as_str())
        };
        variables.filter(strange).collect()
    }

    /// The database's file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data_dir.join("tetherd.db")
    }

    /// The keys that are set to something else than in `old`, and when that takes effect.
    #[must_use]
    pub fn changed_since(&self, old: &Self) -> Vec<(String, When)> {
        keys()
            .filter(|(key, ..)| self.marks.get(key) != old.marks.get(key))
            .map(|(key, _, when)| (key, when))
            .collect()
    }

    fn check(&self) -> Result<(), Fault> {
        if self.api_key.as_ref().is_some_and(|key| !is_usable_key(key.expose())) {
            return Err(Fault::new("api_key", format!("takes {KEY_TAKES}; leave it out to have one made")));
        }
        crate::logging::filter(&self.log).map_err(|says| Fault::new("log", says))?;
        self.http.check()?;
        self.whatsapp.check()?;
        self.qr.check()?;
        self.proxy.check()?;
        self.cloud.check()?;
        self.events.check()?;
        self.webhooks.check()
    }
}

fn marks(table: &toml::Table) -> BTreeMap<String, Digest> {
    let value = |key: &str| match key.split_once('.') {
        Some((section, name)) => table.get(section)?.get(name),
        None => table.get(key),
    };
    keys().filter_map(|(key, ..)| value(&key).map(|v| Digest::of(&v.to_string())).map(|v| (key, v))).collect()
}
