//! The courier: takes what the outbox holds to its receivers, in order for each, none delaying
//! another. What is left when the process ends is on disk.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Uri;
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::attempt::{Letter, Post, judge};
use super::circuit::{CircuitShown, Outcome};
use super::circuits::{Attempts, Circuits};
use super::envelope::{id as event_id, posted};
use super::lanes::Lanes;
use super::media::{Inliner, MediaSource};
use crate::model::{Clock, EventKind, Seq, Spelling, WebhookTarget};
use crate::net::{Net, Reach};
use crate::store::{Store, StoredEvent, WebhookId};

/// After a disk that refuses, or a defect of ours.
pub(super) const LATER: Duration = Duration::from_secs(5);
/// However old an event is, nothing is given up before this process has tried for so long: the box may have
/// been off, or its clock be set late.
pub const TRIED_AT_LEAST: Duration = Duration::from_hours(24);
/// How long attempts under way may take to end when the process ends.
const STOP: Duration = Duration::from_secs(2);

/// What a courier is made of.
pub struct CourierParts {
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
    /// Where webhooks may lead.
    pub reach: Reach,
    /// How events are named where a webhook does not say.
    pub spelling: Spelling,
    /// Where media come from.
    pub media: Arc<dyn MediaSource>,
    /// Bytes of a media file at most.
    pub media_limit: usize,
    /// Events per second for a receiver that catches up.
    pub drain_rate: u32,
    /// How long an event is tried.
    pub tried: Duration,
}

/// Delivers webhooks. Clones share it.
#[derive(Clone)]
pub struct Courier(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) post: Post,
    pub(super) server_url: String,
    pub(super) spelling: Spelling,
    pub(super) inliner: Inliner,
    /// Between two events for a receiver that catches up.
    pub(super) every: Duration,
    pub(super) tried: Duration,
    pub(super) began: Instant,
    pub(super) circuits: Circuits,
    pub(super) lanes: Lanes,
}

impl Courier {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: CourierParts) -> Self {
        let clock = parts.clock;
        Self(Arc::new(Inner {
            store: parts.store,
            post: Post { net: parts.net, clock: Arc::clone(&clock), reach: Arc::new(parts.reach) },
            server_url: parts.server_url,
            spelling: parts.spelling,
            inliner: Inliner { source: parts.media, limit: parts.media_limit },
            every: Duration::from_secs(1) / parts.drain_rate.max(1),
            tried: parts.tried,
            began: clock.instant(),
            circuits: Circuits::new(Arc::clone(&clock), parts.chance),
            lanes: Lanes::default(),
            clock,
        }))
    }

    /// Delivers until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut rounds = Rounds::new(self.0, shutdown);
        rounds.begin().await;
        rounds.go_on().await;
        rounds.end().await;
    }

    /// How a receiver's circuit stands.
    #[must_use]
    pub fn circuit(&self, id: WebhookId) -> CircuitShown {
        self.0.circuits.shown(id)
    }

    /// Attempts since the process began.
    #[must_use]
    pub fn attempts(&self) -> Attempts {
        self.0.circuits.attempts()
    }

    /// How events are named where nobody says otherwise.
    #[must_use]
    pub fn spelling(&self) -> Spelling {
        self.0.spelling
    }

    /// Why an address is none for a webhook, as far as can be said without looking its name up.
    #[must_use]
    pub fn refuses(&self, url: &str) -> Option<&'static str> {
        let uri: Uri = url.parse().ok()?;
        let address: IpAddr = uri.host()?.trim_matches(['[', ']']).parse().ok()?;
        self.0.post.reach.refuses(address)
    }

    /// Posts a test event at once, outside of the queue. The status of the answer.
    ///
    /// # Errors
    /// In words for a person.
    pub async fn test(&self, event: &StoredEvent, target: &WebhookTarget) -> TestOutcome {
        let spelling = target.spelling.unwrap_or(self.0.spelling);
        let body = posted(event, &event.data, &target.url, spelling, &self.0.server_url);
        let letter = Letter { id: event_id(event), kind: EventKind::WebhookTest, body: Bytes::from(body) };
        let answer = self.0.post.post(target, &letter).await;
        match judge(&answer, self.0.clock.now()) {
            Outcome::Taken { answer } => TestOutcome { answer: Some(answer), error: None },
            Outcome::Refused { answer, error, .. } => {
                TestOutcome { answer: Some(answer), error: Some(error) }
            }
            Outcome::Failed { answer, error, .. } => TestOutcome { answer, error: Some(error) },
        }
    }
}

/// What a receiver made of a test event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// The status of its answer, when it gave one.
    pub answer: Option<u16>,
    /// Why it did not take it, and what to do; none when it did.
    pub error: Option<String>,
}

