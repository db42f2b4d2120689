//! Where an account's views are.

use super::words::Words;
use crate::http::call::Call;
use crate::instance::Snapshot;

/// The rooms of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Overview,
    Settings,
    Webhook,
    Events,
}

impl Room {
    pub(super) const ALL: [Self; 4] = [Self::Overview, Self::Settings, Self::Webhook, Self::Events];

    /// Of a piece of a path.
    pub(super) fn of(piece: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|room| room.path().trim_start_matches('/') == piece)
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Settings => "/settings",
            Self::Webhook => "/webhook",
            Self::Events => "/events",
        }
    }

    pub(super) fn title(self, w: &Words) -> &'static str {
        match self {
            Self::Overview => w.overview,
            Self::Settings => w.settings,
            Self::Webhook => w.webhook,
            Self::Events => w.events,
        }
    }
}

/// Where an account's view is.
pub(super) fn address(s: &Snapshot) -> String {
    let name = percent_encoding::utf8_percent_encode(s.name.as_str(), percent_encoding::NON_ALPHANUMERIC);
    format!("/page/accounts/{name}")
}

/// Which of the two ways the reader chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Code,
    Number,
}

impl Way {
    pub(super) fn of(with: Option<&str>) -> Self {
        if with == Some("number") { Self::Number } else { Self::Code }
    }

    /// As this request's address says.
    pub(super) fn asked(call: &Call) -> Self {
        Self::of(call.query().text("with").ok().flatten())
    }

    pub(super) fn query(self) -> &'static str {
        match self {
            Self::Code => "",
            Self::Number => "?with=number",
        }
    }
}
