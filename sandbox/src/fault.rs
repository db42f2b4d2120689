//! Faults that a test asks for.

use serde::{Deserialize, Serialize};

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Now: close the connection without a word.
    Drop,
    /// Now: read and ignore, for ever.
    Stall,
    /// Now: `<xmlstreamend/>` and close.
    End,
    /// Now: a frame that does not decrypt.
    Garbage,
    /// Now: the same session was opened elsewhere.
    Replaced,
    /// Now: `<stream:error code="…"/>` and close.
    Stream {
        /// 500, 503, 515, 516, 429 …
        code: u16,
    },
    /// At the next log-ins: `<failure reason="…"/>` instead of `<success/>`.
    Failure {
        /// 400, 401, 402, 403, 405, 406, 409, 500, 503 …
        reason: u16,
        /// How many log-ins; 0 is all until faults are cleared.
        #[serde(default)]
        times: u32,
        /// Further attributes, such as `code` and `expire` of a ban.
        #[serde(default)]
        attributes: Vec<(String, String)>,
    },
    /// At the next connections: this HTTP status instead of the upgrade.
    Upgrade {
        /// 403, 429, 503 …
        status: u16,
        /// How many connections; 0 is all until faults are cleared.
        #[serde(default)]
        times: u32,
    },
    /// At the next connections: silence instead of the upgrade.
    HangUpgrade,
    /// At the next connections: silence instead of the server hello.
    HangHello,
    /// At the next connections: silence instead of the answer to the log-in.
    HangLogin,
    /// Log-ins with an older version than the service's are refused with 405.
    Outdated {
        /// The oldest third number that is taken, such as 1042742320.
        oldest: u32,
    },
}

/// A fault that waits for its connection.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) fault: Fault,
    /// Only for this JID; all when none.
    pub(crate) jid: Option<String>,
    /// How often still; none is for ever.
    pub(crate) left: Option<u32>,
}

impl Fault {
    /// Whether it happens to connections that are open now.
    pub(crate) fn is_now(&self) -> bool {
        matches!(
            self,
            Self::Drop | Self::Stall | Self::End | Self::Garbage | Self::Replaced | Self::Stream { .. }
        )
    }

    pub(crate) fn times(&self) -> Option<u32> {
        match self {
            Self::Failure { times, .. } | Self::Upgrade { times, .. } if *times > 0 => Some(*times),
            _ => None,
        }
    }
}
