//! Registry and supervisors over a link that does what the test says and a ledger in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

mod away;

use super::{CreateError, Handle, InstanceError, Ledger, LedgerError, Parts, Registry, Shown};
use crate::link::{
    Cause, Goal, Link, LinkContext, LinkError, LinkEvent, LinkFactory, LinkOptions, Outcome, PairError,
    PairingCode, Presence, QrCode,
};
use crate::model::{
    AccountJid, Deadline, Digest, EventKind, InstanceChange, InstanceId, InstanceName, InstanceRecord,
    InstanceUuid, Integration, LinkTruth, NewEvent, NewInstance, PhoneNumber, Profile, Reason, Secret,
    Settings, Stamp, SystemClock, Visible,
};

const S: Duration = Duration::from_secs(1);

/// What the next attempts do.
enum Step {
    Say(LinkEvent),
    End(Cause),
    Hang,
}

#[derive(Default)]
struct World {
    script: Mutex<VecDeque<Step>>,
    more: Notify,
    runs: AtomicUsize,
    logouts: AtomicUsize,
    deaf: AtomicBool,
    /// What a look at the address finds: nothing to say, no answer, an answer.
    address: Mutex<Option<bool>>,
    looks: AtomicUsize,
    kept: Mutex<Vec<(InstanceChange, Vec<NewEvent>)>>,
    rows: Mutex<Vec<InstanceRecord>>,
    refuse: AtomicBool,
    /// A tombstone that WhatsApp was not told of.
    untold: AtomicBool,
    /// WhatsApp does not answer a log-out.
    mute: AtomicBool,
    frozen: AtomicBool,
}

impl World {
    fn then(&self, steps: impl IntoIterator<Item = Step>) {
        self.script.lock().unwrap().extend(steps);
        self.more.notify_waiters();
    }

    fn kinds(&self) -> Vec<EventKind> {
        self.kept.lock().unwrap().iter().flat_map(|(_, events)| events.iter().map(|e| e.kind)).collect()
    }

    fn states(&self) -> Vec<(String, String)> {
        let kept = self.kept.lock().unwrap();
        let updates =
            kept.iter().flat_map(|(_, events)| events).filter(|e| e.kind == EventKind::ConnectionUpdate);
        updates
            .map(|e| {
                (
                    e.data["state"].as_str().unwrap().to_owned(),
                    e.data["reason"].as_str().unwrap_or("-").to_owned(),
                )
            })
            .collect()
    }
}

struct FakeLink(Arc<World>);

#[async_trait]
impl Link for FakeLink {
    async fn run(&self, _: Goal, sink: mpsc::Sender<LinkEvent>, stop: CancellationToken) -> Outcome {
        self.0.runs.fetch_add(1, Ordering::SeqCst);
        loop {
            let more = self.0.more.notified();
            let next = self.0.script.lock().unwrap().pop_front();
            match next {
                Some(Step::Say(event)) => sink.send(event).await.unwrap(),
                Some(Step::End(cause)) => return Outcome::Ended(cause),
                Some(Step::Hang) => std::future::pending().await,
                None if self.0.deaf.load(Ordering::SeqCst) => std::future::pending().await,
                None => tokio::select! {
                    () = more => {}
                    () = stop.cancelled() => return Outcome::Stopped,
                },
            }
        }
    }

    async fn pairing_code(&self, number: &PhoneNumber) -> Result<PairingCode, PairError> {
        Ok(PairingCode {
            text: Secret::new("ABCD-EFGH"),
            number: Secret::new(number.digits()),
            expires: Deadline::after(&SystemClock, 180 * S),
        })
    }

    async fn logout(&self) -> Result<(), LinkError> {
        self.0.logouts.fetch_add(1, Ordering::SeqCst);
        if self.0.mute.load(Ordering::SeqCst) { Err(LinkError::TimedOut(3 * S)) } else { Ok(()) }
    }

    fn freeze(&self, frozen: bool) {
        self.0.frozen.store(frozen, Ordering::SeqCst);
    }

    async fn set_presence(&self, _: Presence) -> Result<(), LinkError> {
        Ok(())
    }

    async fn reachable(&self) -> Option<bool> {
        self.0.looks.fetch_add(1, Ordering::SeqCst);
        *self.0.address.lock().unwrap()
    }

    fn apply(&self, _: LinkOptions) {}

