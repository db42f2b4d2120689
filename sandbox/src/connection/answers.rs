//! What a logged-in client asks (protocol page §5).

mod account;
mod appstate;
mod prekeys;
mod props;
mod refusal;
mod usync;

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use super::{Flow, Peer};
use crate::media::TTL;
use crate::stanza::{self, attr, result};
use crate::wire::WireFault;
use crate::world::{Device, device_key};

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn iq(&mut self, node: Node) -> Result<Flow, WireFault> {
        let (kind, id) = (attr(&node, "type"), attr(&node, "id"));
        if kind == "result" || kind == "error" {
            return Ok(self.pairing_answer(&node).await?.unwrap_or(Flow::On));
        }
        if id.is_empty() || !matches!(kind.as_str(), "get" | "set") {
            return Ok(Flow::On);
        }
        let namespace = attr(&node, "xmlns");
        let child = node.children().and_then(|children| children.first()).cloned();
        let tag = child.as_ref().map(|child| child.tag.to_string()).unwrap_or_default();
        match (namespace.as_str(), tag.as_str(), child) {
            ("md", "link_code_companion_reg", Some(reg)) => return self.link_code(&node, &reg).await,
            ("md", "ref", _) if kind == "get" => self.another_ref(&id).await?,
            ("md", "remove-companion-device", _) => return self.log_out(&id).await,
            ("encrypt", "count", _) => {
                let count = self.device(|device| device.prekeys.len()).unwrap_or_default();
                let count = NodeBuilder::new("count").attr("value", count.to_string()).build();
                self.send(result(&id).children([count]).build()).await?;
            }
            ("encrypt", "key", Some(key)) if kind == "get" => self.hand_out(&id, &key).await?,
            ("encrypt", "digest", _) => self.digest(&id).await?,
            ("encrypt", "rotate", Some(rotate)) => self.rotate(&id, &rotate).await?,
            ("encrypt", _, _) if kind == "set" => self.keep_prekeys(&id, &node).await?,
            ("passive", _, _) => {
                self.send(result(&id).build()).await?;
                if tag == "active" {
                    self.wake().await?;
                }
            }
            ("usync", _, Some(usync)) => self.usync(&id, &usync).await?,
            ("w:sync:app:state", _, Some(sync)) => self.collections(&id, &sync).await?,
            ("w:p", ..) => self.send(result(&id).attr("t", self.world.unix().to_string()).build()).await?,
            ("w:m", ..) => self.media_conn(&id).await?,
            _ => self.common(&id, &kind, &node).await?,
        }
        Ok(Flow::On)
    }

    /// Where files go and are, and a word that lets the device upload.
    async fn media_conn(&mut self, id: &str) -> Result<(), WireFault> {
        let auth = self.world.lock().files.authorise(self.world.now());
        let ttl = TTL.as_secs().to_string();
        let host = NodeBuilder::new("host").attr("hostname", self.world.media_host()).attr("type", "primary");
        let host = host.children([stanza::leaf("upload"), stanza::leaf("download")]).build();
        let media = NodeBuilder::new("media_conn")
            .attr("auth", auth)
            .attr("ttl", ttl.clone())
            .attr("auth_ttl", ttl)
            .attr("max_buckets", "1")
            .children([host])
            .build();
        self.send(result(id).children([media]).build()).await
    }

    fn device<T>(&self, look: impl FnOnce(&mut Device) -> T) -> Option<T> {
        let (phone, device) = self.device.as_ref()?;
        self.world.lock().durable.devices.get_mut(&device_key(phone, *device)).map(look)
    }

    async fn log_out(&mut self, id: &str) -> Result<Flow, WireFault> {
        self.send(result(id).build()).await?;
        if let Some((phone, device)) = self.device.clone() {
            self.world.forget(&phone, device);
            self.world.tell(self.id, "logged_out", format!("{phone}:{device}"));
        }
        self.last(stanza::conflict(Some("401"), "device_removed")).await?;
        Ok(Flow::End)
    }
}
