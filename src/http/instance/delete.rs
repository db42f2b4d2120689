//! `DELETE /instance/delete/{name}`: unlink and forget everything.

use super::logout::done;
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::Reply;

/// Answers when the name is free.
pub(crate) async fn delete(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let name = call.instance(caller)?.snapshot().name.clone();
    let found = call.state.registry.delete(&name).await;
    if found.map_err(|error| ApiError::of_instance(error, &name))? {
        Ok(done("Instance deleted"))
    } else {
        Err(ApiError::NoInstance(name.to_string()))
    }
}
