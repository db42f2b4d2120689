//! `DELETE /instance/logout/{name}`: unlink and forget the credentials.

use serde::Serialize;

use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::{Reply, ok};

/// It is done, in the original's words.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Done {
    /// Always `SUCCESS`.
    status: &'static str,
    /// Always false.
    error: bool,
    response: DoneMessage,
}

/// What is done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DoneMessage {
    message: &'static str,
}

pub(super) fn done(message: &'static str) -> Reply {
    ok(&Done { status: "SUCCESS", error: false, response: DoneMessage { message } })
}

/// Answers when the credentials are out of use.
pub(crate) async fn delete(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let handle = call.instance(caller)?;
    let left = handle.logout().await;
    left.map_err(|error| ApiError::of_instance(error, &handle.snapshot().name))?;
    Ok(done("Instance logged out"))
}
