//! What there is now, for who looks in from outside.

use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// Accounts, devices, connections.
    pub(crate) fn shown(&self) -> Value {
        let state = self.lock();
        let accounts = state.durable.accounts.values().map(|account| {
            let devices = account.linked().map(|slot| account.jid(slot.device).to_string()).collect::<Vec<_>>();
            json!({"phone": account.phone, "lid": account.lid, "pushName": account.push_name, "devices": devices})
        });
        let connections = state.connections.iter().map(|(id, c)| {
            let violations = state.log.iter().filter(|e| e.connection == *id && e.kind == "violation");
            json!({"id": id, "handshake": c.pattern, "device": c.jid(), "available": c.available, "code": c.code.as_ref().map(|code| &code.number),
                "violations": violations.map(|e| &e.text).collect::<Vec<_>>()})
        });
        json!({
            "accounts": accounts.collect::<Vec<_>>(),
            "connections": connections.collect::<Vec<_>>(),
            "faults": state.faults.iter().map(|pending| &pending.planned).collect::<Vec<_>>(),
            "rootPublicKey": hex::encode(state.durable.keys.root.public),
        })
    }
}
