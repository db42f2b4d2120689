//! `wss://` with a certificate that is right, or wrong in one way.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tetherd::model::{Clock, Reason, Stamp, SystemClock};
use tetherd::net::NetConfig;
use tetherd_sandbox::{Fault, Options, Sandbox, TlsTampering};

use crate::here::{Here, Ways};
use crate::scene::Scene;

fn by_tls() -> Options {
    Options { tls: true, ..Options::default() }
}

fn trusting(sandbox: &Sandbox, folder: &Path, clock: Arc<dyn Clock>) -> Ways {
    let authority = folder.join("authority.pem");
    std::fs::write(&authority, sandbox.ca_pem().unwrap()).unwrap();
    let net = NetConfig { extra_ca: vec![authority], ..NetConfig::default() };
    Ways { socket: sandbox.wss_url().unwrap(), net, clock }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_certificate_has_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let ways = |sandbox: &Sandbox| trusting(sandbox, folder.path(), Arc::new(SystemClock));
    let scene = Scene::linked_with(by_tls(), ways).await;
    for (what, reason) in [
        (TlsTampering::Expired, Reason::Tls),
        (TlsTampering::NotYetValid, Reason::ClockWrong),
        (TlsTampering::WrongHost, Reason::Tls),
        (TlsTampering::UnknownIssuer, Reason::Tls),
    ] {
        scene.meets(Fault::TlsCertificate { what }, reason).await;
    }
    scene.hears("through TLS").await;
    assert_eq!(scene.violations(), Vec::<String>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_nobody_trusts_is_met_too() {
    let sandbox = Sandbox::start(by_tls()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let here = Here::start_with(folder.path(), &sandbox, Ways::to(sandbox.wss_url().unwrap())).await;
    let (shop, now) = (here.create("shop").await, here.now());
    let connecting = shop.connect(None, here.limit);
    let (said, _) = tokio::join!(here.reason(now, Reason::Tls), connecting);
    assert!(said.contains("nobody whom this box trusts"), "{said}");
    here.stop().await;
}

/// A box that has lost its clock.
struct Epoch(SystemClock);

impl Clock for Epoch {
    fn now(&self) -> Stamp {
        Stamp::from_millis(0)
    }

    fn instant(&self) -> Instant {
        self.0.instant()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_without_a_clock_is_told_that_it_is_the_clock() {
    let sandbox = Sandbox::start(by_tls()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ways = trusting(&sandbox, folder.path(), Arc::new(Epoch(SystemClock)));
    let here = Here::start_with(folder.path(), &sandbox, ways).await;
    sandbox.fault(Fault::TlsCertificate { what: TlsTampering::Expired }, None).await;
    let (shop, now) = (here.create("shop").await, here.now());
    let connecting = shop.connect(None, here.limit);
    let (said, _) = tokio::join!(here.reason(now, Reason::ClockWrong), connecting);
    assert!(said.contains("1970-01-01"), "{said}");
    here.stop().await;
}
