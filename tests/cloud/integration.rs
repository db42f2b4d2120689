//! An instance's life: what Meta says of its number is what is answered.

use serde_json::{Value, json};
use tetherd_sandbox::graph::Condition;

use crate::support::Daemon;
use crate::{ID, TOKEN, WABA, business, create, start};

/// "Does not require QR code", "Connection managed through Meta Business API", "Returns connection
/// state only" (`connect-page.txt`), over the life of one.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_integration_section() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    let created = create(&daemon).await;
    let key = created["hash"].as_str().unwrap().to_owned();
    assert_ne!(key, TOKEN, "Meta's token is not the instance's key");
    assert!(created.get("qrcode").is_none(), "no QR: {created}");
    let asked = || sandbox.graph().shown()["asked"].as_u64().unwrap();
    let expected = json!({"instance": {"instanceName": "shop", "state": "open"}});
    for path in ["/instance/connect/shop", "/instance/connect/shop?number=15551234567"] {
        let before = asked();
        assert_eq!(daemon.ask("GET", path, None).await, (200, expected.clone()));
        assert!(asked() > before, "{path} asks Meta");
    }
    assert_eq!(daemon.ask_as(Some(&key), "GET", "/instance/connectionState/shop", None).await.0, 200);
    assert_eq!(daemon.ask_as(Some(TOKEN), "GET", "/instance/connectionState/shop", None).await.0, 401);
    let (status, none) = daemon.ask("GET", "/instance/qrcode/shop", None).await;
    assert_eq!((status, none["code"].as_str()), (404, Some("no_code")));
    let (_, rows) = daemon.ask("GET", "/instance/fetchInstances", None).await;
    assert_eq!(rows[0]["ownerJid"], "16315555555@s.whatsapp.net");
    assert_eq!(rows[0]["profileName"], "Jasper's Market");
    let (status, refused) =
        daemon.ask("POST", "/instance/setPresence/shop", Some(json!({"presence": "available"}))).await;
    assert_eq!(status, 400, "{refused}");

    // What Meta says changes, and connect tells what is true now.
    sandbox.graph().condition(ID, Condition::Expired).unwrap();
    assert_eq!(daemon.ask("GET", "/instance/connect/shop", None).await.1["instance"]["state"], "close");
    assert_eq!(daemon.state().await["reason"], "token_invalid");
    sandbox.graph().condition(ID, Condition::Good).unwrap();
    sandbox.graph().token(ID, "EAAGanotherTokenOfMeta").unwrap();
    let fresh = json!({"token": "EAAGanotherTokenOfMeta"});
    let own = json!({ "token": key });
    let (status, refused) = daemon.ask("PUT", "/instance/token/shop", Some(own)).await;
    assert_eq!(status, 400, "the instance's own key is not Meta's token: {refused}");
    let (status, replaced) = daemon.ask("PUT", "/instance/token/shop", Some(fresh)).await;
    assert_eq!((status, replaced["tokenReplaced"].as_bool()), (200, Some(true)), "{replaced}");
    daemon.until("open").await;

    // It is asked again after a kill, and not believed.
    daemon.kill().await;
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until("open").await;
    let before = asked();
    assert_eq!(daemon.ask("POST", "/instance/restart/shop", None).await.0, 200);
    daemon.until("open").await;
    assert!(asked() > before, "restart asks anew");

    assert_eq!(daemon.ask("DELETE", "/instance/logout/shop", None).await.0, 200);
    assert_eq!(daemon.state().await["reason"], "logged_out");
    let before = asked();
    assert_eq!(daemon.ask("GET", "/instance/connect/shop", None).await.1["instance"]["state"], "close");
    assert_eq!(asked(), before, "Meta's token is forgotten");
    let again = json!({"token": "EAAGanotherTokenOfMeta"});
    assert_eq!(daemon.ask("PUT", "/instance/token/shop", Some(again)).await.0, 200);
    daemon.until("open").await;
    assert_eq!(daemon.ask("DELETE", "/instance/delete/shop", None).await.0, 200);
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_condition_is_a_reason_and_no_word_holds_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    create(&daemon).await;
    daemon.until("open").await;
    let rows = [
        (Condition::Expired, "token_invalid", false),
        (Condition::Revoked, "token_invalid", false),
        (Condition::Permission, "permission_missing", false),
        (Condition::Unknown, "number_unknown", false),
        (Condition::Unregistered, "number_not_registered", false),
        (Condition::Blocked, "blocked", false),
        (Condition::Limited { retry_after: Some(90) }, "rate_limited", true),
        (Condition::Broken, "server_error", true),
        (Condition::Cut, "server_error", true),
        (Condition::Garbage, "server_error", true),
        (Condition::WrongTypes, "server_error", true),
        (Condition::Huge, "server_error", true),
        (Condition::Redirect, "server_error", true),
        (Condition::Hanging, "timed_out", true),
    ];
    for (condition, reason, again) in rows {
        sandbox.graph().condition(ID, condition).unwrap();
        let (status, answer) = daemon.ask("POST", "/instance/restart/shop", None).await;
        assert_eq!(status, 200, "{answer}");
        let state = daemon.until("close").await;
        assert_eq!(state["reason"], reason, "{condition:?}: {state}");
        assert_eq!(state["nextRetryAt"].is_string(), again, "{condition:?}: {state}");
        assert!(!state["message"].as_str().unwrap().contains(&TOKEN[..12]), "{state}");
        if matches!(condition, Condition::Limited { .. }) {
            let next = chrono::DateTime::parse_from_rfc3339(state["nextRetryAt"].as_str().unwrap()).unwrap();
            let left = (next.to_utc() - chrono::Utc::now()).num_seconds();
            assert!((70..=120).contains(&left), "Retry-After: 90, and {left} s are left");
        }
        if condition == Condition::Blocked {
            let message = state["message"].as_str().unwrap();
            assert!(
                message.contains("payment method") && message.contains("Please add"),
                "Meta's own words: {message}"
            );
        }
    }
    sandbox.graph().token(ID, "another").unwrap();
    sandbox.graph().condition(ID, Condition::Good).unwrap();
    daemon.ask("GET", "/instance/connect/shop", None).await;
    assert_eq!(daemon.state().await["reason"], "token_invalid", "Meta quotes the token, tetherd does not");
    assert_eq!(sandbox.graph().shown()["leaked"], 0, "the redirect was not followed");
    sandbox.graph().token(ID, TOKEN).unwrap();
    sandbox.graph().condition(ID, Condition::Slow).unwrap();
    assert_eq!(daemon.ask("GET", "/instance/connect/shop", None).await.1["instance"]["state"], "open");
    assert!(!daemon.log().contains(&TOKEN[..12]) && daemon.log().len() > 1000, "no secret in the log");
    daemon.terminate().await;
}

