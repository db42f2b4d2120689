//! Each setting by what it does, as the other side sees it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tetherd_sandbox::{Content, Fault, Sandbox, Stanza};

use crate::support::{Daemon, LIMIT};
use crate::{PHONE, linked, started};

const FRIEND: &str = "4915112345678";

async fn set(daemon: &Daemon, settings: Value) {
    let (status, answer) = daemon.ask("POST", "/settings/set/shop", Some(settings)).await;
    assert_eq!(status, 201, "{answer}");
}

fn now(sandbox: &Sandbox) -> u64 {
    sandbox.events().last().map_or(0, |event| event.seq)
}

/// What the device sends from then on.
async fn sent(sandbox: &Sandbox, since: u64, words: &[&str]) -> u64 {
    let found =
        sandbox.wait_for(since, LIMIT, |e| e.kind == "in" && words.iter().all(|word| e.text.contains(word)));
    found.await.unwrap_or_else(|| panic!("never {words:?}")).seq
}

/// Until the sandbox has seen this.
async fn seen(sandbox: &Sandbox, kind: &str, words: &[&str]) {
    let found =
        sandbox.wait_for(0, LIMIT, |e| e.kind == kind && words.iter().all(|word| e.text.contains(word)));
    assert!(found.await.is_some(), "never {kind}: {words:?}");
}

/// The account's name is known: without it WhatsApp takes no presence. Here it comes as when it is changed on the phone.
async fn named(daemon: &Daemon, sandbox: &Sandbox, name: &str) {
    let began = tokio::time::Instant::now();
    loop {
        let id = format!("{name}-{}", now(sandbox));
        let attrs = [
            ("type", "account_sync"),
            ("from", "s.whatsapp.net"),
            ("id", &id),
            ("t", "1795000000"),
            ("pushname", name),
        ];
        let attrs = attrs.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let stanza = Stanza { tag: "notification".into(), attrs, content: Content::None };
        sandbox.fault(Fault::Inject { stanza }, None).await;
        if daemon.ask("GET", "/instance/fetchInstances", None).await.1[0]["profileName"] == name {
            return;
        }
        assert!(began.elapsed() < LIMIT, "never called {name}");
        // A name that is changed is told by no event.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The phone keeps its notifications: at every log-in the engine says that the account is online, and it is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_not_shown_as_online() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "shop").await;
    named(&daemon, &sandbox, "First").await;
    let online = sent(&sandbox, 0, &["<presence", "\"available\""]).await;
    sent(&sandbox, online, &["<presence", "unavailable"]).await;
    let before = now(&sandbox);
    named(&daemon, &sandbox, "Second").await;
    let online = sent(&sandbox, before, &["<presence", "\"available\""]).await;
    sent(&sandbox, online, &["<presence", "unavailable"]).await;
    for _ in 0..3 {
        let before = now(&sandbox);
        daemon.ask("POST", "/instance/restart/shop", None).await;
        let online = sent(&sandbox, before, &["<presence", "\"available\""]).await;
        sent(&sandbox, online, &["<presence", "unavailable"]).await;
    }
    assert!(!daemon.log().contains("may be shown as online"), "{}", daemon.log());
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn always_online_takes_effect_at_once_and_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "shop").await;
    named(&daemon, &sandbox, "First").await;
    let online = sent(&sandbox, 0, &["<presence", "\"available\""]).await;
    sent(&sandbox, online, &["<presence", "unavailable"]).await;
    let before = now(&sandbox);
    set(&daemon, json!({"alwaysOnline": true})).await;
    sent(&sandbox, before, &["<presence", "\"available\""]).await;
    let before = now(&sandbox);
    daemon.ask("POST", "/instance/restart/shop", None).await;
    let online = sent(&sandbox, before, &["<presence", "\"available\""]).await;
    set(&daemon, json!({"alwaysOnline": false})).await;
    let offline = sent(&sandbox, online, &["<presence", "unavailable"]).await;
    let since = sandbox.events().into_iter().filter(|e| e.seq > before && e.seq < offline && e.kind == "in");
    assert!(
        since.filter(|e| e.text.starts_with("<presence")).all(|e| !e.text.contains("unavailable")),
        "it lasted"
    );
    daemon.terminate().await;
}

