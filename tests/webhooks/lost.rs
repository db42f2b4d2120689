//! The disk budget: what goes when it is used up is told.

use std::time::Duration;

use serde_json::json;
use tetherd_sandbox::graph::{Delivery, send};
use tetherd_sandbox::{Options, Sandbox};
use tokio::time::Instant;

use crate::receiver::Receiver;
use crate::set;
use crate::support::{APP_SECRET, Daemon, LIMIT};

const NUMBER: &str = "106540352242922";

const MESSAGES: usize = 32;
const LENGTH: usize = 16_000;

/// Half a megabyte in messages, as Meta sends them.
async fn half_a_megabyte(daemon: &Daemon, first: usize) {
    let message = |n: usize| {
        json!({"from": "5521988887777", "id": format!("wamid.{n}"), "timestamp": "1795000000", "type": "text",
            "text": {"body": "x".repeat(LENGTH)}})
    };
    let value = json!({"metadata": {"phone_number_id": NUMBER}, "messages": (first..first + MESSAGES).map(message).collect::<Vec<_>>()});
    let entry = json!({"id": "1", "changes": [{"field": "messages", "value": value}]});
    let payload = json!({"object": "whatsapp_business_account", "entry": [entry]});
    let url = format!("{}/webhook/meta", daemon.url);
    assert_eq!(send(&Delivery { url, secret: APP_SECRET.into(), payload }).await.unwrap(), 200);
}

async fn metric(daemon: &Daemon, name: &str) -> u64 {
    let text = daemon.ask_text("/metrics").await;
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
    line.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_because_the_disk_budget_is_used_up_is_an_event_and_a_metric() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start_with(folder.path(), &sandbox, &[("TETHERD_EVENTS_SIZE", "1")]).await;
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BUSINESS", "number": NUMBER,
        "businessId": "1", "token": "EAAtest", "webhook": {"url": "http://127.0.0.1:9/nobody"}});
    daemon.create_as(body).await;
    // So many that what tells of the first loss is among the oldest, and goes itself.
    for n in 0..6 {
        half_a_megabyte(&daemon, n * MESSAGES).await;
    }
    let deadline = Instant::now() + LIMIT;
    while metric(&daemon, "tetherd_events_size_bytes").await > 1_048_576 {
        assert!(Instant::now() < deadline, "too large still");
        // What goes is an event only once it has gone, and the last of them may be gone itself.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_, page) = daemon.ask("GET", "/webhook/deliveries/shop?limit=1", None).await;
    let newest = page["deliveries"][0]["seq"].as_u64().unwrap();
    let mut receiver = Receiver::answering(&[200]).await;
    assert_eq!(set(&daemon, json!({ "url": receiver.url })).await.0, 201);
    let mut told = 0;
    while receiver.seqs().last() != Some(&newest) {
        let (_, event) = receiver.next().await;
        if event["event"] == "EVENTS_LOST" {
            let data = &event["data"];
            assert!(data["firstSeq"].as_u64() <= data["lastSeq"].as_u64(), "{data}");
            assert!(data["why"].as_str().unwrap().contains("disk budget"), "{data}");
            told += data["lost"].as_u64().unwrap();
        }
    }
    let seqs = receiver.seqs();
    assert!(seqs[0] > 1 && seqs.is_sorted(), "the oldest went: {seqs:?}");
    assert_eq!(newest - u64::try_from(seqs.len()).unwrap(), told, "every one that did not come was told");
    assert_eq!(metric(&daemon, "tetherd_events_lost_total").await, told);
    daemon.terminate().await;
}
