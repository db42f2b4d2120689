//! Meta's webhook: who may speak, and that what was confirmed is kept once.

mod kills;

use serde_json::{Value, json};
use tetherd_sandbox::{Options, Sandbox};

use crate::seen::Seen;
use crate::support::{self, APP_SECRET, Daemon, KEY, VERIFY_TOKEN};
use crate::{ID, WABA, create, number, start, tell};

fn messages(first: usize, count: usize) -> Vec<Value> {
    let one = |n| {
        json!({"from": "5521988887777", "id": format!("wamid.{n}"), "timestamp": "1795000000", "type": "text",
            "text": {"body": format!("message {n}")}})
    };
    (first..first + count).map(one).collect()
}

fn payload(entries: usize, changes: usize, each: usize, first: usize) -> Value {
    let change = |n: usize| {
        json!({"field": "messages", "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "16315555555", "phone_number_id": ID},
            "contacts": [{"profile": {"name": "Maria"}, "wa_id": "5521988887777"}],
            "messages": messages(first + n * each, each)}})
    };
    let entry = |e: usize| {
        let changes: Vec<_> = (0..changes).map(|c| change(e * changes + c)).collect();
        json!({"id": WABA, "changes": changes})
    };
    json!({"object": "whatsapp_business_account", "entry": (0..entries).map(entry).collect::<Vec<_>>()})
}

/// The places of all messages in the outbox, in order, from the deliveries to a receiver that is not there.
async fn stored(daemon: &Daemon) -> Vec<String> {
    let mut texts = Vec::new();
    let mut before = String::new();
    loop {
        let path = format!("/webhook/deliveries/shop?limit=100{before}");
        let (status, page) = daemon.ask("GET", &path, None).await;
        assert_eq!(status, 200, "{page}");
        let rows = page["deliveries"].as_array().or(page.as_array()).expect("a list").clone();
        let Some(last) = rows.last() else { break };
        before = format!("&before={}", last["id"]);
        texts.extend(
            rows.iter().filter(|row| row["event"] == "MESSAGES_UPSERT").map(|row| row["seq"].to_string()),
        );
    }
    texts.reverse();
    texts
}

/// All messages and what is kept beside them, in order, up to the one that holds this.
async fn events(daemon: &Daemon, last: &str) -> Vec<Value> {
    let kinds = "GET /events?event=MESSAGES_UPSERT,MESSAGES_UPDATE,META_UNKNOWN";
    let headers = [("apikey", KEY), ("last-event-id", "evt_0")];
    let text = Seen::default().follow(&daemon.url, kinds, &headers, last).await;
    let lines = text.lines().filter_map(|line| line.strip_prefix("data:"));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

async fn with_receiver(daemon: &Daemon) {
    let hook = json!({"url": "http://127.0.0.1:9/nobody", "enabled": true, "events": ["MESSAGES_UPSERT"]});
    assert_eq!(daemon.ask("POST", "/webhook/set/shop", Some(hook)).await.0, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_s_webhook_is_verified_kept_whole_and_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = start(folder.path()).await;
    let created = create(&daemon).await;
    with_receiver(&daemon).await;
    let own = created["instance"]["verifyTokenWaBusiness"].as_str().unwrap();
    for (query, expected) in [
        (format!("hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1158201444"), 200),
        (format!("hub.mode=subscribe&hub.verify_token={own}&hub.challenge=1"), 200),
        ("hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1".to_owned(), 403),
        (format!("hub.mode=unsubscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1"), 403),
        (String::new(), 403),
    ] {
        let (status, body) = daemon.ask_as(None, "GET", &format!("/webhook/meta?{query}"), None).await;
        assert_eq!(status, expected, "{query}: {body}");
        if query.contains("1158201444") {
            assert_eq!(body, json!(1_158_201_444), "the challenge comes back as it is");
        }
    }
    let body = payload(3, 2, 5, 0);
    assert_eq!(tell(&daemon, "another secret", &body).await, Ok(401));
    assert_eq!(daemon.ask_as(None, "POST", "/webhook/meta", Some(body.to_string())).await.0, 401);
    assert_eq!(stored(&daemon).await.len(), 0, "nothing of a stranger is kept");
    assert_eq!(tell(&daemon, APP_SECRET, &body).await, Ok(200));
    let first = stored(&daemon).await;
    assert_eq!(first.len(), 30);
    let told = events(&daemon, "message 29").await;
    let texts: Vec<_> = told.iter().map(|event| event["data"]["message"]["conversation"].clone()).collect();
    assert_eq!(
        texts,
        (0..30).map(|n| json!(format!("message {n}"))).collect::<Vec<_>>(),
        "as Meta told them"
    );
    let seqs: Vec<i64> = first.iter().map(|seq| seq.parse().unwrap()).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "in order: {seqs:?}");
    assert_eq!(tell(&daemon, APP_SECRET, &body).await, Ok(200));
    assert_eq!(stored(&daemon).await, first, "the same again makes none");
    assert_eq!(tell(&daemon, APP_SECRET, &json!({"object": "page"})).await, Ok(400));
    let unread = daemon.ask_as(None, "POST", "/webhook/meta", Some("{not json".into())).await;
    assert_eq!(unread.0, 401, "who does not sign learns nothing of what he sent");
    daemon.terminate().await;
}

/// An owner who mistyped the secret finds out why nothing comes; strangers do not fill the log.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_sign_is_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = start(folder.path()).await;
    for _ in 0..3 {
        assert_eq!(tell(&daemon, "another secret", &payload(1, 1, 1, 0)).await, Ok(401));
    }
    let said = "/webhook/meta was refused: its signature is not made with [cloud] app_secret";
    daemon.until_logged(said).await;
    assert_eq!(daemon.log().matches(said).count(), 1);
    daemon.terminate().await;
}

