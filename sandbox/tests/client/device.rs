//! A device that is linked and logs in.
#![allow(dead_code, reason = "each uses a part")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::{Node, NodeContent};
use wacore_binary::{Jid, Server};
use wacore_libsignal::protocol::KeyPair;
use waproto::buffa::Message as _;
use waproto::whatsapp::{ADVSignedDeviceIdentity, ADVSignedDeviceIdentityHMAC};

use super::{Session, log_in, pair, registration_of};

pub(crate) struct Device {
    url: String,
    statics: KeyPair,
    phone: u64,
    number: u32,
}

impl Device {
    /// Linked by what `scan` does with the text of the QR, which it is given after the codes have come.
    pub(crate) async fn linked<F>(url: &str, phone: u64, scan: impl FnOnce(String) -> F) -> Self
    where
        F: Future<Output = String> + Send + 'static,
    {
        let (identity, statics) = (pair(), pair());
        let payload = registration_of(&identity).encode_to_vec();
        let mut session = Session::start_as(url, &statics, &payload).await;
        let codes = session.stanza().await.expect("codes");
        let reference = codes.get_optional_child("pair-device").unwrap().get_optional_child("ref").unwrap();
        let reference = String::from_utf8(bytes(reference).to_vec()).unwrap();
        let keys = [statics.public_key.public_key_bytes(), identity.public_key.public_key_bytes(), &[7; 32]];
        let qr = format!("{reference},{}", keys.map(|key| STANDARD.encode(key)).join(","));
        let scanning = tokio::spawn(scan(qr));
        let success = session.stanza().await.expect("pair-success");
        session.send_node(&answer(&success, &identity)).await;
        let jid = scanning.await.unwrap();
        assert!(session.socket.closed().await, "515 and the end");
        let number = jid.split([':', '@']).nth(1).unwrap().parse().unwrap();
        Self { url: url.to_owned(), statics, phone, number }
    }

    /// The server is elsewhere.
    pub(crate) fn moves_to(&mut self, url: &str) {
        url.clone_into(&mut self.url);
    }

    async fn session(&self) -> Session {
        let payload = log_in(self.phone, self.number).encode_to_vec();
        Session::start_as(&self.url, &self.statics, &payload).await
    }

    /// What its log-in is answered with.
    pub(crate) async fn first_stanza(&self) -> Node {
        self.session().await.stanza().await.expect("an answer")
    }

    /// Logged in and active.
    pub(crate) async fn log_in(&self) -> Session {
        let mut session = self.session().await;
        let success = session.stanza().await.expect("success");
        assert_eq!(success.tag, "success", "{success:?}");
        let active = request("active", "set", "passive").children([NodeBuilder::new("active").build()]);
        session.send_node(&active.build()).await;
        session.until(|node| node.get_optional_child("offline").is_some()).await;
        session
    }
}

/// A request to the server.
pub(crate) fn request(id: &'static str, kind: &'static str, namespace: &'static str) -> NodeBuilder {
    let server = Jid::new("", Server::Pn);
    NodeBuilder::new("iq").attr("to", server).attr("id", id).attr("type", kind).attr("xmlns", namespace)
}

/// The device's signature over what the phone signed.
fn answer(success: &Node, identity: &KeyPair) -> Node {
    let pairing = success.get_optional_child("pair-success").expect("pair-success");
    let container = bytes(pairing.get_optional_child("device-identity").unwrap());
    let container = ADVSignedDeviceIdentityHMAC::decode_from_slice(container).unwrap();
    let mut signed = ADVSignedDeviceIdentity::decode_from_slice(&container.details.unwrap()).unwrap();
    let details = signed.details.clone().unwrap();
    let account = signed.account_signature_key.take().unwrap();
    let message = [&[6, 1], details.as_slice(), identity.public_key.public_key_bytes(), account.as_slice()];
    signed.device_signature = Some(super::sign(identity, &message.concat()));
    let index = waproto::whatsapp::ADVDeviceIdentity::decode_from_slice(&details).unwrap().key_index.unwrap();
    let signed = NodeBuilder::new("device-identity")
        .attr("key-index", index.to_string())
        .bytes(signed.encode_to_vec())
        .build();
    let id = success.attrs.get("id").unwrap().as_str().into_owned();
    NodeBuilder::new("iq")
        .attr("to", Jid::new("", Server::Pn))
        .attr("id", id)
        .attr("type", "result")
        .children([NodeBuilder::new("pair-device-sign").children([signed]).build()])
        .build()
}

fn bytes(node: &Node) -> &[u8] {
    match &node.content {
        Some(NodeContent::Bytes(bytes)) => bytes,
        _ => &[],
    }
}
