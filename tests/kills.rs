//! `kill -9` at a hundred instants of starting, linking and reconnecting, half of them with WhatsApp
//! away: every account that was linked is still linked, and comes back without a hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::time::Duration;

use serde_json::json;
use support::Daemon;
use tetherd_sandbox::{Fault, Options, Sandbox};

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
        let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS"});
        assert_eq!(daemon.ask("POST", "/instance/create", Some(body)).await.0, 201);
        let (_, answer) = daemon.ask("GET", &format!("/instance/connect/{name}"), None).await;
        sandbox.scan(&format!("1555000{n:04}"), answer["code"].as_str().unwrap()).await.unwrap();
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
