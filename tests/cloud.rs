//! WHATSAPP-BUSINESS through the front door, with the simulated Graph API as Meta.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{APP_SECRET, Daemon, VERIFY_TOKEN};
use tetherd_sandbox::graph::{Condition, Delivery, Number, send};
use tetherd_sandbox::{Options, Sandbox};

const ID: &str = "106540352242922";
const WABA: &str = "102290129340398";
const TOKEN: &str = "EAAGm0PX4ZCpsBAKZCwZBsecretOfMeta";

fn number() -> Number {
    Number {
        id: ID.into(),
        waba: WABA.into(),
        token: TOKEN.into(),
        display: "+1 631-555-5555".into(),
        name: "Jasper's Market".into(),
        condition: Condition::Good,
    }
}

async fn start(folder: &std::path::Path) -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.graph().put(number());
    let daemon = Daemon::start(folder, &sandbox).await;
    (sandbox, daemon)
}

fn business() -> Value {
    json!({"instanceName": "shop", "integration": "WHATSAPP-BUSINESS", "number": ID, "businessId": WABA, "token": TOKEN})
}

async fn create(daemon: &Daemon) -> Value {
    let (status, created) = daemon.ask("POST", "/instance/create", Some(business())).await;
    assert_eq!(status, 201, "{created}");
    created
}

/// "Does not require QR code", "Connection managed through Meta Business API", "Returns connection
/// state only" (`connect-page.txt`), over the life of one.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_integration_section() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    let created = create(&daemon).await;
    let key = created["hash"].as_str().unwrap().to_owned();
    assert_ne!(key, TOKEN, "Meta's token is not the instance's key");
    assert!(created.get("qrcode").is_none(), "no QR: {created}");
    let expected = json!({"instance": {"instanceName": "shop", "state": "open"}});
    for path in ["/instance/connect/shop", "/instance/connect/shop?number=15551234567"] {
        assert_eq!(daemon.ask("GET", path, None).await, (200, expected.clone()));
    }
    assert_eq!(daemon.ask_as(Some(&key), "GET", "/instance/connectionState/shop", None).await.0, 200);
    assert_eq!(daemon.ask_as(Some(TOKEN), "GET", "/instance/connectionState/shop", None).await.0, 401);
    let (status, none) = daemon.ask("GET", "/instance/qrcode/shop", None).await;
    assert_eq!((status, none["code"].as_str()), (404, Some("no_code")));
    let (_, rows) = daemon.ask("GET", "/instance/fetchInstances", None).await;
    assert_eq!(rows[0]["ownerJid"], "16315555555@s.whatsapp.net");
    assert_eq!(rows[0]["profileName"], "Jasper's Market");
    let (status, refused) =
        daemon.ask("POST", "/instance/setPresence/shop", Some(json!({"presence": "available"}))).await;
    assert_eq!(status, 400, "{refused}");

    // What Meta says changes, and connect tells what is true now.
    sandbox.graph().condition(ID, Condition::Expired).unwrap();
    assert_eq!(daemon.ask("GET", "/instance/connect/shop", None).await.1["instance"]["state"], "close");
    assert_eq!(daemon.state().await["reason"], "token_invalid");
    sandbox.graph().condition(ID, Condition::Good).unwrap();
    sandbox.graph().token(ID, "EAAGanotherTokenOfMeta").unwrap();
    let fresh = json!({"token": "EAAGanotherTokenOfMeta"});
    let (status, replaced) = daemon.ask("PUT", "/instance/token/shop", Some(fresh)).await;
    assert_eq!((status, replaced["tokenReplaced"].as_bool()), (200, Some(true)), "{replaced}");
    daemon.until("open").await;

    // It is asked again after a kill, and not believed.
    daemon.kill().await;
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until("open").await;
    assert_eq!(daemon.ask("POST", "/instance/restart/shop", None).await.0, 200);
    daemon.until("open").await;

    assert_eq!(daemon.ask("DELETE", "/instance/logout/shop", None).await.0, 200);
    assert_eq!(daemon.state().await["reason"], "logged_out");
    let asked = sandbox.graph().shown()["asked"].clone();
    assert_eq!(daemon.ask("GET", "/instance/connect/shop", None).await.1["instance"]["state"], "close");
    assert_eq!(sandbox.graph().shown()["asked"], asked, "Meta's token is forgotten");
    let again = json!({"token": "EAAGanotherTokenOfMeta"});
    assert_eq!(daemon.ask("PUT", "/instance/token/shop", Some(again)).await.0, 200);
    daemon.until("open").await;
    assert_eq!(daemon.ask("DELETE", "/instance/delete/shop", None).await.0, 200);
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_condition_is_a_reason_and_no_word_holds_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    create(&daemon).await;
    daemon.until("open").await;
    let rows = [
        (Condition::Expired, "token_invalid", false),
        (Condition::Revoked, "token_invalid", false),
        (Condition::Permission, "permission_missing", false),
        (Condition::Unknown, "number_unknown", false),
        (Condition::Unregistered, "number_not_registered", false),
        (Condition::Blocked, "blocked", false),
        (Condition::Limited { retry_after: Some(90) }, "rate_limited", true),
        (Condition::Broken, "server_error", true),
        (Condition::Cut, "server_error", true),
        (Condition::Garbage, "server_error", true),
        (Condition::WrongTypes, "server_error", true),
        (Condition::Huge, "server_error", true),
        (Condition::Redirect, "server_error", true),
        (Condition::Hanging, "timed_out", true),
    ];
    for (condition, reason, again) in rows {
        sandbox.graph().condition(ID, condition).unwrap();
        let (status, answer) = daemon.ask("POST", "/instance/restart/shop", None).await;
        assert_eq!(status, 200, "{answer}");
        let state = daemon.until("close").await;
        assert_eq!(state["reason"], reason, "{condition:?}: {state}");
        assert_eq!(state["nextRetryAt"].is_string(), again, "{condition:?}: {state}");
        assert!(!state["message"].as_str().unwrap().contains(&TOKEN[..12]), "{state}");
    }
    sandbox.graph().token(ID, "another").unwrap();
    sandbox.graph().condition(ID, Condition::Good).unwrap();
    daemon.ask("GET", "/instance/connect/shop", None).await;
    assert_eq!(daemon.state().await["reason"], "token_invalid", "Meta quotes the token, tetherd does not");
    assert_eq!(sandbox.graph().shown()["leaked"], 0, "the redirect was not followed");
    sandbox.graph().token(ID, TOKEN).unwrap();
    sandbox.graph().condition(ID, Condition::Slow).unwrap();
    assert_eq!(daemon.ask("GET", "/instance/connect/shop", None).await.1["instance"]["state"], "open");
    assert!(!daemon.log().contains(&TOKEN[..12]) && daemon.log().len() > 1000, "no secret in the log");
    daemon.terminate().await;
}

