//! The control API does what the calls do, and says what it does not take.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/engine.rs"]
mod engine;

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::{Engine, FRIEND, ME, until, violations};
use serde_json::{Value, json};
use tetherd::net::{FetchOptions, Net, NetConfig};
use tetherd_sandbox::{Options, Sandbox};

struct Control {
    url: String,
    net: Net,
}

impl Control {
    fn of(sandbox: &Sandbox) -> Self {
        let net = Net::new(&NetConfig::default(), Arc::new(tetherd::model::SystemClock)).unwrap();
        Self { url: sandbox.control_url(), net }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Vec<u8>) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(http::header::CONTENT_LENGTH, body.len());
        let options = FetchOptions { body_limit: 1 << 22, ..FetchOptions::default() };
        let answer = self.net.fetch(request.body(body.into()).unwrap(), &options).await.unwrap();
        (answer.status.as_u16(), answer.body.to_vec())
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask("POST", path, body).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}");
        serde_json::from_slice(&answer).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_used_over_http() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let control = Control::of(&sandbox);
    let mut engine = Engine::start(&sandbox, &engine::Keys::default()).await;
    engine.qr().await;
    assert_eq!(control.post("/refresh", Value::Null).await["connections"], 1);
    let qr = engine.qr().await;
    assert_eq!(
        control.post("/scan", json!({"phone": ME, "qr": qr})).await["jid"],
        format!("{ME}:1@s.whatsapp.net")
    );
    engine.connected().await;

    let picture = BASE64_STANDARD.encode("a picture");
    let file = json!({"from": FRIEND, "to": ME, "file": "image", "base64": picture, "caption": "look"});
    let id = control.post("/send-file", file).await["id"].as_str().unwrap().to_owned();
    assert_eq!(engine.messages(1).await[0].info.id, id);
    let kept = control.get(&format!("/received?phone={ME}")).await;
    assert_eq!(
        (&kept["messages"][0]["file"]["kind"], &kept["messages"][0]["text"]),
        (&json!("image"), &json!("look"))
    );
    let (_, bytes) = control.ask("GET", &format!("/file?phone={ME}&id={id}"), Value::Null).await;
    assert_eq!(bytes, b"a picture");
    control.post("/receipt", json!({"phone": ME, "ids": [id], "kind": "read"})).await;
    until(&sandbox, "receipt", &format!("{FRIEND} has read of {id} from {ME}@s.whatsapp.net")).await;
    until(&sandbox, "receipt", &format!("{FRIEND} has delivery of {id} from {ME}:1@s.whatsapp.net")).await;
    assert!(
        control.get(&format!("/receipts?phone={FRIEND}")).await["receipts"].as_array().unwrap().len() >= 2
    );

    assert_eq!(
        control.post("/setting", json!({"phone": ME, "setting": "push_name", "name": "Ada"})).await["version"],
        2
    );
    let state = control.get(&format!("/app-state?phone={ME}")).await;
    assert_eq!(
        state["critical_block"]["entries"]["[\"setting_pushName\"]"]["push_name_setting"]["name"],
        "Ada"
    );
    control.post("/presence", json!({"phone": FRIEND, "available": true})).await;
    let heard = control.post("/typing", json!({"from": FRIEND, "to": ME, "state": "recording"})).await;
    assert_eq!(heard["devices"], 1);
    let call = control.post("/call", json!({"from": FRIEND, "to": ME})).await["id"].clone();
    control.post("/hang-up", json!({"id": call})).await;
    assert_eq!(control.get("/calls").await["calls"][0]["state"], "over");
    control.post("/forget-sessions", json!({"phone": FRIEND})).await;
    control.post("/expire-files", Value::Null).await;
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());

    for (path, body, why) in [
        ("/setting", json!({"setting": "shoe_size"}), "shoe_size"),
        ("/setting", json!({"setting": "push_name", "name": ""}), "empty"),
        ("/send-file", json!({"from": FRIEND, "file": "image", "base64": "?"}), "base64"),
        ("/send-file", json!({"from": FRIEND, "file": "hologram", "base64": ""}), "hologram"),
        ("/receipt", json!({"phone": ME, "ids": [], "kind": "read"}), "no message"),
        ("/typing", json!({"from": FRIEND, "state": "singing"}), "singing"),
        ("/call", json!({"from": ME, "to": ME}), "himself"),
        ("/hang-up", json!({"id": call}), "over"),
        ("/forget-sessions", json!({"phone": "99999"}), "99999"),
        ("/fault", json!({"kind": "refuse_code", "code": 418}), "418"),
        ("/fault", json!({"kind": "bad_signature", "what": "hmac", "connection": 1}), "no connection"),
        ("/fault", json!({"kind": "media", "status": 1}), "200 to 599"),
    ] {
        let (status, answer) = control.ask("POST", path, body).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(status == 400 && answer.contains(why), "{path}: {status} {answer}");
    }
    let (status, _) = control.ask("GET", &format!("/file?phone={ME}&id={id}"), Value::Null).await;
    assert_eq!(status, 400, "the file has expired");
}
