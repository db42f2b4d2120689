//! Webhooks and the stream, asked for as their users do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Daemon, KEY, LIMIT};
use tetherd_sandbox::{Options, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A request as it arrived: its first line and headers, and its body.
type Arrived = (String, Value);

/// Answers each request with the next status, the last one for ever.
async fn receiver(statuses: &'static [u16]) -> (String, mpsc::UnboundedReceiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, arrived) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut statuses = statuses.iter().copied().peekable();
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = request(&mut stream).await;
            let status = if statuses.len() > 1 { statuses.next() } else { statuses.peek().copied() }.unwrap();
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = sender.send(request);
        }
    });
    (url, arrived)
}

async fn request(stream: &mut TcpStream) -> Arrived {
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 65536]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse::<usize>().unwrap() {
                return (head.to_owned(), serde_json::from_str(body).unwrap());
            }
        }
        let n = stream.read(&mut chunk).await.unwrap();
        assert!(n > 0, "a whole request");
        bytes.extend_from_slice(&chunk[..n]);
    }
}

async fn next(arrived: &mut mpsc::UnboundedReceiver<Arrived>) -> Arrived {
    tokio::time::timeout(LIMIT, arrived.recv()).await.expect("it arrives").unwrap()
}

async fn created(folder: &Path, env: &[(&str, &str)]) -> (Daemon, Sandbox, String) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start_with(folder, &sandbox, env).await;
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS"});
    let (_, made) = daemon.ask("POST", "/instance/create", Some(body)).await;
    (daemon, sandbox, made["hash"].as_str().unwrap().to_owned())
}

