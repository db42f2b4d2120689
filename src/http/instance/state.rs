//! `GET /instance/connectionState/{name}`: what is true now, from memory.

use serde::Serialize;

use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::{Reply, ok};
use crate::instance::Snapshot;
use crate::model::{Reason, Stamp, Visible};

/// The state of an instance.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ConnectionState {
    instance: InstanceState,
}

/// What is true of its link.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstanceState {
    instance_name: String,
    state: Visible,
    /// The original's number for the reason; null for an instance that nobody has connected yet.
    status_reason: Option<u16>,
    reason: Option<Reason>,
    /// A sentence for a person, when there is more to say than the reason's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// When a ban ends, when WhatsApp told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Stamp>,
    #[schema(value_type = String, format = DateTime)]
    since: Stamp,
    /// Attempts in a row that failed, the running one counted.
    attempt: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_retry_at: Option<Stamp>,
    /// The backlog and the first app-state sync are through.
    synced: bool,
}

/// Tells the state.
pub(crate) fn get(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    Ok(ok(&connection_state(&call.instance(caller)?.snapshot())))
}

/// A snapshot as the API tells it.
pub(super) fn connection_state(snapshot: &Snapshot) -> ConnectionState {
    ConnectionState {
        instance: InstanceState {
            instance_name: snapshot.name.to_string(),
            state: snapshot.visible,
            status_reason: snapshot.status(),
            reason: snapshot.reason,
            message: snapshot.detail.message.clone(),
            expires: snapshot.detail.expires(),
            since: snapshot.since,
            attempt: snapshot.attempt,
            next_retry_at: snapshot.next_retry.map(|next| next.shown),
            synced: snapshot.synced,
        },
    }
}