    async fn forget(&self) {}

    fn last_progress(&self) -> Option<Instant> {
        None
    }
}

struct Links(Arc<World>);

impl LinkFactory for Links {
    fn make(&self, _: LinkContext) -> Arc<dyn Link> {
        Arc::new(FakeLink(Arc::clone(&self.0)))
    }
}

struct Memory(Arc<World>);

#[async_trait]
impl Ledger for Memory {
    async fn load(&self) -> Result<Vec<InstanceRecord>, LedgerError> {
        Ok(self.0.rows.lock().unwrap().clone())
    }

    async fn create(&self, new: NewInstance, events: Vec<NewEvent>) -> Result<InstanceRecord, LedgerError> {
        self.0.kept.lock().unwrap().push((InstanceChange::None, events));
        Ok(record(&new, LinkTruth::Never))
    }

    async fn commit(
        &self,
        _: InstanceId,
        change: InstanceChange,
        events: Vec<NewEvent>,
    ) -> Result<(), LedgerError> {
        if self.0.refuse.load(Ordering::SeqCst) {
            return Err(LedgerError::Storage("the disk is full".into()));
        }
        if let InstanceChange::Forget { tombstone: true, .. } = &change {
            self.0.untold.store(true, Ordering::SeqCst);
        }
        self.0.kept.lock().unwrap().push((change, events));
        Ok(())
    }

    async fn delete(&self, _: InstanceId, events: Vec<NewEvent>, tombstone: bool) -> Result<(), LedgerError> {
        if self.0.refuse.load(Ordering::SeqCst) {
            return Err(LedgerError::Storage("the disk is full".into()));
        }
        self.0.kept.lock().unwrap().push((InstanceChange::None, events));
        self.0.untold.store(tombstone, Ordering::SeqCst);
        Ok(())
    }

    async fn settle_tombstone(&self, _: InstanceId, told: bool) -> Result<(), LedgerError> {
        self.0.untold.fetch_and(!told, Ordering::SeqCst);
        Ok(())
    }

    async fn is_untold(&self, _: InstanceId) -> Result<bool, LedgerError> {
        Ok(self.0.untold.load(Ordering::SeqCst))
    }
}

fn record(new: &NewInstance, truth: LinkTruth) -> InstanceRecord {
    InstanceRecord {
        id: InstanceId(1),
        uuid: new.uuid.clone(),
        name: new.name.clone(),
        integration: new.integration,
        truth,
        settings: new.settings.clone(),
        proxy: None,
        number: None,
        business_id: None,
        token: new.token,
        created: Stamp::from_millis(0),
        updated: Stamp::from_millis(0),
    }
}

fn shop() -> NewInstance {
    NewInstance {
        uuid: InstanceUuid("u".into()),
        name: InstanceName::parse("Shop").unwrap(),
        integration: Integration::Web,
        settings: Settings::default(),
        proxy: None,
        number: None,
        business_id: None,
        token: Digest::of("token"),
        cloud_token: None,
        webhook: None,
    }
}

async fn start(world: &Arc<World>) -> Arc<Registry> {
    let parts = Parts {
        ledger: Arc::new(Memory(Arc::clone(world))),
        links: Arc::new(Links(Arc::clone(world))),
        clock: Arc::new(SystemClock),
        chance: || 1.0,
        code_limit: 3,
        proxy: None,
    };
    Registry::start(parts).await.unwrap()
}

async fn linked(world: &Arc<World>) -> (Arc<Registry>, Handle) {
    let profile = Profile { jid: Some(AccountJid::from_jid("5511@s.whatsapp.net")), ..Profile::default() };
    world
        .rows
        .lock()
        .unwrap()
        .push(record(&shop(), LinkTruth::Linked { profile: profile.clone(), ended: None }));
    world.then([Step::Say(LinkEvent::Reached), Step::Say(LinkEvent::LoggedIn(profile))]);
    let registry = start(world).await;
    let handle = registry.get(&InstanceName::parse("shop").unwrap()).unwrap();
    until(&handle, Visible::Open).await;
    (registry, handle)
}

async fn until(handle: &Handle, visible: Visible) {
    let mut watch = handle.watch();
    let seen = watch.wait_for(|s| s.visible == visible);
    tokio::time::timeout(3600 * S, seen).await.expect("in time").unwrap();
}

