//! The network, WhatsApp's address, sleep and the clock come back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::world::{S, Step, World, end, linked, record, shop, start, until};
use crate::link::LinkEvent;
use crate::model::{ClockShift, InstanceRecord, LinkTruth, Profile, Reason, Stamp, Visible};

#[tokio::test(start_paused = true)]
async fn the_network_coming_back_ends_a_wait() {
    let world = Arc::new(World::default());
    let (registry, handle) = linked(&world).await;
    world.then((0..8).map(|_| end(Reason::Offline)));
    handle.watch().wait_for(|s| s.attempt >= 8).await.unwrap();
    let before = tokio::time::Instant::now();
    world.then([Step::Say(LinkEvent::LoggedIn(Profile::default()))]);
    registry.world_changed();
    until(&handle, Visible::Open).await;
    assert!(before.elapsed() < 2 * S);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_answers_again_ends_a_wait() {
    let world = Arc::new(World::default());
    *world.address.lock().unwrap() = Some(false);
    let (_registry, handle) = linked(&world).await;
    world.then((0..12).map(|_| end(Reason::Disconnected)));
    handle.watch().wait_for(|s| s.attempt >= 12).await.unwrap();
    let before = tokio::time::Instant::now();
    *world.address.lock().unwrap() = Some(true);
    world.then([Step::Say(LinkEvent::LoggedIn(Profile::default()))]);
    until(&handle, Visible::Open).await;
    assert!(before.elapsed() <= 5 * S, "{:?}", before.elapsed());
    let looks = world.looks.load(Ordering::SeqCst);
    // Less than what a link may be silent for.
    tokio::time::sleep(60 * S).await;
    assert_eq!(handle.snapshot().visible, Visible::Open);
    assert_eq!(world.looks.load(Ordering::SeqCst), looks, "nobody looks while the link is open");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_answers_all_the_time_starts_nothing() {
    let world = Arc::new(World::default());
    *world.address.lock().unwrap() = Some(true);
    let (_registry, handle) = linked(&world).await;
    let before = world.runs.load(Ordering::SeqCst);
    world.then((0..9).map(|_| end(Reason::Disconnected)));
    handle.watch().wait_for(|s| s.attempt >= 8).await.unwrap();
    let runs = world.runs.load(Ordering::SeqCst) - before;
    assert!(runs <= 9, "the backoff alone decides: {runs}");
    assert!(world.looks.load(Ordering::SeqCst) <= 9, "one look for each wait");
}

#[tokio::test(start_paused = true)]
async fn a_box_that_slept_opens_its_links_again_at_once() {
    let world = Arc::new(World::default());
    let (registry, handle) = linked(&world).await;
    let runs = world.runs.load(Ordering::SeqCst);
    world.then([Step::Say(LinkEvent::LoggedIn(Profile::default()))]);
    until(&handle, Visible::Open).await;
    registry.woke(3600 * S);
    handle.watch().wait_for(|s| s.reason == Some(Reason::Disconnected)).await.unwrap();
    world.then([Step::Say(LinkEvent::LoggedIn(Profile::default()))]);
    until(&handle, Visible::Open).await;
    assert_eq!(world.runs.load(Ordering::SeqCst), runs + 1);
}

#[tokio::test(start_paused = true)]
async fn times_of_before_the_clock_was_set_are_corrected() {
    let world = Arc::new(World::default());
    world
        .rows
        .lock()
        .unwrap()
        .push(InstanceRecord { created: Stamp::from_millis(5_000), ..record(&shop(), LinkTruth::Never) });
    let registry = start(&world).await;
    let handle = registry.all().remove(0);
    let set = Stamp::from_millis(1_800_000_000_000);
    registry.clock_set(ClockShift::between(Stamp::from_millis(65_000), set)).await;
    let mut watch = handle.watch();
    let corrected = watch.wait_for(|s| s.created.is_plausible()).await.unwrap();
    assert_eq!(corrected.created.until(set), 60 * S);
    assert_eq!(corrected.since, corrected.created);
}
