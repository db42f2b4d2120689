//! What can be set, what cannot, and where webhooks lead.

use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::support::Daemon;
use crate::{created, set};

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
        "http://127.0.0.1:99999/",
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
    let mut receiver = Receiver::answering(&[200]).await;
    let (daemon, sandbox, _) = created(folder.path(), &[]).await;
    let port = daemon.url.rsplit(':').next().unwrap().to_owned();
    for ours in
        [daemon.url.clone(), format!("http://localhost:{port}/x"), format!("http://127.0.0.9:{port}/")]
    {
        assert_eq!(set(&daemon, json!({ "url": ours })).await.0, 201, "a name says nothing yet");
        let (_, told) = daemon.ask("POST", "/webhook/test/shop", None).await;
        assert_eq!(told["delivered"], json!(false), "{ours}: {told}");
    }
    assert_eq!(set(&daemon, json!({ "url": receiver.url })).await.0, 201);
    assert_eq!(
        daemon.ask("POST", "/webhook/test/shop", None).await.1,
        json!({"delivered": true, "status": 200})
    );
    assert_eq!(receiver.next().await.1["event"], "WEBHOOK_TEST");
    let elsewhere = Receiver::answering(&[404]).await;
    assert_eq!(set(&daemon, json!({ "url": elsewhere.url })).await.0, 201);
    let (_, told) = daemon.ask("POST", "/webhook/test/shop", None).await;
    assert_eq!(
        told,
        json!({"delivered": false, "status": 404, "message": "the receiver answered 404 Not Found"})
    );
    daemon.terminate().await;
    let deny = [("TETHERD_WEBHOOKS_DENY", "10.0.0.0/8, 127.0.0.0/8")];
    let daemon = Daemon::start_with(folder.path(), &sandbox, &deny).await;
    let (_, told) = daemon.ask("POST", "/webhook/test/shop", None).await;
    assert!(told["message"].as_str().unwrap().contains("[webhooks] deny"), "{told}");
    daemon.terminate().await;
}
