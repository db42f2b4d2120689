//! The sandbox as a client of the engine meets it: messages, sealed end to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/engine.rs"]
mod engine;

use engine::{Engine, FRIEND, ME, friend, sandbox, text, until, violations};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_each_way_is_opened_at_both_ends() {
    let sandbox = sandbox().await;
    let (mut engine, _, jid) = Engine::linked(&sandbox, ME).await;
    let id = sandbox.send_text(FRIEND, ME, "Grüße aus Köln 👋").unwrap();
    let got = engine.messages(1).await.remove(0);
    assert_eq!((text(&got).as_str(), got.info.id.as_str()), ("Grüße aus Köln 👋", id.as_str()));
    assert_eq!(got.info.source.chat.to_string(), format!("{FRIEND}@s.whatsapp.net"));
    assert_eq!(got.info.push_name, "Phone 5678");
    until(&sandbox, "receipt", &id).await;
    assert_eq!(sandbox.receipts(FRIEND)[0].ids, [id]);

    let sent = engine.client.send_text(friend(), "and back").await.unwrap();
    until(&sandbox, "received", &sent.message_id).await;
    let read = sandbox.received(FRIEND);
    assert_eq!((read.len(), read[0].text.as_deref()), (1, Some("and back")));
    assert_eq!((read[0].from.as_str(), read[0].id.as_str()), (jid.as_str(), sent.message_id.as_str()));
    // The own phone hears of it too, and to whom it went.
    let own = sandbox.received(ME);
    let own = own.iter().find(|message| message.id == sent.message_id).expect("the own phone hears of it");
    assert_eq!(
        (own.text.as_deref(), own.to.as_str()),
        (Some("and back"), format!("{FRIEND}@s.whatsapp.net").as_str())
    );
    assert_eq!(sandbox.received(FRIEND)[0].envelope, "msg", "the device answers in the phone's session");

    let id = sandbox.send_text(ME, FRIEND, "from the own phone").unwrap();
    let got = engine.messages(1).await.remove(0);
    assert_eq!(
        (text(&got).as_str(), got.info.id.as_str(), got.info.source.is_from_me),
        ("from the own phone", id.as_str(), true)
    );
    assert_eq!(got.info.source.chat.to_string(), format!("{FRIEND}@s.whatsapp.net"));
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_the_device_was_away_comes_in_order_and_once() {
    const MANY: usize = 450;
    let sandbox = sandbox().await;
    let (engine, keys, _) = Engine::linked(&sandbox, ME).await;
    engine.stop().await;
    let ids = (0..MANY).map(|n| sandbox.send_text(FRIEND, ME, &n.to_string()).unwrap()).collect::<Vec<_>>();
    let mut engine = Engine::start(&sandbox, &keys).await;
    let got = engine.messages(MANY).await;
    assert!(got.iter().all(|message| message.info.is_offline));
    assert_eq!(got.iter().map(|message| message.info.id.clone()).collect::<Vec<_>>(), ids);
    assert_eq!(text(&got[MANY - 1]), (MANY - 1).to_string());
    until(&sandbox, "receipt", ids.last().unwrap()).await;
    engine.stop().await;
    assert!(sandbox.events().iter().any(|e| e.kind == "in" && e.text.contains("offline_batch")));

    let before = sandbox.events().last().unwrap().seq;
    let mut engine = Engine::start(&sandbox, &keys).await;
    engine.connected().await;
    engine.stop().await;
    let again = sandbox
        .events()
        .into_iter()
        .filter(|e| e.seq > before && e.kind == "out" && e.text.starts_with("<message"));
    assert_eq!(again.count(), 0, "what was acknowledged comes no more");
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}