/// "Generates QR code", "supports pairing code", "requires QR code scan or pairing code entry"
/// (`connect-page.txt`): the other kind of instance, each way to its end.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_other_integration_section() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    for name in ["scanned", "typed"] {
        daemon.create(name).await;
    }
    let (status, shown) = daemon.ask("GET", "/instance/connect/scanned", None).await;
    assert_eq!((status, shown["instance"]["state"].as_str()), (200, Some("connecting")), "{shown}");
    assert!(shown["base64"].as_str().unwrap().starts_with("data:image/png;base64,iVBOR"));
    assert!(shown["pairingCode"].is_null(), "no number, no pairing code");
    sandbox.scan("15551112222", shown["code"].as_str().unwrap()).await.unwrap();
    daemon.until_of("scanned", "open").await;
    let open = json!({"instance": {"instanceName": "scanned", "state": "open"}});
    assert_eq!(daemon.ask("GET", "/instance/connect/scanned", None).await, (200, open));

    let (_, shown) = daemon.ask("GET", "/instance/connect/typed?number=15553334444", None).await;
    let code = shown["pairingCode"].as_str().unwrap().to_owned();
    assert_eq!((code.len(), code.find('-')), (9, Some(4)), "ABCD-EFGH");
    assert!(shown["code"].as_str().is_some_and(|code| code.starts_with("2@")), "beside the QR");
    sandbox.enter_code("15553334444", &code).await.unwrap();
    daemon.until_of("typed", "open").await;
    daemon.terminate().await;
}

