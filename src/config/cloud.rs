//! `[cloud]`: WHATSAPP-BUSINESS.

use serde::Deserialize;

use super::load::Kind;
use crate::model::Secret;

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

pub(super) const KEYS: &[(&str, Kind)] = &[
    ("graph_url", Kind::Text),
    ("version", Kind::Text),
    ("app_secret", Kind::Text),
    ("verify_token", Kind::Text),
    ("interval", Kind::Number),
];

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
    pub(super) fn check(&self) -> Result<(), String> {
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
