//! A connection that stood ends.

use tetherd::model::{Reason, Visible};
use tetherd_sandbox::{At, Direction, Fault, Planned};

use crate::here::{self, Here, PHONE};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn each_end_has_its_reason_and_is_none_for_good() {
    let scene = Scene::linked().await;
    for (fault, reason) in [
        (Fault::Drop, Reason::Disconnected),
        (Fault::Reset, Reason::Disconnected),
        (Fault::HalfClose, Reason::Disconnected),
        (Fault::End, Reason::Disconnected),
        (Fault::NotWellFormed, Reason::ServerError),
        (Fault::Stream { code: 429 }, Reason::ServerUnavailable),
        (Fault::Stream { code: 500 }, Reason::ServerError),
        (Fault::Stream { code: 503 }, Reason::ServerUnavailable),
        (Fault::Stream { code: 515 }, Reason::RestartRequired),
        (Fault::Stream { code: 599 }, Reason::ServerError),
    ] {
        scene.suffers(fault, reason).await;
    }
    scene.hears("still here").await;
    assert_eq!(scene.violations(), Vec::<String>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_is_the_end_whatever_its_form() {
    let scene = Scene::linked().await;
    for fault in [Fault::Unlinked, Fault::Stream { code: 401 }, Fault::Stream { code: 516 }] {
        scene.sandbox.fault(fault, None).await;
        let gone = here::until(&scene.shop, "closed", |s| s.visible == Visible::Close).await;
        assert_eq!((gone.reason, gone.status()), (Some(Reason::LoggedOut), Some(401)));
        here::link(&scene.shop, &scene.sandbox, PHONE).await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_session_elsewhere_is_not_fought_over() {
    let scene = Scene::linked().await;
    for fault in [Fault::Replaced, Fault::Stream { code: 409 }] {
        let since = scene.mark();
        scene.sandbox.fault(fault, None).await;
        let gone = here::until(&scene.shop, "closed", |s| s.visible == Visible::Close).await;
        assert_eq!((gone.reason, gone.status()), (Some(Reason::Replaced), Some(440)));
        scene.comes_back(since).await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_stanza_that_was_named_and_not_before() {
    let scene = Scene::linked().await;
    // The third request of the next connection.
    let at = At { stanza: 3, direction: Some(Direction::In), tag: Some("iq".into()), ..At::default() };
    scene.sandbox.plan(Planned::from(Fault::Drop).at(at)).await.unwrap();
    scene.suffers(Fault::End, Reason::Disconnected).await;
    scene.happened(0, |event| event.kind == "fault" && event.text.contains("drop")).await;
    let events = scene.sandbox.events();
    let fault =
        events.iter().rposition(|event| event.kind == "fault" && event.text.contains("drop")).unwrap();
    let connection = events[fault].connection;
    let before = events[..fault].iter().filter(|event| {
        event.connection == connection && event.kind == "in" && event.text.starts_with("<iq")
    });
    assert_eq!(before.count(), 3);
    assert!(scene.sandbox.state()["faults"].as_array().unwrap().is_empty(), "once is enough");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_device_that_is_meant_meets_it() {
    let scene = Scene::linked().await;
    let folder = tempfile::tempdir().unwrap();
    let there = Here::start(folder.path(), &scene.sandbox).await;
    let other = there.create("other").await;
    let jid = here::link(&other, &scene.sandbox, "15557654321").await;
    let now = there.now();
    assert_eq!(scene.sandbox.fault(Fault::Drop, Some(&jid)).await, 1, "one connection is hit");
    there.reason(now, Reason::Disconnected).await;
    here::open(&other).await;
    let state = scene.sandbox.state();
    let mine = state["connections"].as_array().unwrap().iter().find(|c| c["device"] == scene.jid.as_str());
    let connection = mine.expect("the other one stands")["id"].as_u64().unwrap();
    let planned = Planned { connection: Some(connection), ..Planned::from(Fault::Drop) };
    let now = scene.here.now();
    assert_eq!(scene.sandbox.plan(planned).await, Ok(1));
    scene.here.reason(now, Reason::Disconnected).await;
    assert_eq!(scene.sandbox.fault(Fault::Drop, Some("4917000000000")).await, 0, "nobody is hit");
    there.stop().await;
    scene.end().await;
}