fn code(text: &str) -> Step {
    let expires = Deadline::after(&SystemClock, 60 * S);
    Step::Say(LinkEvent::Code(QrCode { text: Secret::new(text), expires }))
}

fn end(reason: Reason) -> Step {
    Step::End(Cause::new(reason))
}

#[tokio::test(start_paused = true)]
async fn two_hundred_callers_share_one_attempt_and_one_code() {
    let world = Arc::new(World::default());
    let registry = start(&world).await;
    let handle = registry.create(shop()).await.unwrap();
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.connect(None, 15 * S).await.unwrap() })
        })
        .collect();
    tokio::task::yield_now().await;
    world.then([Step::Say(LinkEvent::Reached), code("2@one")]);
    for call in calls {
        let Shown::Code(snapshot) = call.await.unwrap() else { panic!("no code") };
        assert_eq!(snapshot.code.as_ref().unwrap().text.expose(), "2@one");
        assert_eq!(snapshot.code.as_ref().unwrap().count, 1);
    }
    assert_eq!(world.runs.load(Ordering::SeqCst), 1);
    assert_eq!(world.kinds().iter().filter(|k| **k == EventKind::QrcodeUpdated).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_number_gets_a_pairing_code_beside_the_qr() {
    let world = Arc::new(World::default());
    let registry = start(&world).await;
    let handle = registry.create(shop()).await.unwrap();
    world.then([code("2@one")]);
    let number = PhoneNumber::parse("+55 11 99999-8888").unwrap();
    let Shown::Code(snapshot) = handle.connect(Some(number), 15 * S).await.unwrap() else {
        panic!("no code")
    };
    assert_eq!(snapshot.pairing.as_ref().unwrap().text.expose(), "ABCD-EFGH");
}

#[tokio::test(start_paused = true)]
async fn unreachable_says_why_and_when_and_every_change_is_told_once() {
    let world = Arc::new(World::default());
    let registry = start(&world).await;
    let handle = registry.create(shop()).await.unwrap();
    world.then([end(Reason::Offline), end(Reason::Offline), end(Reason::Offline)]);
    let Shown::Nothing(snapshot) = handle.connect(None, 2 * S).await.unwrap() else {
        panic!("nothing to show")
    };
    assert_eq!(snapshot.reason, Some(Reason::Offline));
    assert!(snapshot.next_retry.is_some());
    tokio::time::sleep(20 * S).await;
    let states = world.states();
    let offline = states.iter().filter(|(_, reason)| reason == "offline").count();
    assert_eq!(offline, 1, "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_link_comes_back_at_once() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    world.then([end(Reason::Disconnected), Step::Say(LinkEvent::LoggedIn(Profile::default()))]);
    let dropped = tokio::time::Instant::now();
    handle
        .watch()
        .wait_for(|s| s.visible == Visible::Open && world.runs.load(Ordering::SeqCst) == 2)
        .await
        .unwrap();
    assert!(dropped.elapsed() < Duration::from_millis(100));
    assert!(
        world.states().contains(&("connecting".into(), "disconnected".into())),
        "the drop is told, however short"
    );
}

#[tokio::test(start_paused = true)]
async fn unlinked_by_the_phone_is_one_transaction_and_stays_closed() {
    let world = Arc::new(World::default());
    let (registry, handle) = linked(&world).await;
    world.then([end(Reason::LoggedOut)]);
    until(&handle, Visible::Close).await;
    tokio::time::sleep(3600 * S).await;
    assert_eq!(world.runs.load(Ordering::SeqCst), 1);
    let kept = world.kept.lock().unwrap();
    let (change, events) =
        kept.iter().find(|(c, _)| matches!(c, InstanceChange::Forget { .. })).expect("forgotten");
    let kinds: Vec<_> = events.iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [EventKind::StatusInstance, EventKind::LogoutInstance, EventKind::ConnectionUpdate]);
    assert!(matches!(change, InstanceChange::Forget { truth: LinkTruth::Unlinked { .. }, tombstone: false }));
    drop(registry);
}

#[tokio::test(start_paused = true)]
async fn logout_tells_whatsapp_and_a_second_one_is_refused() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    handle.logout().await.unwrap();
    assert_eq!(handle.snapshot().reason, Some(Reason::LoggedOut));
    assert_eq!(world.logouts.load(Ordering::SeqCst), 1);
    assert!(!world.untold.load(Ordering::SeqCst), "no tombstone is left");
    assert_eq!(handle.logout().await, Err(InstanceError::NotConnected));
}

