//! Delivers what one receiver still has to get: oldest first, to the end or to the first failure.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::attempt::{Letter, judge};
use super::circuit::Outcome;
use super::courier::{Inner, LATER};
use super::envelope::{id as event_id, posted};
use super::media::Inliner;
use crate::model::Webhook;
use crate::store::{Delivery, StoreError, Verdict, WebhookId};

/// Deliveries that are read at once, and what they may weigh.
const BATCH: u32 = 64;
const WEIGHT: usize = 256 * 1024;
/// What receivers have is noted in one commit at least so often. After a kill, what was not noted is
/// sent again with the same `webhook-id`.
const NOTE: Duration = Duration::from_millis(250);
/// How long an attempt that is under way may take when the process ends.
const LAST: Duration = Duration::from_millis(500);
/// How long events wait for a link that could load their media. Once for a whole backlog.
const MEDIA: Duration = Duration::from_mins(2);

/// What was done and is not noted yet.
struct Notes {
    settled: Vec<(i64, Verdict)>,
    noted: Instant,
}

/// What comes after a delivery.
enum Then {
    /// The next one.
    Next,
    /// The same one again.
    Same,
    /// Nothing: the receiver is left alone, or the process ends.
    Stop,
}

impl Inner {
    /// Returns whether there is more to deliver, now or when the receiver is left alone no more.
    pub(super) async fn drain(&self, id: WebhookId, stop: &CancellationToken) -> bool {
        // Since when media are waited for.
        let mut waiting = None;
        while !stop.is_cancelled() {
            let generation = self.store.webhook_generation();
            let (webhook, batch) = match self.batch(id).await {
                Ok(Some((webhook, batch))) if !batch.is_empty() => (webhook, batch),
                Ok(_) => {
                    self.circuits.caught_up(id);
                    return false;
                }
                Err(error) => {
                    tracing::warn!(%error, "deliveries wait for storage");
                    self.circuits.leave_alone(id, LATER);
                    return true;
                }
            };
            let mut notes = Notes { settled: Vec::new(), noted: Instant::now() };
            let mut stopped = false;
            for delivery in batch {
                if self.store.webhook_generation() != generation {
                    break;
                }
                match Box::pin(self.deliver(id, &webhook, delivery, &mut notes, &mut waiting, stop)).await {
                    Then::Next => {}
                    Then::Same => break,
                    Then::Stop => {
                        stopped = true;
                        break;
                    }
                }
            }
            if !self.note(&mut notes, stop).await || stopped {
                return true;
            }
        }
        true
    }

    async fn batch(&self, id: WebhookId) -> Result<Option<(Webhook, Vec<Delivery>)>, StoreError> {
        let batch = self.store.next_deliveries(id, BATCH, WEIGHT).await?;
        let row = self.store.webhook(id).await?;
        Ok(row.map(|row| (row.webhook, batch)))
    }

    async fn deliver(
        &self,
        id: WebhookId,
        webhook: &Webhook,
        delivery: Delivery,
        notes: &mut Notes,
        waiting: &mut Option<Instant>,
        stop: &CancellationToken,
    ) -> Then {
        if let Some(slot) = self.circuits.slot(id, self.every)
            && stop.run_until_cancelled(tokio::time::sleep_until(slot.into())).await.is_none()
        {
            return Then::Stop;
        }
        let heavy = webhook.target.base64 && Inliner::concerns(&delivery.event);
        let patient = waiting.is_none_or(|since| since.elapsed() < MEDIA);
        let attempt = async {
            let letter = self.letter(&delivery, webhook, heavy, patient).await?;
            Some(self.post.post(&webhook.target, &letter).await)
        };
        let turn = self.lanes.run(self.circuits.is_suspect(id), heavy, attempt);
        let last = async {
            stop.cancelled().await;
            tokio::time::sleep(LAST).await;
        };
        let answer = tokio::select! {
            answer = turn => answer,
            () = last => return Then::Stop,
        };
        let Some(answer) = answer else {
            // No fault of the receiver's.
            waiting.get_or_insert_with(Instant::now);
            let _ = self.note(notes, stop).await;
            return match stop.run_until_cancelled(tokio::time::sleep(LATER)).await {
                Some(()) => Then::Same,
                None => Then::Stop,
            };
        };
        let outcome = judge(&answer, self.clock.now());
        let go_on = self.circuits.after(id, &outcome);
        notes.settled.push((delivery.id, self.verdict(outcome, &delivery)));
        if notes.noted.elapsed() >= NOTE && !self.note(notes, stop).await {
            return Then::Stop;
        }
        if go_on { Then::Next } else { Then::Stop }
    }

    /// None: its media cannot be had now.
    async fn letter(
        &self,
        delivery: &Delivery,
        webhook: &Webhook,
        heavy: bool,
        patient: bool,
    ) -> Option<Letter> {
        let (event, target) = (&delivery.event, &webhook.target);
        let spelling = target.spelling.unwrap_or(self.spelling);
        let body = if heavy {
            let data = self.inliner.inlined(event, patient).await?;
            posted(event, &data, &target.url, spelling, &self.server_url)
        } else {
            posted(event, &event.data, &target.url, spelling, &self.server_url)
        };
        Some(Letter { id: event_id(event), kind: event.kind, body: Bytes::from(body) })
    }

    fn verdict(&self, outcome: Outcome, delivery: &Delivery) -> Verdict {
        let now = self.clock.now();
        match outcome {
            Outcome::Taken { answer } => Verdict::Delivered { answer },
            Outcome::Refused { answer, error, .. } => Verdict::Dead { answer: Some(answer), error },
            Outcome::Failed { answer, error, .. } if delivery.since.until(now) > self.tried => {
                Verdict::Dead { answer, error: format!("{error}; given up") }
            }
            Outcome::Failed { answer, error, wait } => {
                Verdict::Again { answer, error, not_before: wait.map(|wait| now.plus(wait)) }
            }
        }
    }

    /// Notes what was done in one commit. A disk that refuses is waited for: what a receiver has is not
    /// sent again because of it. False when the process ends first.
    async fn note(&self, notes: &mut Notes, stop: &CancellationToken) -> bool {
        while !notes.settled.is_empty() {
            match self.store.settle_deliveries(notes.settled.clone()).await {
                Ok(()) => notes.settled.clear(),
                Err(error) => {
                    tracing::warn!(%error, "what was delivered could not be noted; tried again soon");
                    if stop.run_until_cancelled(tokio::time::sleep(LATER)).await.is_none() {
                        return false;
                    }
                }
            }
        }
        notes.noted = Instant::now();
        true
    }
}
