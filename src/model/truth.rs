//! What lasts about a link, as opposed to what happens to be going on.

use super::{Profile, Reason, ReasonDetail, Stamp};

/// The truth that is stored: linked or not, by whom, why it ended. Never a transient state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTruth {
    /// No phone has ever linked this instance.
    Never,
    /// Credentials are on disk and WhatsApp has not taken them back. `ended` is set when something
    /// that only waiting or a person can change keeps the link closed (a ban, a lock, `replaced`).
    Linked {
        /// The account.
        profile: Profile,
        /// Why it is closed although it is linked.
        ended: Option<Ended>,
    },
    /// It was linked, and is no more.
    Unlinked {
        /// The account it was.
        profile: Profile,
        /// Why.
        ended: Ended,
    },
}

/// How and when a link came to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub at: Stamp,
    /// What else is known.
    pub detail: ReasonDetail,
}

impl LinkTruth {
    /// Whether there are credentials to log in with.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        matches!(self, Self::Linked { .. })
    }

    /// The account, present or former.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Never => None,
            Self::Linked { profile, .. } | Self::Unlinked { profile, .. } => Some(profile),
        }
    }

    /// Why it is closed, when it is.
    #[must_use]
    pub fn ended(&self) -> Option<&Ended> {
        match self {
            Self::Never => None,
            Self::Linked { ended, .. } => ended.as_ref(),
            Self::Unlinked { ended, .. } => Some(ended),
        }
    }
}
