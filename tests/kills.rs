//! `kill -9` at a hundred instants of starting, linking and reconnecting, half of them with WhatsApp
//! away: every account that was linked is still linked, and comes back without a hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use support::Daemon;
use tetherd::model::{InstanceId, SystemClock};
use tetherd::store::credentials::Gate;
use tetherd::store::{KeySource, Store};
use tetherd_sandbox::{Fault, Options, Sandbox};
use whatsapp_rust::wacore::store::traits::DeviceStore as _;

const INSTANCES: usize = 10;
const KILLS: u64 = 100;

/// The instants differ, and are the same at every run.
fn instant(n: u64) -> Duration {
    Duration::from_millis(
        n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33 & 0x7f,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_no_link() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let names: Vec<_> = (0..INSTANCES).map(|n| format!("i{n}")).collect();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    for (n, name) in names.iter().enumerate() {
        daemon.create(name).await;
        sandbox.scan(&format!("1555000{n:04}"), &daemon.code(name).await).await.unwrap();
        // The next one is scanned, and the first kill comes, while these are still between 515 and log-in.
    }
    daemon.kill().await;
    for n in 0..KILLS {
        let away = n % 2 == 0;
        if away {
            sandbox.fault(Fault::Upgrade { status: 503, times: 0 }, None).await;
        }
        let daemon = Daemon::start(folder.path(), &sandbox).await;
        for name in &names {
            assert_ne!(
                daemon.state_of(name).await["state"],
                "close",
                "kill {n}: the first answer about {name} is true"
            );
        }
        // The instant is what is tried out.
        tokio::time::sleep(instant(n)).await;
        daemon.kill().await;
        sandbox.clear_faults();
    }
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    for name in &names {
        daemon.until_of(name, "open").await;
    }
    daemon.terminate().await;
}

/// WhatsApp has a device as soon as it has its signature: from that moment on the link is on our disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_moment_of_linking_loses_no_link() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    for n in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let daemon = Daemon::start(folder.path(), &sandbox).await;
        let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS", "qrcode": true});
        let made = daemon.create_as(body).await;
        let code = made["qrcode"]["code"].as_str().unwrap();
        // A disk that takes its time: nothing is written while somebody else holds the file.
        let slow = rusqlite::Connection::open(folder.path().join("tetherd.db")).unwrap();
        slow.execute_batch("BEGIN IMMEDIATE").unwrap();
        let phone = format!("1555000{n:04}");
        let mut scan = std::pin::pin!(sandbox.scan(&phone, code));
        let early = tokio::time::timeout(Duration::from_millis(300), &mut scan).await;
        drop(slow);
        match early {
            Ok(jid) => jid.unwrap(),
            Err(_) => scan.await.unwrap(),
        };
        daemon.kill().await;
        assert_eq!(
            on_disk(folder.path()).await,
            (true, true),
            "kill {n}: the number and the phone's signature"
        );
        let daemon = Daemon::start(folder.path(), &sandbox).await;
        assert_ne!(daemon.state().await["state"], "close", "kill {n}");
        daemon.until("open").await;
        daemon.kill().await;
    }
}

/// Whether the device on disk has its number, and what the phone signed for it.
async fn on_disk(folder: &std::path::Path) -> (bool, bool) {
    let key = KeySource::File(folder.join("sealing.key"));
    let store = Store::open_with(&folder.join("tetherd.db"), key, Arc::new(SystemClock)).await.unwrap();
    let device = store.credentials(InstanceId(1), Gate::default()).load().await.unwrap().unwrap();
    store.close().await;
    (device.pn.is_some(), device.account.is_some())
}
