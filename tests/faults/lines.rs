//! A bad line, and what it does to messages.

use std::time::{Duration, Instant};

use tetherd::model::Reason;
use tetherd::store::EventFilter;
use tetherd_sandbox::{At, Direction, Fault, Planned};

use crate::here::PHONE;
use crate::scene::{FRIEND, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn far_away_is_slow_and_works() {
    let scene = Scene::linked().await;
    scene.sandbox.fault(Fault::Latency { millis: 200 }, None).await;
    let began = Instant::now();
    scene.suffers(Fault::End, Reason::Disconnected).await;
    // The end; then the upgrade and the handshake, there and back.
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    let began = Instant::now();
    scene.hears("from afar").await;
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
    scene.sandbox.clear_faults();
    scene.hears("from near").await;
    assert_eq!(scene.violations(), Vec::<String>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thin_line_takes_its_time_and_loses_nothing() {
    let scene = Scene::linked().await;
    scene.sandbox.fault(Fault::Bandwidth { bytes_per_second: 8_000 }, Some(&scene.jid)).await;
    let long = "0123456789 ".repeat(1_500);
    let began = Instant::now();
    scene.hears(&long).await;
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    scene.end().await;
}

fn message_out() -> At {
    At { direction: Some(Direction::Out), tag: Some("message".into()), ..At::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_twice_or_in_another_order_is_told_once_each() {
    let scene = Scene::linked().await;
    let before = scene.here.now();
    scene.sandbox.plan(Planned::from(Fault::Duplicate).at(message_out())).await.unwrap();
    scene.hears("twice").await;
    scene.sandbox.plan(Planned::from(Fault::Reorder).at(message_out())).await.unwrap();
    let now = scene.here.now();
    scene.sandbox.send_text(FRIEND, PHONE, "first").unwrap();
    scene.sandbox.send_text(FRIEND, PHONE, "second").unwrap();
    scene.heard(now, "first").await;
    scene.heard(now, "second").await;
    scene.hears("last").await;
    let mut texts = texts(&scene, before).await;
    texts.sort();
    assert_eq!(texts, ["first", "last", "second", "twice"]);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_comes_with_the_next_connection() {
    let scene = Scene::linked().await;
    scene.sandbox.plan(Planned::from(Fault::Lose).at(message_out())).await.unwrap();
    let (since, now) = (scene.mark(), scene.here.now());
    scene.sandbox.send_text(FRIEND, PHONE, "lost").unwrap();
    scene.happened(since, |event| event.kind == "fault").await;
    scene.suffers(Fault::Drop, Reason::Disconnected).await;
    scene.heard(now, "lost").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_and_not_acknowledged_is_told_once() {
    let scene = Scene::linked().await;
    let receipts = At { tag: Some("receipt".into()), ..At::default() };
    scene.sandbox.plan(Planned::from(Fault::Lose).at(receipts).times(0)).await.unwrap();
    let acks = At { tag: Some("ack".into()), ..At::default() };
    scene.sandbox.plan(Planned::from(Fault::Lose).at(acks).times(0)).await.unwrap();
    let (since, before) = (scene.mark(), scene.here.now());
    scene.hears("once").await;
    scene.happened(since, |event| event.kind == "fault").await;
    scene.sandbox.clear_faults();
    let since = scene.mark();
    scene.suffers(Fault::Drop, Reason::Disconnected).await;
    scene.happened(since, |event| event.kind == "out" && event.text.starts_with("<message")).await;
    scene.hears("after").await;
    assert_eq!(texts(&scene, before).await, ["once", "after"]);
    scene.end().await;
}

/// The texts that were told after `since`.
async fn texts(scene: &Scene, since: i64) -> Vec<String> {
    let events = scene.here.store.events_after(since, EventFilter::default(), 1000).await.unwrap();
    let texts = events.iter().filter_map(|event| event.data["message"]["conversation"].as_str());
    texts.map(str::to_owned).collect()
}
