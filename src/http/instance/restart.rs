//! `POST /instance/restart/{name}`: drop the link and open it again.

use std::time::Duration;

use super::connect::{WAIT, WAIT_MOST};
use super::state::connection_state;
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::{Reply, ok};

/// Answers when the new attempt has an outcome, or the wait is over.
pub(crate) async fn post(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let handle = call.instance(caller)?;
    let wait = call.query().number("wait", 0, WAIT_MOST)?.unwrap_or(WAIT);
    let snapshot = handle
        .restart(Duration::from_secs(wait))
        .await
        .map_err(|error| ApiError::of_instance(error, &handle.snapshot().name))?;
    Ok(ok(&connection_state(&snapshot)))
}
