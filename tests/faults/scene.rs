//! One linked instance, and something that goes wrong.

use std::sync::Arc;
use std::time::Duration;

use tetherd::instance::Handle;
use tetherd::model::Reason;
use tetherd_sandbox::{Happened, Options, Planned, Sandbox};

use crate::here::{self, Here, LIMIT, PHONE, Ways};

pub(crate) const FRIEND: &str = "4915112345678";

pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) here: Here,
    pub(crate) shop: Handle,
    pub(crate) jid: String,
    _folder: Arc<tempfile::TempDir>,
}

impl Scene {
    /// An instance that is linked and open.
    pub(crate) async fn linked() -> Self {
        Self::linked_with(Options::default(), |sandbox| Ways::to(sandbox.ws_url())).await
    }

    pub(crate) async fn linked_with(options: Options, ways: impl Fn(&Sandbox) -> Ways) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let sandbox = Sandbox::start(options).await.unwrap();
        let here = Here::start_with(folder.path(), &sandbox, ways(&sandbox)).await;
        let shop = here.create("shop").await;
        let jid = here::link(&shop, &sandbox, PHONE).await;
        for kind in ["closed", "logged_in"] {
            // The connection of the scan ends a little after it.
            sandbox.wait_for(0, LIMIT, |event| event.kind == kind).await.expect(kind);
        }
        Self { sandbox, here, shop, jid, _folder: folder }
    }

    /// What happens in the sandbox from now on.
    pub(crate) fn mark(&self) -> u64 {
        self.sandbox.events().last().map_or(0, |event| event.seq)
    }

    /// The first thing that happened in the sandbox after `since`.
    pub(crate) async fn happened(&self, since: u64, wanted: impl Fn(&Happened) -> bool) -> Happened {
        self.sandbox.wait_for(since, LIMIT, wanted).await.expect("it happens")
    }

    /// Lets this happen to the open connection; the sentence that was told with the reason. It comes back.
    pub(crate) async fn suffers(&self, fault: impl Into<Planned>, reason: Reason) -> String {
        let fault = fault.into();
        let (since, now) = (self.mark(), self.here.now());
        self.sandbox.plan(fault.clone()).await.unwrap();
        let said = self.here.reason(now, reason).await;
        self.comes_back(since).await;
        said
    }

    /// Lets this happen to the next connection, and makes one; the sentence that was told with the reason. It comes back.
    pub(crate) async fn meets(&self, fault: impl Into<Planned>, reason: Reason) -> String {
        let fault = fault.into();
        self.sandbox.plan(fault).await.unwrap();
        let (since, now) = (self.mark(), self.here.now());
        self.shop.restart(Duration::ZERO).await.unwrap();
        let said = self.here.reason(now, reason).await;
        self.sandbox.clear_faults();
        self.comes_back(since).await;
        said
    }

    /// A log-in after `since`, at once, as if a person had pressed the button.
    pub(crate) async fn comes_back(&self, since: u64) {
        self.shop.connect(None, LIMIT).await.unwrap();
        self.happened(since, |event| event.kind == "logged_in").await;
        here::open(&self.shop).await;
    }

    /// A text of a friend arrives here.
    pub(crate) async fn hears(&self, text: &str) {
        let now = self.here.now();
        self.sandbox.send_text(FRIEND, PHONE, text).unwrap();
        self.heard(now, text).await;
    }

    pub(crate) async fn heard(&self, since: i64, text: &str) {
        self.here.told(text, since, |data| data["message"]["conversation"] == text).await;
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        let events = self.sandbox.events().into_iter();
        events.filter(|event| event.kind == "violation").map(|event| event.text).collect()
    }

    pub(crate) async fn end(self) {
        self.here.stop().await;
    }
}
