//! Prekeys: kept, counted, digested, rotated, handed out (protocol page §5).

use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::{Node, NodeValue};

use super::super::Peer;
use crate::phone::Bundle;
use crate::prekeys::Upload;
use crate::stanza::{self, data, result};
use crate::wire::WireFault;
use crate::world::device_key;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(super) async fn keep_prekeys(&mut self, id: &str, node: &Node) -> Result<(), WireFault> {
        let kept = Upload::read(node).and_then(|upload| {
            self.device(|device| device.keep(upload))
                .unwrap_or_else(|| Err("no device to keep them for".into()))
        });
        match kept {
            Ok(twice) => {
                for number in twice {
                    self.world.tell(self.id, "violation", format!("prekey {number} was there before"));
                }
                self.world.changed();
                self.send(result(id).build()).await?;
                self.greet();
                Ok(())
            }
            Err(why) => self.refuse(id, why).await,
        }
    }

    pub(super) async fn rotate(&mut self, id: &str, rotate: &Node) -> Result<(), WireFault> {
        let kept = rotate.get_optional_child("skey").ok_or_else(|| "a rotation without a key".to_owned());
        let kept = kept.and_then(|skey| {
            self.device(|device| device.sign(skey)).unwrap_or_else(|| Err("no device to keep it for".into()))
        });
        match kept {
            Ok(()) => {
                self.world.changed();
                self.send(result(id).build()).await
            }
            Err(why) => self.refuse(id, why).await,
        }
    }

    async fn refuse(&mut self, id: &str, why: String) -> Result<(), WireFault> {
        self.world.tell(self.id, "violation", why);
        self.send(stanza::error(id, 406, "not-acceptable")).await
    }

    pub(super) async fn digest(&mut self, id: &str) -> Result<(), WireFault> {
        let Some(device) = self.device(|device| device.clone()).filter(|device| !device.prekeys.is_empty())
        else {
            return self.send(stanza::error(id, 404, "item-not-found")).await;
        };
        let mut hash = Sha1::new();
        hash.update(device.identity);
        hash.update(&device.skey.value);
        hash.update(&device.skey.signature);
        device.prekeys.values().for_each(|key| hash.update(key));
        let ids = device.prekeys.keys().map(|key| data("id", three(*key)));
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

    /// `<key><user jid="…"/>…</key>`: what the client needs to write to these devices.
    pub(super) async fn hand_out(&mut self, id: &str, key: &Node) -> Result<(), WireFault> {
        let now = self.world.unix();
        let users = key.get_children_by_tag("user").map(|user| self.bundle_of(user, now)).collect::<Vec<_>>();
        self.world.changed();
        self.send(result(id).children([NodeBuilder::new("list").children(users).build()]).build()).await
    }

    fn bundle_of(&self, user: &Node, now: u64) -> Node {
        let jid = user.attrs.get("jid").cloned().unwrap_or_else(|| NodeValue::String("".into()));
        let node = NodeBuilder::new("user").attr("jid", jid.clone());
        let mut state = self.world.lock();
        let found = jid.to_jid().and_then(|jid| state.resolve(&jid)).and_then(|(phone, device)| {
            let identity =
                state.durable.devices.get(&device_key(&phone, device)).map(|d| d.identity_reply.clone());
            let bundle = if device == 0 {
                state.signal(&phone).ok().map(crate::phone::Signal::bundle)
            } else {
                state.hand_out(&phone, device, now)
            };
            bundle.map(|bundle| (bundle, identity))
        });
        let Some((bundle, identity)) = found else {
            let error = NodeBuilder::new("error").attr("code", "406").attr("text", "not-acceptable").build();
            return node.children([error]).build();
        };
        let mut children = shown(&bundle);
        children.extend(identity.map(|identity| data("device-identity", identity)));
        node.attr("t", now.to_string()).children(children).build()
    }
}

fn shown(bundle: &Bundle) -> Vec<Node> {
    let (id, value, signature) = &bundle.signed;
    let mut children = vec![
        data("registration", bundle.registration.to_be_bytes()),
        data("type", vec![5]),
        data("identity", bundle.identity),
        NodeBuilder::new("skey")
            .children([data("id", three(*id)), data("value", *value), data("signature", signature.clone())])
            .build(),
    ];
    if let Some((id, value)) = bundle.once {
        children
            .push(NodeBuilder::new("key").children([data("id", three(id)), data("value", value)]).build());
    }
    children
}

/// The three bytes of an id.
fn three(id: u32) -> Vec<u8> {
    id.to_be_bytes().get(1..).unwrap_or_default().to_vec()
}
