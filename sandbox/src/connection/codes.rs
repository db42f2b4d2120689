//! Pairing codes: what the device sends for them (protocol page §4).

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use super::{Flow, Peer};
use crate::codes::CodeWanted;
use crate::stanza::{self, attr, bytes};
use crate::wire::WireFault;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// `link_code_companion_reg` from the device: the hello or the finish.
    pub(crate) async fn link_code(&mut self, node: &Node, reg: &Node) -> Result<Flow, WireFault> {
        let id = attr(node, "id");
        match attr(reg, "stage").as_str() {
            "companion_hello" => self.companion_hello(&id, reg).await?,
            "companion_finish" => self.companion_finish(&id, reg).await?,
            other => {
                self.world.tell(self.id, "violation", format!("unknown stage {other:?}"));
                self.send(stanza::error(&id, 400, "bad-request")).await?;
            }
        }
        Ok(Flow::On)
    }

    async fn companion_hello(&mut self, id: &str, reg: &Node) -> Result<(), WireFault> {
        let number = match self.hello(reg) {
            Ok(number) => number,
            Err(why) => {
                self.world.tell(self.id, "violation", format!("companion_hello: {why}"));
                return self.send(stanza::error(id, 400, "bad-request")).await;
            }
        };
        if let Some((code, text)) = self.world.refuses_code(&number) {
            self.world.tell(self.id, "code_refused", format!("{number}: {code} {text}"));
            return self.send(stanza::error(id, code, text)).await;
        }
        let reference = format!("3@{}", hex::encode(rand::random::<[u8; 16]>())).into_bytes();
        let wanted = CodeWanted::new(number.clone(), reference.clone(), wrapped(reg), self.world.now());
        if let Some(connection) = self.world.lock().connections.get_mut(&self.id) {
            connection.code = Some(wanted);
        }
        self.world.tell(self.id, "code_wanted", number);
        let answer = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "companion_hello")
            .children([stanza::data("link_code_pairing_ref", reference)])
            .build();
        self.send(stanza::result(id).children([answer]).build()).await
    }

    /// The number that the device wants to be linked to, when all that belongs to it is right.
    fn hello(&self, reg: &Node) -> Result<String, &'static str> {
        let child = |tag| reg.get_optional_child(tag).map(bytes).unwrap_or_default();
        let text = |tag| reg.get_optional_child(tag).map(stanza::text).unwrap_or_default();
        let jid = attr(reg, "jid");
        let number = jid.strip_suffix("@s.whatsapp.net").unwrap_or_default();
        if self.shown_until.is_none() {
            return Err("the device is linked already");
        }
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("no number of a person");
        }
        if wrapped(reg).len() != 80 {
            return Err("the wrapped key has no 80 bytes");
        }
        if child("companion_server_auth_key_pub") != self.client {
            return Err("another key than the handshake's");
        }
        if text("companion_platform_id").is_empty() {
            return Err("no companion_platform_id");
        }
        let display = text("companion_platform_display");
        if !display
            .split_once(" (")
            .is_some_and(|(browser, os)| !browser.is_empty() && os.len() > 1 && os.ends_with(')'))
        {
            return Err("companion_platform_display is not like \"Chrome (Linux)\"");
        }
        if reg.get_optional_child("link_code_pairing_nonce").is_none() {
            return Err("no link_code_pairing_nonce");
        }
        Ok(number.to_owned())
    }

    async fn companion_finish(&mut self, id: &str, reg: &Node) -> Result<(), WireFault> {
        let child = |tag| reg.get_optional_child(tag).map(bytes).unwrap_or_default();
        let wrong = {
            let state = self.world.lock();
            let connection = state.connections.get(&self.id);
            let identity = connection.and_then(|c| c.candidate.as_ref()).map(|candidate| candidate.identity);
            let reference = connection.and_then(|c| c.code.as_ref()).map(|code| code.reference.as_slice());
            if self.primary.is_none() {
                Some("no phone waits for it")
            } else if child("link_code_pairing_wrapped_key_bundle").len() != 156 {
                Some("the bundle has no 156 bytes")
            } else if identity.is_none_or(|identity| identity != child("companion_identity_public")) {
                Some("another identity than the device registered with")
            } else if reference != Some(child("link_code_pairing_ref")) {
                Some("another ref than it was given")
            } else {
                None
            }
        };
        if let Some(why) = wrong {
            self.world.tell(self.id, "violation", format!("companion_finish: {why}"));
            return self.send(stanza::error(id, 400, "bad-request")).await;
        }
        self.send(stanza::result(id).build()).await?;
        if let Some(primary) = self.primary.take() {
            let _ = primary.send(reg.clone());
        }
        Ok(())
    }
}

fn wrapped(reg: &Node) -> Vec<u8> {
    let wrapped = reg.get_optional_child("link_code_pairing_wrapped_companion_ephemeral_pub");
    wrapped.map(bytes).unwrap_or_default().to_vec()
}
