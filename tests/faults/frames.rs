//! Frames that are none.

use tetherd::model::Reason;
use tetherd_sandbox::{BadFrame, Fault};

use crate::hurry::{hurried, scene};
use crate::scene::Scene;
use crate::stalls::silent;

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
    let frame = |what| Fault::Frame { what };
    let bad = [BadFrame::Sealed, BadFrame::Empty, BadFrame::Skipped, BadFrame::Truncated].map(frame);
    for fault in std::iter::once(Fault::Garbage).chain(bad) {
        let (since, now) = (scene.mark(), scene.here.now());
        scene.sandbox.fault(fault.clone(), None).await;
        let (said, _) = hurried(scene.here.reason(now, Reason::TimedOut)).await;
        // Of the one that is cut off nothing comes any more.
        let seen =
            if fault == frame(BadFrame::Truncated) { silent(&said) } else { said.contains("could be read") };
        assert!(seen, "{fault:?}: {said}");
        scene.comes_back(since).await;
    }
    scene.hears("and here again").await;
    scene.end().await;
}
