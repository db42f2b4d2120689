//! `[proxy]`: how instances go out that have no proxy of their own.

use serde::Deserialize;

use super::{Fault, Keys, Kind, When};
use crate::model::{ProxyConfig, ProxyProtocol, Secret};

/// `[proxy]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// Its name or address; none is no proxy.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// How it is spoken to.
    #[serde(deserialize_with = "protocol")]
    pub protocol: ProxyProtocol,
    /// User, when it wants one.
    pub username: Option<String>,
    /// Password, when it wants one.
    pub password: Option<Secret>,
}

pub(super) const KEYS: Keys = &[
    ("host", Kind::Text, When::Restart),
    ("port", Kind::Number, When::Restart),
    ("protocol", Kind::Text, When::Restart),
    ("username", Kind::Text, When::Restart),
    ("password", Kind::Secret, When::Restart),
];

impl Default for Proxy {
    fn default() -> Self {
        Self { host: None, port: None, protocol: ProxyProtocol::Http, username: None, password: None }
    }
}

impl Proxy {
    /// The proxy, when there is one.
    #[must_use]
    pub fn config(&self) -> Option<ProxyConfig> {
        Some(ProxyConfig {
            protocol: self.protocol,
            host: self.host.clone()?,
            port: self.port?,
            username: self.username.clone(),
            password: self.password.clone(),
        })
    }

    pub(super) fn check(&self) -> Result<(), Fault> {
        if let Some(host) = &self.host {
            let bare = host.parse::<std::net::IpAddr>().is_ok()
                || (!host.is_empty() && !host.contains([':', '/', '@', ' ']));
            if !bare {
                let says =
                    format!("is {host:?}; it takes a name or an address, without scheme, port or path");
                return Err(Fault::new("proxy.host", says));
            }
        }
        match (&self.host, self.port) {
            (Some(_), None | Some(0)) => {
                Err(Fault::new("proxy.host", "needs proxy.port beside it, from 1 to 65535"))
            }
            (None, Some(_)) => Err(Fault::new("proxy.port", "needs proxy.host beside it")),
            (None, None) if self.password.is_some() || self.username.is_some() => {
                let key = if self.username.is_some() { "proxy.username" } else { "proxy.password" };
                Err(Fault::new(key, "needs proxy.host and proxy.port beside it"))
            }
            _ => Ok(()),
        }
    }
}

fn protocol<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ProxyProtocol, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