/// "unknown kinds are kept as they are in an event of their own, not dropped".
#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_shape_is_kept_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = start(folder.path()).await;
    create(&daemon).await;
    let hologram = json!({"from": "5521", "id": "wamid.h", "type": "hologram", "hologram": {"depth": 3}});
    let status =
        json!({"id": "wamid.s", "recipient_id": "5521", "status": "read", "timestamp": "1795000000"});
    let change = json!({"field": "messages", "value": {"metadata": {"phone_number_id": ID},
        "messages": [hologram.clone()], "statuses": [status], "errors": [{"code": 131_051}]}});
    let review = json!({"decision": "APPROVED"});
    let other = json!({"field": "account_review_update", "value": review.clone()});
    let last = &messages(7, 1)[0];
    let end =
        json!({"field": "messages", "value": {"metadata": {"phone_number_id": ID}, "messages": [last]}});
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": [change, other, end]}]});
    for _ in 0..2 {
        assert_eq!(tell(&daemon, APP_SECRET, &body).await, Ok(200));
    }
    let told: Vec<_> = events(&daemon, "message 7")
        .await
        .into_iter()
        .map(|event| (event["event"].as_str().unwrap().to_owned(), event["data"].clone()))
        .filter(|(kind, _)| kind.starts_with("MESSAGES") || kind.starts_with("META"))
        .collect();
    let kinds: Vec<_> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["META_UNKNOWN", "MESSAGES_UPDATE", "META_UNKNOWN", "META_UNKNOWN", "MESSAGES_UPSERT"]);
    assert_eq!(told[0].1["value"], hologram);
    assert_eq!(told[1].1["status"], "READ");
    assert_eq!(told[2].1["value"], json!({"code": 131_051}));
    assert_eq!((&told[3].1["value"], &told[3].1["field"]), (&review, &json!("account_review_update")));
    daemon.terminate().await;
}

/// Without the secret nobody could be told from Meta, so there is nothing to be told.
#[tokio::test(flavor = "multi_thread")]
async fn without_an_app_secret_there_is_no_webhook_of_meta_s() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.graph().put(number());
    let mut command = support::command(folder.path(), &sandbox);
    command.env_remove("TETHERD_CLOUD_APP_SECRET");
    let daemon = Daemon::of(command).await;
    let created = create(&daemon).await;
    assert!(
        created["instance"].get("verifyTokenWaBusiness").is_none(),
        "nothing to type in at Meta: {created}"
    );
    let asked = format!("/webhook/meta?hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1");
    for (method, path) in [("GET", asked.as_str()), ("POST", "/webhook/meta")] {
        let (status, answer) = daemon.ask_as(None, method, path, None).await;
        assert_eq!((status, &answer["code"]), (404, &json!("route_not_found")), "{method}");
    }
    assert_eq!(tell(&daemon, APP_SECRET, &payload(1, 1, 1, 0)).await, Ok(404));
    daemon.terminate().await;
}
