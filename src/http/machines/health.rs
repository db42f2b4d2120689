//! `GET /healthz` and `GET /readyz`. They tell nothing else and need no key.

use serde::Serialize;

use crate::http::error::ApiError;
use crate::http::reply::{Reply, ok};
use crate::http::state::State;

/// All is well.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// The process and its runtime answer, and so does the store.
pub(crate) async fn healthz(_state: &State) -> Result<Reply, ApiError> {
    Ok(ok(&Health { status: "ok" }))
}

/// Whether everything is started.
pub(crate) fn readyz(state: &State) -> Reply {
    if state.is_ready() {
        return ok(&Health { status: "ok" });
    }
    let message = "tetherd is starting or stopping".to_owned();
    ApiError::Unavailable { code: "not_ready", message }.into()
}