async fn call(sandbox: &Sandbox, id: &str) {
    let friend = format!("{FRIEND}@s.whatsapp.net");
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let attrs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let audio = Stanza {
        tag: "audio".into(),
        attrs: attrs(&[("enc", "opus"), ("rate", "16000")]),
        content: Content::None,
    };
    let offer = Stanza {
        tag: "offer".into(),
        attrs: attrs(&[("call-id", id), ("call-creator", &friend)]),
        content: Content::Children(vec![audio]),
    };
    let call = Stanza {
        tag: "call".into(),
        attrs: attrs(&[("from", &friend), ("id", &format!("stanza-{id}")), ("t", &seconds)]),
        content: Content::Children(vec![offer]),
    };
    assert!(sandbox.fault(Fault::Inject { stanza: call }, None).await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_refused_and_the_caller_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "shop").await;
    // Somebody who has written before, so that there is a way to write back.
    let id = sandbox.send_text(FRIEND, PHONE, "may I call?").unwrap();
    sandbox.wait_for(0, LIMIT, |e| e.kind == "receipt" && e.text.contains(&id)).await.expect("delivered");
    set(&daemon, json!({"rejectCall": true, "msgCall": "Please write instead."})).await;
    for _ in 0..2 {
        call(&sandbox, "CALL1").await;
    }
    sent(&sandbox, 0, &["<call", "<reject", "CALL1"]).await;
    let told = || {
        sandbox
            .received(FRIEND)
            .into_iter()
            .filter(|m| m.text.as_deref() == Some("Please write instead."))
            .count()
    };
    seen(&sandbox, "received", &[FRIEND, "Please write instead."]).await;
    set(&daemon, json!({"msgCall": ""})).await;
    call(&sandbox, "CALL2").await;
    sent(&sandbox, 0, &["<reject", "CALL2"]).await;
    assert_eq!(told(), 1, "once a call, and not when there is nothing to say");
    set(&daemon, json!({"rejectCall": false})).await;
    call(&sandbox, "CALL3").await;
    let id = sandbox.send_text(FRIEND, PHONE, "after the call").unwrap();
    sandbox.wait_for(0, LIMIT, |e| e.kind == "receipt" && e.text.contains(&id)).await.expect("delivered");
    let refused: Vec<_> =
        sandbox.events().into_iter().filter(|e| e.kind == "in" && e.text.contains("<reject")).collect();
    assert!(refused.iter().all(|e| !e.text.contains("CALL3")) && refused.len() == 2, "{refused:?}");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_marked_as_read_only_when_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "shop").await;
    let id = sandbox.send_text(FRIEND, PHONE, "one").unwrap();
    sandbox.wait_for(0, LIMIT, |e| e.kind == "receipt" && e.text.contains(&id)).await.expect("delivered");
    set(&daemon, json!({"readMessages": true})).await;
    let id = sandbox.send_text(FRIEND, PHONE, "two").unwrap();
    let read = || {
        sandbox
            .receipts(FRIEND)
            .into_iter()
            .filter(|receipt| receipt.kind == "read")
            .flat_map(|r| r.ids)
            .collect::<Vec<_>>()
    };
    seen(&sandbox, "receipt", &[FRIEND, "has read", &id]).await;
    assert_eq!(read(), [id], "and only it");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_create_are_those_that_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS", "alwaysOnline": true, "syncFullHistory": true});
    let made = daemon.create_as(body).await;
    assert_eq!(
        (&made["settings"]["alwaysOnline"], &made["settings"]["syncFullHistory"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(daemon.ask("GET", "/settings/find/shop", None).await.1, made["settings"]);
    daemon.create("other").await;
    let (_, other) = daemon.ask("GET", "/settings/find/other", None).await;
    assert!(other.as_object().unwrap().values().all(|value| value == false || value == ""), "{other}");
    daemon.terminate().await;
}
