//! Delivers what one receiver still has to get: oldest first, to the end or to the first failure.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::attempt::{Letter, judge};
use super::circuit::Outcome;
use super::courier::{Inner, LATER, TRIED_AT_LEAST};
use super::envelope::{id as event_id, posted};
use super::media::Inliner;
use super::notes::Notes;
use crate::model::Webhook;
use crate::store::{Delivery, StoreError, Verdict, WebhookId};

/// Deliveries that are read at once, and what they may weigh.
const BATCH: u32 = 64;
const WEIGHT: usize = 256 * 1024;
/// How long an attempt that is under way may take when the process ends.
const LAST: Duration = Duration::from_millis(500);
/// How long events wait for a link that could load their media. Once for a whole backlog.
const MEDIA: Duration = Duration::from_mins(2);

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
    /// Returns whether there is more to deliver, now or when the receiver is left alone no more. `bell` rings
    /// when more has come.
    pub(super) async fn drain(&self, id: WebhookId, bell: &Notify, stop: &CancellationToken) -> bool {
        let mut notes = Notes::default();
        let more = self.deliver_all(id, &mut notes, bell, stop).await;
        notes.keep(&self.store, stop).await;
        more
    }

    async fn deliver_all(
        &self,
        id: WebhookId,
        notes: &mut Notes,
        bell: &Notify,
        stop: &CancellationToken,
    ) -> bool {
        // Since when media are waited for.
        let mut waiting = None;
        let mut known: Option<(u64, Webhook)> = None;
        while !stop.is_cancelled() {
            let generation = self.store.webhook_generation();
            if known.as_ref().is_none_or(|(of, _)| *of != generation) {
                match self.store.webhook(id).await {
                    Ok(row) => known = row.map(|row| (generation, row.webhook)),
                    Err(error) => return self.wait_for_storage(id, &error),
                }
            }
            let Some(known) = &known else { return false };
            let batch = match self.store.next_deliveries(id, notes.last(), BATCH, WEIGHT).await {
                Ok(batch) if !batch.is_empty() => batch,
                Ok(_) => {
                    self.circuits.caught_up(id);
                    if notes.is_empty() && !notes.are_fresh() {
                        return false;
                    }
                    // More that comes soon is noted together.
                    tokio::select! {
                        () = bell.notified() => {}
                        () = notes.until_due() => notes.try_keep(&self.store).await,
                        () = notes.until_free(), if notes.is_empty() => {}
                        () = stop.cancelled() => {}
                    }
                    continue;
                }
                Err(error) => return self.wait_for_storage(id, &error),
            };
            for delivery in batch {
                if self.store.webhook_generation() != generation {
                    break;
                }
                match Box::pin(self.deliver(id, known, delivery, notes, &mut waiting, stop)).await {
                    Then::Next => {}
                    Then::Same => break,
                    Then::Stop => return true,
                }
            }
        }
        true
    }

    /// There is more to deliver, when the store lets itself be read.
    fn wait_for_storage(&self, id: WebhookId, error: &StoreError) -> bool {
        tracing::warn!(%error, "deliveries wait for storage");
        self.circuits.leave_alone(id, LATER);
        true
    }

    async fn deliver(
        &self,
        id: WebhookId,
        known: &(u64, Webhook),
        delivery: Delivery,
        notes: &mut Notes,
        waiting: &mut Option<Instant>,
        stop: &CancellationToken,
    ) -> Then {
        let (generation, webhook) = known;
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
        tokio::pin!(turn, last);
        let answer = loop {
            tokio::select! {
                answer = &mut turn => break answer,
                () = notes.until_due() => notes.try_keep(&self.store).await,
                () = &mut last => return Then::Stop,
            }
        };
        let Some(answer) = answer else {
            // No fault of the receiver's.
            waiting.get_or_insert_with(Instant::now);
            notes.keep(&self.store, stop).await;
            return match stop.run_until_cancelled(tokio::time::sleep(LATER)).await {
                Some(()) => Then::Same,
                None => Then::Stop,
            };
        };
        let outcome = judge(&answer, self.clock.now());
        let set_anew = self.store.webhook_generation() != *generation;
        if set_anew && !matches!(outcome, Outcome::Taken { .. }) && self.goes_elsewhere(id, webhook).await {
            return Then::Same;
        }
        let go_on = self.circuits.after(id, &outcome);
        notes.add(delivery.id, self.verdict(outcome, &delivery));
        if notes.are_due() && !notes.keep(&self.store, stop).await {
            return Then::Stop;
        }
        if go_on { Then::Next } else { Then::Stop }
    }

    /// Whether it was set to something else meanwhile: what the receiver before it answered says nothing
    /// of the one that is to get the event now.
    async fn goes_elsewhere(&self, id: WebhookId, webhook: &Webhook) -> bool {
        let now = self.store.webhook(id).await;
        now.is_ok_and(|row| row.is_none_or(|row| row.webhook.target != webhook.target))
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
            Outcome::Failed { answer, error, .. }
                if self.has_tried() && delivery.since.until(now) > self.tried =>
            {
                Verdict::Dead { answer, error: format!("{error}; given up") }
            }
            Outcome::Failed { answer, error, wait } => {
                Verdict::Again { answer, error, not_before: wait.map(|wait| now.plus(wait)) }
            }
        }
    }

    fn has_tried(&self) -> bool {
        self.clock.instant().saturating_duration_since(self.began) >= TRIED_AT_LEAST
    }
}
