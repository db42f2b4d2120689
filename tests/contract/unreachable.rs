//! WhatsApp out of reach in all its ways: connect says within its wait what is the matter and when the next try is, and
//! the link is up soon after a caller asks once it is there.

use std::time::Duration;

use serde_json::Value;
use tetherd_sandbox::{Fault, Options, Sandbox, TlsTampering};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::PHONE;
use crate::support::{Daemon, LIMIT, command};

/// What connect says while there is nothing to show.
async fn nothing(daemon: &Daemon, wait: u64) -> Value {
    let began = Instant::now();
    let (status, answer) = daemon.ask("GET", &format!("/instance/connect/shop?wait={wait}"), None).await;
    assert!(began.elapsed() < Duration::from_secs(wait + 3), "within its wait");
    assert_eq!((status, answer["count"].as_u64()), (200, Some(0)), "{answer}");
    let told = answer["instance"].clone();
    assert_eq!(told["state"], "connecting", "{told}");
    assert!(
        told["reason"].is_string() && told["nextRetryAt"].is_string() && told["message"].is_string(),
        "{told}"
    );
    assert!(told["attempt"].as_u64() >= Some(1), "{told}");
    told
}

/// From a caller's connect to the code, once WhatsApp is there.
async fn soon(daemon: &Daemon) {
    let began = Instant::now();
    let (_, shown) = daemon.ask("GET", "/instance/connect/shop", None).await;
    assert!(shown["code"].is_string(), "{shown}");
    assert!(began.elapsed() < Duration::from_secs(2), "after {:?}", began.elapsed());
}

async fn met(fault: Fault, wait: u64) -> (Value, Sandbox, Daemon, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.plan(tetherd_sandbox::Planned::from(fault).times(0)).await.unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.create("shop").await;
    let told = nothing(&daemon, wait).await;
    (told, sandbox, daemon, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_listens() {
    let folder = tempfile::tempdir().unwrap();
    let place = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let url = format!("ws://{place}/ws/chat");
    let daemon = Daemon::start_with(folder.path(), &sandbox, &[("TETHERD_WHATSAPP_URL", &url)]).await;
    daemon.create("shop").await;
    let told = nothing(&daemon, 3).await;
    assert_eq!(told["reason"], "disconnected");
    let state = daemon.state_of("shop").await;
    assert_eq!((&state["reason"], &state["statusReason"]), (&told["reason"], &serde_json::json!(428)));
    let _there = Sandbox::start(Options { listen: place, ..Options::default() }).await.unwrap();
    soon(&daemon).await;
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upgrade_is_refused() {
    let (told, sandbox, daemon, _folder) = met(Fault::Upgrade { status: 403, times: 0 }, 3).await;
    assert_eq!(told["reason"], "server_unavailable");
    assert!(told["message"].as_str().unwrap().contains("403"), "{told}");
    sandbox.clear_faults();
    soon(&daemon).await;
    daemon.terminate().await;
}

/// Hangs after the accept, after the upgrade, and in the handshake: told of at once as what it is so far, and by its
/// name when it is given up, before the wait that is had without asking for another is over.
#[tokio::test(flavor = "multi_thread")]
async fn it_hangs() {
    let ways = [Fault::HangUpgrade, Fault::HangOpen, Fault::HangHello].map(|fault| {
        tokio::spawn(async move {
            let (told, sandbox, daemon, _folder) = met(fault.clone(), 1).await;
            assert_eq!(told["reason"], "connecting", "{fault:?}");
            let told = nothing(&daemon, 15).await;
            assert_eq!(told["reason"], "timed_out", "{fault:?}");
            // The attempt that hangs now would go on hanging; a caller does not wait for it.
            nothing(&daemon, 2).await;
            sandbox.clear_faults();
            soon(&daemon).await;
            daemon.terminate().await;
        })
    });
    for way in ways {
        way.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options { tls: true, ..Options::default() }).await.unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, sandbox.ca_pem().unwrap()).unwrap();
    for what in [TlsTampering::UnknownIssuer, TlsTampering::WrongHost, TlsTampering::Expired] {
        let folder = tempfile::tempdir().unwrap();
        let wrong = Fault::TlsCertificate { what };
        sandbox.plan(tetherd_sandbox::Planned::from(wrong).times(0)).await.unwrap();
        let mut command = command(folder.path(), &sandbox);
        command
            .env("TETHERD_WHATSAPP_URL", sandbox.wss_url().unwrap())
            .env("TETHERD_NET_EXTRA_CA", &authority);
        let daemon = Daemon::of(command).await;
        daemon.create("shop").await;
        let before = sandbox.events().len();
        let told = nothing(&daemon, 3).await;
        assert!(["tls", "clock_wrong"].contains(&told["reason"].as_str().unwrap()), "{what:?}: {told}");
        assert!(!sandbox.events().iter().skip(before).any(|event| event.kind == "handshake"), "{what:?}");
        sandbox.clear_faults();
        soon(&daemon).await;
        daemon.terminate().await;
    }
}

/// A linked account comes back by a caller's connect, however long the outage has made the pauses.
#[tokio::test(flavor = "multi_thread")]
async fn a_linked_one_comes_back_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.create("shop").await;
    daemon.link(&sandbox, "shop", PHONE).await;
    sandbox.fault(Fault::Upgrade { status: 403, times: 0 }, None).await;
    sandbox.fault(Fault::Drop, None).await;
    let (mut attempts, began) = (Vec::new(), Instant::now());
    while attempts.last() < Some(&4) {
        assert!(began.elapsed() < 2 * LIMIT, "it stopped trying: {attempts:?}");
        let state = daemon.state_of("shop").await;
        if state["nextRetryAt"].is_string() && attempts.last() != state["attempt"].as_u64().as_ref() {
            attempts.push(state["attempt"].as_u64().unwrap());
        }
        // One that fails as the one before is told by no event.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(attempts.windows(2).all(|pair| pair[0] < pair[1]), "{attempts:?}");
    sandbox.clear_faults();
    let began = Instant::now();
    let (_, answer) = daemon.ask("GET", "/instance/connect/shop", None).await;
    assert_eq!(answer["instance"]["state"], "open", "{answer}");
    assert!(began.elapsed() < Duration::from_secs(2), "after {:?}", began.elapsed());
    daemon.terminate().await;
}
