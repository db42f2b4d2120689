//! What an account's phone and devices have in common: keys, settings, history; and tetherd with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/engine.rs"]
mod engine;
mod support;

use std::time::Duration;

use engine::{Engine, FRIEND, Keys, ME, sandbox, until, violations};
use serde_json::{Value, json};
use support::Daemon;
use tetherd_sandbox::{At, Direction, Fault, Options, Planned, Sandbox, Setting};
use tokio::time::timeout;
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::Event;

const OTHER: &str = "4915187654321";
const THIRD: &str = "4915176543210";

fn jid(number: &str) -> Jid {
    format!("{number}@s.whatsapp.net").parse().unwrap()
}

async fn named(engine: &mut Engine) -> String {
    let name = |event: &Event| match event {
        Event::SelfPushNameUpdated(name) => Some(name.new_name.clone()),
        _ => None,
    };
    engine.event("a name", name).await
}

/// Until the device has this chat muted, or not. The engine drops what it is told of while it still reads what it was
/// told of before, and reads it with the next: something else is changed until it has.
async fn muted(sandbox: &Sandbox, engine: &mut Engine, chat: &str, wanted: bool) {
    let chat = jid(chat);
    let mute = |event: &Event| match event {
        Event::MuteUpdate(mute) => (mute.jid == chat && mute.action.muted == Some(wanted)).then_some(()),
        _ => None,
    };
    for turn in 0..20 {
        if timeout(Duration::from_secs(1), engine.event("a muted chat", mute)).await.is_ok() {
            return;
        }
        let other = Setting::Mute { chat: jid(THIRD).to_string(), muted: turn % 2 == 0 };
        sandbox.change_setting(ME, &other).unwrap();
    }
    panic!("never {chat} muted: {wanted}");
}

fn version(sandbox: &Sandbox) -> u64 {
    sandbox.app_state(ME)["regular_high"]["version"].as_u64().unwrap()
}

