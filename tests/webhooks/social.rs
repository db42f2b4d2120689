//! What friends do beside writing: they type, come and go, and call.

use serde_json::json;
use tetherd_sandbox::ChatState;

use crate::receiver::Receiver;
use crate::{FRIEND, PHONE, created, set};

fn friend() -> String {
    format!("{FRIEND}@s.whatsapp.net")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_types_speaks_comes_and_goes_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, sandbox, _) = created(folder.path(), &[]).await;
    let settings = json!({"alwaysOnline": true});
    assert_eq!(daemon.ask("POST", "/settings/set/shop", Some(settings)).await.0, 201);
    daemon.link(&sandbox, "shop", PHONE).await;
    let mut receiver = Receiver::answering(&[200]).await;
    let events = ["PRESENCE_UPDATE", "MESSAGES_UPSERT"];
    assert_eq!(set(&daemon, json!({"url": receiver.url, "events": events})).await.0, 201);
    sandbox.set_present(FRIEND, false).unwrap();
    let told = |state: &str| json!({"id": friend(), "presences": { friend(): {"lastKnownPresence": state} }});
    for (state, word) in [
        (ChatState::Composing, "composing"),
        (ChatState::Recording, "recording"),
        (ChatState::Paused, "paused"),
    ] {
        assert_eq!(sandbox.type_on(FRIEND, PHONE, state).unwrap(), 1);
        assert_eq!(receiver.data_of("PRESENCE_UPDATE").await, told(word));
    }
    sandbox.send_text(FRIEND, PHONE, "are you there?").unwrap();
    receiver.data_of("MESSAGES_UPSERT").await;
    assert_eq!(
        receiver.data_of("PRESENCE_UPDATE").await,
        told("unavailable"),
        "as it is when he has written"
    );
    for (used, word) in [(true, "available"), (false, "unavailable")] {
        sandbox.set_present(FRIEND, used).unwrap();
        assert_eq!(receiver.data_of("PRESENCE_UPDATE").await, told(word));
    }
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_and_hangs_up_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, sandbox, _) = created(folder.path(), &[]).await;
    daemon.link(&sandbox, "shop", PHONE).await;
    let mut receiver = Receiver::answering(&[200]).await;
    assert_eq!(set(&daemon, json!({"url": receiver.url, "events": ["CALL"]})).await.0, 201);
    for video in [true, false] {
        let id = sandbox.ring(FRIEND, PHONE, video).unwrap();
        for status in ["offer", "timeout"] {
            if status == "timeout" {
                sandbox.hang_up(&id).unwrap();
            }
            let mut call = receiver.data_of("CALL").await;
            let at = call.as_object_mut().unwrap().remove("date").unwrap();
            assert!(
                at.as_str().unwrap().strip_suffix(".000Z").is_some(),
                "as a clock of the original's writes: {at}"
            );
            let expected = json!({"chatId": friend(), "from": friend(), "id": id, "status": status, "isVideo": video,
                "isGroup": false, "offline": false});
            assert_eq!(call, expected);
        }
    }
    daemon.terminate().await;
}
