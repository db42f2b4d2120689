//! `/webhook/deliveries`, `/webhook/redeliver`.

use serde::Serialize;

use crate::events::{CircuitShown, CircuitState};
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::{ApiError, short};
use crate::http::reply::{Reply, ok};
use crate::model::{InstanceId, Stamp};
use crate::store::{Delivery, DeliveryFilter, DeliveryStatus, WebhookId};

/// Deliveries in one answer, unless asked otherwise.
const PAGE: u64 = 50;
const MOST: u64 = 500;

/// What was and is to be delivered, and how the receivers stand.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[allow(clippy::struct_field_names, reason = "names on the wire")]
pub(crate) struct Deliveries {
    /// The receivers of this instance's events.
    destinations: Vec<Destination>,
    /// Deliveries, newest first.
    deliveries: Vec<DeliveryShown>,
    /// What `before` takes for the next page; null on the last one.
    before: Option<i64>,
}

/// A receiver, with its circuit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "names on the wire")]
pub(crate) struct Destination {
    /// `instance` or `global`.
    #[schema(example = "instance")]
    destination: &'static str,
    /// Whether events are sent.
    enabled: bool,
    /// `closed` while all is well, `open` while it is left alone, `half_open` while it is tried again or
    /// catches up.
    #[schema(value_type = String, example = "closed")]
    circuit: CircuitState,
    /// Since when it is not closed.
    #[schema(value_type = Option<String>)]
    since: Option<Stamp>,
    /// Attempts in a row that failed.
    failures: u32,
    /// When it is tried again.
    #[schema(value_type = Option<String>)]
    next_attempt_at: Option<Stamp>,
    /// What went wrong last.
    error: Option<String>,
    /// Deliveries that wait; of the global one all instances' are counted.
    pending: i64,
}

/// One event for one receiver.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryShown {
    /// What `redeliver` takes.
    id: i64,
    /// `instance` or `global`.
    #[schema(example = "instance")]
    destination: &'static str,
    /// `pending`, `delivered` or `dead`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// Attempts so far.
    attempts: u32,
    /// HTTP status of the last attempt.
    answer: Option<u16>,
    /// What went wrong at the last attempt.
    error: Option<String>,
    /// When it last changed.
    #[schema(value_type = String)]
    updated_at: Stamp,
    /// The kind of event.
    event: &'static str,
    /// `webhook-id` of its requests.
    event_id: String,
    /// Its number within the instance.
    seq: i64,
    /// When it happened.
    #[schema(value_type = String)]
    at: Stamp,
}

/// What sending many again takes.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what `again` takes out of a body")]
pub(crate) struct RedeliverBody {
    /// `dead`: all that were given up.
    #[schema(pattern = "^dead$")]
    all: String,
}

/// How many were sent again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Redelivered {
    redelivered: usize,
}

/// Lists what was and is to be delivered. Whoever has only the instance's token sees nothing of the
/// global webhook, which is the owner's.
pub(crate) async fn list(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let instance = call.instance(caller)?.snapshot().id;
    let query = call.query();
    let status = match query.text("status")? {
        None => None,
        Some(word) => Some(DeliveryStatus::from_word(word).ok_or_else(|| {
            ApiError::Invalid(vec![format!("status is {word:?}; it takes pending, delivered or dead")])
        })?),
    };
    let limit = query.number("limit", 1, MOST)?.unwrap_or(PAGE);
    let before = query.number("before", 1, i64::MAX.cast_unsigned())?;
    let filter = DeliveryFilter {
        instance,
        own: is_own(caller),
        status,
        before: before.and_then(|id| i64::try_from(id).ok()),
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    let rows = call.state.store.deliveries(filter).await?;
    let full = u64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let before = rows.last().filter(|_| full).map(|last| last.id);
    let destinations = destinations(call, instance, is_own(caller)).await?;
    Ok(ok(&Deliveries { destinations, deliveries: rows.iter().map(shown).collect(), before }))
}

/// Sends one delivery again, or with `{"all":"dead"}` all that were given up.
pub(crate) async fn again(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    let instance = call.instance(caller)?.snapshot().id;
    let mut body = call.fields().await?;
    let given = body.has("all");
    let all = body.text("all");
    let id = match (call.param("id"), all.as_deref()) {
        ("", Some("dead")) => None,
        ("", Some(other)) => {
            let other = short(other);
            body.fault("all", format_args!("is {other:?}; it takes \"dead\""));
            None
        }
        ("", None) if given => None,
        ("", None) => {
            body.fault("all", "is missing; it takes \"dead\", or name one delivery in the path");
            None
        }
        (id, _) => Some(id.parse::<i64>().map_err(|_| missing(id))?),
    };
    body.finish()?;
    let own = is_own(caller);
    let redelivered = call.state.store.redeliver(instance, own, id).await?;
    match (id, redelivered) {
        (Some(id), 0) => Err(missing(&id.to_string())),
        _ => Ok(ok(&Redelivered { redelivered })),
    }
}

async fn destinations(call: &Call, instance: InstanceId, own: bool) -> Result<Vec<Destination>, ApiError> {
    let store = &call.state.store;
    let waiting = store.waiting().await?;
    let mut destinations = Vec::new();
    let kinds = [("instance", Some(instance)), ("global", None)];
    for (destination, of) in kinds.into_iter().take(if own { 1 } else { 2 }) {
        let Some(row) = store.webhook_of(of).await? else { continue };
        let pending = waiting.iter().find(|w| w.webhook == row.id).map_or(0, |w| w.count);
        destinations.push(described(call, destination, row.id, row.webhook.enabled, pending));
    }
    Ok(destinations)
}

fn described(
    call: &Call,
    destination: &'static str,
    id: WebhookId,
    enabled: bool,
    pending: i64,
) -> Destination {
    let CircuitShown { state, since, failures, next_attempt_at, error } = call.state.courier.circuit(id);
    Destination { destination, enabled, circuit: state, since, failures, next_attempt_at, error, pending }
}

fn shown(delivery: &Delivery) -> DeliveryShown {
    DeliveryShown {
        id: delivery.id,
        destination: if delivery.global { "global" } else { "instance" },
        status: delivery.status.as_str(),
        attempts: delivery.attempts,
        answer: delivery.answer,
        error: delivery.error.clone(),
        updated_at: delivery.updated,
        event: delivery.event.kind.upper(),
        event_id: format!("evt_{}", delivery.event.id),
        seq: delivery.event.seq.0,
        at: delivery.event.at,
    }
}

fn is_own(caller: &Caller) -> bool {
    matches!(caller, Caller::Instance { .. })
}

fn missing(id: &str) -> ApiError {
    let id = short(id);
    ApiError::Missing {
        code: "delivery_not_found",
        message: format!("there is no delivery {id} that could be sent again"),
    }
}
