//! The watchdog's proof with real supervisors and a real store, each made to stick; the sentence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sd_notify::NotifyState;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::attend::{NoProof, Proof, attend};
use super::status;
use crate::instance::{Handle, Ledger, LedgerError, Parts, Registry};
use crate::link::{
    Goal, Link, LinkContext, LinkError, LinkEvent, LinkFactory, LinkOptions, Outcome, PairError, PairingCode,
    Presence,
};
use crate::model::{
    Clock, Digest, InstanceChange, InstanceId, InstanceName, InstanceRecord, InstanceUuid, Integration,
    NewEvent, NewInstance, PhoneNumber, Settings, Stamp, SystemClock,
};
use crate::store::{SealingKey, Store};

/// The longest that a test waits for an event.
const LIMIT: Duration = Duration::from_secs(20);
/// The watchdog's limit in these tests: fed every 20 ms.
const WATCHDOG: Duration = Duration::from_millis(60);

/// A link that waits to be stopped.
struct Idle;

#[async_trait]
impl Link for Idle {
    async fn run(&self, _: Goal, _: mpsc::Sender<LinkEvent>, stop: CancellationToken) -> Outcome {
        stop.cancelled().await;
        Outcome::Stopped
    }
    async fn pairing_code(&self, _: &PhoneNumber) -> Result<PairingCode, PairError> {
        unreachable!("nobody asks")
    }
    async fn logout(&self) -> Result<(), LinkError> {
        Ok(())
    }
    async fn set_presence(&self, _: Presence) -> Result<(), LinkError> {
        Ok(())
    }
    fn apply(&self, _: LinkOptions) {}
    async fn forget(&self) {}
    fn last_progress(&self) -> Option<Instant> {
        None
    }
}

struct Links;

impl LinkFactory for Links {
    fn make(&self, _: LinkContext) -> Arc<dyn Link> {
        Arc::new(Idle)
    }
}

/// The store, whose commits do not end while it sticks.
struct Sticky {
    store: Store,
    sticks: AtomicBool,
    stuck: watch::Sender<bool>,
}

#[async_trait]
impl Ledger for Sticky {
    async fn load(&self) -> Result<Vec<InstanceRecord>, LedgerError> {
        self.store.load().await
    }
    async fn create(
        &self,
        instance: NewInstance,
        events: Vec<NewEvent>,
    ) -> Result<InstanceRecord, LedgerError> {
        self.store.create(instance, events).await
    }
    async fn commit(
        &self,
        id: InstanceId,
        change: InstanceChange,
        events: Vec<NewEvent>,
    ) -> Result<(), LedgerError> {
        if self.sticks.load(Ordering::SeqCst) {
            self.stuck.send_replace(true);
            return std::future::pending().await;
        }
        self.store.commit(id, change, events).await
    }
    async fn delete(&self, id: InstanceId, events: Vec<NewEvent>, tomb: bool) -> Result<(), LedgerError> {
        self.store.delete(id, events, tomb).await
    }
    async fn settle_tombstone(&self, id: InstanceId, told: bool) -> Result<(), LedgerError> {
        Ledger::settle_tombstone(&self.store, id, told).await
    }
    async fn is_untold(&self, id: InstanceId) -> Result<bool, LedgerError> {
        Ledger::is_untold(&self.store, id).await
    }
}

/// A monotonic clock that the test moves.
#[derive(Default)]
struct Moved(Mutex<Duration>);

impl Clock for Moved {
    fn now(&self) -> Stamp {
        SystemClock.now()
    }
    fn instant(&self) -> Instant {
        SystemClock.instant() + *self.0.lock().unwrap()
    }
}

struct House {
    _folder: tempfile::TempDir,
    store: Store,
    ledger: Arc<Sticky>,
    clock: Arc<Moved>,
    registry: Arc<Registry>,
}

impl House {
    async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Moved::default());
        let key = SealingKey::new([7; 32]);
        let path = folder.path().join("tetherd.db");
        let store = Store::open(&path, key, Arc::new(SystemClock)).await.unwrap();
        let sticks = AtomicBool::new(false);
        let ledger = Arc::new(Sticky { store: store.clone(), sticks, stuck: watch::channel(false).0 });
        let parts = Parts {
            ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
            links: Arc::new(Links),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            chance: || 1.0,
            code_limit: 3,
            proxy: None,
        };
        let registry = Registry::start(parts).await.unwrap();
        Self { _folder: folder, store, ledger, clock, registry }
    }

    async fn make(&self, name: &str) -> Handle {
        let new = NewInstance {
            uuid: InstanceUuid(format!("uuid of {name}")),
            name: InstanceName::parse(name).unwrap(),
            integration: Integration::Web,
            settings: Settings::default(),
            proxy: None,
            number: None,
            business_id: None,
            token: Digest::of(name),
            cloud_token: None,
            webhook: None,
        };
        self.registry.create(new).await.unwrap()
    }

    fn proof(&self, patience: Duration) -> Proof {
        Proof { registry: Arc::clone(&self.registry), store: self.store.clone(), patience }
    }

    fn pass(&self, span: Duration) {
        *self.clock.0.lock().unwrap() += span;
    }
}

