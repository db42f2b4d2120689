//! What a logged-in client asks (protocol page §5).

use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;
use wacore_libsignal::protocol::PublicKey;

use super::{Flow, Peer};
use crate::phone::adv::signed_key_index_list;
use crate::stanza::{self, attr, bytes, data, leaf, result, server};
use crate::wire::WireFault;
use crate::world::{Device, device_key};

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn iq(&mut self, node: Node) -> Result<Flow, WireFault> {
        let (kind, id) = (attr(&node, "type"), attr(&node, "id"));
        if kind == "result" || kind == "error" {
            return Ok(self.pairing_answer(&node).await?.unwrap_or(Flow::On));
        }
        let namespace = attr(&node, "xmlns");
        let child = node.children().and_then(|children| children.first()).cloned();
        let tag = child.as_ref().map(|child| child.tag.to_string()).unwrap_or_default();
        match (namespace.as_str(), tag.as_str(), child) {
            ("md", "link_code_companion_reg", Some(reg)) => return self.link_code(&node, &reg).await,
            ("md", "remove-companion-device", _) => return self.log_out(&id).await,
            ("encrypt", "count", _) => {
                let count = self.device(|device| device.prekeys.len()).unwrap_or_default();
                let count = NodeBuilder::new("count").attr("value", count.to_string()).build();
                self.send(result(&id).children([count]).build()).await?;
            }
            ("encrypt", "digest", _) => self.digest(&id).await?,
            ("encrypt", "rotate", Some(rotate)) => {
                self.keep_skey(rotate.get_optional_child("skey"));
                self.send(result(&id).build()).await?;
            }
            ("encrypt", _, _) if kind == "set" => self.keep_prekeys(&id, &node).await?,
            ("passive", _, _) => {
                self.send(result(&id).build()).await?;
                if tag == "active" {
                    let offline = NodeBuilder::new("offline").attr("count", "0").build();
                    self.send(NodeBuilder::new("ib").attr("from", server()).children([offline]).build())
                        .await?;
                }
            }
            ("usync", _, Some(usync)) => self.usync(&id, &usync).await?,
            ("w:sync:app:state", _, Some(sync)) => self.collections(&id, &sync).await?,
            ("w:p", ..) => self.send(result(&id).attr("t", self.world.unix().to_string()).build()).await?,
            ("w:profile:picture", ..) => self.send(stanza::error(&id, 404, "item-not-found")).await?,
            (namespace, ..) => {
                let answer = fixed(namespace);
                self.send(result(&id).children(answer).build()).await?;
            }
        }
        Ok(Flow::On)
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

    async fn keep_prekeys(&mut self, id: &str, node: &Node) -> Result<(), WireFault> {
        let keys = node
            .get_optional_child("list")
            .map(|list| list.get_children_by_tag("key").cloned().collect::<Vec<_>>());
        self.keep_skey(node.get_optional_child("skey"));
        for key in keys.unwrap_or_default() {
            let number = key.get_optional_child("id").map(bytes).unwrap_or_default();
            let number = number.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            let value = key.get_optional_child("value").map(bytes).unwrap_or_default().to_vec();
            if self.device(|device| device.prekeys.insert(number, value)).flatten().is_some() {
                self.world.tell(self.id, "violation", format!("prekey {number} was uploaded twice"));
            }
        }
        self.world.save_now();
        self.send(result(id).build()).await
    }

    fn keep_skey(&self, skey: Option<&Node>) {
        let Some(skey) = skey else { return };
        let part = |tag| skey.get_optional_child(tag).map(bytes).unwrap_or_default().to_vec();
        let (id, value, signature) = (part("id"), part("value"), part("signature"));
        let identity = self.device(|device| device.identity).unwrap_or_default();
        let good = PublicKey::from_djb_public_key_bytes(&identity)
            .is_ok_and(|key| key.verify_signature_for_multipart_message(&[&[5], &value], &signature));
        if !good {
            self.world.tell(self.id, "violation", "the signed prekey's signature does not verify");
            return;
        }
        self.device(|device| device.skey = crate::world::SignedKey { id, value, signature });
    }

    async fn digest(&mut self, id: &str) -> Result<(), WireFault> {
        let Some(device) = self.device(|device| device.clone()).filter(|device| !device.prekeys.is_empty())
        else {
            return self.send(stanza::error(id, 404, "item-not-found")).await;
        };
        let mut hash = Sha1::new();
        hash.update(device.identity);
        hash.update(&device.skey.value);
        hash.update(&device.skey.signature);
        device.prekeys.values().for_each(|key| hash.update(key));
        let ids = device.prekeys.keys().map(|key| data("id", key.to_be_bytes().get(1..).unwrap_or_default()));
        let digest = NodeBuilder::new("digest").children([
            data("registration", device.registration.clone()),
            data("type", vec![5]),
            data("identity", device.identity.to_vec()),
            NodeBuilder::new("skey")
                .children([
                    data("id", device.skey.id.clone()),
                    data("value", device.skey.value.clone()),
                    data("signature", device.skey.signature.clone()),
                ])
                .build(),
            NodeBuilder::new("list").children(ids.collect::<Vec<_>>()).build(),
            data("hash", hash.finalize().to_vec()),
        ]);
        self.send(result(id).children([digest.build()]).build()).await
    }

    async fn usync(&mut self, id: &str, usync: &Node) -> Result<(), WireFault> {
        let wanted = usync
            .get_optional_child("list")
            .map(|l| l.get_children_by_tag("user").cloned().collect::<Vec<_>>());
        let users =
            wanted.unwrap_or_default().iter().map(|user| self.user(&attr(user, "jid"))).collect::<Vec<_>>();
        let mut answer = NodeBuilder::new("usync").attr("last", "true").attr("index", "0");
        for name in ["sid", "mode", "context"] {
            answer = answer.attr(name, attr(usync, name));
        }
        let answer =
            answer.children([leaf("result"), NodeBuilder::new("list").children(users).build()]).build();
        self.send(result(id).children([answer]).build()).await
    }

    fn user(&self, jid: &str) -> Node {
        let name = jid.split(['@', ':']).next().unwrap_or_default();
        let node = NodeBuilder::new("user");
        let state = self.world.lock();
        let account = state.durable.accounts.values().find(|a| a.phone == name || a.lid == name);
        let Some(account) = account else {
            return node.attr("jid", jid.to_owned()).children([NodeBuilder::new("devices").build()]).build();
        };
        let own = if account.lid == name { account.lid_jid(0) } else { account.jid(0) };
        let mut devices = vec![NodeBuilder::new("device").attr("id", "0").build()];
        devices.extend(account.linked().map(|slot| {
            NodeBuilder::new("device")
                .attr("id", slot.device.to_string())
                .attr("key-index", slot.key_index.to_string())
                .build()
        }));
        let list = signed_key_index_list(account, self.world.unix()).unwrap_or_default();
        let devices = NodeBuilder::new("devices").children([
            NodeBuilder::new("device-list").children(devices).build(),
            NodeBuilder::new("key-index-list").attr("ts", self.world.unix().to_string()).bytes(list).build(),
        ]);
        node.attr("jid", own).children([devices.build()]).build()
    }

    async fn collections(&mut self, id: &str, sync: &Node) -> Result<(), WireFault> {
        let answers = sync.get_children_by_tag("collection").map(|asked| {
            let answer = NodeBuilder::new("collection").attr("name", attr(asked, "name"));
            let version = attr(asked, "version");
            let version = if version.is_empty() { "0".to_owned() } else { version };
            let answer = answer.attr("version", version).attr("has_more_patches", "false");
            if asked.get_optional_child("patch").is_some() {
                answer.attr("type", "result").build()
            } else {
                answer.build()
            }
        });
        let answers = answers.collect::<Vec<_>>();
        let sync = NodeBuilder::new("sync").children(answers).build();
        self.send(result(id).children([sync]).build()).await
    }
}

