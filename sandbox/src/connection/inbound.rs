//! What a device sends besides requests: messages, receipts, acknowledgements, calls, presence.

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use super::Peer;
use crate::mail::Class;
use crate::stanza::attr;
use crate::wire::WireFault;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn message(&mut self, node: &Node) -> Result<(), WireFault> {
        self.acknowledge(node).await?;
        if let Some((phone, device)) = self.device.clone() {
            self.world.carry(self.id, &phone, device, node);
        }
        Ok(())
    }

    pub(crate) async fn receipt(&mut self, node: &Node) -> Result<(), WireFault> {
        self.acknowledge(node).await?;
        let mut ids = vec![attr(node, "id")];
        if let Some(list) = node.get_optional_child("list") {
            ids.extend(list.get_children_by_tag("item").map(|item| attr(item, "id")));
        }
        // Read and played are said of messages that the device has long had.
        self.done_with(Class::Message, &ids, "");
        if let Some((phone, device)) = self.device.clone() {
            self.world.carry_receipt(self.id, (&phone, device), node, &ids);
        }
        Ok(())
    }

    /// `<presence>` and `<chatstate>`, which nobody acknowledges.
    pub(crate) fn present(&mut self, node: &Node) {
        let Some((phone, _)) = &self.device else { return };
        let mut state = self.world.lock();
        let taken = match &*node.tag {
            "presence" => state.presence(self.id, phone, node),
            _ => state.chatstate(self.id, phone, node),
        };
        if let Err(why) = taken {
            state.tell(self.id, "violation", why);
        }
    }

    pub(crate) async fn call(&mut self, node: &Node) -> Result<(), WireFault> {
        self.acknowledge(node).await?;
        let Some((phone, device)) = self.device.clone() else { return Ok(()) };
        let now = self.world.unix();
        let mut state = self.world.lock();
        if let Err(why) = state.called((&phone, device), node, now) {
            state.tell(self.id, "violation", why);
        }
        Ok(())
    }

    pub(crate) fn ack(&mut self, node: &Node) {
        let (id, class) = (attr(node, "id"), attr(node, "class"));
        match Class::ALL.into_iter().find(|known| known.name() == class) {
            Some(class) => self.done_with(class, std::slice::from_ref(&id), &attr(node, "type")),
            None => self.world.tell(self.id, "violation", format!("an ack of the unknown class {class:?}")),
        }
    }

    /// The service's word that it has the stanza.
    async fn acknowledge(&mut self, node: &Node) -> Result<(), WireFault> {
        let mut ack =
            NodeBuilder::new("ack").attr("class", node.tag.to_string()).attr("id", attr(node, "id"));
        if let Some(to) = node.attrs.get("to") {
            ack = ack.attr("from", to.clone());
        }
        if node.tag == "receipt" {
            for name in ["type", "participant"] {
                if let Some(value) = node.attrs.get(name) {
                    ack = ack.attr(if name == "type" { "type" } else { "participant" }, value.clone());
                }
            }
        }
        self.send(ack.attr("t", self.world.unix().to_string()).build()).await
    }
}
