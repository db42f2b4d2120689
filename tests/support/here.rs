//! The whole domain in this process: registry, store on disk, engine, sockets.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests; each uses a part"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tetherd::instance::{Handle, Parts, Registry, Shown, Snapshot};
use tetherd::link::web::{Server, WebConfig, WebFactory};
use tetherd::model::{Clock, Digest, InstanceName, Integration, NewInstance, Reason, SystemClock, Visible};
use tetherd::net::{Net, NetConfig};
use tetherd::store::{EventFilter, SealingKey, Store};
use tetherd_sandbox::Sandbox;

pub(crate) const LIMIT: Duration = Duration::from_secs(20);
pub(crate) const PHONE: &str = "15551234567";

pub(crate) struct Here {
    pub(crate) store: Store,
    pub(crate) registry: Arc<Registry>,
    /// How long something may take to be told.
    pub(crate) limit: Duration,
}

/// What may be otherwise than usual.
pub(crate) struct Ways {
    /// Where WhatsApp is.
    pub(crate) socket: String,
    pub(crate) net: NetConfig,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Ways {
    pub(crate) fn to(socket: String) -> Self {
        Self { socket, net: NetConfig::default(), clock: Arc::new(SystemClock) }
    }
}

impl Here {
    pub(crate) async fn start(folder: &Path, sandbox: &Sandbox) -> Self {
        Self::start_with(folder, sandbox, Ways::to(sandbox.ws_url())).await
    }

    pub(crate) async fn start_with(folder: &Path, sandbox: &Sandbox, ways: Ways) -> Self {
        let Ways { socket, net, clock } = ways;
        let store =
            Store::open(&folder.join("t.db"), SealingKey::new([1; 32]), Arc::clone(&clock)).await.unwrap();
        let config = WebConfig {
            device_name: "tetherd".into(),
            version: None,
            server: Server { socket, version_page: format!("{}/sw.js", sandbox.control_url()) },
            proxy: None,
        };
        let net = Net::new(&net, Arc::clone(&clock)).unwrap();
        let links = Arc::new(WebFactory::new(store.clone(), net, Arc::clone(&clock), config));
        let ledger = Arc::new(store.clone());
        let parts = Parts { ledger, links, clock, chance: || 0.5, code_limit: 30, proxy: None };
        Self { registry: Registry::start(parts).await.unwrap(), store, limit: LIMIT }
    }

    pub(crate) async fn create(&self, name: &str) -> Handle {
        let new = NewInstance::named(InstanceName::parse(name).unwrap(), Integration::Web, Digest::of(name));
        self.registry.create(new).await.unwrap()
    }

    pub(crate) fn get(&self, name: &str) -> Handle {
        self.registry.get(&InstanceName::parse(name).unwrap()).unwrap()
    }

    /// The place of what is told from now on.
    pub(crate) fn now(&self) -> i64 {
        *self.store.newest_event().borrow()
    }

    /// The first event after `since` that `wanted` takes.
    pub(crate) async fn told(&self, what: &str, since: i64, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Vec::new();
        let mut newest = self.store.newest_event();
        let told = async {
            let mut since = since;
            loop {
                newest.borrow_and_update();
                for event in self.store.events_after(since, EventFilter::default(), 100).await.unwrap() {
                    since = event.id;
                    if wanted(&event.data) {
                        return event.data;
                    }
                    seen.push(event.data);
                }
                newest.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(self.limit, told).await;
        found.unwrap_or_else(|_| panic!("never {what}: {seen:#?}"))
    }

    /// Waits until this reason was told; the message that was told with it.
    pub(crate) async fn reason(&self, since: i64, reason: Reason) -> String {
        let event = self.told(reason.as_str(), since, |data| data["reason"] == reason.as_str()).await;
        event["message"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn stop(self) {
        self.registry.stop().await;
        self.store.close().await;
    }
}

pub(crate) async fn until(handle: &Handle, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let mut watch = handle.watch();
    let seen = tokio::time::timeout(LIMIT, watch.wait_for(|s| wanted(s))).await;
    match seen {
        Ok(snapshot) => Arc::clone(&snapshot.unwrap()),
        Err(late) => panic!("never {what} ({late}): {:?}", handle.snapshot()),
    }
}

pub(crate) async fn open(handle: &Handle) -> Arc<Snapshot> {
    until(handle, "open", |s| s.visible == Visible::Open).await
}

pub(crate) async fn code(handle: &Handle) -> String {
    let Shown::Code(snapshot) = handle.connect(None, LIMIT).await.unwrap() else {
        panic!("no code: {:?}", handle.snapshot())
    };
    snapshot.code.as_ref().unwrap().text.expose().to_owned()
}

pub(crate) async fn link(handle: &Handle, sandbox: &Sandbox, phone: &str) -> String {
    let text = code(handle).await;
    let jid = sandbox.scan(phone, &text).await.unwrap();
    open(handle).await;
    jid
}