fn entry(sandbox: &Sandbox, collection: &str, index: &Value) -> Value {
    sandbox.app_state(ME)[collection]["entries"][index.to_string()].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_gets_the_key_and_reads_the_accounts_name_with_it() {
    let sandbox = Sandbox::start(Options { history: false, ..Options::default() }).await.unwrap();
    let keys = Keys::default();
    let mut engine = Engine::start(&sandbox, &keys).await;
    sandbox.scan(ME, &engine.qr().await).await.unwrap();
    assert_eq!(named(&mut engine).await, "Phone 4567");
    engine.connected().await;
    until(&sandbox, "presence", "is available").await;
    until(&sandbox, "receipt", "peer_msg").await;

    sandbox.change_setting(ME, &Setting::PushName { name: "Ada".into() }).unwrap();
    assert_eq!(named(&mut engine).await, "Ada");
    engine.client.profile().set_push_name("Ada L.").await.unwrap();
    until(&sandbox, "app_state", r#"critical_block v3: set ["setting_pushName"]"#).await;
    assert_eq!(sandbox.state()["accounts"][0]["pushName"], "Ada L.");
    assert_eq!(sandbox.app_state(ME)["critical_block"]["version"], 3);
    engine.stop().await;

    let before = sandbox.events().last().unwrap().seq;
    let mut engine = Engine::start(&sandbox, &keys).await;
    engine.connected().await;
    engine.stop().await;
    let greeted =
        sandbox.events().into_iter().filter(|e| e.seq > before && e.text.contains("category=\"peer\""));
    assert_eq!(greeted.count(), 0, "a device is greeted once");
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_go_from_each_to_all_and_who_was_late_builds_on_what_was_first() {
    let sandbox = sandbox().await;
    let (mut first, _, _) = Engine::linked(&sandbox, ME).await;
    let (mut second, _, late) = Engine::linked(&sandbox, ME).await;
    first.client.chat_actions().mute_chat(&jid(FRIEND)).await.unwrap();
    muted(&sandbox, &mut second, FRIEND, true).await;
    assert_eq!(
        entry(&sandbox, "regular_high", &json!(["mute", format!("{FRIEND}@s.whatsapp.net")]))["mute_action"]
            ["muted"],
        true
    );
    sandbox.change_setting(ME, &Setting::Mute { chat: jid(FRIEND).to_string(), muted: false }).unwrap();
    muted(&sandbox, &mut first, FRIEND, false).await;
    muted(&sandbox, &mut second, FRIEND, false).await;

    // The second does not hear of what the first does, and its own change is on an old version.
    let notification = At {
        direction: Some(Direction::Out),
        tag: Some("notification".into()),
        child: Some("collection".into()),
        ..At::default()
    };
    sandbox.plan(Planned::from(Fault::Lose).of(late).at(notification)).await.unwrap();
    let known = version(&sandbox);
    first.client.chat_actions().mute_chat(&jid(OTHER)).await.unwrap();
    second.client.chat_actions().mute_chat(&jid(FRIEND)).await.unwrap();
    until(&sandbox, "conflict", "regular_high: a patch on version").await;
    until(&sandbox, "app_state", &format!("regular_high v{}: set", known + 2)).await;
    muted(&sandbox, &mut first, FRIEND, true).await;
    for chat in [FRIEND, OTHER] {
        let entry = entry(&sandbox, "regular_high", &json!(["mute", format!("{chat}@s.whatsapp.net")]));
        assert_eq!(entry["mute_action"]["muted"], true, "{chat}");
    }
    first.stop().await;
    second.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_missed_its_key_asks_the_phone_for_it() {
    let sandbox = sandbox().await;
    let share = At { direction: Some(Direction::Out), tag: Some("message".into()), ..At::default() };
    sandbox.plan(Planned::from(Fault::Lose).of(format!("{ME}@s.whatsapp.net")).at(share)).await.unwrap();
    let mut engine = Engine::start(&sandbox, &Keys::default()).await;
    sandbox.scan(ME, &engine.qr().await).await.unwrap();
    assert_eq!(named(&mut engine).await, "Phone 4567");
    until(&sandbox, "keys_wanted", "wants 1 keys").await;
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_little_history_comes_inside_of_the_message_unless_it_is_turned_off() {
    for history in [true, false] {
        let sandbox = Sandbox::start(Options { history, ..Options::default() }).await.unwrap();
        let id = sandbox.send_text(FRIEND, ME, "long ago").unwrap();
        sandbox.send_text(ME, FRIEND, "and answered").unwrap();
        let mut engine = Engine::start(&sandbox, &Keys::default()).await;
        sandbox.scan(ME, &engine.qr().await).await.unwrap();
        let mut history_came = None;
        engine
            .event("connected", |event| {
                if let Event::HistorySync(history) = event {
                    history_came = history.get().cloned();
                }
                matches!(event, Event::Connected(_)).then_some(())
            })
            .await;
        if history {
            while history_came.is_none() {
                history_came = engine
                    .event("history", |event| match event {
                        Event::HistorySync(history) => Some(history.get().cloned()),
                        _ => None,
                    })
                    .await;
            }
            let came = history_came.unwrap();
            assert_eq!(came.conversations.len(), 1);
            assert_eq!(came.conversations[0].id, jid(FRIEND).to_string());
            let ids = came.conversations[0].messages.iter().map(|m| m.message.key.id.clone().unwrap());
            assert_eq!(ids.filter(|known| *known == id).count(), 1);
            assert_eq!(came.conversations[0].messages.len(), 2);
            let names = came.pushnames.iter().map(|name| name.pushname.clone().unwrap()).collect::<Vec<_>>();
            assert_eq!(names, ["Phone 5678", "Phone 4567"]);
        } else {
            assert!(history_came.is_none());
            let shares = sandbox
                .events()
                .into_iter()
                .filter(|e| e.kind == "out" && e.text.contains("category=\"peer\""));
            assert_eq!(shares.count(), 1, "only the key");
        }
        engine.stop().await;
        assert_eq!(violations(&sandbox), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tetherd_learns_the_accounts_name_and_is_not_shown_as_online() {
    let (folder, sandbox) = (tempfile::tempdir().unwrap(), sandbox().await);
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.create("shop").await;
    daemon.link(&sandbox, "shop", ME).await;
    until(&sandbox, "presence", "is unavailable").await;
    until(&sandbox, "receipt", "peer_msg").await;
    let (_, list) = daemon.ask("GET", "/instance/fetchInstances", None).await;
    assert_eq!(list[0]["profileName"], "Phone 4567", "{list}");
    assert!(!daemon.log().contains("may be shown as online"));
    daemon.terminate().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}