async fn set(daemon: &Daemon, body: Value) -> (u16, Value) {
    daemon.ask("POST", "/webhook/set/shop", Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_set_in_parts_and_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, _sandbox, _) = created(folder.path(), &[]).await;
    assert_eq!(daemon.ask("GET", "/webhook/find/shop", None).await, (200, Value::Null));
    let whole = json!({"webhook": {"enabled": true, "url": "http://h/x", "webhookByEvents": true, "webhook_base64": true,
        "headers": {"X-Token": "abc", "jwt_key": "key"}, "events": ["CALL", "connection.update", "CALL"], "secret": "generate"}});
    let (status, first) = set(&daemon, whole).await;
    assert_eq!(status, 201, "{first}");
    assert!(first["secret"].as_str().unwrap().starts_with("whsec_"), "shown this once");
    let (_, found) = daemon.ask("GET", "/webhook/find/shop", None).await;
    assert_eq!(found["events"], json!(["CALL", "CONNECTION_UPDATE"]));
    assert_eq!(
        (&found["webhookByEvents"], &found["webhookBase64"], &found["signed"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(found["headers"], json!({"X-Token": "…", "jwt_key": "…"}), "names, no values");
    assert!(
        found.get("secret").is_none() && found["instanceId"].is_string() && found["createdAt"].is_string()
    );
    let (_, partly) = set(&daemon, json!({"byEvents": false, "events": []})).await;
    assert_eq!(
        (&partly["webhookByEvents"], &partly["webhookBase64"]),
        (&json!(false), &json!(true)),
        "the rest stays"
    );
    assert_eq!((&partly["events"], &partly["url"]), (&json!([]), &json!("http://h/x")), "none is all");
    let (_, echoed) = set(&daemon, json!({ "webhook": found })).await;
    assert_eq!(echoed["headers"], found["headers"], "what was shown can be sent back");
    let (_, unsigned) = set(&daemon, json!({"secret": "none", "headers": {}})).await;
    assert_eq!((&unsigned["signed"], &unsigned["headers"]), (&json!(false), &json!({})));
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_at_once_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, _sandbox, _) = created(folder.path(), &[]).await;
    let wrong = json!({"webhook": {"url": "ftp://h/", "enabled": "yes", "events": ["CALL", "NOPE", 7], "spelling": "loud",
        "headers": {"a b": "x", "Content-Length": "1", "n": 5}, "secret": "whsec_???"}});
    let (status, answer) = set(&daemon, wrong).await;
    assert_eq!(status, 400);
    let faults = answer["response"]["message"].as_array().unwrap();
    for part in [
        "webhook.url",
        "webhook.enabled",
        "webhook.events[1]",
        "webhook.events[2]",
        "webhook.spelling",
        "webhook.headers.a b",
        "webhook.headers.Content-Length",
        "webhook.headers.n",
        "webhook.secret",
    ] {
        assert!(faults.iter().any(|fault| fault.as_str().unwrap().starts_with(part)), "{part}: {faults:?}");
    }
    assert_eq!(faults.len(), 9, "{faults:?}");
    for never in [
        "http://169.254.169.254/latest",
        "http://[fe80::1]/",
        "http://0.0.0.0:9/",
        "http://[::ffff:169.254.1.1]/",
    ] {
        let (status, answer) = set(&daemon, json!({ "url": never })).await;
        assert_eq!(status, 400, "{never}: {answer}");
    }
    assert_eq!(set(&daemon, json!({"enabled": true})).await.0, 400, "the first time it takes an address");
    assert_eq!(daemon.ask("GET", "/webhook/find/shop", None).await.1, Value::Null);
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_lead_neither_back_to_us_nor_where_the_owner_says_no() {
    let folder = tempfile::tempdir().unwrap();
    let (url, mut arrived) = receiver(&[200]).await;
    let (daemon, sandbox, _) = created(folder.path(), &[]).await;
    let port = daemon.url.rsplit(':').next().unwrap().to_owned();
    for ours in
        [daemon.url.clone(), format!("http://localhost:{port}/x"), format!("http://127.0.0.9:{port}/")]
    {
        assert_eq!(set(&daemon, json!({ "url": ours })).await.0, 201, "a name says nothing yet");
        let (_, told) = daemon.ask("POST", "/webhook/test/shop", None).await;
        assert_eq!(told["delivered"], json!(false), "{ours}: {told}");
    }
    assert_eq!(set(&daemon, json!({ "url": url })).await.0, 201);
    assert_eq!(
        daemon.ask("POST", "/webhook/test/shop", None).await.1,
        json!({"delivered": true, "status": 200})
    );
    assert_eq!(next(&mut arrived).await.1["event"], "WEBHOOK_TEST");
    daemon.terminate().await;
    let deny = [("TETHERD_WEBHOOKS_DENY", "10.0.0.0/8, 127.0.0.0/8")];
    let daemon = Daemon::start_with(folder.path(), &sandbox, &deny).await;
    let (_, told) = daemon.ask("POST", "/webhook/test/shop", None).await;
    assert!(told["message"].as_str().unwrap().contains("[webhooks] deny"), "{told}");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_listed_with_its_circuit_and_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (url, mut arrived) = receiver(&[410, 503, 200]).await;
    let (daemon, _sandbox, token) = created(folder.path(), &[]).await;
    assert_eq!(set(&daemon, json!({ "url": url })).await.0, 201);
    daemon.ask("GET", "/instance/connect/shop?wait=0", None).await;
    let (_, gone) = next(&mut arrived).await;
    next(&mut arrived).await;
    let path = "/webhook/deliveries/shop";
    let open = loop {
        let (_, page) = daemon.ask("GET", path, None).await;
        if page["destinations"][0]["circuit"] == "open" {
            break page["destinations"][0].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert_eq!((&open["destination"], &open["failures"]), (&json!("instance"), &json!(1)));
    assert!(open["nextAttemptAt"].is_string() && open["error"].as_str().unwrap().contains("503"), "{open}");
    let text = daemon.ask_text("/metrics").await;
    let open = "tetherd_webhook_circuit{instance=\"shop\",destination=\"instance\",circuit=\"open\"} 1";
    assert!(text.contains(open), "{text}");
    let (_, dead) = daemon.ask("GET", &format!("{path}?status=dead"), None).await;
    let dead = &dead["deliveries"][0];
    assert_eq!((&dead["answer"], &dead["eventId"]), (&json!(410), &gone["id"]));
    for (query, status) in [
        ("?status=lost", 400),
        ("?limit=0", 400),
        ("?limit=501", 400),
        ("?before=x", 400),
        ("?status=pending", 200),
    ] {
        assert_eq!(daemon.ask("GET", &format!("{path}{query}"), None).await.0, status, "{query}");
    }
    let again = |id: &str| format!("/webhook/redeliver/shop/{id}");
    assert_eq!(daemon.ask("POST", &again("99999"), None).await.0, 404);
    assert_eq!(daemon.ask("POST", "/webhook/redeliver/shop", None).await.0, 400);
    let all = daemon
        .ask_as(Some(&token), "POST", "/webhook/redeliver/shop", Some(json!({"all": "dead"}).to_string()))
        .await;
    assert_eq!(all, (200, json!({"redelivered": 1})));
    let (_, first) = next(&mut arrived).await;
    assert_eq!(first["id"], gone["id"], "first in the line again");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_global_webhook_is_the_owners() {
    let folder = tempfile::tempdir().unwrap();
    let (url, mut arrived) = receiver(&[204]).await;
    let env = [
        ("TETHERD_WEBHOOKS_URL", url.as_str()),
        ("TETHERD_WEBHOOKS_EVENTS", "INSTANCE_CREATE, application.startup"),
        ("TETHERD_WEBHOOKS_BY_EVENTS", "true"),
        ("TETHERD_WEBHOOKS_SECRET", "whsec_c2VjcmV0c2VjcmV0"),
        ("TETHERD_EVENTS_SPELLING", "dotted"),
    ];
    let (daemon, sandbox, token) = created(folder.path(), &env).await;
    let (head, event) = next(&mut arrived).await;
    assert!(
        head.starts_with("POST /instance-create HTTP/1.1") && head.contains("webhook-signature: v1,"),
        "{head}"
    );
    assert_eq!(event["event"], "instance.create");
    let path = "/webhook/deliveries/shop";
    let (_, seen) = daemon.ask("GET", path, None).await;
    assert_eq!(seen["deliveries"][0]["destination"], "global");
    assert_eq!(daemon.ask("POST", "/webhook/test/shop", None).await.1["delivered"], true);
    assert_eq!(next(&mut arrived).await.1["event"], "webhook.test");
    assert_eq!(daemon.ask_as(Some(&token), "POST", "/webhook/test/shop", None).await.0, 404);
    let (_, hidden) = daemon.ask_as(Some(&token), "GET", path, None).await;
    assert_eq!(hidden, json!({"destinations": [], "deliveries": [], "before": null}));
    daemon.terminate().await;
    let daemon = Daemon::start_with(folder.path(), &sandbox, &env).await;
    assert_eq!(next(&mut arrived).await.1["event"], "application.startup", "every start is told");
    daemon.terminate().await;
}

/// Asks for the stream and returns the connection with what came first.
async fn stream(daemon: &Daemon, key: &str, path: &str, after: Option<&str>) -> (TcpStream, String) {
    let address = daemon.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let resume = after.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    let ask = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\napikey: {key}\r\n{resume}\r\n");
    socket.write_all(ask.as_bytes()).await.unwrap();
    let first = until(&mut socket, |text| text.contains("\r\n\r\n")).await;
    (socket, first)
}

async fn until(socket: &mut TcpStream, wanted: impl Fn(&str) -> bool) -> String {
    let (mut text, mut chunk) = (String::new(), vec![0; 65536]);
    while !wanted(&text) {
        let n = tokio::time::timeout(LIMIT, socket.read(&mut chunk)).await.expect(&text).unwrap();
        assert!(n > 0, "it ended: {text}");
        text.push_str(&String::from_utf8_lossy(&chunk[..n]));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_resumes_from_the_store_and_reaches_no_further_than_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, _sandbox, token) = created(folder.path(), &[]).await;
    let other = json!({"instanceName": "other", "integration": "WHATSAPP-BAILEYS"});
    daemon.ask("POST", "/instance/create", Some(other)).await;
    let (mut all, head) = stream(&daemon, KEY, "/events?event=INSTANCE_CREATE", Some("evt_0")).await;
    assert!(
        head.contains("200 OK") && head.to_lowercase().contains("content-type: text/event-stream"),
        "{head}"
    );
    let text = until(&mut all, |text| text.contains("id: evt_2\n")).await;
    assert!(text.contains("event: INSTANCE_CREATE\ndata: {"), "{text}");
    let (mut own, _) = stream(&daemon, &token, "/events", Some("evt_0")).await;
    daemon.ask("GET", "/instance/connect/other?wait=0", None).await;
    daemon.ask("GET", "/instance/connect/shop?wait=0", None).await;
    let text = until(&mut own, |text| text.contains("CONNECTION_UPDATE")).await;
    assert!(text.contains("\"instance\":\"shop\"") && !text.contains("\"instance\":\"other\""), "{text}");
    assert!(stream(&daemon, &token, "/events?instance=other", None).await.1.contains(" 401 "));
    assert!(stream(&daemon, KEY, "/events?instance=absent", None).await.1.contains(" 404 "));
    assert!(stream(&daemon, KEY, "/events?event=NOPE", None).await.1.contains(" 400 "));
    assert!(stream(&daemon, KEY, "/events", Some("seven")).await.1.contains(" 400 "));
    let mut readers = Vec::new();
    let refused = loop {
        let (reader, head) = stream(&daemon, KEY, "/events", None).await;
        if !head.contains(" 200 ") {
            break head;
        }
        readers.push(reader);
    };
    assert_eq!(readers.len(), 62, "two are there already");
    assert!(refused.contains(" 503 ") && refused.to_lowercase().contains("retry-after: "), "{refused}");
    drop(readers);
    loop {
        let (_, head) = stream(&daemon, KEY, "/events", None).await;
        if head.contains(" 200 ") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    daemon.terminate().await;
}
