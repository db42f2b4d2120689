//! Which version of WhatsApp is announced.
//!
//! Nothing is asked for beforehand: only when WhatsApp refuses a version as outdated is the current
//! number read from its own page, kept, and tried at once.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use whatsapp_rust::wacore::version::parse_sw_js;

use super::Parts;
use crate::model::ProxyConfig;
use crate::net::FetchOptions;

/// The version that the engine was made for (`wacore` 0.7.0, `store/device.rs`).
const BUILT_IN: Version = Version(2, 3000, 1_042_742_319);
/// Under which name the learnt one is kept.
const LEARNED: &str = "whatsapp_version";

/// A version of WhatsApp Web, such as `2.3000.1042742319`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Not three numbers with dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("takes three numbers with dots, such as 2.3000.1042742319")]
pub struct BadVersion;

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let mut parts = text.split('.').map(str::parse);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(a)), Some(Ok(b)), Some(Ok(c)), None) => Ok(Self(a, b, c)),
            _ => Err(BadVersion),
        }
    }
}

/// The version to announce: the configured one, else the newest that is known.
pub(super) async fn announced(parts: &Parts) -> Version {
    if let Some(version) = parts.config.version {
        return version;
    }
    let learned = parts.store.learned(LEARNED).await.ok().flatten();
    learned.and_then(|text| text.parse().ok()).map_or(BUILT_IN, |learned: Version| learned.max(BUILT_IN))
}

/// Asks WhatsApp's page for the current number. True when it is another than the refused one, so
/// that trying at once makes sense.
pub(super) async fn learn(parts: &Parts, refused: Version, proxy: Option<ProxyConfig>) -> bool {
    if parts.config.version.is_some() {
        return false;
    }
    let request = http::Request::get(&parts.config.server.version_page)
        .header("sec-fetch-site", "none")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36")
        .body(Bytes::new());
    let Ok(request) = request else { return false };
    let options = FetchOptions {
        whole: Duration::from_secs(20),
        body_limit: 1 << 20,
        proxy,
        ..FetchOptions::default()
    };
    let answer = match parts.net.fetch(request, &options).await {
        Ok(answer) if answer.status.is_success() => answer,
        Ok(answer) => {
            tracing::warn!(status = answer.status.as_u16(), "WhatsApp's page does not tell its version");
            return false;
        }
        Err(error) => {
            tracing::warn!(%error, "WhatsApp's version could not be asked for");
            return false;
        }
    };
    let Some((a, b, c)) = parse_sw_js(&String::from_utf8_lossy(&answer.body)) else { return false };
    let current = Version(a, b, c);
    if current <= refused {
        return false;
    }
    tracing::info!(%refused, %current, "WhatsApp wants a newer version; learnt and tried at once");
    parts.store.learn(LEARNED, current.to_string()).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::{BadVersion, Version};

    #[test]
    fn three_numbers_and_nothing_else() {
        assert_eq!("2.3000.1".parse(), Ok(Version(2, 3000, 1)));
        for wrong in ["", "2", "2.3000", "2.3000.x", "2.3000.1.4", "2.3000.99999999999"] {
            assert_eq!(wrong.parse::<Version>(), Err(BadVersion), "{wrong}");
        }
        assert!(Version(2, 3000, 10) > Version(2, 3000, 9));
    }
}
