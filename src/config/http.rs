//! `[http]`: the API and the page.

use ipnet::IpNet;
use serde::Deserialize;

use super::load::Kind;

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

pub(super) const KEYS: &[(&str, Kind)] = &[
    ("hosts", Kind::List),
    ("cors_origins", Kind::List),
    ("trusted_proxies", Kind::List),
    ("public_url", Kind::Text),
];
