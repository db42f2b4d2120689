//! `connect-page.txt`, the page that this product implements: its examples and what it says about them. Its two
//! sections on integrations are in `tests/cloud/integration.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tetherd_sandbox::Fault;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::stream::Stream;
use crate::support::{KEY, LIMIT};
use crate::wire::{request, send};
use crate::{PHONE, connections, linked, over, started};

const CONNECT: &str = "/instance/connect/my-instance";

/// "This endpoint requires authentication via the apikey header", and its `curl` example.
#[tokio::test(flavor = "multi_thread")]
async fn the_key_goes_into_the_header_apikey() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("my-instance").await;
    let line = format!("GET {CONNECT}?wait=0");
    assert_eq!(send(&daemon.url, &request(&line, &[("apikey", KEY)], b"")).await.status, 200);
    send(&daemon.url, &request(&line, &[], b"")).await.is_error(401, "no key");
    send(&daemon.url, &request(&line, &[("apikey", "YOUR_API_KEY")], b"")).await.is_error(401, "another key");
    daemon.terminate().await;
}

/// "Already Connected": the example, to the letter.
#[tokio::test(flavor = "multi_thread")]
async fn already_connected() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon, _) = linked(folder.path(), "my-instance").await;
    let example = json!({"instance": {"instanceName": "my-instance", "state": "open"}});
    assert_eq!(daemon.ask("GET", CONNECT, None).await, (200, example.clone()));
    let with_number = format!("{CONNECT}?number={PHONE}");
    assert_eq!(daemon.ask("GET", &with_number, None).await, (200, example), "also with a number");
    daemon.terminate().await;
}

/// "QR Code Response": the raw string, and it as an image for an `<img>` tag.
#[tokio::test(flavor = "multi_thread")]
async fn qr_code_response() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("my-instance").await;
    let (status, shown) = daemon.ask("GET", CONNECT, None).await;
    assert_eq!(status, 200);
    assert!(shown["code"].as_str().unwrap().starts_with("2@"), "{shown}");
    let png = shown["base64"].as_str().unwrap().strip_prefix("data:image/png;base64,").expect("a data URL");
    let picture = image::load_from_memory(&STANDARD.decode(png).unwrap()).unwrap();
    assert_eq!(picture.width(), picture.height());
    let left = shown["expiresIn"].as_u64().unwrap();
    assert!((50..=60).contains(&left), "approximately 60 seconds: {left}");
    sandbox.scan(PHONE, shown["code"].as_str().unwrap()).await.expect("the phone takes it");
    daemon.until_of("my-instance", "open").await;
    daemon.terminate().await;
}

/// "Pairing Code Response": `ABCD-EFGH`, beside the other two.
#[tokio::test(flavor = "multi_thread")]
async fn pairing_code_response() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("my-instance").await;
    let path = format!("{CONNECT}?number={PHONE}");
    let (status, shown) = daemon.ask("GET", &path, None).await;
    assert_eq!(status, 200);
    let code = shown["pairingCode"].as_str().unwrap();
    let (left, right) = code.split_once('-').expect("a dash in the middle");
    assert!(left.len() == 4 && right.len() == 4, "{code}");
    assert!(
        (left.to_owned() + right).chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()),
        "{code}"
    );
    assert!(shown["code"].as_str().unwrap().starts_with("2@") && shown["base64"].is_string());
    let again = daemon.ask("GET", &path, None).await.1;
    assert_eq!(again["pairingCode"], shown["pairingCode"], "one code for its life");
    assert!(shown["pairingCodeExpiresAt"].is_string());
    sandbox.enter_code(PHONE, code).await.expect("the phone takes it");
    daemon.until_of("my-instance", "open").await;
    daemon.terminate().await;
}

/// "Error - Instance Not Found": the example's two members as they are, and 400 as "Error Handling" says.
#[tokio::test(flavor = "multi_thread")]
async fn instance_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    let (status, answer) = daemon.ask("GET", CONNECT, None).await;
    assert_eq!(status, 400);
    assert_eq!(answer["error"], json!(true));
    assert_eq!(answer["message"], json!("The \"my-instance\" instance does not exist"));
    daemon.terminate().await;
}

/// "Connection Flow", its five steps.
#[tokio::test(flavor = "multi_thread")]
async fn connection_flow() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("my-instance").await;
    let (_, shown) = daemon.ask("GET", CONNECT, None).await;
    assert_eq!(daemon.state_of("my-instance").await["state"], "connecting");
    sandbox.scan(PHONE, shown["code"].as_str().unwrap()).await.unwrap();
    daemon.until_of("my-instance", "open").await;
    daemon.terminate().await;
}

