//! Something else than the upgrade to a WebSocket.

use tetherd::model::Reason;
use tetherd_sandbox::Fault;

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_that_is_no_upgrade_says_which() {
    let scene = Scene::linked().await;
    for status in [200, 302, 403, 404, 429, 502, 503] {
        let said = scene.meets(Fault::Upgrade { status, times: 0 }, Reason::ServerUnavailable).await;
        let patience = [429, 503].contains(&status);
        assert!(
            said.contains(if patience { "not available at the moment" } else { "refused the connection" }),
            "{said}"
        );
        assert!(patience || said.contains(&status.to_string()), "{said}");
    }
    let said = scene.meets(Fault::NoHttp, Reason::ServerUnavailable).await;
    assert!(said.contains("is no WhatsApp server"), "{said}");
    scene.end().await;
}
