//! The whole domain over real parts: registry, store on disk, engine, sockets, the simulated WhatsApp.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tetherd::instance::{Handle, NewInstance, Parts, Registry, Shown, Snapshot};
use tetherd::link::web::{Server, WebConfig, WebFactory};
use tetherd::model::{
    Digest, InstanceName, InstanceUuid, Integration, PhoneNumber, Reason, Settings, SystemClock, Visible,
};
use tetherd::net::{Net, NetConfig};
use tetherd::store::{EventFilter, SealingKey, Store};
use tetherd_sandbox::{Fault, Options, Sandbox};

const LIMIT: Duration = Duration::from_secs(20);
const PHONE: &str = "15551234567";

struct Box {
    store: Store,
    registry: Arc<Registry>,
}

impl Box {
    async fn start(folder: &Path, sandbox: &Sandbox) -> Self {
        let clock = Arc::new(SystemClock);
        let store = Store::open(&folder.join("t.db"), SealingKey::new([1; 32]), clock.clone()).await.unwrap();
        let config = WebConfig {
            device_name: "tetherd".into(),
            version: None,
            server: Server {
                socket: sandbox.ws_url(),
                version_page: format!("{}/sw.js", sandbox.control_url()),
            },
            proxy: None,
        };
        let net = Net::new(&NetConfig::default(), clock.clone()).unwrap();
        let links = Arc::new(WebFactory::new(store.clone(), net, clock.clone(), config));
        let ledger = Arc::new(store.clone());
        let parts = Parts { ledger, links, clock, chance: || 0.5, code_limit: 30, proxy: None };
        Self { registry: Registry::start(parts).await.unwrap(), store }
    }

