//! A link that does what the test says, and a ledger in memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::instance::{Handle, Ledger, LedgerError, Parts, Registry};
use crate::link::{
    Cause, Goal, Link, LinkContext, LinkError, LinkEvent, LinkFactory, LinkOptions, Outcome, PairError,
    PairingCode, Presence, QrCode,
};
use crate::model::{
    AccountJid, Deadline, Digest, EventKind, InstanceChange, InstanceId, InstanceName, InstanceRecord,
    InstanceUuid, Integration, LinkTruth, NewEvent, NewInstance, PhoneNumber, Profile, Reason, Secret,
    Settings, Stamp, SystemClock, Visible,
};

pub(super) const S: Duration = Duration::from_secs(1);

/// What the next attempts do.
pub(super) enum Step {
    Say(LinkEvent),
    End(Cause),
    Hang,
}

#[derive(Default)]
pub(super) struct World {
    pub(super) script: Mutex<VecDeque<Step>>,
    pub(super) more: Notify,
    pub(super) runs: AtomicUsize,
    pub(super) logouts: AtomicUsize,
    pub(super) deaf: AtomicBool,
    /// What a look at the address finds: nothing to say, no answer, an answer.
    pub(super) address: Mutex<Option<bool>>,
    pub(super) looks: AtomicUsize,
    pub(super) kept: Mutex<Vec<(InstanceChange, Vec<NewEvent>)>>,
    pub(super) rows: Mutex<Vec<InstanceRecord>>,
    pub(super) refuse: AtomicBool,
    /// A tombstone that WhatsApp was not told of.
    pub(super) untold: AtomicBool,
    /// WhatsApp does not answer a log-out.
    pub(super) mute: AtomicBool,
    pub(super) frozen: AtomicBool,
}

impl World {
    pub(super) fn then(&self, steps: impl IntoIterator<Item = Step>) {
        self.script.lock().unwrap().extend(steps);
        self.more.notify_waiters();
    }

    pub(super) fn kinds(&self) -> Vec<EventKind> {
        self.kept.lock().unwrap().iter().flat_map(|(_, events)| events.iter().map(|e| e.kind)).collect()
    }

    pub(super) fn states(&self) -> Vec<(String, String)> {
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

pub(super) struct FakeLink(Arc<World>);

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

pub(super) struct Links(Arc<World>);

impl LinkFactory for Links {
    fn make(&self, _: LinkContext) -> Arc<dyn Link> {
        Arc::new(FakeLink(Arc::clone(&self.0)))
    }
}

pub(super) struct Memory(Arc<World>);

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

pub(super) fn record(new: &NewInstance, truth: LinkTruth) -> InstanceRecord {
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

pub(super) fn shop() -> NewInstance {
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

pub(super) async fn start(world: &Arc<World>) -> Arc<Registry> {
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

pub(super) async fn linked(world: &Arc<World>) -> (Arc<Registry>, Handle) {
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

pub(super) async fn until(handle: &Handle, visible: Visible) {
    let mut watch = handle.watch();
    let seen = watch.wait_for(|s| s.visible == visible);
    tokio::time::timeout(3600 * S, seen).await.expect("in time").unwrap();
}

pub(super) fn code(text: &str) -> Step {
    let expires = Deadline::after(&SystemClock, 60 * S);
    Step::Say(LinkEvent::Code(QrCode { text: Secret::new(text), expires }))
}

pub(super) fn end(reason: Reason) -> Step {
    Step::End(Cause::new(reason))
}
