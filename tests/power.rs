//! The power goes: what the kernel has of the database at a random instant, under load, is started from, a hundred
//! times. It is always whole, and no account has to be scanned again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tetherd_sandbox::{Options, Sandbox};

use support::Daemon;

const CUTS: u64 = 100;
const INSTANCES: usize = 4;

/// The instants differ, and are the same at every run: 0 to 127 ms.
fn instant(n: u64) -> Duration {
    let mixed = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    Duration::from_millis(mixed >> 57)
}

fn number(n: usize) -> String {
    format!("1555000{n:04}")
}

/// Messages to every account and changes by the API, for as long as it is polled.
async fn load(daemon: &Daemon, sandbox: &Sandbox, cut: u64) {
    for n in 0_u64.. {
        for account in 0..INSTANCES {
            let _ = sandbox.send_text("4915112345678", &number(account), &format!("{cut}.{n}"));
        }
        let name = format!("temporary {cut}.{n}");
        let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS", "webhook": {"url": "http://127.0.0.1:9/"}});
        assert_eq!(daemon.ask("POST", "/instance/create", Some(body)).await.0, 201);
        let path = format!("/instance/delete/{}", name.replace(' ', "%20"));
        assert_eq!(daemon.ask("DELETE", &path, None).await.0, 200);
    }
}

/// What is there after the cut: the file and its log; the log's index is made anew.
fn copy(from: &Path, to: &Path) {
    for file in ["tetherd.db", "tetherd.db-wal", "sealing.key"] {
        let copied = std::fs::copy(from.join(file), to.join(file));
        assert!(copied.is_ok() || file.ends_with("wal"), "{file}: {copied:?}");
    }
}

fn whole(folder: &Path, cut: u64) {
    let database = rusqlite::Connection::open(folder.join("tetherd.db")).unwrap();
    let word: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(word, "ok", "cut {cut}");
    let dangling = database.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert!(!dangling, "cut {cut}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_power_cuts_under_load_damage_nothing_and_lose_no_link() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let mut folder = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(folder.path(), &sandbox).await;
    for n in 0..INSTANCES {
        daemon.create(&format!("i{n}")).await;
        sandbox.scan(&number(n), &daemon.code(&format!("i{n}")).await).await.unwrap();
    }
    for n in 0..INSTANCES {
        daemon.until_of(&format!("i{n}"), "open").await;
    }
    for cut in 0..CUTS {
        // What it is doing is cut off at that instant.
        let _ = tokio::time::timeout(instant(cut), load(&daemon, &sandbox, cut)).await;
        daemon.signal(Signal::STOP);
        let next = tempfile::tempdir().unwrap();
        copy(folder.path(), next.path());
        daemon.kill().await;
        folder = next;
        whole(folder.path(), cut);
        daemon = Daemon::start(folder.path(), &sandbox).await;
        for n in 0..INSTANCES {
            let state = daemon.state_of(&format!("i{n}")).await;
            assert_ne!(state["state"], "close", "cut {cut}: the first answer about i{n} is true: {state}");
        }
    }
    for n in 0..INSTANCES {
        daemon.until_of(&format!("i{n}"), "open").await;
    }
    daemon.terminate().await;
    let (good, said) = support::run(folder.path(), &["check", "--listen", "127.0.0.1:0"]).await;
    assert!(said.contains("every sealed value in it opens"), "{good} {said}");
}