    async fn create(&self, name: &str) -> Handle {
        let new = NewInstance {
            uuid: InstanceUuid::generate(),
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

    fn get(&self, name: &str) -> Handle {
        self.registry.get(&InstanceName::parse(name).unwrap()).unwrap()
    }

    async fn stop(self) {
        self.registry.stop().await;
        self.store.close().await;
    }
}

async fn until(handle: &Handle, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let mut watch = handle.watch();
    let seen = tokio::time::timeout(LIMIT, watch.wait_for(|s| wanted(s))).await;
    match seen {
        Ok(snapshot) => Arc::clone(&snapshot.unwrap()),
        Err(late) => panic!("never {what} ({late}): {:?}", handle.snapshot()),
    }
}

async fn open(handle: &Handle) -> Arc<Snapshot> {
    until(handle, "open", |s| s.visible == Visible::Open).await
}

async fn code(handle: &Handle) -> String {
    let Shown::Code(snapshot) = handle.connect(None, LIMIT).await.unwrap() else {
        panic!("no code: {:?}", handle.snapshot())
    };
    snapshot.code.as_ref().unwrap().text.expose().to_owned()
}

async fn link(handle: &Handle, sandbox: &Sandbox, phone: &str) -> String {
    let text = code(handle).await;
    let jid = sandbox.scan(phone, &text).await.unwrap();
    open(handle).await;
    jid
}

#[tokio::test(flavor = "multi_thread")]
async fn links_stays_linked_and_notices_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let here = Box::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    let jid = link(&shop, &sandbox, PHONE).await;
    assert_eq!(shop.snapshot().profile().unwrap().jid.as_ref().unwrap().user(), PHONE);
    here.stop().await;

    let here = Box::start(folder.path(), &sandbox).await;
    let shop = here.get("shop");
    open(&shop).await;
    assert!(
        sandbox.events().iter().any(|e| e.kind == "handshake" && e.text == "Ik"),
        "the server's key is remembered"
    );

    sandbox.unlink(&jid).await.unwrap();
    let gone = until(&shop, "closed", |s| s.visible == Visible::Close).await;
    assert_eq!((gone.reason, gone.status()), (Some(Reason::LoggedOut), Some(401)));
    link(&shop, &sandbox, PHONE).await;
    here.stop().await;
    let violations: Vec<_> = sandbox.events().into_iter().filter(|e| e.kind == "violation").collect();
    assert!(violations.is_empty(), "{violations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_by_a_pairing_code_beside_the_qr() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let here = Box::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    let number = PhoneNumber::parse(&format!("+{PHONE}")).unwrap();
    let Shown::Code(shown) = shop.connect(Some(number.clone()), LIMIT).await.unwrap() else {
        panic!("no code")
    };
    let text = shown.pairing.as_ref().expect("a pairing code").text.clone();
    let Shown::Code(again) = shop.connect(Some(number), LIMIT).await.unwrap() else { panic!("no code") };
    assert_eq!(again.pairing.as_ref().unwrap().text, text, "asking again gives the same code");
    assert!(sandbox.enter_code(PHONE, "11111111").await.is_err(), "another code is refused");
    sandbox.enter_code(PHONE, text.expose()).await.unwrap();
    open(&shop).await;
    here.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_here_removes_the_device_there() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let here = Box::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    link(&shop, &sandbox, PHONE).await;
    shop.logout().await.unwrap();
    assert_eq!(shop.snapshot().visible, Visible::Close);
    assert!(sandbox.wait_for(0, LIMIT, |e| e.kind == "logged_out").await.is_some());
    here.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_has_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let here = Box::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    link(&shop, &sandbox, PHONE).await;
    let ban = vec![("code".to_owned(), "101".to_owned()), ("expire".to_owned(), "3600".to_owned())];
    let failure = |reason, attributes| Fault::Failure { reason, times: 1, attributes };
    let rows = [
        (failure(402, ban), Reason::TemporarilyBanned),
        (failure(403, vec![]), Reason::AccountLocked),
        (failure(405, vec![]), Reason::ClientOutdated),
        (failure(500, vec![]), Reason::ServerError),
        (failure(503, vec![]), Reason::ServerUnavailable),
        (Fault::Upgrade { status: 403, times: 1 }, Reason::ServerUnavailable),
    ];
    for (fault, reason) in rows {
        sandbox.fault(fault.clone(), None).await;
        let mut watch = shop.watch();
        shop.restart(Duration::ZERO).await.unwrap();
        let seen = tokio::time::timeout(LIMIT, watch.wait_for(|s| s.reason == Some(reason))).await;
        assert!(seen.is_ok(), "{fault:?}: {:?}", shop.snapshot().reason);
        drop(seen);
        shop.connect(None, LIMIT).await.unwrap();
        open(&shop).await;
    }
    for (fault, reason) in [
        (Fault::Drop, Reason::Disconnected),
        (Fault::End, Reason::Disconnected),
        (Fault::Stream { code: 503 }, Reason::ServerUnavailable),
        (Fault::Stream { code: 515 }, Reason::RestartRequired),
        (Fault::Stream { code: 500 }, Reason::ServerError),
    ] {
        let before = *here.store.newest_event().borrow();
        sandbox.fault(fault.clone(), None).await;
        let told = async {
            loop {
                let events = here.store.events_after(before, EventFilter::default(), 20).await.unwrap();
                if events.iter().any(|e| e.data["reason"] == reason.as_str()) {
                    return;
                }
                let mut newest = here.store.newest_event();
                let _ = tokio::time::timeout(Duration::from_millis(200), newest.changed()).await;
            }
        };
        assert!(tokio::time::timeout(LIMIT, told).await.is_ok(), "{fault:?}");
        shop.connect(None, LIMIT).await.unwrap();
        open(&shop).await;
    }
    sandbox.fault(Fault::Replaced, None).await;
    let replaced = until(&shop, "replaced", |s| s.reason == Some(Reason::Replaced)).await;
    assert_eq!((replaced.visible, replaced.status()), (Visible::Close, Some(440)));
    here.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outdated_version_is_learnt_anew_and_tried_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.set_version([2, 3000, 2_000_000_000]);
    let here = Box::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    link(&shop, &sandbox, PHONE).await;
    sandbox.fault(Fault::Outdated { oldest: 1_999_999_999 }, None).await;
    shop.restart(Duration::ZERO).await.unwrap();
    until(&shop, "connecting", |s| s.visible == Visible::Connecting).await;
    open(&shop).await;
    here.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_changed_its_key_is_met_by_fallback() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let here = Box::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    link(&shop, &sandbox, PHONE).await;
    sandbox.rotate_key();
    shop.restart(Duration::ZERO).await.unwrap();
    assert!(sandbox.wait_for(0, LIMIT, |e| e.kind == "handshake" && e.text == "Fallback").await.is_some());
    open(&shop).await;
    here.stop().await;
}
