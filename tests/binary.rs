//! The real program as its users have it: started, asked over HTTP, killed, started again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use serde_json::{Value, json};
use tetherd_sandbox::{Options, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use support::{Daemon, KEY, LIMIT};

const PHONE: &str = "15551234567";

/// Key, method, path, body, and the status that it gets.
type Row<'a> = (Option<&'a str>, &'a str, &'a str, Option<String>, u16);

#[tokio::test(flavor = "multi_thread")]
async fn a_link_outlives_restarts_and_kills_and_ends_when_the_phone_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS"});
    let (status, made) = daemon.ask("POST", "/instance/create", Some(body.clone())).await;
    assert_eq!((status, made["instance"]["status"].as_str()), (201, Some("close")));
    assert_eq!(daemon.ask("POST", "/instance/create", Some(body)).await.0, 403, "the name is taken");
    let jid = daemon.link(&sandbox, "shop", PHONE).await;
    daemon.terminate().await;

    let daemon = Daemon::start(folder.path(), &sandbox).await;
    assert_ne!(daemon.state().await["state"], "close", "the first answer is true");
    daemon.until("open").await;
    daemon.kill().await;

    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until("open").await;
    sandbox.unlink(&jid).await.unwrap();
    let gone = daemon.until("close").await;
    assert_eq!((gone["reason"].as_str(), gone["statusReason"].as_u64()), (Some("logged_out"), Some(401)));
    daemon.link(&sandbox, "shop", PHONE).await;
    let token = made["hash"].as_str().unwrap();
    assert_eq!(daemon.ask_as(Some(token), "GET", "/instance/connectionState/shop", None).await.0, 200);
    assert_eq!(daemon.ask_as(Some(token), "GET", "/instance/connectionState/other", None).await.0, 401);
    assert_eq!(daemon.ask("DELETE", "/instance/delete/shop", None).await.0, 200);
    assert_eq!(daemon.ask("GET", "/instance/connectionState/shop", None).await.0, 404);
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_get_the_documented_error_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    let create = "/instance/create";
    let good = r#"{"instanceName":"x","integration":"WHATSAPP-BAILEYS"}"#;
    let long = format!("/instance/connectionState/{}", "x".repeat(300));
    let rows: Vec<Row<'_>> = vec![
        (None, "POST", create, Some(good.into()), 401),
        (Some("wrong"), "POST", create, Some("{".into()), 401),
        (Some("wrong"), "GET", "/instance/nothing/like/this", None, 401),
        (Some(KEY), "GET", "/instance/connect/absent", None, 400),
        (Some(KEY), "GET", "/instance/connectionState/absent", None, 404),
        (Some(KEY), "GET", "/instance/connectionState/..%2f..%2fetc", None, 404),
        (Some(KEY), "GET", &long, None, 404),
        (Some(KEY), "GET", "/no/such/route", None, 404),
        (Some(KEY), "PATCH", create, None, 405),
        (Some(KEY), "POST", create, None, 400),
        (Some(KEY), "POST", create, Some("{".into()), 400),
        (Some(KEY), "POST", create, Some("[]".into()), 400),
        (Some(KEY), "POST", create, Some(r#"{"instanceName":1,"integration":true}"#.into()), 400),
        (
            Some(KEY),
            "POST",
            create,
            Some(r#"{"instanceName":"a/b","integration":"WHATSAPP-BAILEYS"}"#.into()),
            400,
        ),
        (
            Some(KEY),
            "POST",
            create,
            Some(r#"{"instanceName":"a","instanceName":"b","integration":"WHATSAPP-BAILEYS"}"#.into()),
            400,
        ),
        (Some(KEY), "POST", create, Some(format!(r#"{{"instanceName":"{}"}}"#, "x".repeat(2 << 20))), 413),
        (
            Some(KEY),
            "POST",
            create,
            Some(r#"{"instanceName":"x","integration":"WHATSAPP-BUSINESS"}"#.into()),
            400,
        ),
    ];
    for (key, method, path, body, expected) in rows {
        let shown = body.as_deref().unwrap_or("").chars().take(60).collect::<String>();
        let (status, answer) = daemon.ask_as(key, method, path, body).await;
        assert_eq!(status, expected, "{method} {path} {shown}: {answer}");
        assert_eq!(
            (answer["error"].as_bool(), answer["status"].as_u64()),
            (Some(true), Some(u64::from(expected)))
        );
        assert!(answer["response"]["message"].is_array(), "{answer}");
    }
    assert_eq!(daemon.ask("GET", "/instance/fetchInstances", None).await.1, json!([]));
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_survive_a_kill_and_come_in_order_and_signed() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS",
        "webhook": {"url": format!("http://127.0.0.1:{port}/hook"), "enabled": true, "secret": "whsec_c2VjcmV0"}});
    daemon.create_as(body).await;
    daemon.link(&sandbox, "shop", PHONE).await;
    daemon.kill().await;

    // The receiver comes up only now, and the daemon after it.
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until("open").await;
    let mut seen = Vec::new();
    while !seen.iter().any(|event: &Value| event["data"]["state"] == "open") {
        let (mut stream, _) =
            tokio::time::timeout(LIMIT, listener.accept()).await.expect("delivered").unwrap();
        let mut bytes = Vec::new();
        let mut chunk = vec![0; 65536];
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
                if body.len() >= length.parse::<usize>().unwrap() {
                    assert!(head.contains("webhook-signature: v1,"), "{head}");
                    seen.push(serde_json::from_str::<Value>(body).unwrap());
                    break;
                }
            }
            let n = stream.read(&mut chunk).await.unwrap();
            assert!(n > 0, "a whole request");
            bytes.extend_from_slice(&chunk[..n]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
    }
    let seqs: Vec<_> = seen.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice: {seqs:?}");
    assert!(seen.iter().any(|event| event["event"] == "QRCODE_UPDATED"), "also from before the kill");
    assert!(seen.iter().all(|event| event["apikey"].is_null()));
    daemon.terminate().await;
}
