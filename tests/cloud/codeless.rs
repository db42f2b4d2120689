//! What belongs to codes is refused in words that lead on, and Meta's token is no key of ours.

use serde_json::json;
use tetherd_sandbox::graph::Condition;

use crate::seen::Seen;
use crate::support::{Daemon, KEY};
use crate::{ID, TOKEN, business, create, start};

async fn refused(daemon: &Daemon, method: &str, path: &str) -> (u16, String, String) {
    let (status, answer) = daemon.ask(method, path, None).await;
    let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
    (status, text("code"), text("message"))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_a_code_hears_why_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    create(&daemon).await;
    let metas = "linked by Meta's access token";
    // While all is well, and after Meta's token is forgotten.
    for state in ["open", "close"] {
        daemon.until(state).await;
        let (status, code, message) = refused(&daemon, "GET", "/instance/qrcode/shop").await;
        assert_eq!((status, code.as_str()), (404, "no_code"));
        assert!(message.contains(metas) && !message.contains("connect it"), "{message}");
        let (status, code, message) = refused(&daemon, "POST", "/instance/invite/shop").await;
        assert_eq!((status, code.as_str()), (400, "not_available"));
        assert!(message.contains(metas), "{message}");
        daemon.ask("DELETE", "/instance/logout/shop", None).await;
    }
    daemon.create("home").await;
    let (_, _, message) = refused(&daemon, "GET", "/instance/qrcode/home").await;
    assert!(message.ends_with("shows no code now; connect it to get one"), "{message}");
    daemon.link(&sandbox, "home", "15551234567").await;
    let (status, code, message) = refused(&daemon, "GET", "/instance/qrcode/home").await;
    assert_eq!((status, code.as_str()), (404, "no_code"));
    assert!(message.ends_with("is linked already and shows no code"), "{message}");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_s_token_is_refused_as_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = start(folder.path()).await;
    let mut body = business();
    body["instanceToken"] = json!(TOKEN);
    let (status, answer) = daemon.ask("POST", "/instance/create", Some(body)).await;
    let message = answer["message"].as_str().unwrap();
    assert!(status == 400 && message.contains("instanceToken is Meta's access token"), "{status} {message}");
    assert!(!message.contains(TOKEN), "{message}");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_one_button_that_asks_meta() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    create(&daemon).await;
    daemon.until("open").await;
    let cookie = daemon.sign_in(KEY).await;
    let headers = [("cookie", cookie.as_str()), ("accept", "text/html"), ("accept-language", "en")];
    for condition in [Condition::Good, Condition::Unregistered, Condition::Broken, Condition::Expired] {
        sandbox.graph().condition(ID, condition).unwrap();
        assert_eq!(daemon.ask("POST", "/instance/restart/shop", None).await.0, 200);
        let (status, page) = Seen::default().ask(&daemon.url, "GET /page/accounts/shop", &headers, "").await;
        assert_eq!((status, page.matches("Ask Meta now").count()), (200, 1), "{condition:?}: {page}");
    }
    daemon.terminate().await;
}
