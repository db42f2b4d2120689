//! Where events are posted to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::EventKind;

/// How events are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spelling {
    /// `CONNECTION_UPDATE`.
    Upper,
    /// The original's wire spelling: `connection.update`.
    Dotted,
}

impl Spelling {
    /// The word of the API and the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upper => "upper",
            Self::Dotted => "dotted",
        }
    }

    /// From that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Upper, Self::Dotted].into_iter().find(|spelling| spelling.as_str() == word)
    }

    /// A kind of event in this spelling.
    #[must_use]
    pub fn of(self, kind: EventKind) -> &'static str {
        match self {
            Self::Upper => kind.upper(),
            Self::Dotted => kind.dotted(),
        }
    }
}

/// Where events go and how. Holds secrets: `Debug` shows none.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookTarget {
    /// The address.
    pub url: String,
    /// A path piece per kind of event.
    pub by_events: bool,
    /// Media bytes within the event.
    pub base64: bool,
    /// Headers to send along.
    pub headers: BTreeMap<String, String>,
    /// Key of the `Authorization` token (HS256).
    pub jwt_key: Option<String>,
    /// Standard Webhooks secrets (`whsec_…`); all sign, so that a receiver can change at its leisure.
    pub secrets: Vec<String>,
    /// How events are named; none is as the configuration says.
    pub spelling: Option<Spelling>,
}

impl std::fmt::Debug for WebhookTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookTarget")
            .field("by_events", &self.by_events)
            .field("base64", &self.base64)
            .field("spelling", &self.spelling)
            .finish_non_exhaustive()
    }
}

/// A webhook: whether, what, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Whether events are sent.
    pub enabled: bool,
    /// Which; none is all.
    pub events: Option<Vec<EventKind>>,
    /// Where and how.
    pub target: WebhookTarget,
}

impl Webhook {
    /// All events to one address.
    #[must_use]
    pub fn to(url: impl Into<String>) -> Self {
        let target = WebhookTarget { url: url.into(), ..WebhookTarget::default() };
        Self { enabled: true, events: None, target }
    }
}
