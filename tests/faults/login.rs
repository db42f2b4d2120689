//! `<failure>` instead of `<success>`.

use std::time::Duration;

use tetherd::model::{Reason, Visible};
use tetherd_sandbox::{Fault, Planned};

use crate::here::{self, PHONE};
use crate::scene::Scene;

fn failure(reason: u16, attributes: &[(&str, &str)]) -> Fault {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Fault::Failure { reason, times: 1, attributes: attributes.collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_reason() {
    let scene = Scene::linked().await;
    for (number, attributes, reason) in [
        (400, &[][..], Reason::ServerError),
        (402, &[("code", "101"), ("expire", "3600")], Reason::TemporarilyBanned),
        (402, &[], Reason::TemporarilyBanned),
        (403, &[("logout_message_header", "Locked"), ("logout_message_locale", "en")], Reason::AccountLocked),
        (405, &[], Reason::ClientOutdated),
        (409, &[], Reason::ServerError),
        (411, &[], Reason::ServerError),
        (429, &[], Reason::ServerError),
        (500, &[], Reason::ServerError),
        (503, &[], Reason::ServerUnavailable),
    ] {
        scene.meets(failure(number, attributes), reason).await;
    }
    assert_eq!(scene.violations(), Vec::<String>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_is_the_end_asks_for_a_code_again() {
    let scene = Scene::linked().await;
    for number in [401, 406] {
        scene.sandbox.fault(failure(number, &[]), None).await;
        scene.shop.restart(Duration::ZERO).await.unwrap();
        let gone = here::until(&scene.shop, "closed", |s| s.visible == Visible::Close).await;
        assert_eq!((gone.reason, gone.status()), (Some(Reason::LoggedOut), Some(401)), "{number}");
        here::link(&scene.shop, &scene.sandbox, PHONE).await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_removed_while_it_was_away_is_told_so() {
    let scene = Scene::linked().await;
    scene.sandbox.plan(Planned::from(Fault::HangUpgrade).times(1)).await.unwrap();
    scene.shop.restart(Duration::ZERO).await.unwrap();
    here::until(&scene.shop, "away", |s| s.visible != Visible::Open).await;
    scene.sandbox.unlink(&scene.jid).await.unwrap();
    scene.shop.restart(Duration::ZERO).await.unwrap();
    let gone = here::until(&scene.shop, "closed", |s| s.visible == Visible::Close).await;
    assert_eq!((gone.reason, gone.status()), (Some(Reason::LoggedOut), Some(401)));
    assert!(scene.sandbox.events().iter().any(|event| event.kind == "unknown_device"));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_tells_its_end_and_is_over_then() {
    let scene = Scene::linked().await;
    scene.sandbox.fault(Fault::Banned { expire: 3600, code: 101 }, Some(PHONE)).await;
    scene.sandbox.advance_clock(600);
    scene.shop.restart(Duration::ZERO).await.unwrap();
    let banned = here::until(&scene.shop, "banned", |s| s.reason == Some(Reason::TemporarilyBanned)).await;
    let left = banned.detail.expires().expect("an end").millis() - banned.since.millis();
    assert!((2_990_000..=3_001_000).contains(&left), "{left} ms of 3 000 s are left");
    let since = scene.mark();
    scene.sandbox.advance_clock(3000);
    scene.comes_back(since).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_meant_is_refused_and_as_often_as_said() {
    let scene = Scene::linked().await;
    scene.sandbox.fault(failure(503, &[]), Some("4917000000000")).await;
    let since = scene.mark();
    scene.shop.restart(Duration::ZERO).await.unwrap();
    scene.happened(since, |event| event.kind == "logged_in").await;
    scene.sandbox.clear_faults();

    let twice = Fault::Failure { reason: 503, times: 2, attributes: vec![] };
    scene.sandbox.fault(twice, Some(&scene.jid)).await;
    let since = scene.mark();
    scene.shop.restart(Duration::ZERO).await.unwrap();
    scene.happened(since, |event| event.kind == "logged_in").await;
    let refused = |event: &&tetherd_sandbox::Happened| {
        event.seq > since && event.kind == "out" && event.text.starts_with("<failure")
    };
    assert_eq!(scene.sandbox.events().iter().filter(refused).count(), 2);
    scene.end().await;
}
