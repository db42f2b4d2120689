//! What the owner set for one instance.

use serde::{Deserialize, Serialize};

/// The original's settings (`evolution-2.3.md` §1.12), in its spelling.
#[expect(clippy::struct_excessive_bools, reason = "the original's wire shape is six switches")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Refuse calls.
    pub reject_call: bool,
    /// Text sent back to a refused caller.
    pub msg_call: String,
    /// Drop group traffic.
    pub groups_ignore: bool,
    /// Be shown as online; off keeps the phone's own notifications coming.
    pub always_online: bool,
    /// Mark messages as read.
    pub read_messages: bool,
    /// Mark status posts as read.
    pub read_status: bool,
    /// Ask for the whole history at linking.
    pub sync_full_history: bool,
    /// Kept for the original's clients; not used.
    pub wavoip_token: String,
}
