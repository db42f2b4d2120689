//! Linking: refs, `pair-success`, the device's signature, 515; and pairing codes (protocol page §3, §4).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;
use wacore_libsignal::protocol::PublicKey;

use super::{Flow, Peer};
use crate::Refused;
use crate::phone::adv::{SignedCompanion, verify_device_signature};
use crate::phone::{Account, DeviceSlot};
use crate::stanza::{self, attr, bytes, server};
use crate::wire::WireFault;
use crate::world::{Candidate, Device, SignedKey, device_key};

const REFS: usize = 6;
const FIRST: Duration = Duration::from_mins(1);
const NEXT: Duration = Duration::from_secs(20);

/// `pair-success` is out; the device's answer is awaited.
pub(crate) struct Pairing {
    iq: String,
    account: Box<Account>,
    slot: DeviceSlot,
    signed: SignedCompanion,
    done: oneshot::Sender<Result<String, Refused>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn offer_refs(&mut self) -> Result<Flow, WireFault> {
        let candidate = match self.candidate() {
            Ok(candidate) => candidate,
            Err(why) => {
                self.world.tell(self.id, "violation", why);
                self.last(stanza::failure(400, &[])).await?;
                return Ok(Flow::End);
            }
        };
        let (mut from, mut refs) = (self.world.now(), Vec::with_capacity(REFS));
        for n in 0..REFS {
            let mut random = [0_u8; 66];
            rand::make_rng::<rand::rngs::StdRng>().fill(&mut random[..]);
            let span = self.world.ref_ttl.unwrap_or(if n == 0 { FIRST } else { NEXT });
            // A little grace: what the client still shows must still be taken.
            refs.push((
                format!("2@{}", STANDARD.encode(random)),
                from,
                from + span + Duration::from_millis(500),
            ));
            from += span;
        }
        let children = refs.iter().map(|(text, ..)| stanza::data("ref", text.as_bytes())).collect::<Vec<_>>();
        if let Some(connection) = self.world.lock().connections.get_mut(&self.id) {
            connection.candidate = Some(candidate);
            connection.refs = refs;
        }
        let id = self.iq_id();
        let iq = NodeBuilder::new("iq")
            .attr("from", server())
            .attr("type", "set")
            .attr("id", id)
            .attr("xmlns", "md")
            .children([NodeBuilder::new("pair-device").children(children).build()])
            .build();
        self.send(iq).await?;
        Ok(Flow::On)
    }

    /// What the client says of itself, verified.
    fn candidate(&self) -> Result<Candidate, String> {
        let data = self.payload.device_pairing_data.as_option().ok_or("no registration")?;
        let raw = |bytes: Option<&[u8]>, what: &str| {
            <[u8; 32]>::try_from(bytes.unwrap_or_default()).map_err(|_| format!("{what} has no 32 bytes"))
        };
        let identity = raw(data.e_ident.as_deref(), "the identity key")?;
        let value = raw(data.e_skey_val.as_deref(), "the signed prekey")?;
        let signature = data.e_skey_sig.as_deref().unwrap_or_default().to_vec();
        let key = PublicKey::from_djb_public_key_bytes(&identity).map_err(|e| e.to_string())?;
        if !key.verify_signature_for_multipart_message(&[&[5], &value], &signature) {
            return Err("the signed prekey's signature does not verify".into());
        }
        Ok(Candidate {
            noise: self.client,
            identity,
            registration: data.e_regid.as_deref().unwrap_or_default().to_vec(),
            skey: SignedKey {
                id: data.e_skey_id.as_deref().unwrap_or_default().to_vec(),
                value: value.to_vec(),
                signature,
            },
        })
    }

    pub(crate) async fn pair(
        &mut self,
        account: &Account,
        slot: DeviceSlot,
        signed: SignedCompanion,
        done: oneshot::Sender<Result<String, Refused>>,
    ) -> Result<(), WireFault> {
        let id = self.iq_id();
        let mut children = vec![
            stanza::data("device-identity", signed.container.clone()),
            NodeBuilder::new("device")
                .attr("jid", account.jid(slot.device))
                .attr("lid", account.lid_jid(slot.device))
                .build(),
            NodeBuilder::new("platform").attr("name", account.platform.clone()).build(),
        ];
        if let Some(name) = &account.business_name {
            children.push(NodeBuilder::new("biz").attr("name", name.clone()).build());
        }
        let iq = NodeBuilder::new("iq")
            .attr("from", server())
            .attr("type", "set")
            .attr("id", id.clone())
            .attr("xmlns", "md")
            .attr("t", self.world.unix().to_string())
            .children([NodeBuilder::new("pair-success").children(children).build()])
            .build();
        self.pairing = Some(Pairing { iq: id, account: Box::new(account.clone()), slot, signed, done });
        self.send(iq).await
    }

