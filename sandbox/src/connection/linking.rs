//! Linking: refs, `pair-success`, the device's signature, 515 (protocol page §3).

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
use crate::phone::adv::{SignedCompanion, verify_device_signature};
use crate::phone::{Account, DeviceSlot};
use crate::stanza::{self, attr, bytes, result, server};
use crate::told::Refused;
use crate::wire::WireFault;
use crate::world::{Candidate, Device, SignedKey};

const REFS: usize = 6;
const FIRST: Duration = Duration::from_mins(1);
const NEXT: Duration = Duration::from_secs(20);
/// What the client still shows must still be taken.
const GRACE: Duration = Duration::from_millis(500);
/// After the last one the client has this long to go by itself.
const END: Duration = Duration::from_secs(1);

/// What a QR begins with, and from when until when it may be scanned.
type Ref = (String, Duration, Duration);

fn reference(from: Duration, span: Duration) -> Ref {
    let mut random = [0_u8; 66];
    rand::make_rng::<rand::rngs::StdRng>().fill(&mut random[..]);
    (format!("2@{}", STANDARD.encode(random)), from, from + span + GRACE)
}

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
            let span = self.world.ref_ttl.unwrap_or(if n == 0 { FIRST } else { NEXT });
            refs.push(reference(from, span));
            from += span;
        }
        self.shown_until = Some(from + END);
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

    /// `<iq xmlns="md" type="get"><ref/></iq>`: one more, from now on.
    pub(crate) async fn another_ref(&mut self, id: &str) -> Result<(), WireFault> {
        if self.shown_until.is_none() {
            self.world.tell(self.id, "violation", "a ref is asked for on a connection that links nothing");
            return self.send(stanza::error(id, 400, "bad-request")).await;
        }
        let now = self.world.now();
        let span = self.world.ref_ttl.unwrap_or(NEXT);
        let fresh = reference(now, span);
        let answer = stanza::data("ref", fresh.0.as_bytes());
        if let Some(connection) = self.world.lock().connections.get_mut(&self.id) {
            connection.refs.push(fresh);
        }
        self.shown_until = self.shown_until.max(Some(now + span + END));
        self.send(result(id).children([answer]).build()).await
    }

    /// How long the connection may still wait for a phone; none when it does not.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let shown = self.shown_until.filter(|_| self.pairing.is_none())?;
        let typed = self.world.lock().connections.get(&self.id)?.code.as_ref().map(|code| code.until);
        Some(shown.max(typed.unwrap_or_default()).saturating_sub(self.world.now()))
    }

    /// No phone came: the end, unless there is time left now.
    pub(crate) async fn give_up(&mut self) -> Result<Flow, WireFault> {
        if self.patience().is_none_or(|left| !left.is_zero()) {
            return Ok(Flow::On);
        }
        self.world.tell(self.id, "refs_over", "no phone came");
        self.farewell(&stanza::leaf("xmlstreamend")).await?;
        Ok(Flow::End)
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
        // What this connection offered links nothing more.
        if let Some(connection) = self.world.lock().connections.get_mut(&self.id) {
            connection.candidate = None;
            connection.refs.clear();
            connection.code = None;
        }
        match verified {
            Ok(device) => {
                self.world.keep_device(&phone, pairing.slot.device, device);
                self.world.tell(self.id, "linked", jid.to_string());
                let _ = pairing.done.send(Ok(jid.to_string()));
                self.last(stanza::stream_error("515")).await?;
            }
            Err(why) => {
                if let Some(account) = self.world.lock().durable.accounts.get_mut(&phone) {
                    account.unlink(pairing.slot.device);
                }
                let kind = if attr(node, "type") == "error" { "link_refused" } else { "violation" };
                self.world.tell(self.id, kind, why.clone());
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
            greeted: false,
        })
    }
}
