//! `/webhook/set`, `/webhook/find`, `/webhook/deliveries`, `/webhook/redeliver`, `/webhook/test`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::auth::Caller;
use super::call::Call;
use super::error::ApiError;
use super::fields::Fields;
use super::reply::{Reply, created, ok};
use crate::events::{attempt_once, check_url};
use crate::model::{EventKind, InstanceId};
use crate::store::{Delivery, DeliveryStatus, StoreError, Webhook, WebhookTarget};

/// Deliveries in one answer, unless asked otherwise.
const PAGE: u64 = 50;
/// Secrets that are good at once: the one in use, and the one before.
const SECRETS: usize = 2;

/// Sets what is given and leaves the rest as it is. `{"webhook": {…}}` and the bare members are both
/// understood, as published clients send either.
pub(crate) async fn set(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    let instance = call.instance(caller)?.snapshot().id;
    let mut body = call.fields().await?;
    let known = call.state.store.webhook_of(Some(instance)).await.map_err(|e| storage(&e))?;
    let inner = body.object("webhook");
    let (webhook, fresh) = match inner {
        Some(mut inner) => {
            let read = read(&mut inner, instance, known);
            body.absorb(inner);
            read
        }
        None => read(&mut body, instance, known),
    };
    body.finish()?;
    let shown = shown(&webhook, fresh.as_deref());
    call.state.store.set_webhook(webhook).await.map_err(|e| storage(&e))?;
    Ok(created(&shown))
}

/// Tells it; `null` when there is none, as the original.
pub(crate) async fn find(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let instance = call.instance(caller)?.snapshot().id;
    let known = call.state.store.webhook_of(Some(instance)).await.map_err(|e| storage(&e))?;
    Ok(ok(&known.map_or(Value::Null, |webhook| shown(&webhook, None))))
}

/// Lists what was and is to be delivered, newest first.
pub(crate) async fn deliveries(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let instance = call.instance(caller)?.snapshot().id;
    let query = call.query();
    let status = match query.text("status")? {
        None => None,
        Some(word) => Some(DeliveryStatus::from_word(word).ok_or_else(|| {
            ApiError::Invalid(vec![format!("status is {word:?}; it takes pending, delivered or dead")])
        })?),
    };
    let limit = query.number("limit", 1, 500)?.unwrap_or(PAGE);
    let before = query.number("before", 1, i64::MAX.cast_unsigned())?;
    let rows = call
        .state
        .store
        .deliveries(
            instance,
            status,
            before.and_then(|id| i64::try_from(id).ok()),
            u32::try_from(limit).unwrap_or(500),
        )
        .await
        .map_err(|e| storage(&e))?;
    Ok(ok(&rows.iter().map(row).collect::<Vec<_>>()))
}

/// Sends one delivery again, or with `{"all":"dead"}` all that were given up.
pub(crate) async fn redeliver(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    let instance = call.instance(caller)?.snapshot().id;
    let mut body = call.fields().await?;
    let all = body.text("all");
    let id = match (call.param("id"), all.as_deref()) {
        ("", Some("dead")) => None,
        ("", _) => {
            body.fault("all", "is missing; it takes \"dead\", or name one delivery in the path");
            None
        }
        (id, _) => Some(id.parse::<i64>().map_err(|_| missing(id))?),
    };
    body.finish()?;
    let count = call.state.store.redeliver(instance, id).await.map_err(|e| storage(&e))?;
    match (id, count) {
        (Some(id), 0) => Err(missing(&id.to_string())),
        _ => Ok(ok(&json!({"redelivered": count}))),
    }
}

/// Posts a test event at once and tells what the receiver answered.
pub(crate) async fn test(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let snapshot = call.instance(caller)?.snapshot();
    let known = call.state.store.webhook_of(Some(snapshot.id)).await.map_err(|e| storage(&e))?;
    let Some(webhook) = known else {
        let message = format!("The \"{}\" instance has no webhook", snapshot.name);
        return Err(ApiError::Missing { code: "no_webhook", message });
    };
    let body = json!({
        "event": EventKind::WebhookTest.upper(),
        "instance": snapshot.name.as_str(),
        "data": {"message": "A test by tetherd"},
        "destination": webhook.target.url,
        "date_time": call.state.clock.now(),
        "server_url": call.base_url(),
        "apikey": null,
    });
    let answer = attempt_once(&call.state.net, call.state.clock.as_ref(), &webhook.target, &body).await;
    Ok(ok(&match answer {
        Ok(status) => json!({"delivered": (200..300).contains(&status), "status": status}),
        Err(why) => json!({"delivered": false, "message": why}),
    }))
}

fn missing(id: &str) -> ApiError {
    ApiError::Missing {
        code: "delivery_not_found",
        message: format!("there is no delivery {id} that could be sent again"),
    }
}

fn storage(error: &StoreError) -> ApiError {
    ApiError::Storage(error.to_string())
}