    /// The device's answer to one of our requests. None when it was to another one.
    pub(crate) async fn pairing_answer(&mut self, node: &Node) -> Result<Option<Flow>, WireFault> {
        if self.pairing.as_ref().is_none_or(|pairing| pairing.iq != attr(node, "id")) {
            return Ok(None);
        }
        let Some(pairing) = self.pairing.take() else { return Ok(None) };
        let verified = self.verify(node, &pairing);
        let (jid, phone) = (pairing.account.jid(pairing.slot.device), pairing.account.phone.clone());
        match verified {
            Ok(device) => {
                self.world.keep_device(device_key(&phone, pairing.slot.device), device);
                self.world.tell(self.id, "linked", jid.to_string());
                let _ = pairing.done.send(Ok(jid.to_string()));
                self.last(stanza::stream_error("515")).await?;
            }
            Err(why) => {
                if let Some(account) = self.world.lock().durable.accounts.get_mut(&phone) {
                    account.unlink(pairing.slot.device);
                }
                self.world.tell(self.id, "violation", why.clone());
                let _ = pairing.done.send(Err(Refused(why)));
                self.last(stanza::stream_error("500")).await?;
            }
        }
        Ok(Some(Flow::End))
    }

    fn verify(&self, node: &Node, pairing: &Pairing) -> Result<Device, String> {
        if attr(node, "type") == "error" {
            let text = node.get_optional_child("error").map(|e| attr(e, "text")).unwrap_or_default();
            return Err(format!("the device refused the phone's signature ({text})"));
        }
        let sign = node.get_optional_child("pair-device-sign").ok_or("the answer has no pair-device-sign")?;
        let identity =
            sign.get_optional_child("device-identity").ok_or("the answer has no device-identity")?;
        if attr(identity, "key-index") != pairing.signed.key_index.to_string() {
            return Err("the answer names another key index".into());
        }
        let candidate = self.world.lock().connections.get(&self.id).and_then(|c| c.candidate.clone());
        let candidate = candidate.ok_or("the device never registered")?;
        let reply = bytes(identity);
        verify_device_signature(reply, &pairing.signed, &candidate.identity, &pairing.account.identity_pub())
            .map_err(|error| error.to_string())?;
        Ok(Device {
            noise: candidate.noise,
            identity: candidate.identity,
            registration: candidate.registration,
            skey: candidate.skey,
            identity_reply: reply.to_vec(),
            prekeys: std::collections::BTreeMap::new(),
            spent: std::collections::BTreeSet::new(),
        })
    }

    /// `link_code_companion_reg` from the device: the hello or the finish.
    pub(crate) async fn link_code(&mut self, node: &Node, reg: &Node) -> Result<Flow, WireFault> {
        let id = attr(node, "id");
        match attr(reg, "stage").as_str() {
            "companion_hello" => {
                let child = |tag| reg.get_optional_child(tag).map(bytes).unwrap_or_default().to_vec();
                let wrapped = child("link_code_pairing_wrapped_companion_ephemeral_pub");
                let number = attr(reg, "jid").split('@').next().unwrap_or_default().to_owned();
                if wrapped.len() != 80 || child("companion_server_auth_key_pub") != self.client {
                    self.world.tell(self.id, "violation", "companion_hello with wrong keys");
                    self.send(stanza::error(&id, 400, "bad-request")).await?;
                    return Ok(Flow::On);
                }
                let reference = format!("3@{id}").into_bytes();
                if let Some(connection) = self.world.lock().connections.get_mut(&self.id) {
                    connection.code = Some((number.clone(), reference.clone(), wrapped));
                }
                self.world.tell(self.id, "code_wanted", number);
                let answer = NodeBuilder::new("link_code_companion_reg")
                    .attr("stage", "companion_hello")
                    .children([stanza::data("link_code_pairing_ref", reference)])
                    .build();
                self.send(stanza::result(&id).children([answer]).build()).await?;
            }
            "companion_finish" => {
                self.send(stanza::result(&id).build()).await?;
                if let Some(primary) = self.primary.take() {
                    let _ = primary.send(reg.clone());
                }
            }
            other => self.world.tell(self.id, "violation", format!("unknown stage {other}")),
        }
        Ok(Flow::On)
    }
}