/// Without a way to Meta the instance is not open, says why, and comes up when there is one.
#[tokio::test(flavor = "multi_thread")]
async fn meta_out_of_reach_is_offline() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    create(&daemon).await;
    daemon.until("open").await;
    daemon.kill().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graph", nobody.local_addr().unwrap());
    drop(nobody);
    let daemon = Daemon::start_with(folder.path(), &sandbox, &[("TETHERD_CLOUD_GRAPH_URL", &url)]).await;
    let state = daemon.until("close").await;
    assert_eq!(
        (state["reason"].as_str(), state["nextRetryAt"].is_string()),
        (Some("offline"), true),
        "{state}"
    );
    daemon.kill().await;
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until("open").await;
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_waiting_helps_heals_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    sandbox.graph().condition(ID, Condition::Broken).unwrap();
    create(&daemon).await;
    let state = daemon.until("close").await;
    assert_eq!(state["reason"], "server_error");
    sandbox.graph().condition(ID, Condition::Good).unwrap();
    daemon.until("open").await;
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_creations_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = start(folder.path()).await;
    for (member, value, says) in [
        ("token", Value::Null, "token"),
        ("number", Value::Null, "phone number id"),
        ("number", json!("+1 631-555-5555"), "looks like a telephone number"),
        ("number", json!("5511999998888"), "looks like a telephone number"),
        ("number", json!("abc"), "digits"),
    ] {
        let mut body = business();
        body[member] = value;
        let (status, answer) = daemon.ask("POST", "/instance/create", Some(body)).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer.to_string().contains(says), "{says}: {answer}");
    }
    assert_eq!(daemon.ask("GET", "/instance/fetchInstances", None).await.1, json!([]));
    let mut body = business();
    body["instanceToken"] = json!("a-key-of-the-callers-own");
    let created = daemon.create_as(body).await;
    assert_eq!(created["hash"], "a-key-of-the-callers-own");
    daemon.until("open").await;
    let subscribed = daemon.ask("POST", "/webhook/meta/subscribe/shop", None).await;
    assert_eq!(subscribed.0, 200, "{subscribed:?}");
    assert_eq!(sandbox.graph().shown()["subscribed"], json!([WABA]));
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_id_and_no_token_of_meta_s_can_be_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = start(folder.path()).await;
    for (member, wrong) in [
        ("businessId", json!("../v1.0/me")),
        ("businessId", json!("102290129340398?x=1")),
        ("businessId", json!("abc")),
        ("number", json!("1".repeat(40))),
        ("number", json!(5)),
        ("token", json!("EAAG\nx")),
        ("token", json!(7)),
    ] {
        let mut body = business();
        body[member] = wrong.clone();
        let (status, answer) = daemon.ask("POST", "/instance/create", Some(body)).await;
        let faults = answer["response"]["message"].as_array().unwrap();
        assert_eq!((status, faults.len()), (400, 1), "{member} {wrong}: {answer}");
        assert!(faults[0].as_str().unwrap().starts_with(member), "{wrong}: {answer}");
    }
    create(&daemon).await;
    let (status, answer) = daemon.ask("PUT", "/instance/token/shop", Some(json!({"token": "EA AG"}))).await;
    assert!(status == 400 && answer["message"].as_str().unwrap().contains("copy it again"), "{answer}");
    daemon.terminate().await;
}
