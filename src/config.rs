//! The configuration: flags over environment over `tetherd.toml` over defaults, checked whole at start.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;

use crate::link::web::Version;
use crate::model::Secret;

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
}

/// `[http]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Names beside `.local` ones and addresses that this box answers to.
    pub hosts: Vec<String>,
    /// Origins whose pages may use the API.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-…` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where clients reach us, when that is not what their requests say.
    pub public_url: Option<String>,
}

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

/// `[qr]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Qr {
    /// Codes shown in a row at most, 1 to 1000.
    pub limit: u32,
}

/// `[net]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Net {
    /// PEM files with further authorities.
    pub extra_ca: Vec<PathBuf>,
}

/// `[cloud]`: WHATSAPP-BUSINESS.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cloud {
    /// Where Meta's Graph API is; `http` only on this box.
    pub graph_url: String,
    /// Its version.
    pub version: String,
    /// The app's secret; without it there is no `/webhook/meta`.
    pub app_secret: Option<Secret>,
    /// The verify token that is typed in at Meta; each instance has one of its own too.
    pub verify_token: Option<Secret>,
    /// Minutes between two questions while all is well, 1 to 1440.
    pub interval: u32,
}

impl Default for Cloud {
    fn default() -> Self {
        Self {
            graph_url: "https://graph.facebook.com".into(),
            version: "v23.0".into(),
            app_secret: None,
            verify_token: None,
            interval: 15,
        }
    }
}

impl Cloud {
    fn check(&self) -> Result<(), String> {
        let url: http::Uri = self
            .graph_url
            .parse()
            .map_err(|_| format!("cloud.graph_url is {:?}; it takes an https address", self.graph_url))?;
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if host.is_empty()
            || !(url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && here))
        {
            return Err(format!(
                "cloud.graph_url is {:?}; it takes an https address (http only on this box: Meta's token travels there)",
                self.graph_url
            ));
        }
        let digits = self.version.strip_prefix('v').and_then(|v| v.split_once('.'));
        if !digits.is_some_and(|(a, b)| a.parse::<u16>().is_ok() && b.parse::<u16>().is_ok()) {
            return Err(format!("cloud.version is {:?}; it takes a version such as v23.0", self.version));
        }
        if !(1..=1440).contains(&self.interval) {
            return Err(format!("cloud.interval is {}; it takes 1 to 1440 minutes", self.interval));
        }
        for (name, secret) in [("app_secret", &self.app_secret), ("verify_token", &self.verify_token)] {
            if secret.as_ref().is_some_and(|secret| secret.expose().len() < 8) {
                return Err(format!("cloud.{name} is shorter than 8 characters; that can be guessed"));
            }
        }
        Ok(())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("/var/lib/tetherd"),
            api_key: None,
            log: "info".into(),
            http: Http::default(),
            whatsapp: WhatsApp::default(),
            qr: Qr { limit: 30 },
            net: Net::default(),
            cloud: Cloud::default(),
        }
    }
}

impl Default for WhatsApp {
    fn default() -> Self {
        Self { device_name: "tetherd".into(), version: None, url: None, version_page: None }
    }
}

impl Default for Qr {
    fn default() -> Self {
        Self { limit: 30 }
    }
}

/// The configuration cannot be used. The text names where, what, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

/// How a value of the environment is written.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    List,
}

/// Every key, as in the file. The environment's name is the path in capitals.
const KEYS: &[(&str, Kind)] = &[
    ("listen", Kind::Text),
    ("data_dir", Kind::Text),
    ("api_key", Kind::Text),
    ("log", Kind::Text),
    ("http.hosts", Kind::List),
    ("http.cors_origins", Kind::List),
    ("http.trusted_proxies", Kind::List),
    ("http.public_url", Kind::Text),
    ("whatsapp.device_name", Kind::Text),
    ("whatsapp.version", Kind::Text),
    ("whatsapp.url", Kind::Text),
    ("whatsapp.version_page", Kind::Text),
    ("qr.limit", Kind::Number),
    ("net.extra_ca", Kind::List),
    ("cloud.graph_url", Kind::Text),
    ("cloud.version", Kind::Text),
    ("cloud.app_secret", Kind::Text),
    ("cloud.verify_token", Kind::Text),
    ("cloud.interval", Kind::Number),
];

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
            Some(path) => read(path)?,
            None => toml::Table::new(),
        };
        for (key, kind) in KEYS {
            let name = format!("TETHERD_{}", key.replace('.', "_").to_uppercase());
            if let Some(text) = env(&name) {
                lay(&mut table, key, *kind, &text, &name)?;
            }
            if let Some((_, text)) = flags.iter().find(|(flag, _)| flag == key) {
                lay(&mut table, key, *kind, text, &format!("--{}", key.replace('_', "-")))?;
            }
        }
        let config = Self::deserialize(table).map_err(|error| BadConfig(error.message().to_owned()))?;
        config.check()
    }

    fn check(self) -> Result<Self, BadConfig> {
        let wrong = |text: String| Err(BadConfig(text));
        if !(1..=1000).contains(&self.qr.limit) {
            return wrong(format!("qr.limit is {}; it takes 1 to 1000", self.qr.limit));
        }
        if self.whatsapp.device_name.trim().is_empty() || self.whatsapp.device_name.chars().count() > 50 {
            return wrong("whatsapp.device_name takes 1 to 50 characters".into());
        }
        if self.api_key.as_ref().is_some_and(|key| key.expose().len() < 16) {
            return wrong(
                "api_key is shorter than 16 characters; take a longer one, or none to have one made".into(),
            );
        }
        self.cloud.check().map_err(BadConfig)?;
        if !cfg!(feature = "demo") && (self.whatsapp.url.is_some() || self.whatsapp.version_page.is_some()) {
            return wrong(
                "whatsapp.url works only in a demo build: a real one talks to WhatsApp only".into(),
            );
        }
        Ok(self)
    }
}

