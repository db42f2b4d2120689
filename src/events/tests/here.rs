//! A courier on a store of its own, with a clock that a test sets.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::events::circuit::CircuitState;
use crate::events::{Courier, CourierParts, MediaSource, NoMedia};
use crate::model::{
    Clock, Digest, EventKind, InstanceChange, InstanceId, InstanceName, Integration, Media, NewEvent,
    NewInstance, Spelling, Stamp, Webhook,
};
use crate::net::{Net, NetConfig, Reach};
use crate::store::{Delivery, DeliveryFilter, DeliveryStatus, SealingKey, Store, WebhookId};

/// Real time that anything may take.
pub(super) const LIMIT: Duration = Duration::from_mins(1);
/// How long an event is tried to be delivered.
pub(super) const TRIED: Duration = Duration::from_hours(7 * 24);

/// The wall clock goes with tokio's, which the test moves.
pub(super) struct Sim {
    pub(super) base: Stamp,
    pub(super) began: tokio::time::Instant,
}

impl Clock for Sim {
    fn now(&self) -> Stamp {
        self.base.plus(self.began.elapsed())
    }

    fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// Answers as the test says.
#[derive(Default)]
pub(super) struct Files(pub(super) Mutex<Option<Result<Bytes, NoMedia>>>);

#[async_trait]
impl MediaSource for Files {
    async fn load(&self, _: InstanceId, _: &Media, _: usize) -> Result<Bytes, NoMedia> {
        self.0.lock().unwrap().clone().unwrap_or_else(|| Err(NoMedia::Never("none".into())))
    }
}

pub(super) struct Here {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) files: Arc<Files>,
    pub(super) id: InstanceId,
    pub(super) hook: WebhookId,
    pub(super) courier: Courier,
    pub(super) stop: CancellationToken,
    pub(super) task: tokio::task::JoinHandle<()>,
    pub(super) folder: Arc<tempfile::TempDir>,
}

impl Here {
    pub(super) async fn start(webhook: Webhook) -> Self {
        // With something to do always, tokio does not move the time by itself: sockets and disk keep up.
        tokio::spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let began = tokio::time::Instant::now();
        let clock: Arc<dyn Clock> = Arc::new(Sim { base: Stamp::from_millis(1_795_387_297_005), began });
        let store = open(&folder, &clock).await;
        let id = store.create_instance(shop("shop", None), vec![]).await.unwrap().id;
        let hook = store.set_webhook(Some(id), webhook).await.unwrap().id;
        let files = Arc::new(Files::default());
        let (courier, stop, task) = run(&store, &clock, &files);
        Self { store, clock, files, id, hook, courier, stop, task, folder }
    }

    /// The process ends and another one begins.
    pub(super) async fn restart(mut self) -> Self {
        self.stop.cancel();
        self.task.await.unwrap();
        self.store.close().await;
        drop(self.store);
        self.store = open(&self.folder, &self.clock).await;
        (self.courier, self.stop, self.task) = run(&self.store, &self.clock, &self.files);
        self
    }

    pub(super) async fn happens(&self, n: usize) {
        let events = vec![NewEvent::new(EventKind::ConnectionUpdate, json!({ "n": n }))];
        self.store.change_instance(self.id, InstanceChange::None, events).await.unwrap();
    }

    pub(super) async fn listed(&self, status: DeliveryStatus) -> Vec<Delivery> {
        let filter =
            DeliveryFilter { instance: self.id, own: true, status: Some(status), before: None, limit: 500 };
        self.store.deliveries(filter).await.unwrap()
    }

    pub(super) fn state(&self) -> CircuitState {
        self.courier.circuit(self.hook).state
    }

    /// Waits for so many attempts that failed, all in all.
    pub(super) async fn failed(&self, times: u64) {
        until("a failed attempt is known", || self.courier.attempts().failed >= times).await;
        until("its circuit is open", || self.state() == CircuitState::Open).await;
    }
}

pub(super) fn run(
    store: &Store,
    clock: &Arc<dyn Clock>,
    files: &Arc<Files>,
) -> (Courier, CancellationToken, tokio::task::JoinHandle<()>) {
    let courier = Courier::new(CourierParts {
        store: store.clone(),
        net: Net::new(&NetConfig::default(), Arc::clone(clock)).unwrap(),
        clock: Arc::clone(clock),
        chance: || 1.0,
        server_url: "http://here".into(),
        reach: Reach::default(),
        spelling: Spelling::Upper,
        media: Arc::clone(files) as _,
        media_limit: 1024,
        drain_rate: 100,
        tried: TRIED,
    });
    let stop = CancellationToken::new();
    let task = tokio::spawn(courier.clone().run(stop.clone()));
    (courier, stop, task)
}

pub(super) async fn open(folder: &tempfile::TempDir, clock: &Arc<dyn Clock>) -> Store {
    Store::open(&folder.path().join("t.db"), SealingKey::new([1; 32]), Arc::clone(clock)).await.unwrap()
}

pub(super) fn shop(name: &str, webhook: Option<Webhook>) -> NewInstance {
    NewInstance {
        webhook,
        ..NewInstance::named(InstanceName::parse(name).unwrap(), Integration::Web, Digest::of(name))
    }
}

pub(super) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !done() {
        assert!(began.elapsed() < LIMIT, "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// Lets everything that is under way go on for a while, in which nothing should happen.
pub(super) async fn settle() {
    for _ in 0..20_000 {
        tokio::task::yield_now().await;
    }
}
