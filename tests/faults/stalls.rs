//! Silence, of every kind.

use std::time::Duration;

use tetherd::model::Reason;
use tetherd_sandbox::{Alteration, At, Direction, Fault, Planned};

use crate::hurry::{hurried, scene};

/// The engine notices, or tetherd's watch over it.
pub(crate) fn silent(said: &str) -> bool {
    said.contains("silent") || said.contains("no sign of life")
}

#[tokio::test]
async fn a_connection_that_goes_silent_is_given_up() {
    let scene = scene().await;
    for fault in [Fault::Stall, Fault::StopReading] {
        let (since, now) = (scene.mark(), scene.here.now());
        assert_eq!(scene.sandbox.fault(fault.clone(), None).await, 1);
        let (said, took) = hurried(scene.here.reason(now, Reason::TimedOut)).await;
        assert!(silent(&said), "{fault:?}: {said}");
        assert!(took < Duration::from_secs(100), "{fault:?}: {took:?}");
        scene.comes_back(since).await;
    }
    scene.hears("and here again").await;
    scene.end().await;
}

#[tokio::test]
async fn a_connection_that_comes_to_no_end_is_given_up() {
    let scene = scene().await;
    for (fault, words, limit) in [
        (Fault::HangUpgrade, "did not answer in time", 16),
        (Fault::HangOpen, "said nothing", 21),
        (Fault::HangHello, "said nothing", 21),
        (Fault::HangLogin, "did not answer the log-in", 31),
    ] {
        scene.sandbox.fault(fault.clone(), None).await;
        let (since, now) = (scene.mark(), scene.here.now());
        scene.shop.restart(Duration::ZERO).await.unwrap();
        let (said, took) = hurried(scene.here.reason(now, Reason::TimedOut)).await;
        assert!(said.contains(words), "{fault:?}: {said}");
        assert!(took < Duration::from_secs(limit + 5), "{fault:?}: {took:?}");
        scene.sandbox.clear_faults();
        scene.comes_back(since).await;
    }
    scene.end().await;
}

#[tokio::test]
async fn a_log_in_that_is_not_answered_is_given_up() {
    let scene = scene().await;
    let at = At { direction: Some(Direction::Out), tag: Some("success".into()), ..At::default() };
    let fault = Planned::from(Fault::Alter { what: Alteration::Tag }).at(at);
    scene.sandbox.plan(fault).await.unwrap();
    let (since, now) = (scene.mark(), scene.here.now());
    scene.shop.restart(Duration::ZERO).await.unwrap();
    let (said, took) = hurried(scene.here.reason(now, Reason::TimedOut)).await;
    assert!(said.contains("did not answer the log-in"), "{said}");
    assert!(took < Duration::from_secs(40), "{took:?}");
    scene.comes_back(since).await;
    scene.end().await;
}
