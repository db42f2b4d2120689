//! `/webhook/set`, `/webhook/find`, `/webhook/test`; below it what was delivered.

pub(super) mod deliveries;
mod fields;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::auth::Caller;
use super::call::Call;
use super::error::ApiError;
use super::reply::{Reply, created, ok};
use crate::events::{TestOutcome, test_event};
use crate::model::{InstanceUuid, Secret, Stamp};
use crate::store::WebhookRow;
pub(super) use fields::{Set, WebhookBody, fresh_secret, read, sign_with};

/// A webhook as it is shown: without secrets, but a secret that was made just now, this once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "members of the original's")]
pub(crate) struct WebhookShown {
    /// Its number.
    id: String,
    /// Whether events are sent.
    enabled: bool,
    /// The address.
    url: String,
    /// A path piece per kind of event.
    webhook_by_events: bool,
    /// Media bytes within the event.
    webhook_base64: bool,
    /// Names of headers that are sent along; their values are not shown. Sent back as they are, they stay.
    #[schema(value_type = Object)]
    headers: Map<String, Value>,
    /// Kinds of events; none is all.
    events: Vec<&'static str>,
    /// How events are named.
    #[schema(example = "upper")]
    spelling: &'static str,
    /// Whether requests are signed (Standard Webhooks).
    signed: bool,
    /// A secret that was made just now, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Whose it is.
    instance_id: String,
    /// When it was first set.
    #[schema(value_type = String)]
    created_at: Stamp,
    /// When it was last set.
    #[schema(value_type = String)]
    updated_at: Stamp,
}

/// What `set` takes as the original has it; the bare members do as well.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what `set` takes out of a body")]
pub(crate) struct WrappedWebhook {
    webhook: WebhookBody,
}

/// What the receiver made of a test event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Tested {
    /// Whether it took it.
    delivered: bool,
    /// The HTTP status of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why it did not, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Sets what is given and leaves the rest as it is. `{"webhook": {…}}` and the bare members are both
/// understood, as published clients send either.
pub(crate) async fn set(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    let snapshot = call.instance(caller)?.snapshot();
    let mut body = call.fields().await?;
    let known = call.state.store.webhook_of(Some(snapshot.id)).await?;
    let known = known.map(|row| row.webhook);
    let Set { webhook, fresh } = match body.object("webhook") {
        Some(mut inner) => {
            let set = read(&mut inner, known, &call.state.courier);
            body.absorb(inner);
            set
        }
        None => read(&mut body, known, &call.state.courier),
    };
    body.finish()?;
    let kept = call.state.store.set_webhook(Some(snapshot.id), webhook).await?;
    Ok(created(&shown(call, &snapshot.uuid, kept, fresh.as_ref())))
}

/// Tells it; `null` when there is none, as the original.
pub(crate) async fn find(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let snapshot = call.instance(caller)?.snapshot();
    let known = call.state.store.webhook_of(Some(snapshot.id)).await?;
    Ok(ok(&known.map(|row| shown(call, &snapshot.uuid, row, None))))
}

/// Posts a test event at once and tells what the receiver answered. Where an instance has no webhook, the
/// owner tests the global one, which gets its events.
pub(crate) async fn test(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let snapshot = call.instance(caller)?.snapshot();
    let mut known = call.state.store.webhook_of(Some(snapshot.id)).await?;
    if known.is_none() && matches!(caller, Caller::Global) {
        known = call.state.store.webhook_of(None).await?;
    }
    let Some(row) = known else {
        let message = format!("The \"{}\" instance has no webhook", snapshot.name);
        return Err(ApiError::Missing { code: "no_webhook", message });
    };
    let event = test_event(snapshot.id, snapshot.name.as_str(), call.state.clock.as_ref());
    let TestOutcome { answer, error } = call.state.courier.test(&event, &row.webhook.target).await;
    Ok(ok(&Tested { delivered: error.is_none(), status: answer, message: error }))
}

fn shown(call: &Call, uuid: &InstanceUuid, row: WebhookRow, fresh: Option<&Secret>) -> WebhookShown {
    let WebhookRow { id, created, updated, webhook, .. } = row;
    let target = webhook.target;
    let jwt = target.jwt_key.iter().map(|_| "jwt_key".to_owned());
    let headers = target.headers.into_keys().chain(jwt);
    WebhookShown {
        id: id.0.to_string(),
        enabled: webhook.enabled,
        url: target.url,
        webhook_by_events: target.by_events,
        webhook_base64: target.base64,
        headers: headers.map(|name| (name, json!(fields::HIDDEN))).collect(),
        events: webhook.events.unwrap_or_default().iter().map(|kind| kind.upper()).collect(),
        spelling: target.spelling.unwrap_or(call.state.courier.spelling()).as_str(),
        signed: !target.secrets.is_empty(),
        secret: fresh.map(|secret| secret.expose().to_owned()),
        instance_id: uuid.to_string(),
        created_at: created,
        updated_at: updated,
    }
}