/// An event that was never stored, for the test of a webhook.
#[must_use]
pub fn test_event(instance: crate::model::InstanceId, name: &str, clock: &dyn Clock) -> StoredEvent {
    StoredEvent {
        id: 0,
        instance,
        name: name.to_owned(),
        sender: None,
        seq: Seq(0),
        kind: EventKind::WebhookTest,
        data: serde_json::json!({"message": "A test by tetherd"}),
        at: clock.now(),
    }
}

/// Who is being delivered to, who is to be, and who is left alone until when.
struct Rounds {
    inner: Arc<Inner>,
    stop: CancellationToken,
    tasks: JoinSet<bool>,
    busy: HashMap<Id, WebhookId>,
    /// With what tells them that more has come.
    under_way: BTreeMap<WebhookId, Arc<Notify>>,
    /// More came for these while they were being delivered to.
    again: BTreeSet<WebhookId>,
    paused: BTreeMap<Instant, Vec<WebhookId>>,
}

impl Rounds {
    fn new(inner: Arc<Inner>, stop: CancellationToken) -> Self {
        Self {
            inner,
            stop,
            tasks: JoinSet::new(),
            busy: HashMap::new(),
            under_way: BTreeMap::new(),
            again: BTreeSet::new(),
            paused: BTreeMap::new(),
        }
    }

    /// Takes up what an earlier process left.
    async fn begin(&mut self) {
        let heads = loop {
            match self.inner.store.heads().await {
                Ok(heads) => break heads,
                Err(error) => {
                    tracing::warn!(%error, "what is to be delivered could not be read; tried again soon");
                }
            }
            if self.stop.run_until_cancelled(tokio::time::sleep(LATER)).await.is_none() {
                return;
            }
        };
        let now = self.inner.clock.now();
        for head in heads {
            if let Some(not_before) = head.not_before.filter(|at| *at > now) {
                self.inner.circuits.restore(head.webhook, not_before);
            }
            self.start(head.webhook);
        }
    }

    async fn go_on(&mut self) {
        while !self.stop.is_cancelled() {
            let store = self.inner.store.clone();
            let next = self.paused.keys().next().copied();
            tokio::select! {
                () = self.stop.cancelled() => {}
                due = store.due() => self.due(due),
                Some(done) = self.tasks.join_next_with_id() => self.done(done),
                () = until(next) => self.resume(),
            }
        }
    }

    /// What is under way may end, for a moment: what a receiver has is noted then, and not sent again.
    async fn end(&mut self) {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP, ended).await.is_err() {
            tracing::info!("deliveries that were under way are made again at the next start");
        }
    }

    fn due(&mut self, due: BTreeMap<WebhookId, bool>) {
        for (id, fresh) in due {
            if fresh {
                self.inner.circuits.forget(id);
                for waiting in self.paused.values_mut() {
                    waiting.retain(|other| *other != id);
                }
            }
            self.start(id);
        }
    }

    fn done(&mut self, done: Result<(Id, bool), JoinError>) {
        let (task, more) = match &done {
            Ok((task, more)) => (*task, *more),
            Err(error) => (error.id(), true),
        };
        let Some(id) = self.busy.remove(&task) else { return };
        self.under_way.remove(&id);
        if let Err(error) = done {
            tracing::error!(%error, "a delivery ended by a defect; tried again soon");
            self.inner.circuits.leave_alone(id, LATER);
        }
        if self.again.remove(&id) || more {
            self.start(id);
        }
    }

    fn resume(&mut self) {
        let now = self.inner.clock.instant();
        let later = self.paused.split_off(&(now + Duration::from_nanos(1)));
        for id in std::mem::replace(&mut self.paused, later).into_values().flatten() {
            self.start(id);
        }
    }

    /// Delivers to one receiver, now or when it is left alone no more.
    fn start(&mut self, id: WebhookId) {
        if let Some(bell) = self.under_way.get(&id) {
            bell.notify_one();
            self.again.insert(id);
            return;
        }
        if let Some(until) = self.inner.circuits.until(id) {
            let waiting = self.paused.entry(until).or_default();
            if !waiting.contains(&id) {
                waiting.push(id);
            }
            return;
        }
        let (inner, stop, bell) = (Arc::clone(&self.inner), self.stop.clone(), Arc::new(Notify::new()));
        self.under_way.insert(id, Arc::clone(&bell));
        let task = self.tasks.spawn(async move { Box::pin(inner.drain(id, &bell, &stop)).await });
        self.busy.insert(task.id(), id);
    }
}

/// Never, when there is no such moment.
pub(super) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
