//! What the owner set for one instance.

use serde::{Deserialize, Serialize};

/// The original's settings (`evolution-2.3.md` §1.12), in its spelling.
#[expect(clippy::struct_excessive_bools, reason = "the original's wire shape is six switches")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Refuse calls.
    pub reject_call: bool,
    /// Text sent to the caller of a refused call between two.
    pub msg_call: String,
    /// No events of groups.
    pub groups_ignore: bool,
    /// Be shown as online; off keeps the phone's own notifications coming.
    pub always_online: bool,
    /// Mark messages as read once they are stored.
    pub read_messages: bool,
    /// Events of status posts too, which are then marked as read.
    pub read_status: bool,
    /// Ask for the whole history at linking. Numbers and secrets of past messages are learnt from it; no event tells of it.
    pub sync_full_history: bool,
    /// Kept for the original's clients; not used.
    pub wavoip_token: String,
}
