//! `POST /verify-creds`: whether a key is the global one.

use serde::Serialize;

use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::reply::{Reply, ok};

/// The key is the global one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Verified {
    status: u16,
    message: &'static str,
}

/// 200 for the global key, 401 for all else.
pub(crate) fn post(caller: &Caller) -> Result<Reply, ApiError> {
    caller.must_be_global()?;
    Ok(ok(&Verified { status: 200, message: "Credentials are valid" }))
}