/// "If the user doesn't scan in time, call the endpoint again to get a fresh QR code."
#[tokio::test(flavor = "multi_thread")]
async fn qr_code_expiration() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("my-instance").await;
    let (_, first) = daemon.ask("GET", CONNECT, None).await;
    let mut events = Stream::from_now(&daemon).await;
    // The connection that it was made for is gone, and it with it, long before its time.
    sandbox.fault(Fault::Drop, None).await;
    events.event("that it is gone", |event| over(event, "my-instance")).await;
    let (_, fresh) = daemon.ask("GET", CONNECT, None).await;
    assert!(fresh["code"].is_string() && fresh["code"] != first["code"], "{fresh}");
    sandbox.scan(PHONE, first["code"].as_str().unwrap()).await.expect_err("the old one is dead");
    sandbox.scan(PHONE, fresh["code"].as_str().unwrap()).await.expect("the fresh one is not");
    daemon.until_of("my-instance", "open").await;
    daemon.terminate().await;
}

/// "Connection States": each with what it says is to be done.
#[tokio::test(flavor = "multi_thread")]
async fn connection_states() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("my-instance").await;
    assert_eq!(daemon.state_of("my-instance").await["state"], "close", "call connect endpoint");
    let (_, shown) = daemon.ask("GET", CONNECT, None).await;
    assert!(shown["base64"].is_string(), "after initiating connection, returns QR code");
    assert_eq!(daemon.state_of("my-instance").await["state"], "connecting", "display QR code");
    let jid = sandbox.scan(PHONE, shown["code"].as_str().unwrap()).await.unwrap();
    daemon.until_of("my-instance", "open").await;
    sandbox.unlink(&jid).await.unwrap();
    daemon.until_of("my-instance", "close").await;
    let (_, shown) = daemon.ask("GET", CONNECT, None).await;
    assert!(shown["base64"].is_string(), "and again");
    daemon.terminate().await;
}

/// "Error Handling": 200, 400 and 401; nothing that a caller can send is a 500 (see `bad_input`).
#[tokio::test(flavor = "multi_thread")]
async fn error_handling() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("my-instance").await;
    assert_eq!(daemon.ask("GET", CONNECT, None).await.0, 200);
    assert_eq!(daemon.ask("GET", "/instance/connect/other", None).await.0, 400);
    for path in [CONNECT, "/instance/connect/other"] {
        assert_eq!(daemon.ask_as(Some("another"), "GET", path, None).await.0, 401, "{path}");
    }
    daemon.terminate().await;
}

/// "Already connecting": whoever connects all the same gets the current code, and disturbs nobody.
#[tokio::test(flavor = "multi_thread")]
async fn already_connecting() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    daemon.create("my-instance").await;
    let (_, first) = daemon.ask("GET", CONNECT, None).await;
    for _ in 0..5 {
        let (_, again) = daemon.ask("GET", CONNECT, None).await;
        assert_eq!((&again["code"], &again["count"]), (&first["code"], &first["count"]));
    }
    assert_eq!(connections(&sandbox), 1);
    sandbox.scan(PHONE, first["code"].as_str().unwrap()).await.expect("still good");
    daemon.until_of("my-instance", "open").await;
    daemon.terminate().await;
}

/// "Handle reconnection: If instance disconnects, automatically call connect endpoint."
#[tokio::test(flavor = "multi_thread")]
async fn handle_reconnection() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "my-instance").await;
    for _ in 0..3 {
        sandbox.fault(Fault::Drop, None).await;
        let (_, answer) = daemon.ask("GET", CONNECT, None).await;
        assert_eq!(answer["instance"]["state"], "open", "without a scan: {answer}");
    }
    daemon.terminate().await;
}

/// "Webhook Integration": the example, "when creating your instance", and only what was subscribed to.
#[tokio::test(flavor = "multi_thread")]
async fn webhook_integration() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", receiver.local_addr().unwrap());
    let body = json!({"instanceName": "my-instance", "integration": "WHATSAPP-BAILEYS",
        "webhook": {"url": url, "enabled": true, "events": ["CONNECTION_UPDATE"]}});
    daemon.create_as(body).await;
    daemon.link(&sandbox, "my-instance", PHONE).await;
    let open = loop {
        let event = posted(&receiver).await;
        assert_eq!(event["event"], "CONNECTION_UPDATE", "nothing else was asked for");
        if event["data"]["state"] == "open" {
            break event;
        }
    };
    assert_eq!(open["instance"], "my-instance");
    assert_eq!(open["data"]["statusReason"], json!(200));
    daemon.terminate().await;
}

/// The body of the next request, which is answered with 200.
async fn posted(receiver: &TcpListener) -> Value {
    let (mut stream, _) = tokio::time::timeout(LIMIT, receiver.accept()).await.expect("delivered").unwrap();
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 65536]);
    loop {
        let n = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some(Ok(body)) = text.split_once("\r\n\r\n").map(|(_, body)| serde_json::from_str(body)) {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await
                .unwrap();
            return body;
        }
        assert!(n > 0, "a whole request: {text}");
    }
}