#[tokio::test(start_paused = true)]
async fn logout_while_away_leaves_a_tombstone_and_may_be_asked_again() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    world.then([end(Reason::Disconnected), end(Reason::Offline)]);
    until(&handle, Visible::Connecting).await;
    handle.logout().await.unwrap();
    assert_eq!(world.logouts.load(Ordering::SeqCst), 0);
    assert!(world.untold.load(Ordering::SeqCst));
    assert_eq!(handle.logout().await, Ok(()), "WhatsApp does not know yet");
    world.untold.store(false, Ordering::SeqCst);
    assert_eq!(handle.logout().await, Err(InstanceError::NotConnected));
}

#[tokio::test(start_paused = true)]
async fn a_log_out_that_whatsapp_does_not_answer_leaves_a_tombstone() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    world.mute.store(true, Ordering::SeqCst);
    handle.logout().await.unwrap();
    assert_eq!(handle.snapshot().visible, Visible::Close);
    assert!(world.untold.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_refuses_a_log_out_changes_nothing() {
    let world = Arc::new(World::default());
    let (registry, handle) = linked(&world).await;
    world.refuse.store(true, Ordering::SeqCst);
    assert!(matches!(handle.logout().await, Err(InstanceError::Storage(_))));
    assert!(matches!(registry.delete(&shop().name).await, Err(InstanceError::Storage(_))));
    assert_eq!((handle.snapshot().visible, handle.snapshot().reason), (Visible::Open, Some(Reason::Open)));
    assert!(handle.snapshot().truth.is_linked() && !world.frozen.load(Ordering::SeqCst));
    assert_eq!((world.logouts.load(Ordering::SeqCst), world.runs.load(Ordering::SeqCst)), (0, 1));
    world.refuse.store(false, Ordering::SeqCst);
    assert_eq!(registry.delete(&shop().name).await, Ok(true));
    assert_eq!(world.logouts.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_shows_no_life_and_cannot_be_stopped_is_ended() {
    let world = Arc::new(World::default());
    let (registry, handle) = linked(&world).await;
    world.deaf.store(true, Ordering::SeqCst);
    world.then([Step::Hang]);
    let mut watch = handle.watch();
    tokio::time::timeout(180 * S, watch.wait_for(|s| s.reason == Some(Reason::TimedOut)))
        .await
        .unwrap()
        .unwrap();
    assert!(registry.stuck().is_empty(), "the supervisor itself lives");
    let told = || world.states().iter().filter(|(_, reason)| reason == "timed_out").count();
    let both = async {
        while told() < 2 {
            tokio::time::sleep(S).await;
        }
    };
    tokio::time::timeout(180 * S, both).await.expect("the next attempt sticks too, and that is told too");
    world.deaf.store(false, Ordering::SeqCst);
    world.then([Step::Say(LinkEvent::LoggedIn(Profile::default()))]);
    until(&handle, Visible::Open).await;
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_refuses_for_a_while_loses_no_event() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    world.refuse.store(true, Ordering::SeqCst);
    world.then([end(Reason::LoggedOut)]);
    until(&handle, Visible::Close).await;
    assert!(!world.kinds().contains(&EventKind::LogoutInstance));
    world.refuse.store(false, Ordering::SeqCst);
    tokio::time::sleep(30 * S).await;
    assert!(world.kinds().contains(&EventKind::LogoutInstance));
}

#[tokio::test(start_paused = true)]
async fn names_are_compared_without_case_and_free_after_delete() {
    let world = Arc::new(World::default());
    let registry = start(&world).await;
    registry.create(shop()).await.unwrap();
    let again = NewInstance { name: InstanceName::parse("SHOP").unwrap(), ..shop() };
    assert!(matches!(registry.create(again.clone()).await, Err(CreateError::NameTaken(_))));
    assert!(registry.by_token(&Digest::of("token")).is_some());
    assert!(registry.by_token(&Digest::of("other")).is_none());
    assert_eq!(registry.delete(&again.name).await, Ok(true));
    assert!(registry.by_token(&Digest::of("token")).is_none());
    registry.create(again).await.unwrap();
    registry.stop().await;
}
