//! Frames that are none.

use tetherd::model::Reason;
use tetherd_sandbox::{BadFrame, Fault};

use crate::hurry::{hurried, scene};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_stanza_does_no_harm() {
    let scene = Scene::linked().await;
    for what in [BadFrame::NoStanza, BadFrame::Compressed, BadFrame::Text] {
        let since = scene.mark();
        scene.sandbox.fault(Fault::Frame { what }, None).await;
        scene.hears(&format!("after {what:?}")).await;
        assert!(scene.sandbox.events().iter().all(|e| e.seq <= since || e.kind != "closed"), "{what:?}");
    }
    scene.suffers(Fault::Frame { what: BadFrame::WebSocket }, Reason::Disconnected).await;
    scene.hears("after all").await;
    scene.end().await;
}

#[tokio::test]
async fn when_nothing_can_be_read_any_more_the_connection_is_made_anew() {
    let scene = scene().await;
    for (fault, words) in [
        (Fault::Garbage, "could be read"),
        (Fault::Frame { what: BadFrame::Sealed }, "could be read"),
        (Fault::Frame { what: BadFrame::Empty }, "could be read"),
        (Fault::Frame { what: BadFrame::Skipped }, "could be read"),
        (Fault::Frame { what: BadFrame::Truncated }, "silent"),
    ] {
        let (since, now) = (scene.mark(), scene.here.now());
        scene.sandbox.fault(fault.clone(), None).await;
        let (said, _) = hurried(scene.here.reason(now, Reason::TimedOut)).await;
        assert!(said.contains(words), "{fault:?}: {said}");
        scene.comes_back(since).await;
    }
    scene.hears("and here again").await;
    scene.end().await;
}