/// The webhook in a body over the one that was, and a secret that was made just now.
pub(super) fn read(
    body: &mut Fields,
    instance: InstanceId,
    known: Option<Webhook>,
) -> (Webhook, Option<String>) {
    let first = known.is_none();
    let mut webhook = known.unwrap_or_else(|| Webhook {
        instance: Some(instance),
        enabled: true,
        events: None,
        target: WebhookTarget::default(),
    });
    let target = &mut webhook.target;
    if let Some(url) = body.text("url") {
        if let Err(bad) = check_url(&url) {
            body.fault("url", bad);
        }
        target.url = url;
    } else if first {
        body.fault("url", "is missing; it takes http://… or https://…");
    }
    if let Some(enabled) = body.flag("enabled") {
        webhook.enabled = enabled;
    }
    if let Some(by_events) = body.flag_of("byEvents", "webhookByEvents").or(body.flag("webhook_by_events")) {
        target.by_events = by_events;
    }
    if let Some(base64) = body.flag_of("base64", "webhookBase64").or(body.flag("webhook_base64")) {
        target.base64 = base64;
    }
    match body.text("spelling").as_deref() {
        None => {}
        Some("dotted") => target.dotted = true,
        Some("upper") => target.dotted = false,
        Some(_) => body.fault("spelling", "takes \"upper\" or \"dotted\""),
    }
    headers(body, target);
    let fresh = secret(body, target);
    if body.mentions("events") {
        webhook.events = events(body);
    }
    (webhook, fresh)
}

/// Headers as given; `jwt_key` among them is a key, not a header.
fn headers(body: &mut Fields, target: &mut WebhookTarget) {
    if let Some(key) = body.text("jwt_key") {
        target.jwt_key = Some(key);
    }
    let Some(given) = body.object("headers") else { return };
    target.headers.clear();
    for (name, value) in given.into_members() {
        let Value::String(value) = value else {
            body.fault(&format!("headers.{name}"), "must be a string");
            continue;
        };
        if name == "jwt_key" {
            target.jwt_key = Some(value);
        } else if http::HeaderName::try_from(&name).is_err() || http::HeaderValue::try_from(&value).is_err() {
            body.fault(&format!("headers.{name}"), "cannot be a header");
        } else {
            target.headers.insert(name, value);
        }
    }
}

/// `secret`: one of the owner's, or `"generate"` to have one made. The one before stays good.
fn secret(body: &mut Fields, target: &mut WebhookTarget) -> Option<String> {
    let given = body.secret("secret")?;
    let (secret, fresh) = if given.expose() == "generate" {
        let mut bytes = [0_u8; 24];
        if getrandom::fill(&mut bytes).is_err() {
            body.fault("secret", "cannot be made: this box has no randomness");
            return None;
        }
        let made = format!("whsec_{}", STANDARD.encode(bytes));
        (made.clone(), Some(made))
    } else {
        (given.expose().to_owned(), None)
    };
    target.secrets.retain(|known| *known != secret);
    target.secrets.insert(0, secret);
    target.secrets.truncate(SECRETS);
    fresh
}

/// The kinds that are wanted; missing or empty is all.
fn events(body: &mut Fields) -> Option<Vec<EventKind>> {
    let names = body.texts("events").filter(|names| !names.is_empty())?;
    let mut kinds = Vec::with_capacity(names.len());
    for name in names {
        match name.parse() {
            Ok(kind) => kinds.push(kind),
            Err(unknown) => body.fault("events", format_args!("{name:?} {unknown}")),
        }
    }
    Some(kinds)
}

/// As it is shown: without secrets, but a secret that was made just now, this once.
fn shown(webhook: &Webhook, fresh: Option<&str>) -> Value {
    let target = &webhook.target;
    let headers: Map<String, Value> = target.headers.keys().map(|name| (name.clone(), json!("…"))).collect();
    let events =
        webhook.events.as_ref().map(|kinds| kinds.iter().map(|kind| kind.upper()).collect::<Vec<_>>());
    let mut value = json!({
        "enabled": webhook.enabled,
        "url": target.url,
        "webhookByEvents": target.by_events,
        "webhookBase64": target.base64,
        "headers": headers,
        "events": events.unwrap_or_default(),
        "spelling": if target.dotted { "dotted" } else { "upper" },
        "signed": !target.secrets.is_empty(),
        "jwt": target.jwt_key.is_some(),
    });
    if let (Some(secret), Some(members)) = (fresh, value.as_object_mut()) {
        members.insert("secret".into(), json!(secret));
    }
    value
}

fn row(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "status": delivery.status.as_str(),
        "attempts": delivery.attempts,
        "answer": delivery.answer,
        "error": delivery.error,
        "updatedAt": delivery.updated,
        "event": delivery.event.kind.upper(),
        "eventId": format!("evt_{}", delivery.event.id),
        "seq": delivery.event.seq.0,
        "at": delivery.event.at,
    })
}
