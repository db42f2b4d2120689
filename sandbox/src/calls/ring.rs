//! Calls in the world: phones ring, devices answer, somebody hangs up.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::{Node, NodeValue};

use super::{Call, CallState};
use crate::stanza::attr;
use crate::told::Refused;
use crate::world::{State, World, device_key};

/// Calls that are remembered.
const KEPT: usize = 1000;

impl State {
    /// `<call>` of a device.
    pub(crate) fn called(
        &mut self,
        (phone, device): (&str, u16),
        node: &Node,
        now: u64,
    ) -> Result<(), String> {
        let action =
            node.children().and_then(|children| children.first()).ok_or("a call of nothing")?.clone();
        let verb = action.tag.to_string();
        let id = attr(&action, "call-id");
        let creator = action.attrs.get("call-creator").and_then(NodeValue::to_jid);
        let creator = creator.ok_or_else(|| format!("<{verb}> without a call-creator"))?;
        let to = node.attrs.get("to").and_then(NodeValue::to_jid).and_then(|to| self.resolve(&to));
        let own = self.durable.accounts.get(phone).ok_or("a call of no account")?.jid(device).to_string();
        let resolved = self.resolve(&creator).map(|(creator, _)| creator);
        let call = self.calls.iter_mut().find(|call| call.id == id && call.to == phone);
        let call = call.ok_or_else(|| format!("<{verb}> of a call {id:?} that never rang here"))?;
        if resolved.as_ref() != Some(&call.from) || to.map(|(to, _)| to).as_ref() != Some(&call.from) {
            return Err(format!("<{verb}> names another caller than {}", call.from));
        }
        let (state, elsewhere) = match verb.as_str() {
            "reject" => (CallState::Rejected(own.clone()), "rejected_elsewhere"),
            "accept" => (CallState::Accepted(own.clone()), "accepted_elsewhere"),
            "preaccept" | "transport" | "relaylatency" | "mute_v2" => return Ok(()),
            "terminate" => (CallState::Over, "accepted_elsewhere"),
            other => return Err(format!("<{other}> is no part of a call that rings")),
        };
        if call.state != CallState::Ringing && verb != "terminate" {
            return Err(format!("<{verb}> of a call that does not ring any more"));
        }
        call.state = state;
        let call = call.clone();
        self.tell(0, "call", format!("{id} of {}: {verb} by {own}", call.from));
        self.end_on(&call, Some(device), elsewhere, now);
        Ok(())
    }

    /// The called account's devices, except this one, stop ringing.
    fn end_on(&mut self, call: &Call, except: Option<u16>, reason: &'static str, now: u64) {
        for device in self.devices_of(&call.to) {
            if Some(device) != except {
                let ends = [("reason", reason)];
                self.signal_call(call, device, "terminate", &ends, Vec::new(), now);
            }
        }
    }

    fn signal_call(
        &mut self,
        call: &Call,
        device: u16,
        verb: &'static str,
        attributes: &[(&'static str, &'static str)],
        children: Vec<Node>,
        now: u64,
    ) {
        let Some(from) = self.durable.accounts.get(&call.from).cloned() else { return };
        let mut action =
            NodeBuilder::new(verb).attr("call-id", call.id.clone()).attr("call-creator", from.jid(0));
        for (name, value) in attributes {
            action = action.attr(name, *value);
        }
        let node = NodeBuilder::new("call")
            .attr("from", from.jid(0))
            .attr("id", hex::encode_upper(rand::random::<[u8; 16]>()))
            .attr("t", now.to_string())
            .attr("notify", from.push_name.clone())
            .attr("platform", from.platform.clone())
            .attr("version", "2.24.1.1")
            .children([action.children(children).build()])
            .build();
        self.post(&device_key(&call.to, device), node);
    }
}

impl World {
    /// The phone of `from` calls `to`. The call's id.
    pub(crate) fn ring(&self, from: &str, to: &str, video: bool) -> Result<String, Refused> {
        let (from, to) = (self.account(from)?, self.account(to)?);
        if from.phone == to.phone {
            return Err(Refused("nobody calls himself".into()));
        }
        let now = self.unix();
        let id = hex::encode_upper(rand::random::<[u8; 16]>());
        let call = Call { id: id.clone(), from: from.phone, to: to.phone, video, state: CallState::Ringing };
        let mut state = self.lock();
        if state.calls.len() >= KEPT {
            state.calls.pop_front();
        }
        state.calls.push_back(call.clone());
        for device in state.devices_of(&call.to) {
            let audio =
                |rate: &'static str| NodeBuilder::new("audio").attr("enc", "opus").attr("rate", rate).build();
            let mut children = vec![audio("8000"), audio("16000")];
            if video {
                children.push(NodeBuilder::new("video").attr("dec", "H264,AV1").attr("enc", "h.264").build());
            }
            children.push(NodeBuilder::new("net").attr("medium", "3").build());
            children.push(NodeBuilder::new("encopt").attr("keygen", "2").build());
            state.signal_call(&call, device, "offer", &[], children, now);
        }
        self.changed();
        Ok(id)
    }

    /// Who called hangs up.
    pub(crate) fn hang_up(&self, id: &str) -> Result<(), Refused> {
        let now = self.unix();
        let mut state = self.lock();
        let call = state.calls.iter_mut().find(|call| call.id == id);
        let call = call.ok_or_else(|| Refused(format!("there is no call {id}")))?;
        if matches!(call.state, CallState::Rejected(_) | CallState::Over) {
            return Err(Refused(format!("the call {id} is over")));
        }
        call.state = CallState::Over;
        let call = call.clone();
        state.end_on(&call, None, "timeout", now);
        self.changed();
        Ok(())
    }
}
