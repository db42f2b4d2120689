//! `/instance/invite/{name}`: a one-time address that shows somebody else only how to link this instance.

use std::time::Duration;

use serde::Serialize;

use super::logout::done;
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::{Reply, created};
use crate::model::{Digest, InstanceId, Integration, Stamp, Token};

/// Seconds that an address lives unless asked otherwise, at least, and at most.
const LIFE: u64 = 600;
const LIFE_LEAST: u64 = 30;
const LIFE_MOST: u64 = 7 * 24 * 3600;

/// What it takes.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes what `post` takes out of a body")]
pub(crate) struct InviteBody {
    /// Seconds that the address lives; 600 when it is left out.
    #[schema(minimum = 30, maximum = 604_800)]
    expires_in: Option<u64>,
}

/// A one-time address, shown this once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invited {
    url: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Stamp,
}

/// Makes one, in the place of the one before.
pub(crate) async fn post(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    let snapshot = call.instance(caller)?.snapshot();
    let mut body = call.fields().await?;
    let life = body.number("expiresIn", LIFE_LEAST, LIFE_MOST).unwrap_or(LIFE);
    body.finish()?;
    if snapshot.integration == Integration::Cloud {
        let message = format!(
            "The \"{}\" instance is WHATSAPP-BUSINESS: it is linked by Meta's access token, and nobody scans anything",
            snapshot.name
        );
        return Err(ApiError::WrongState { code: "not_available", message });
    }
    if snapshot.truth.is_linked() {
        let message = format!("The \"{}\" instance is linked already", snapshot.name);
        return Err(ApiError::WrongState { code: "instance_linked", message });
    }
    let (url, expires_at) = make(call, snapshot.id, Duration::from_secs(life)).await?;
    Ok(created(&Invited { url, expires_at }))
}

/// A fresh address in the place of the one before, and when it ends.
pub(crate) async fn make(
    call: &Call,
    instance: InstanceId,
    life: Duration,
) -> Result<(String, Stamp), ApiError> {
    let token = Token::generate()?;
    let expires_at = call.state.clock.now().plus(life);
    call.state.store.put_invite(instance, expires_at, Digest::of(token.expose())).await?;
    Ok((format!("{}/link/{}", call.base_url(), token.expose()), expires_at))
}

/// Takes it back.
pub(crate) async fn delete(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let snapshot = call.instance(caller)?.snapshot();
    if call.state.store.end_invite(snapshot.id).await? {
        return Ok(done("Invitation taken back"));
    }
    let message = format!("The \"{}\" instance has no open invitation", snapshot.name);
    Err(ApiError::Missing { code: "no_invitation", message })
}
