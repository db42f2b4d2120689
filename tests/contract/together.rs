//! Many at once.

use std::sync::Arc;

use serde_json::json;

use crate::{PHONE, connections, started};

/// 200 callers of connect: one socket, one code.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_callers_share_one_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    let daemon = Arc::new(daemon);
    let callers: Vec<_> = (0..200)
        .map(|_| {
            let daemon = Arc::clone(&daemon);
            tokio::spawn(async move { daemon.ask("GET", "/instance/connect/shop", None).await })
        })
        .collect();
    let mut codes = std::collections::BTreeSet::new();
    for caller in callers {
        let (status, shown) = caller.await.unwrap();
        assert_eq!(status, 200, "{shown}");
        codes.insert(shown["code"].as_str().expect("a code").to_owned());
    }
    assert_eq!((codes.len(), connections(&sandbox)), (1, 1));
    let daemon = Arc::into_inner(daemon).unwrap();
    sandbox.scan(PHONE, codes.first().unwrap()).await.unwrap();
    daemon.until_of("shop", "open").await;
    daemon.terminate().await;
}

/// Twenty instances at once: each has its own code, and each is linked by it.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_instances_link_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    let (sandbox, daemon) = (Arc::new(sandbox), Arc::new(daemon));
    let all: Vec<_> = (0..20)
        .map(|n| {
            let (sandbox, daemon) = (Arc::clone(&sandbox), Arc::clone(&daemon));
            tokio::spawn(async move {
                let name = format!("i{n}");
                daemon.create(&name).await;
                daemon.link(&sandbox, &name, &format!("1555000{n:04}")).await
            })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    let (_, rows) = daemon.ask("GET", "/instance/fetchInstances", None).await;
    let rows = rows.as_array().unwrap();
    assert!(rows.len() == 20 && rows.iter().all(|row| row["connectionStatus"] == "open"), "{rows:?}");
    let jids: std::collections::BTreeSet<_> =
        rows.iter().map(|row| row["ownerJid"].as_str().unwrap()).collect();
    assert_eq!(jids.len(), 20);
    Arc::into_inner(daemon).unwrap().terminate().await;
}

/// The number may come while the QR is shown already: the same socket then offers both.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_while_a_qr_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    let (_, first) = daemon.ask("GET", "/instance/connect/shop", None).await;
    assert_eq!(first["pairingCode"], json!(null));
    let (_, both) = daemon.ask("GET", "/instance/connect/shop?number=%2B1%20(555)%20123-4567", None).await;
    assert_eq!(both["code"], first["code"]);
    let code = both["pairingCode"].as_str().expect("a pairing code").to_owned();
    assert_eq!(connections(&sandbox), 1);
    let (_, later) = daemon.ask("GET", "/instance/connect/shop", None).await;
    assert_eq!(later["pairingCode"], code.as_str(), "as long as it lives");
    sandbox.enter_code(PHONE, &code).await.unwrap();
    daemon.until_of("shop", "open").await;
    daemon.terminate().await;
}

/// 0 to 55 seconds, and what is there is shown at once.
#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_caller_waits_is_his_choice() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    sandbox.fault(tetherd_sandbox::Fault::HangHello, None).await;
    let began = tokio::time::Instant::now();
    let (status, nothing) = daemon.ask("GET", "/instance/connect/shop?wait=0", None).await;
    assert_eq!((status, nothing["count"].as_u64()), (200, Some(0)), "{nothing}");
    assert!(began.elapsed() < std::time::Duration::from_secs(1));
    for wait in ["56", "-1", "1.5", "x", "99999999999999999999"] {
        assert_eq!(
            daemon.ask("GET", &format!("/instance/connect/shop?wait={wait}"), None).await.0,
            400,
            "{wait}"
        );
    }
    daemon.terminate().await;
}

/// Restart, log-out and deletion in every state.
#[tokio::test(flavor = "multi_thread")]
async fn what_ends_a_link_in_every_state() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    let never = daemon.ask("POST", "/instance/restart/shop", None).await;
    assert_eq!((never.0, &never.1["code"]), (400, &json!("instance_never_linked")), "{never:?}");
    assert!(never.1["message"].as_str().unwrap().contains("connect"), "{never:?}");
    let closed = daemon.ask("DELETE", "/instance/logout/shop", None).await;
    assert_eq!((closed.0, &closed.1["code"]), (400, &json!("instance_not_connected")), "{closed:?}");
    // While a code is shown: a log-out ends the attempt, a restart makes a new one.
    let (_, first) = daemon.ask("GET", "/instance/connect/shop", None).await;
    assert_eq!(daemon.ask("POST", "/instance/restart/shop", None).await.0, 200);
    let (_, second) = daemon.ask("GET", "/instance/connect/shop", None).await;
    assert_ne!(first["code"], second["code"]);
    assert_eq!(daemon.ask("DELETE", "/instance/logout/shop", None).await.0, 200);
    assert_eq!(daemon.state_of("shop").await["state"], "close");
    assert_eq!(daemon.ask("GET", "/instance/qrcode/shop", None).await.0, 404);
    // Linked and open.
    daemon.link(&sandbox, "shop", PHONE).await;
    let (status, again) = daemon.ask("POST", "/instance/restart/shop", None).await;
    assert_eq!((status, &again["instance"]["state"]), (200, &json!("open")), "{again}");
    assert_eq!(daemon.ask("DELETE", "/instance/delete/shop", None).await.0, 200);
    assert_eq!(sandbox.state()["accounts"][0]["devices"], json!([]), "the phone lists it no more");
    assert_eq!(daemon.ask("DELETE", "/instance/delete/shop", None).await.0, 404);
    daemon.create("SHOP").await;
    assert_eq!(daemon.state_of("shop").await["reason"], json!(null), "nothing of the one before");
    daemon.terminate().await;
}