/// The file with every fault named by line.
fn read(path: &Path) -> Result<toml::Table, BadConfig> {
    let text = std::fs::read_to_string(path).map_err(|e| BadConfig(format!("{}: {e}", path.display())))?;
    let at = |error: &toml::de::Error| {
        let line =
            error.span().map_or(1, |span| text.get(..span.start).unwrap_or(&text).matches('\n').count() + 1);
        BadConfig(format!("{}:{line}: {}", path.display(), error.message()))
    };
    // As a whole, so that an unknown key or a wrong type is told with its line.
    toml::from_str::<Config>(&text).map_err(|error| at(&error))?;
    toml::from_str(&text).map_err(|error| at(&error))
}

fn lay(table: &mut toml::Table, key: &str, kind: Kind, text: &str, from: &str) -> Result<(), BadConfig> {
    let value = match kind {
        Kind::Text => toml::Value::String(text.to_owned()),
        Kind::Number => {
            let number =
                text.parse().map_err(|_| BadConfig(format!("{from} is {text:?}; it takes a number")))?;
            toml::Value::Integer(number)
        }
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
        }
    };
    let (section, name) = key.split_once('.').map_or((None, key), |(section, name)| (Some(section), name));
    let one = match section {
        None => toml::Table::from_iter([(name.to_owned(), value.clone())]),
        Some(section) => {
            let inner = toml::Table::from_iter([(name.to_owned(), value.clone())]);
            toml::Table::from_iter([(section.to_owned(), toml::Value::Table(inner))])
        }
    };
    Config::deserialize(one).map_err(|error| BadConfig(format!("{from}: {}", error.message())))?;
    let place = match section {
        None => table,
        Some(section) => {
            let entry = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            entry.as_table_mut().ok_or_else(|| BadConfig(format!("{section} must be a section")))?
        }
    };
    place.insert(name.to_owned(), value);
    Ok(())
}

fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Config;
    use std::path::Path;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tetherd.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn fault(text: &str) -> String {
        let (_folder, path) = file(text);
        let error = Config::load(Some(&path), |_| None, &[]).unwrap_err().to_string();
        error.rsplit('/').next().unwrap().to_owned()
    }

    #[test]
    fn flags_over_environment_over_file_over_defaults() {
        let (_folder, path) = file("listen = \"127.0.0.1:1\"\n[qr]\nlimit = 5\n");
        let env = |name: &str| (name == "TETHERD_LISTEN").then(|| "127.0.0.1:2".to_owned());
        let flags = [("listen", "127.0.0.1:3".to_owned())];
        let load = |file: Option<&Path>, env: &dyn Fn(&str) -> Option<String>, flags: &[(&str, String)]| {
            let config = Config::load(file, env, flags).unwrap();
            (config.listen.port(), config.qr.limit)
        };
        assert_eq!(load(None, &|_| None, &[]), (8080, 30));
        assert_eq!(load(Some(&path), &|_| None, &[]), (1, 5));
        assert_eq!(load(Some(&path), &env, &[]), (2, 5));
        assert_eq!(load(Some(&path), &env, &flags), (3, 5));
    }

    #[test]
    fn a_wrong_file_names_its_line() {
        assert!(
            fault("log = \"info\"\nlissten = 1\n").starts_with("tetherd.toml:2: unknown field `lissten`")
        );
        assert!(fault("\n\n[qr]\nlimit = \"x\"\n").starts_with("tetherd.toml:4: invalid type"));
        assert!(fault("listen = \"nowhere\"\n").starts_with("tetherd.toml:1:"));
        assert!(fault("[whatsapp]\nversion = \"2\"\n").contains("2.3000"));
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let env = |name: &str| (name == "TETHERD_QR_LIMIT").then(|| "many".to_owned());
        let error = Config::load(None, env, &[]).unwrap_err().to_string();
        assert!(error.contains("TETHERD_QR_LIMIT") && error.contains("number"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let env = |name: &str| (name == "TETHERD_API_KEY").then(|| "hunter2hunter2hunter2".to_owned());
        let config = Config::load(None, env, &[]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
