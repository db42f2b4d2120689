//! Log-out and deletion, with WhatsApp there, away, and deaf: the account leaves use at once, and WhatsApp is
//! told, now or at the next chance, whatever happens to the process in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Daemon, LIMIT};
use tetherd_sandbox::{Fault, Options, Sandbox};

const PHONE: &str = "15551234567";
const AWAY: Fault = Fault::Upgrade { status: 503, times: 0 };

async fn linked(folder: &Path) -> (Sandbox, Daemon, String) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder, &sandbox).await;
    daemon.create("shop").await;
    let jid = daemon.link(&sandbox, "shop", PHONE).await;
    (sandbox, daemon, jid)
}

/// As after an outage of WhatsApp's: every connection is cut, and no new one stands.
async fn go_away(sandbox: &Sandbox, daemon: &Daemon) {
    sandbox.fault(AWAY, None).await;
    sandbox.fault(Fault::Drop, None).await;
    daemon.until("connecting").await;
}

async fn logout(daemon: &Daemon) -> (u16, Value) {
    daemon.ask("DELETE", "/instance/logout/shop", None).await
}

/// The device of this JID is gone from the account.
async fn told(sandbox: &Sandbox, jid: &str) {
    let device = jid.split('@').next().unwrap().to_owned();
    let gone = sandbox.wait_for(0, LIMIT, |e| e.kind == "logged_out" && e.text == device).await;
    assert!(gone.is_some(), "WhatsApp was never told of {device}: {}", sandbox.state());
}

/// Nothing is left to be told: a log-out now is one of a closed instance.
async fn settled(daemon: &Daemon) {
    let waiting = async {
        while logout(daemon).await.0 != 400 {
            // A tombstone goes without a word.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.expect("the tombstone is dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_whatsapp_there_it_is_told_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, jid) = linked(folder.path()).await;
    let (status, done) = logout(&daemon).await;
    assert_eq!(status, 200);
    assert_eq!(
        done,
        json!({"status": "SUCCESS", "error": false, "response": {"message": "Instance logged out"}})
    );
    let told_by_now = sandbox.events().iter().any(|e| e.kind == "logged_out");
    assert!(told_by_now, "{jid}");
    let state = daemon.state().await;
    assert_eq!((state["state"].as_str(), state["reason"].as_str()), (Some("close"), Some("logged_out")));
    let (status, refused) = logout(&daemon).await;
    assert_eq!((status, refused["code"].as_str()), (400, Some("instance_not_connected")), "{refused}");
    daemon.link(&sandbox, "shop", PHONE).await;
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_whatsapp_away_it_is_told_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, jid) = linked(folder.path()).await;
    go_away(&sandbox, &daemon).await;
    assert_eq!(logout(&daemon).await.0, 200);
    assert_eq!(daemon.state().await["reason"], "logged_out");
    assert_eq!(logout(&daemon).await.0, 200, "asked again while WhatsApp does not know: the same answer");
    assert_eq!(sandbox.state()["accounts"][0]["devices"], json!([jid]), "it does not know yet");
    sandbox.clear_faults();
    told(&sandbox, &jid).await;
    settled(&daemon).await;
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_told_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, jid) = linked(folder.path()).await;
    go_away(&sandbox, &daemon).await;
    assert_eq!(logout(&daemon).await.0, 200);
    daemon.kill().await;
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    let state = daemon.state().await;
    assert_eq!((state["state"].as_str(), state["reason"].as_str()), (Some("close"), Some("logged_out")));
    sandbox.clear_faults();
    told(&sandbox, &jid).await;
    settled(&daemon).await;
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_while_away_frees_the_name_at_once_and_is_told_later() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, jid) = linked(folder.path()).await;
    go_away(&sandbox, &daemon).await;
    assert_eq!(daemon.ask("DELETE", "/instance/delete/shop", None).await.0, 200);
    daemon.create("shop").await;
    sandbox.clear_faults();
    told(&sandbox, &jid).await;
    daemon.terminate().await;
}

/// The link that came after is another device, and stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_link_is_not_harmed_by_the_farewell_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, old) = linked(folder.path()).await;
    go_away(&sandbox, &daemon).await;
    assert_eq!(logout(&daemon).await.0, 200);
    sandbox.clear_faults();
    let new = daemon.link(&sandbox, "shop", PHONE).await;
    told(&sandbox, &old).await;
    assert_eq!(sandbox.state()["accounts"][0]["devices"], json!([new]));
    assert_eq!(daemon.state().await["state"], "open");
    daemon.terminate().await;
}

/// The connection stands and nobody answers on it: not told is not said to be told.
#[tokio::test(flavor = "multi_thread")]
async fn a_deaf_whatsapp_is_told_when_it_hears_again() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, jid) = linked(folder.path()).await;
    sandbox.fault(Fault::Stall, None).await;
    assert_eq!(logout(&daemon).await.0, 200);
    assert_eq!(daemon.state().await["reason"], "logged_out");
    told(&sandbox, &jid).await;
    settled(&daemon).await;
    daemon.terminate().await;
}

/// The phone was quicker: there is nothing left to tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_the_phone_removed_meanwhile_is_done_with() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, jid) = linked(folder.path()).await;
    go_away(&sandbox, &daemon).await;
    assert_eq!(logout(&daemon).await.0, 200);
    sandbox.unlink(&jid).await.unwrap();
    sandbox.clear_faults();
    settled(&daemon).await;
    daemon.terminate().await;
}
