//! What receivers do not take, and the webhook of the owner's.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::receiver::Receiver;
use crate::support::{Daemon, LIMIT};
use crate::{PHONE, created, created_with, set};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_listed_with_its_circuit_and_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::answering(&[410, 503]).await;
    let (daemon, _sandbox, token) = created(folder.path(), &[]).await;
    assert_eq!(set(&daemon, json!({ "url": receiver.url })).await.0, 201);
    daemon.ask("GET", "/instance/connect/shop?wait=0", None).await;
    let (_, gone) = receiver.next().await;
    receiver.next().await;
    let path = "/webhook/deliveries/shop";
    // Open for the next 4 s at least, and again for longer each time.
    let deadline = Instant::now() + LIMIT;
    let open = loop {
        let (_, page) = daemon.ask("GET", path, None).await;
        if page["destinations"][0]["circuit"] == "open" {
            break page["destinations"][0].clone();
        }
        assert!(Instant::now() < deadline, "its circuit never opened: {page}");
        // It opens without an event, a moment after the receiver has answered.
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(open["destination"], "instance");
    assert!(open["failures"].as_u64().unwrap() >= 1, "{open}");
    assert!(open["nextAttemptAt"].is_string() && open["error"].as_str().unwrap().contains("503"), "{open}");
    let text = daemon.ask_text("/metrics").await;
    let circuits = ["open", "half_open"].map(|state| {
        format!("tetherd_webhook_circuit{{instance=\"shop\",destination=\"instance\",circuit=\"{state}\"}} 1")
    });
    assert!(circuits.iter().any(|circuit| text.contains(circuit)), "{text}");
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
    let mut well = Receiver::answering(&[200]).await;
    assert_eq!(set(&daemon, json!({ "url": well.url })).await.0, 201);
    let (_, first) = well.next().await;
    assert_eq!(first["id"], gone["id"], "first in the line again");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_global_webhook_is_the_owners() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::answering(&[204]).await;
    let url = receiver.url.clone();
    let env = [
        ("TETHERD_WEBHOOKS_URL", url.as_str()),
        ("TETHERD_WEBHOOKS_EVENTS", "INSTANCE_CREATE, application.startup"),
        ("TETHERD_WEBHOOKS_BY_EVENTS", "true"),
        ("TETHERD_WEBHOOKS_SECRET", "whsec_c2VjcmV0c2VjcmV0"),
        ("TETHERD_EVENTS_SPELLING", "dotted"),
    ];
    let (daemon, sandbox, token) = created(folder.path(), &env).await;
    let (head, event) = receiver.next().await;
    assert!(
        head.starts_with("POST /instance-create HTTP/1.1") && head.contains("webhook-signature: v1,"),
        "{head}"
    );
    assert_eq!(event["event"], "instance.create");
    let path = "/webhook/deliveries/shop";
    let (_, seen) = daemon.ask("GET", path, None).await;
    assert_eq!(seen["deliveries"][0]["destination"], "global");
    assert_eq!(daemon.ask("POST", "/webhook/test/shop", None).await.1["delivered"], true);
    assert_eq!(receiver.next().await.1["event"], "webhook.test");
    assert_eq!(daemon.ask_as(Some(&token), "POST", "/webhook/test/shop", None).await.0, 404);
    let (_, hidden) = daemon.ask_as(Some(&token), "GET", path, None).await;
    assert_eq!(hidden, json!({"destinations": [], "deliveries": [], "before": null}));
    daemon.terminate().await;
    let daemon = Daemon::start_with(folder.path(), &sandbox, &env).await;
    assert_eq!(receiver.next().await.1["event"], "application.startup", "every start is told");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_delays_no_call_no_other_receiver_and_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let (mut hanging, mut global) = (Receiver::hanging().await, Receiver::answering(&[200]).await);
    let url = global.url.clone();
    let env = [("TETHERD_WEBHOOKS_URL", url.as_str())];
    let (daemon, sandbox, _) = created_with(folder.path(), &env, json!({"url": hanging.url})).await;
    assert_eq!(hanging.next().await.1["event"], "INSTANCE_CREATE");
    daemon.link(&sandbox, "shop", PHONE).await;
    daemon.create("other").await;
    assert_eq!(daemon.ask("DELETE", "/instance/logout/shop", None).await.0, 200);
    assert_eq!(daemon.ask("DELETE", "/instance/delete/other", None).await.0, 200);
    assert_eq!(global.data_of("LOGOUT_INSTANCE").await, Value::Null);
    assert_eq!(global.data_of("INSTANCE_DELETE").await["instanceName"], "other");
    assert!(hanging.is_waited_for(), "all of it while the first request hangs");
    daemon.terminate().await;
}