#[tokio::test]
async fn a_supervisor_that_sticks_is_no_proof_of_life() {
    let house = House::build().await;
    let shop = house.make("shop").await;
    let proof = house.proof(LIMIT);
    shop.connect(None, Duration::ZERO).await.unwrap();
    assert_eq!(proof.of_life().await, Ok(()));

    house.ledger.sticks.store(true, Ordering::SeqCst);
    let mut stuck = house.ledger.stuck.subscribe();
    let restarting = tokio::spawn(async move { shop.logout().await });
    tokio::time::timeout(LIMIT, stuck.wait_for(|stuck| *stuck)).await.unwrap().unwrap();
    assert_eq!(proof.of_life().await, Ok(()), "it may take its time");
    house.pass(Duration::from_secs(46));
    let name = InstanceName::parse("shop").unwrap();
    assert_eq!(proof.of_life().await, Err(NoProof::Stuck(vec![name])));
    restarting.abort();
}

#[tokio::test]
async fn the_watchdog_is_fed_while_the_store_answers_and_only_then() {
    let house = House::build().await;
    let (served, mut meals) = watch::channel(0_u32);
    let feed = move |states: &[NotifyState<'_>]| {
        if states.iter().any(|state| matches!(state, NotifyState::Watchdog)) {
            served.send_modify(|meals| *meals += 1);
        }
    };
    let shutdown = CancellationToken::new();
    let proof = house.proof(Duration::from_millis(100));
    let clock = Arc::clone(&house.clock) as Arc<dyn Clock>;
    let attending = tokio::spawn(attend(proof, clock, Some(WATCHDOG), feed, shutdown.clone()));
    tokio::time::timeout(LIMIT, meals.wait_for(|meals| *meals >= 3)).await.unwrap().unwrap();

    // The writer's thread itself is held, as a dying card does.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (entered, in_it) = tokio::sync::oneshot::channel();
    let store = house.store.clone();
    let job = tokio::spawn(async move {
        let hold = move |_: &rusqlite::Connection| {
            let _ = entered.send(());
            let _ = released.recv();
            Ok(())
        };
        store.write(hold).await
    });
    in_it.await.unwrap();
    // One answer may have been under way; then the longest pause that a fed watchdog has is passed tenfold.
    while tokio::time::timeout(10 * WATCHDOG, meals.changed()).await.is_ok() {}
    drop(release);
    job.await.unwrap().unwrap();
    tokio::time::timeout(LIMIT, meals.changed()).await.expect("fed again once it answers").unwrap();
    shutdown.cancel();
    attending.await.unwrap();
}

#[tokio::test]
async fn the_sentence_names_what_is_not_open() {
    let house = House::build().await;
    let sentence = |house: &House| status::sentence(&house.registry, house.clock.instant());
    assert_eq!(sentence(&house), "no instances yet; the page makes the first one");
    for n in 1..=7 {
        house.make(&format!("shop {n}")).await;
    }
    assert_eq!(
        sentence(&house),
        "0 of 7 linked; shop 1: not linked yet; shop 2: not linked yet; shop 3: not linked yet; \
         shop 4: not linked yet; shop 5: not linked yet; 2 more are not open"
    );
}

#[tokio::test]
async fn the_sentence_is_told_when_it_changes() {
    let house = House::build().await;
    let (said, mut sentences) = mpsc::unbounded_channel();
    let hear = move |states: &[NotifyState<'_>]| {
        for state in states {
            if let NotifyState::Status(text) = state {
                let _ = said.send((*text).to_owned());
            }
        }
    };
    let shutdown = CancellationToken::new();
    let clock = Arc::clone(&house.clock) as Arc<dyn Clock>;
    // Without a limit it looks by itself every 5 s only: what comes sooner came because it was told.
    let attending = tokio::spawn(attend(house.proof(LIMIT), clock, None, hear, shutdown.clone()));
    let mut next = async || tokio::time::timeout(LIMIT, sentences.recv()).await.unwrap().unwrap();
    assert_eq!(next().await, "no instances yet; the page makes the first one");
    let shop = house.make("shop").await;
    assert_eq!(next().await, "0 of 1 linked; shop: not linked yet");
    shop.connect(None, Duration::ZERO).await.unwrap();
    assert_eq!(next().await, "0 of 1 linked; shop: connecting");
    house.registry.delete(&InstanceName::parse("shop").unwrap()).await.unwrap();
    assert_eq!(next().await, "no instances yet; the page makes the first one");
    shutdown.cancel();
    attending.await.unwrap();
}
