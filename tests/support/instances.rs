//! Instances as tests want them: made, and linked to a phone of the sandbox.

use serde_json::{Value, json};
use tetherd_sandbox::Sandbox;

use super::Daemon;

impl Daemon {
    /// Makes an instance that is linked by a code; what was answered.
    pub(crate) async fn create(&self, name: &str) -> Value {
        self.create_as(json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS"})).await
    }

    /// As this body says.
    pub(crate) async fn create_as(&self, body: Value) -> Value {
        let (status, made) = self.ask("POST", "/instance/create", Some(body)).await;
        assert_eq!(status, 201, "{made}");
        made
    }

    /// The code that connect shows.
    pub(crate) async fn code(&self, name: &str) -> String {
        let (status, shown) = self.ask("GET", &format!("/instance/connect/{name}"), None).await;
        assert_eq!(status, 200, "{shown}");
        shown["code"].as_str().unwrap_or_else(|| panic!("no code: {shown}")).to_owned()
    }

    /// Connects, scans, and waits until it is open; the JID of the new device.
    pub(crate) async fn link(&self, sandbox: &Sandbox, name: &str, phone: &str) -> String {
        let jid = sandbox.scan(phone, &self.code(name).await).await.unwrap();
        self.until_of(name, "open").await;
        jid
    }
}
