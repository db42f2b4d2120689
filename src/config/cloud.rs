//! `[cloud]`: WHATSAPP-BUSINESS.

use serde::Deserialize;

use super::{Fault, Keys, Kind, When};
use crate::model::Secret;
use crate::net::Target;

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

pub(super) const KEYS: Keys = &[
    ("graph_url", Kind::Text, When::Restart),
    ("version", Kind::Text, When::Restart),
    ("app_secret", Kind::Secret, When::Reload),
    ("verify_token", Kind::Secret, When::Reload),
    ("interval", Kind::Number, When::Restart),
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
    pub(super) fn check(&self) -> Result<(), Fault> {
        let wrong =
            |what: &str| Fault::new("cloud.graph_url", format!("is {:?}; it takes {what}", self.graph_url));
        let url: http::Uri = self.graph_url.parse().map_err(|_| wrong("an https address"))?;
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if host.is_empty()
            || Target::at(&url).is_none()
            || !(url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && here))
        {
            return Err(wrong("an https address (http only on this box: Meta's token travels there)"));
        }
        let digits = self.version.strip_prefix('v').and_then(|v| v.split_once('.'));
        if !digits.is_some_and(|(a, b)| a.parse::<u16>().is_ok() && b.parse::<u16>().is_ok()) {
            let text = format!("is {:?}; it takes a version such as v23.0", self.version);
            return Err(Fault::new("cloud.version", text));
        }
        if !(1..=1440).contains(&self.interval) {
            let text = format!("is {}; it takes 1 to 1440 minutes", self.interval);
            return Err(Fault::new("cloud.interval", text));
        }
        for (key, secret) in
            [("cloud.app_secret", &self.app_secret), ("cloud.verify_token", &self.verify_token)]
        {
            if secret.as_ref().is_some_and(|secret| secret.expose().len() < 8) {
                return Err(Fault::new(key, "is shorter than 8 characters; that can be guessed"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Cloud;
    use crate::model::Secret;

    fn with(change: impl FnOnce(&mut Cloud)) -> bool {
        let mut cloud = Cloud::default();
        change(&mut cloud);
        cloud.check().is_ok()
    }

    #[test]
    fn meta_s_token_leaves_this_box_by_tls_only() {
        for url in [
            "https://graph.facebook.com",
            "http://127.0.0.1:8080/graph",
            "http://[::1]:1",
            "http://localhost",
        ] {
            assert!(with(|cloud| cloud.graph_url = url.into()), "{url}");
        }
        for url in [
            "http://graph.facebook.com",
            "http://192.168.1.2",
            "http://localhost.example",
            "ftp://127.0.0.1",
            "https://",
            "",
        ] {
            assert!(!with(|cloud| cloud.graph_url = url.into()), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for version in ["23.0", "v23", "v23.x", "v1.2/../x", ""] {
            assert!(!with(|cloud| cloud.version = version.into()), "{version}");
        }
        assert!(!with(|cloud| cloud.interval = 0) && !with(|cloud| cloud.interval = 1441));
        assert!(!with(|cloud| cloud.app_secret = Some(Secret::new("short"))));
        assert!(!with(|cloud| cloud.verify_token = Some(Secret::new("short"))));
    }
}
