//! All that an instance tells from its first day to its last, in the original's shapes.

use serde_json::{Value, json};
use tetherd_sandbox::Given;

use crate::receiver::Receiver;
use crate::support::Daemon;
use crate::{FRIEND, PHONE, created_with};

/// The members of an object, sorted.
fn members(data: &Value) -> Vec<&str> {
    data.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_is_told_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::answering(&[200]).await;
    let (daemon, sandbox, made) = created_with(folder.path(), &[], json!({"url": receiver.url})).await;
    let id = &made["instance"]["instanceId"];
    let whole = json!({"instanceName": "shop", "instanceId": id});
    assert_eq!(receiver.data_of("INSTANCE_CREATE").await, whole);

    daemon.link(&sandbox, "shop", PHONE).await;
    let update = receiver.data_of("CONNECTION_UPDATE").await;
    assert_eq!((&update["instance"], &update["state"]), (&json!("shop"), &json!("connecting")));
    let code = receiver.data_of("QRCODE_UPDATED").await;
    assert_eq!((&code["qrcode"]["instance"], &code["qrcode"]["pairingCode"]), (&json!("shop"), &Value::Null));
    assert!(code["qrcode"]["code"].as_str().unwrap().starts_with("2@"));
    assert!(code["qrcode"]["base64"].as_str().unwrap().starts_with("data:image/png;base64,"));
    let open = loop {
        let update = receiver.data_of("CONNECTION_UPDATE").await;
        if update["state"] == "open" {
            break update;
        }
    };
    let own = format!("{PHONE}@s.whatsapp.net");
    assert_eq!((&open["statusReason"], &open["wuid"]), (&json!(200), &json!(own)));

    let friend = format!("{FRIEND}@s.whatsapp.net");
    let text = sandbox.send_text(FRIEND, PHONE, "oi").unwrap();
    let message = receiver.data_of("MESSAGES_UPSERT").await;
    assert_eq!(message["key"]["remoteJid"], friend);
    assert_eq!((&message["key"]["fromMe"], &message["key"]["id"]), (&json!(false), &json!(text)));
    assert_eq!((&message["message"]["conversation"], &message["instanceId"]), (&json!("oi"), id));
    for member in ["pushName", "status", "messageType", "messageTimestamp", "source"] {
        assert!(!message[member].is_null(), "{member}: {message}");
    }

    let sent = sandbox.send_text(PHONE, FRIEND, "olá").unwrap();
    assert_eq!(receiver.data_of("MESSAGES_UPSERT").await["key"]["fromMe"], true);
    sandbox.give(FRIEND, std::slice::from_ref(&sent), Given::Read).unwrap();
    let read = loop {
        let update = receiver.data_of("MESSAGES_UPDATE").await;
        if update["status"] == "READ" {
            break update;
        }
    };
    assert_eq!((&read["keyId"], &read["remoteJid"]), (&json!(sent), &json!(friend)));
    assert_eq!((&read["fromMe"], &read["instanceId"]), (&json!(true), id));

    daemon.terminate().await;
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    let began = receiver.data_of("APPLICATION_STARTUP").await;
    assert_eq!(members(&began), ["instance", "startedAt", "version"]);
    daemon.until("open").await;

    sandbox.unlink(&own).await.unwrap();
    let status = receiver.data_of("STATUS_INSTANCE").await;
    assert_eq!((&status["instance"], &status["status"]), (&json!("shop"), &json!("closed")));
    assert_eq!(status["disconnectionReasonCode"], 401);
    assert!(status["disconnectionAt"].is_string(), "{status}");
    let object: Value = serde_json::from_str(status["disconnectionObject"].as_str().unwrap()).unwrap();
    assert!(object.is_object(), "JSON in a text");

    daemon.link(&sandbox, "shop", PHONE).await;
    assert_eq!(daemon.ask("DELETE", "/instance/logout/shop", None).await.0, 200);
    assert_eq!(receiver.data_of("LOGOUT_INSTANCE").await, Value::Null);
    assert_eq!(daemon.ask("DELETE", "/instance/delete/shop", None).await.0, 200);
    assert_eq!(receiver.data_of("REMOVE_INSTANCE").await, Value::Null);
    assert_eq!(receiver.data_of("INSTANCE_DELETE").await, whole);
    assert!(receiver.seqs().windows(2).all(|pair| pair[1] == pair[0] + 1), "{:?}", receiver.seqs());
    daemon.terminate().await;
}
