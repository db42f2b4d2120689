//! `GET /healthz` and `GET /readyz`. They tell nothing else and need no key.

use serde::Serialize;

use crate::http::error::ApiError;
use crate::http::reply::{Reply, ok};
use crate::http::state::State;
use crate::store::StoreError;

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
    let message = match tokio::time::timeout(PROOF, state.store.ping()).await {
        Ok(Ok(())) => return Ok(ok(&Health { status: "ok" })),
        Ok(Err(StoreError::Full)) => "degraded: the disk is full, and nothing can be stored".to_owned(),
        Ok(Err(StoreError::Closed | StoreError::Busy)) | Err(_) => "storage does not answer".to_owned(),
        // What it says may name files, and who asks here needs no key.
        Ok(Err(_)) => "degraded: nothing can be stored; the log says why".to_owned(),
    };
    Err(ApiError::Unavailable { code: "storage", message })
}

/// Whether everything is started.
pub(crate) fn readyz(state: &State) -> Reply {
    if state.is_ready() {
        return ok(&Health { status: "ok" });
    }
    let message = "tetherd is starting or stopping".to_owned();
    ApiError::Unavailable { code: "not_ready", message }.into()
}
