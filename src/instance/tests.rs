//! Registry and supervisors over a link that does what the test says and a ledger in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

mod away;
mod world;

use super::{CreateError, InstanceError, Shown};
use crate::link::LinkEvent;
use crate::model::{
    Digest, EventKind, InstanceChange, InstanceName, LinkTruth, NewInstance, PhoneNumber, Profile, Reason,
    Visible,
};
use world::{S, Step, World, code, end, linked, shop, start, until};

#[tokio::test(start_paused = true)]
async fn two_hundred_callers_share_one_attempt_and_one_code() {
    let world = Arc::new(World::default());
    let registry = start(&world).await;
    let handle = registry.create(shop()).await.unwrap();
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.connect(None, 15 * S).await.unwrap() })
        })
        .collect();
    tokio::task::yield_now().await;
    world.then([Step::Say(LinkEvent::Reached), code("2@one")]);
    for call in calls {
        let Shown::Code(snapshot) = call.await.unwrap() else { panic!("no code") };
        assert_eq!(snapshot.code.as_ref().unwrap().text.expose(), "2@one");
        assert_eq!(snapshot.code.as_ref().unwrap().count, 1);
    }
    assert_eq!(world.runs.load(Ordering::SeqCst), 1);
    assert_eq!(world.kinds().iter().filter(|k| **k == EventKind::QrcodeUpdated).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_number_gets_a_pairing_code_beside_the_qr() {
    let world = Arc::new(World::default());
    let registry = start(&world).await;
    let handle = registry.create(shop()).await.unwrap();
    world.then([code("2@one")]);
    let number = PhoneNumber::parse("+55 11 99999-8888").unwrap();
    let Shown::Code(snapshot) = handle.connect(Some(number), 15 * S).await.unwrap() else {
        panic!("no code")
    };
    assert_eq!(snapshot.pairing.as_ref().unwrap().text.expose(), "ABCD-EFGH");
}

#[tokio::test(start_paused = true)]
async fn unreachable_says_why_and_when_and_every_change_is_told_once() {
    let world = Arc::new(World::default());
    let registry = start(&world).await;
    let handle = registry.create(shop()).await.unwrap();
    world.then([end(Reason::Offline), end(Reason::Offline), end(Reason::Offline)]);
    let Shown::Nothing(snapshot) = handle.connect(None, 2 * S).await.unwrap() else {
        panic!("nothing to show")
    };
    assert_eq!(snapshot.reason, Some(Reason::Offline));
    assert!(snapshot.next_retry.is_some());
    tokio::time::sleep(20 * S).await;
    let states = world.states();
    let offline = states.iter().filter(|(_, reason)| reason == "offline").count();
    assert_eq!(offline, 1, "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_link_comes_back_at_once() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    world.then([end(Reason::Disconnected), Step::Say(LinkEvent::LoggedIn(Profile::default()))]);
    let dropped = tokio::time::Instant::now();
    handle
        .watch()
        .wait_for(|s| s.visible == Visible::Open && world.runs.load(Ordering::SeqCst) == 2)
        .await
        .unwrap();
    assert!(dropped.elapsed() < Duration::from_millis(100));
    assert!(
        world.states().contains(&("connecting".into(), "disconnected".into())),
        "the drop is told, however short"
    );
}

#[tokio::test(start_paused = true)]
async fn unlinked_by_the_phone_is_one_transaction_and_stays_closed() {
    let world = Arc::new(World::default());
    let (registry, handle) = linked(&world).await;
    world.then([end(Reason::LoggedOut)]);
    until(&handle, Visible::Close).await;
    tokio::time::sleep(3600 * S).await;
    assert_eq!(world.runs.load(Ordering::SeqCst), 1);
    let kept = world.kept.lock().unwrap();
    let (change, events) =
        kept.iter().find(|(c, _)| matches!(c, InstanceChange::Forget { .. })).expect("forgotten");
    let kinds: Vec<_> = events.iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [EventKind::StatusInstance, EventKind::LogoutInstance, EventKind::ConnectionUpdate]);
    assert!(matches!(change, InstanceChange::Forget { truth: LinkTruth::Unlinked { .. }, tombstone: false }));
    drop(registry);
}

#[tokio::test(start_paused = true)]
async fn logout_tells_whatsapp_and_a_second_one_is_refused() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    handle.logout().await.unwrap();
    assert_eq!(handle.snapshot().reason, Some(Reason::LoggedOut));
    assert_eq!(world.logouts.load(Ordering::SeqCst), 1);
    assert!(!world.untold.load(Ordering::SeqCst), "no tombstone is left");
    assert_eq!(handle.logout().await, Err(InstanceError::NotConnected));
}