/// Answers that are the same for everybody.
fn fixed(namespace: &str) -> Vec<Node> {
    let node = match namespace {
        "abt" => NodeBuilder::new("props")
            .attr("abt", "1")
            .attr("hash", "sandbox")
            .attr("refresh", "86400")
            .attr("refresh_id", "1")
            .build(),
        "w" => NodeBuilder::new("props").attr("version", "3").attr("hash", "sandbox").build(),
        "blocklist" => NodeBuilder::new("list").attr("dhash", "sandbox").build(),
        "privacy" => {
            let category = |name: &'static str| {
                NodeBuilder::new("category").attr("name", name).attr("value", "all").build()
            };
            let names =
                ["last", "online", "profile", "status", "readreceipts", "groupadd", "calladd", "messages"];
            NodeBuilder::new("privacy").children(names.map(category)).build()
        }
        "w:m" => NodeBuilder::new("media_conn")
            .attr("auth", "sandbox")
            .attr("ttl", "3600")
            .attr("auth_ttl", "3600")
            .attr("max_buckets", "1")
            .children([NodeBuilder::new("host").attr("hostname", "127.0.0.1").build()])
            .build(),
        "w:g2" => leaf("groups"),
        "w:mex" => data("result", br#"{"data":null}"#.to_vec()),
        _ => return Vec::new(),
    };
    vec![node]
}
