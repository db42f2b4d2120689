//! `GET /healthz` and `GET /readyz`. They tell nothing else and need no key.

use serde::Serialize;

use crate::http::error::ApiError;
use crate::http::reply::{Reply, ok};
use crate::http::state::State;

/// Storage that takes longer to answer is not alive.
const PROOF: std::time::Duration = std::time::Duration::from_secs(5);

/// All is well.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// The process and its runtime answer, and so does the store.
pub(crate) async fn healthz(state: &State) -> Result<Reply, ApiError> {
    let alive = tokio::time::timeout(PROOF, state.store.ping()).await;
    if !matches!(alive, Ok(Ok(()))) {
        let message = "storage does not answer".to_owned();
        return Err(ApiError::Unavailable { code: "storage", message });
    }
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