#[tokio::test(start_paused = true)]
async fn logout_while_away_leaves_a_tombstone_and_may_be_asked_again() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    world.then([end(Reason::Disconnected), end(Reason::Offline)]);
    until(&handle, Visible::Connecting).await;
    handle.logout().await.unwrap();
    assert_eq!(world.logouts.load(Ordering::SeqCst), 0);
    assert!(world.untold.load(Ordering::SeqCst));
    assert_eq!(handle.logout().await, Ok(()), "WhatsApp does not know yet");
    world.untold.store(false, Ordering::SeqCst);
    assert_eq!(handle.logout().await, Err(InstanceError::NotConnected));
}

#[tokio::test(start_paused = true)]
async fn a_log_out_that_whatsapp_does_not_answer_leaves_a_tombstone() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    world.mute.store(true, Ordering::SeqCst);
    handle.logout().await.unwrap();
    assert_eq!(handle.snapshot().visible, Visible::Close);
    assert!(world.untold.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_refuses_a_log_out_changes_nothing() {
    let world = Arc::new(World::default());
    let (registry, handle) = linked(&world).await;
    world.refuse.store(true, Ordering::SeqCst);
    assert!(matches!(handle.logout().await, Err(InstanceError::Storage(_))));
    assert!(matches!(registry.delete(&shop().name).await, Err(InstanceError::Storage(_))));
    assert_eq!((handle.snapshot().visible, handle.snapshot().reason), (Visible::Open, Some(Reason::Open)));
    assert!(handle.snapshot().truth.is_linked() && !world.frozen.load(Ordering::SeqCst));
    assert_eq!((world.logouts.load(Ordering::SeqCst), world.runs.load(Ordering::SeqCst)), (0, 1));
    world.refuse.store(false, Ordering::SeqCst);
    assert_eq!(registry.delete(&shop().name).await, Ok(true));
    assert_eq!(world.logouts.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_shows_no_life_and_cannot_be_stopped_is_ended() {
    let world = Arc::new(World::default());
    let (registry, handle) = linked(&world).await;
    world.deaf.store(true, Ordering::SeqCst);
    world.then([Step::Hang]);
    let mut watch = handle.watch();
    tokio::time::timeout(180 * S, watch.wait_for(|s| s.reason == Some(Reason::TimedOut)))
        .await
        .unwrap()
        .unwrap();
    assert!(registry.stuck().is_empty(), "the supervisor itself lives");
    let told = || world.states().iter().filter(|(_, reason)| reason == "timed_out").count();
    let both = async {
        while told() < 2 {
            tokio::time::sleep(S).await;
        }
    };
    tokio::time::timeout(180 * S, both).await.expect("the next attempt sticks too, and that is told too");
    world.deaf.store(false, Ordering::SeqCst);
    world.then([Step::Say(LinkEvent::LoggedIn(Profile::default()))]);
    until(&handle, Visible::Open).await;
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_refuses_for_a_while_loses_no_event() {
    let world = Arc::new(World::default());
    let (_registry, handle) = linked(&world).await;
    world.refuse.store(true, Ordering::SeqCst);
    world.then([end(Reason::LoggedOut)]);
    until(&handle, Visible::Close).await;
    assert!(!world.kinds().contains(&EventKind::LogoutInstance));
    world.refuse.store(false, Ordering::SeqCst);
    tokio::time::sleep(30 * S).await;
    assert!(world.kinds().contains(&EventKind::LogoutInstance));
}

#[tokio::test(start_paused = true)]
async fn names_are_compared_without_case_and_free_after_delete() {
    let world = Arc::new(World::default());
    let registry = start(&world).await;
    registry.create(shop()).await.unwrap();
    let again = NewInstance { name: InstanceName::parse("SHOP").unwrap(), ..shop() };
    assert!(matches!(registry.create(again.clone()).await, Err(CreateError::NameTaken(_))));
    assert!(registry.by_token(&Digest::of("token")).is_some());
    assert!(registry.by_token(&Digest::of("other")).is_none());
    assert_eq!(registry.delete(&again.name).await, Ok(true));
    assert!(registry.by_token(&Digest::of("token")).is_none());
    registry.create(again).await.unwrap();
    registry.stop().await;
}
