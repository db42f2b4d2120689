//! The courier: takes what the outbox holds to its receivers, in order for each, none delaying
//! another. What is left when the process ends is on disk.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::envelope::{envelope, id};
use super::signature;
use super::url::by_event;
use crate::model::Clock;
use crate::net::{FetchOptions, Net, NetError};
use crate::store::{Delivery, Store, StoreError, Verdict, WebhookId, WebhookTarget};

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(5);
/// Given up after this (the contract: at least 24 h).
const GIVE_UP: Duration = Duration::from_hours(24);
/// After a full disk, or for webhooks that were set meanwhile.
const LOOK: Duration = Duration::from_secs(5);
/// Receivers that are talked to at once.
const AT_ONCE: usize = 16;

/// Delivers webhooks until it is told to stop.
pub struct Courier {
    /// Where events are.
    pub store: Store,
    /// The way out.
    pub net: Net,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// From 0 to 1, for jitter.
    pub chance: fn() -> f64,
    /// `server_url` of the envelope.
    pub server_url: String,
}

/// When a receiver that failed is tried again.
struct Pause {
    until: Instant,
    fails: u32,
}

impl Courier {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let courier = Arc::new(self);
        let mut newest = courier.store.newest_event();
        let mut pauses: HashMap<WebhookId, Pause> = HashMap::new();
        let mut busy: JoinSet<(WebhookId, Option<Pause>)> = JoinSet::new();
        let mut working: Vec<WebhookId> = Vec::new();
        loop {
            newest.borrow_and_update();
            let due = courier.store.due_webhooks().await.unwrap_or_default();
            pauses.retain(|webhook, _| due.contains(webhook));
            let now = courier.clock.instant();
            for webhook in due {
                let waits = pauses.get(&webhook).is_some_and(|pause| pause.until > now);
                if waits || working.contains(&webhook) || working.len() >= AT_ONCE {
                    continue;
                }
                let (courier, fails) = (Arc::clone(&courier), pauses.get(&webhook).map_or(0, |p| p.fails));
                working.push(webhook);
                busy.spawn(async move { (webhook, courier.drain(webhook, fails).await) });
            }
            let next = pauses.values().map(|pause| pause.until).filter(|at| *at > now).min();
            let wait = next.map_or(LOOK * 12, |at| at.saturating_duration_since(now));
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = newest.changed() => {}
                Some(Ok((webhook, pause))) = busy.join_next() => {
                    working.retain(|other| *other != webhook);
                    match pause {
                        Some(pause) => { pauses.insert(webhook, pause); }
                        None => { pauses.remove(&webhook); }
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Delivers what one receiver still has to get, oldest first, to the end or to the first failure.
    async fn drain(&self, webhook: WebhookId, fails: u32) -> Option<Pause> {
        let mut fails = fails;
        loop {
            match self.one(webhook).await {
                Ok(None) => return None,
                Ok(Some(None)) => fails = 0,
                Ok(Some(Some(at_least))) => {
                    let wait = backoff(fails, (self.chance)()).max(at_least);
                    return Some(Pause {
                        until: self.clock.instant() + wait,
                        fails: fails.saturating_add(1),
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a delivery waits for storage");
                    return Some(Pause { until: self.clock.instant() + LOOK, fails });
                }
            }
        }
    }

    /// One attempt. None: nothing to do. `Some(Some(_))`: failed, to be tried again after that at least.
    async fn one(&self, webhook: WebhookId) -> Result<Option<Option<Duration>>, StoreError> {
        let Some(delivery) = self.store.next_delivery(webhook).await? else { return Ok(None) };
        let Some(hook) = self.store.webhook(webhook).await? else { return Ok(None) };
        let (verdict, wait) = self.attempt(&delivery, &hook.target).await;
        let again = matches!(verdict, Verdict::Again { .. });
        self.store.finish_delivery(delivery.id, verdict).await?;
        Ok(Some(again.then_some(wait)))
    }

    async fn attempt(&self, delivery: &Delivery, target: &WebhookTarget) -> (Verdict, Duration) {
        let body = Bytes::from(envelope(&delivery.event, target, &self.server_url).to_string());
        let url = if target.by_events {
            by_event(&target.url, &delivery.event.kind.slug())
        } else {
            target.url.clone()
        };
        let answer = post(&self.net, self.clock.as_ref(), target, &url, &id(&delivery.event), body).await;
        let age = delivery.event.at.until(self.clock.now());
        judge(answer, age)
    }
}

/// One attempt outside of the queue: for the test button. The status, or what went wrong.
///
/// # Errors
/// In words for a person.
pub async fn attempt_once(
    net: &Net,
    clock: &dyn Clock,
    target: &WebhookTarget,
    body: &serde_json::Value,
) -> Result<u16, String> {
    let id = format!("test_{}", clock.now().millis());
    let answer = post(net, clock, target, &target.url, &id, Bytes::from(body.to_string())).await;
    answer.map(|(status, _)| status.as_u16()).map_err(|error| error.to_string())
}

async fn post(
    net: &Net,
    clock: &dyn Clock,
    target: &WebhookTarget,
    url: &str,
    id: &str,
    body: Bytes,
) -> Result<(StatusCode, Option<Duration>), NetError> {
    let now = clock.now().millis() / 1000;
    let mut request = Request::post(url)
        .header("content-type", "application/json")
        .header("user-agent", concat!("tetherd/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", id)
        .header("webhook-timestamp", now.to_string())
        .header("content-length", body.len());
    if !target.secrets.is_empty() {
        request = request.header("webhook-signature", signature::signature(&target.secrets, id, now, &body));
    }
    if let Some(key) = &target.jwt_key {
        request = request.header("authorization", format!("Bearer {}", signature::bearer(key, now)));
    }
    for (name, value) in &target.headers {
        request = request.header(name, value);
    }
    let request = request.body(body).map_err(|error| NetError::BadUrl(error.to_string()))?;
    let options = FetchOptions { body_limit: 4096, ..FetchOptions::default() };
    let answer = net.fetch(request, &options).await?;
    let after = answer.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    Ok((answer.status, after.map(Duration::from_secs)))
}

/// What an answer comes to. `age`: how long the event has waited.
fn judge(answer: Result<(StatusCode, Option<Duration>), NetError>, age: Duration) -> (Verdict, Duration) {
    let (status, error, wait) = match answer {
        Ok((status, _)) if status.is_success() => {
            return (Verdict::Delivered { answer: status.as_u16() }, Duration::ZERO);
        }
        Ok((status, wait)) => (Some(status), format!("the receiver answered {status}"), wait),
        Err(error) => (None, error.to_string(), None),
    };
    let hopeless = status.is_some_and(|s| s.is_client_error() && !matches!(s.as_u16(), 408 | 425 | 429));
    let answer = status.map(|status| status.as_u16());
    if hopeless || age > GIVE_UP {
        return (Verdict::Dead { answer, error }, Duration::ZERO);
    }
    (Verdict::Again { answer, error }, wait.unwrap_or_default().min(GIVE_UP))
}

fn backoff(fails: u32, chance: f64) -> Duration {
    let ceiling = FIRST.saturating_mul(1 << fails.min(10)).min(LONGEST);
    ceiling.mul_f64(0.8 + 0.2 * chance)
}

#[cfg(test)]
mod tests {
    use super::{GIVE_UP, LONGEST, backoff, judge};
    use crate::net::NetError;
    use crate::store::Verdict;
    use http::StatusCode;
    use std::time::Duration;

    #[test]
    fn which_answers_are_tried_again() {
        let judged = |status: u16, age| judge(Ok((StatusCode::from_u16(status).unwrap(), None)), age).0;
        assert!(matches!(judged(204, Duration::ZERO), Verdict::Delivered { answer: 204 }));
        for again in [408, 425, 429, 500, 502, 503, 301] {
            assert!(matches!(judged(again, Duration::ZERO), Verdict::Again { .. }), "{again}");
        }
        for dead in [400, 401, 403, 404, 410, 422] {
            assert!(matches!(judged(dead, Duration::ZERO), Verdict::Dead { .. }), "{dead}");
        }
        assert!(matches!(judged(500, GIVE_UP + Duration::from_secs(1)), Verdict::Dead { .. }));
        let refused = NetError::Refused { host: "h".into() };
        assert!(matches!(judge(Err(refused), Duration::ZERO).0, Verdict::Again { answer: None, .. }));
    }

    #[test]
    fn a_receiver_that_asks_for_patience_gets_it() {
        let wait =
            judge(Ok((StatusCode::TOO_MANY_REQUESTS, Some(Duration::from_secs(90)))), Duration::ZERO).1;
        assert_eq!(wait, Duration::from_secs(90));
    }

    #[test]
    fn waits_double_from_five_seconds_to_five_minutes() {
        let waits: Vec<_> = (0..8).map(|fails| backoff(fails, 1.0).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert!(backoff(40, 0.0) <= LONGEST);
    }
}
