//! `[webhooks]`: the global one, and what holds for all of them.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use super::{Fault, Keys, Kind, When};
use crate::events::{check_header, check_secret, check_url};
use crate::model::{EventKind, Secret, Webhook, WebhookTarget};
use crate::net::{Reach, Target};

/// `[webhooks]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// The global webhook: gets the events of all instances. None is no global webhook.
    pub url: Option<Secret>,
    /// The kinds that it gets, in either spelling; none is all.
    #[serde(deserialize_with = "kinds")]
    pub events: Vec<EventKind>,
    /// A path piece per kind of event.
    pub by_events: bool,
    /// Media bytes within the event.
    pub base64: bool,
    /// Headers to send along.
    pub headers: BTreeMap<String, Secret>,
    /// Key of the `Authorization` token (HS256).
    pub jwt_key: Option<Secret>,
    /// Standard Webhooks secret.
    pub secret: Option<Secret>,
    /// The one before it, while receivers change to the new one.
    pub old_secret: Option<Secret>,

    /// Only these networks are posted to, when there are any.
    #[serde(deserialize_with = "super::kind::networks")]
    pub allow: Vec<IpNet>,
    /// These never.
    #[serde(deserialize_with = "super::kind::networks")]
    pub deny: Vec<IpNet>,
    /// Megabytes of a media file that `base64` puts into an event at most, 1 to 64.
    pub media_limit: u32,
    /// Events per second that a receiver gets while it catches up after an outage, 1 to 10000.
    pub drain_rate: u32,
    /// Hours that an event is tried to be delivered, 24 to 8760.
    pub give_up: u32,
}

pub(super) const KEYS: Keys = &[
    ("url", Kind::Secret, When::Reload),
    ("events", Kind::List, When::Reload),
    ("by_events", Kind::Flag, When::Reload),
    ("base64", Kind::Flag, When::Reload),
    ("headers", Kind::Table, When::Reload),
    ("jwt_key", Kind::Secret, When::Reload),
    ("secret", Kind::Secret, When::Reload),
    ("old_secret", Kind::Secret, When::Reload),
    ("allow", Kind::Networks, When::Restart),
    ("deny", Kind::Networks, When::Restart),
    ("media_limit", Kind::Number, When::Restart),
    ("drain_rate", Kind::Number, When::Restart),
    ("give_up", Kind::Number, When::Restart),
];

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            url: None,
            events: Vec::new(),
            by_events: false,
            base64: false,
            headers: BTreeMap::new(),
            jwt_key: None,
            secret: None,
            old_secret: None,
            allow: Vec::new(),
            deny: Vec::new(),
            media_limit: 4,
            drain_rate: 100,
            give_up: 7 * 24,
        }
    }
}

impl Webhooks {
    /// The global webhook; it spells events as `[events]` says for all.
    #[must_use]
    pub fn global(&self) -> Option<Webhook> {
        let text = |secret: &Secret| secret.expose().to_owned();
        let target = WebhookTarget {
            url: text(self.url.as_ref()?),
            by_events: self.by_events,
            base64: self.base64,
            headers: self.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
            jwt_key: self.jwt_key.as_ref().map(text),
            secrets: self.secret.iter().chain(&self.old_secret).map(text).collect(),
            spelling: None,
        };
        let events = (!self.events.is_empty()).then(|| self.events.clone());
        Some(Webhook { enabled: true, events, target })
    }

    pub(super) fn check(&self) -> Result<(), Fault> {
        if let Some(url) = &self.url {
            check_url(url.expose()).map_err(|bad| Fault::new("webhooks.url", bad.to_string()))?;
            if let Some(why) = self.refuses(url.expose()) {
                return Err(Fault::new("webhooks.url", format!("leads where no webhook may: {why}")));
            }
        }
        for (name, value) in &self.headers {
            check_header(name, value.expose())
                .map_err(|why| Fault::new("webhooks.headers", format!("has {name:?}, which {why}")))?;
        }
        for (key, secret) in [("webhooks.secret", &self.secret), ("webhooks.old_secret", &self.old_secret)] {
            if let Some(secret) = secret {
                check_secret(secret.expose()).map_err(|why| Fault::new(key, why))?;
            }
        }
        for (key, value, least, most, unit) in [
            ("webhooks.media_limit", self.media_limit, 1, 64, "megabytes"),
            ("webhooks.drain_rate", self.drain_rate, 1, 10_000, "events per second"),
            ("webhooks.give_up", self.give_up, 24, 8760, "hours"),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Fault::new(key, format!("is {value}; it takes {least} to {most} {unit}")));
            }
        }
        Ok(())
    }
}

impl Webhooks {
    /// Why no webhook may go to an address that names no name; what a name means is seen when it is connected to.
    fn refuses(&self, url: &str) -> Option<&'static str> {
        let host = Target::of(url)?.host;
        let reach = Reach { allow: self.allow.clone(), deny: self.deny.clone(), own: Vec::new() };
        reach.refuses(host.trim_matches(['[', ']']).parse().ok()?)
    }
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<EventKind>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let read = names
        .iter()
        .map(|name| name.parse().map_err(|unknown| serde::de::Error::custom(format!("{name:?} {unknown}"))));
    read.collect()
}
