//! Receipts, presence, typing, calls, and messages that have to be sent again, between phones and clients of the engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/engine.rs"]
mod engine;

use engine::{Engine, FRIEND, ME, friend, linked, text, until, violations};
use tetherd_sandbox::{CallState, ChatState, Fault, Given, Planned, Refused};
use whatsapp_rust::wacore::types::call::{CallAction, IncomingCall};
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore::types::presence::{ChatPresence, ChatPresenceMedia, ReceiptType};

async fn receipt(engine: &mut Engine, kind: &ReceiptType) -> Vec<String> {
    engine
        .event("a receipt", |event| match event {
            Event::Receipt(receipt) if receipt.r#type == *kind => Some(receipt.message_ids.clone()),
            _ => None,
        })
        .await
}

fn sorted(ids: &[String]) -> Vec<String> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids
}

async fn call(engine: &mut Engine) -> IncomingCall {
    engine
        .event("a call", |event| match event {
            Event::IncomingCall(call) => Some(call.clone()),
            _ => None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_say_that_they_have_that_they_have_read_and_that_they_have_played() {
    let (sandbox, mut engine) = linked().await;
    let mut ids = Vec::new();
    for words in ["one", "two"] {
        let sent = engine.client.send_text(friend(), words).await.unwrap();
        assert_eq!(
            receipt(&mut engine, &ReceiptType::Delivered).await,
            std::slice::from_ref(&sent.message_id)
        );
        ids.push(sent.message_id.clone());
    }
    sandbox.give(FRIEND, &ids, Given::Read).unwrap();
    assert_eq!(sorted(&receipt(&mut engine, &ReceiptType::Read).await), sorted(&ids));
    sandbox.give(FRIEND, &ids[1..], Given::Played).unwrap();
    assert_eq!(receipt(&mut engine, &ReceiptType::Played).await, ids[1..]);
    let Err(Refused(why)) = sandbox.give(FRIEND, &["NEVER".into()], Given::Read) else {
        panic!("no such message")
    };
    assert!(why.contains("NEVER"), "{why}");
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_goes_to_those_who_asked_and_typing_to_those_who_are_there() {
    let (sandbox, mut engine) = linked().await;
    engine.client.presence().subscribe(friend()).await.unwrap();
    for (used, unavailable) in [(None, true), (Some(true), false), (Some(false), true)] {
        if let Some(used) = used {
            sandbox.set_present(FRIEND, used).unwrap();
        }
        let seen = |event: &Event| match event {
            Event::Presence(presence) => {
                Some((presence.from.clone(), presence.unavailable, presence.last_seen.is_some()))
            }
            _ => None,
        };
        assert_eq!(engine.event("presence", seen).await, (friend(), unavailable, unavailable));
    }
    for (state, presence, media) in [
        (ChatState::Composing, ChatPresence::Composing, ChatPresenceMedia::Text),
        (ChatState::Recording, ChatPresence::Composing, ChatPresenceMedia::Audio),
        (ChatState::Paused, ChatPresence::Paused, ChatPresenceMedia::Text),
    ] {
        assert_eq!(sandbox.type_on(FRIEND, ME, state).unwrap(), 1);
        let seen = |event: &Event| match event {
            Event::ChatPresence(update) => {
                Some((update.source.chat.clone(), update.state == presence, update.media == media))
            }
            _ => None,
        };
        assert_eq!(engine.event("typing", seen).await, (friend(), true, true), "{state:?}");
    }
    engine.client.chatstate().send_recording(&friend()).await.unwrap();
    until(&sandbox, "chatstate", &format!("{FRIEND} sees {ME} recording")).await;
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_rings_is_refused_and_is_missed() {
    let (sandbox, mut engine) = linked().await;
    let id = sandbox.ring(FRIEND, ME, true).unwrap();
    let offered = call(&mut engine).await;
    let CallAction::Offer { call_id, is_video, .. } = &offered.action else { panic!("{:?}", offered.action) };
    assert_eq!((call_id, is_video, &offered.from), (&id, &true, &friend()));
    engine.client.voip().reject(&offered).await.unwrap();
    until(&sandbox, "call", &format!("{id} of {FRIEND}: reject by {ME}:1@s.whatsapp.net")).await;
    assert_eq!(sandbox.calls()[0].state, CallState::Rejected(format!("{ME}:1@s.whatsapp.net")));
    sandbox.hang_up(&id).unwrap_err();

    let id = sandbox.ring(FRIEND, ME, false).unwrap();
    assert!(matches!(&call(&mut engine).await.action, CallAction::Offer { is_video: false, .. }));
    sandbox.hang_up(&id).unwrap();
    engine
        .event("the end", |event| match event {
            Event::IncomingCall(call) => matches!(&call.action, CallAction::Terminate { .. }).then_some(()),
            Event::MissedCall(missed) => (missed.call_id == id).then_some(()),
            _ => None,
        })
        .await;
    assert_eq!(sandbox.calls()[1].state, CallState::Over);
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_open_is_sent_again_both_ways() {
    let (sandbox, mut engine) = linked().await;
    sandbox.plan(Planned::from(Fault::Unreadable).of(format!("{ME}@s.whatsapp.net")).times(1)).await.unwrap();
    let id = sandbox.send_text(FRIEND, ME, "with a bit turned").unwrap();
    let got = engine.messages(1).await.remove(0);
    assert_eq!((text(&got).as_str(), got.info.id.as_str()), ("with a bit turned", id.as_str()));
    until(&sandbox, "receipt", "has retry of").await;

    let sent = engine.client.send_text(friend(), "in the old session").await.unwrap();
    until(&sandbox, "received", &format!("{FRIEND} has {}", sent.message_id)).await;
    sandbox.forget_sessions(FRIEND).unwrap();
    let sent = engine.client.send_text(friend(), "after a restore").await.unwrap();
    until(&sandbox, "unreadable", &sent.message_id).await;
    until(&sandbox, "received", &format!("{FRIEND} has {}", sent.message_id)).await;
    let read = sandbox.received(FRIEND);
    let again = read.iter().filter(|message| message.id == sent.message_id).collect::<Vec<_>>();
    assert_eq!((again.len(), again[0].envelope), (1, "pkmsg"));
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}
