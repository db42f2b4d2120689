//! `/webhook/meta`: what Meta tells of WHATSAPP-BUSINESS numbers. Everything of one body is on disk, in
//! one transaction, before Meta is told that we have it.

mod trust;

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::auth::Caller;
use super::body;
use super::call::Call;
use super::error::ApiError;
use super::reply::{Reply, bytes, ok};
use crate::events::meta::{self, Told};
use crate::instance::Snapshot;
use crate::model::{InstanceId, Integration, NewEvent, Secret};

pub(super) use trust::verify_token;

/// Meta sends up to 3 MB.
const LONGEST: usize = 4 << 20;
/// A challenge is some ten digits.
const CHALLENGE: usize = 256;

/// What Meta is told when all is on disk.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Kept {
    status: &'static str,
}

/// Meta sends what happens to this instance.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscribed {
    instance_name: String,
    subscribed: bool,
}

/// Meta proves that whoever set it up there knows the verify token.
pub(super) fn get(call: &Call) -> Result<Reply, ApiError> {
    let secret = app_secret(call)?;
    let query = call.query();
    let asked = |name| query.text(name).map(Option::unwrap_or_default);
    let (mode, token, challenge) = (asked("hub.mode")?, asked("hub.verify_token")?, asked("hub.challenge")?);
    let config = call.state.config().verify_token.clone();
    let own = businesses(call).into_iter().map(|snapshot| verify_token(&secret, &snapshot.uuid));
    if mode != "subscribe" || !trust::is_one_of(token, config.into_iter().chain(own)) {
        trust::tell_of_stranger(
            call.state.clock.instant(),
            "the verify token is none of those that create and [cloud] tell",
        );
        return Err(ApiError::Forbidden {
            code: "wrong_verify_token",
            message: "hub.mode must be subscribe and hub.verify_token the one that tetherd knows".into(),
        });
    }
    if challenge.len() > CHALLENGE {
        return Err(ApiError::invalid("hub.challenge is longer than any of Meta's"));
    }
    Ok(bytes(StatusCode::OK, "text/plain; charset=utf-8", Bytes::from(challenge.to_owned())))
}

/// Keeps everything that Meta tells, then says so.
pub(super) async fn post(call: &mut Call) -> Result<Reply, ApiError> {
    let signature = call.header("x-hub-signature-256").unwrap_or_default().to_owned();
    let sent = call.body.take().ok_or(ApiError::Internal)?;
    // Who does not know the secret learns nothing, not even that a body was too large.
    let secret = app_secret(call)?;
    let sent = body::whole(sent, LONGEST).await?;
    if !trust::signed(&secret, &sent, &signature) {
        trust::tell_of_stranger(
            call.state.clock.instant(),
            "its signature is not made with [cloud] app_secret",
        );
        return Err(ApiError::Unauthorized);
    }
    let told = meta::read(&sent).map_err(|error| ApiError::invalid(error.to_string()))?;
    let events = addressed(&businesses(call), told);
    call.state.store.append_events(events).await?;
    Ok(ok(&Kept { status: "success" }))
}

/// Asks Meta to send what happens to the instance's business account to the app's webhook.
pub(super) async fn subscribe(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let handle = call.instance(caller)?;
    let name = handle.snapshot().name.clone();
    handle.subscribe().await.map_err(|error| ApiError::of_instance(error, &name))?;
    Ok(ok(&Subscribed { instance_name: name.to_string(), subscribed: true }))
}

fn app_secret(call: &Call) -> Result<Secret, ApiError> {
    let missing = || ApiError::NoRoute(call.parts.method.clone(), call.parts.uri.path().to_owned());
    call.state.config().app_secret.clone().ok_or_else(missing)
}

fn businesses(call: &Call) -> Vec<Arc<Snapshot>> {
    let all = call.state.registry.all().into_iter().map(|handle| handle.snapshot());
    all.filter(|snapshot| snapshot.integration == Integration::Cloud).collect()
}

/// To every instance of the number, or of the account when no number is named.
fn addressed(businesses: &[Arc<Snapshot>], told: Vec<Told>) -> Vec<(InstanceId, NewEvent)> {
    let mut events = Vec::new();
    let mut strangers = 0_u32;
    for Told { number, account, event } in told {
        let before = events.len();
        for snapshot in businesses {
            let theirs = match &number {
                Some(number) => snapshot.number.as_ref() == Some(number),
                None => snapshot.business_id.is_some() && snapshot.business_id == account,
            };
            if theirs {
                let mut event = event.clone();
                if let Some(data) = event.data.as_object_mut() {
                    data.insert("instanceId".into(), json!(snapshot.uuid));
                }
                events.push((snapshot.id, event));
            }
        }
        strangers += u32::from(events.len() == before);
    }
    if strangers > 0 {
        tracing::warn!(strangers, "Meta told of numbers or accounts that no instance here has");
    }
    events
}
