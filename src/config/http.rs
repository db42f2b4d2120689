//! `[http]`: the API and the page.

use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use super::{Fault, Keys, Kind, When};

/// `[http]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Names beside `.local` ones and addresses that this box answers to.
    pub hosts: Vec<String>,
    /// Origins whose pages may use the API.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-…` headers are believed.
    #[serde(deserialize_with = "super::kind::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Where clients reach us, when that is not what their requests say.
    pub public_url: Option<String>,
    /// PEM file with the certificate and those that lead to its authority. With it HTTPS is spoken.
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the certificate's key.
    pub tls_key: Option<PathBuf>,
}

pub(super) const KEYS: Keys = &[
    ("hosts", Kind::List, When::Reload),
    ("cors_origins", Kind::List, When::Reload),
    ("trusted_proxies", Kind::Networks, When::Reload),
    ("public_url", Kind::Text, When::Restart),
    ("tls_cert", Kind::Text, When::Reload),
    ("tls_key", Kind::Text, When::Reload),
];

impl Http {
    pub(super) fn check(&self) -> Result<(), Fault> {
        if let Some(url) = &self.public_url {
            let parsed = url.parse::<::http::Uri>().ok();
            let good = parsed.is_some_and(|url| {
                matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some()
            });
            if !good {
                return Err(Fault::new(
                    "http.public_url",
                    format!("is {url:?}; it takes an address such as https://tetherd.example.org"),
                ));
            }
        }
        for (key, path) in [("http.tls_cert", &self.tls_cert), ("http.tls_key", &self.tls_key)] {
            if path.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
                return Err(Fault::new(key, "is empty; it takes the name of a PEM file, or is left out"));
            }
        }
        match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => Err(Fault::new("http.tls_cert", "needs http.tls_key beside it")),
            (None, Some(_)) => Err(Fault::new("http.tls_key", "needs http.tls_cert beside it")),
            _ => Ok(()),
        }
    }
}