/// "Generates QR code", "supports pairing code", "requires QR code scan or pairing code entry"
/// (`connect-page.txt`): the other kind of instance, each way to its end.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_other_integration_section() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    for name in ["scanned", "typed"] {
        let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS"});
        assert_eq!(daemon.ask("POST", "/instance/create", Some(body)).await.0, 201);
    }
    let (status, shown) = daemon.ask("GET", "/instance/connect/scanned", None).await;
    assert_eq!((status, shown["instance"]["state"].as_str()), (200, Some("connecting")), "{shown}");
    assert!(shown["base64"].as_str().unwrap().starts_with("data:image/png;base64,iVBOR"));
    assert!(shown["pairingCode"].is_null(), "no number, no pairing code");
    sandbox.scan("15551112222", shown["code"].as_str().unwrap()).await.unwrap();
    daemon.until_of("scanned", "open").await;
    let open = json!({"instance": {"instanceName": "scanned", "state": "open"}});
    assert_eq!(daemon.ask("GET", "/instance/connect/scanned", None).await, (200, open));

    let (_, shown) = daemon.ask("GET", "/instance/connect/typed?number=15553334444", None).await;
    let code = shown["pairingCode"].as_str().unwrap().to_owned();
    assert_eq!((code.len(), code.find('-')), (9, Some(4)), "ABCD-EFGH");
    assert!(shown["code"].as_str().is_some_and(|code| code.starts_with("2@")), "beside the QR");
    sandbox.enter_code("15553334444", &code).await.unwrap();
    daemon.until_of("typed", "open").await;
    daemon.terminate().await;
}

/// Without a way to Meta the instance is not open, says why, and comes up when there is one.
#[tokio::test(flavor = "multi_thread")]
async fn meta_out_of_reach_is_offline() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    create(&daemon).await;
    daemon.until("open").await;
    daemon.kill().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graph", nobody.local_addr().unwrap());
    drop(nobody);
    let daemon = Daemon::start_with(folder.path(), &sandbox, &[("TETHERD_CLOUD_GRAPH_URL", &url)]).await;
    let state = daemon.until("close").await;
    assert_eq!(
        (state["reason"].as_str(), state["nextRetryAt"].is_string()),
        (Some("offline"), true),
        "{state}"
    );
    daemon.kill().await;
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until("open").await;
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_waiting_helps_heals_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    sandbox.graph().condition(ID, Condition::Broken).unwrap();
    create(&daemon).await;
    let state = daemon.until("close").await;
    assert_eq!(state["reason"], "server_error");
    sandbox.graph().condition(ID, Condition::Good).unwrap();
    daemon.until("open").await;
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_creations_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = start(folder.path()).await;
    for (member, value, says) in [
        ("token", Value::Null, "token"),
        ("number", Value::Null, "phone number id"),
        ("number", json!("+1 631-555-5555"), "looks like a telephone number"),
        ("number", json!("5511999998888"), "looks like a telephone number"),
        ("number", json!("abc"), "digits"),
    ] {
        let mut body = business();
        body[member] = value;
        let (status, answer) = daemon.ask("POST", "/instance/create", Some(body)).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer.to_string().contains(says), "{says}: {answer}");
    }
    assert_eq!(daemon.ask("GET", "/instance/fetchInstances", None).await.1, json!([]));
    let mut body = business();
    body["instanceToken"] = json!("a-key-of-the-callers-own");
    let (_, created) = daemon.ask("POST", "/instance/create", Some(body)).await;
    assert_eq!(created["hash"], "a-key-of-the-callers-own");
    daemon.until("open").await;
    let subscribed = daemon.ask("POST", "/webhook/meta/subscribe/shop", None).await;
    assert_eq!(subscribed.0, 200, "{subscribed:?}");
    daemon.terminate().await;
}

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

/// The texts of all messages in the outbox, in order, from the deliveries to a receiver that is not there.
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

async fn tell(daemon: &Daemon, secret: &str, payload: &Value) -> Result<u16, String> {
    let delivery = Delivery {
        url: format!("{}/webhook/meta", daemon.url),
        secret: secret.to_owned(),
        payload: payload.clone(),
    };
    send(&delivery).await.map_err(|refused| refused.0)
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
    let seqs: Vec<i64> = first.iter().map(|seq| seq.parse().unwrap()).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "in order: {seqs:?}");
    assert_eq!(tell(&daemon, APP_SECRET, &body).await, Ok(200));
    assert_eq!(stored(&daemon).await, first, "the same again makes none");
    assert_eq!(tell(&daemon, APP_SECRET, &json!({"object": "page"})).await, Ok(400));
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

/// What was answered with 200 is there exactly once, whenever the process dies.
#[tokio::test(flavor = "multi_thread")]
async fn kills_during_webhooks_lose_none_and_double_none() {
    const KILLS: u64 = 50;
    const WEBHOOKS: usize = 500;
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, mut daemon) = start(folder.path()).await;
    create(&daemon).await;
    with_receiver(&daemon).await;
    let (mut next, mut kills) = (0, 0);
    while next < WEBHOOKS {
        // Sent again until it is confirmed, as Meta does; the moment of the kill moves through the exchange.
        let until = Duration::from_micros(400 + 173 * (kills % 40));
        let killing = kills < KILLS && next % 10 == 5;
        let body = payload(1, 1, 1, next);
        if killing {
            let sent = tokio::time::timeout(until, tell(&daemon, APP_SECRET, &body)).await;
            daemon.kill().await;
            daemon = Daemon::start(folder.path(), &sandbox).await;
            kills += 1;
            next += usize::from(matches!(sent, Ok(Ok(200))));
            if !matches!(sent, Ok(Ok(200))) {
                assert_eq!(tell(&daemon, APP_SECRET, &body).await, Ok(200));
                next += 1;
            }
        } else {
            assert_eq!(tell(&daemon, APP_SECRET, &body).await, Ok(200));
            next += 1;
        }
    }
    assert_eq!(kills, KILLS);
    let seqs = stored(&daemon).await;
    assert_eq!(seqs.len(), WEBHOOKS, "each once");
    daemon.terminate().await;
}
